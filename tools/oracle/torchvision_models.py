"""Writes fixtures/torchvision-models.json: sizes of torchvision's models, and a hash of their parameters' names and shapes.

Run with python3, torch 2.13 and torchvision 0.28.
"""

import hashlib
import json
import math
import pathlib

import torchvision

# Ours to torchvision's.
models = {
    "alexnet:form=torchvision": "alexnet",
    "vgg11": "vgg11",
    "vgg11:batchNorm=true": "vgg11_bn",
    "vgg13": "vgg13",
    "vgg13:batchNorm=true": "vgg13_bn",
    "vgg16": "vgg16",
    "vgg16:batchNorm=true": "vgg16_bn",
    "vgg19": "vgg19",
    "vgg19:batchNorm=true": "vgg19_bn",
    "googlenet": "googlenet",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "mobilenetV2": "mobilenet_v2",
    "mobilenetV2:width=0.5": "mobilenet_v2",
    "squeezenet1_0": "squeezenet1_0",
    "squeezenet1_1": "squeezenet1_1",
    "densenet121": "densenet121",
}


def described(name, options):
    extra = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    model = getattr(torchvision.models, name)(**extra, **options)
    parameters = [(key, list(value.shape)) for key, value in model.named_parameters()]
    buffers = [(key, list(value.shape)) for key, value in model.named_buffers() if "num_batches" not in key]
    lines = "\n".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in [*parameters, *buffers])
    weights = torchvision.models.get_model_weights(name).DEFAULT
    return {
        "parameters": sum(math.prod(shape) for _, shape in parameters),
        "names": hashlib.sha256(lines.encode()).hexdigest(),
        # Published: billions of multiply-accumulate pairs at 224 x 224, to three decimals.
        **({} if options else {"gmacs": weights.meta["_ops"]}),
    }


table = {ours: described(theirs, {"width_mult": 0.5} if "width" in ours else {}) for ours, theirs in models.items()}
path = pathlib.Path(__file__).parent / "fixtures" / "torchvision-models.json"
path.write_text(json.dumps(table, indent=1) + "\n")
