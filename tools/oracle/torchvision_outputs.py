"""Writes fixtures/torchvision-outputs.json: what torchvision's models answer in inference, in float64.

Weights, running statistics and images are hashes of their place, which the test makes again; only the outputs are kept.
Run with python3, torch 2.13 and torchvision 0.28.
"""

import json
import math
import pathlib

import numpy
import torch
import torchvision
from torch import nn

classes = 10


def hashed(count, seed):
    """Numbers in [-1, 1) that look random, exact in float64: two rounds of multiplying and folding 32 bits."""
    x = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32((seed * 0x9E3779B1) % 2**32)
    for factor in (0x21F0AAAD, 0x735A2D97):
        x = (x ^ (x >> numpy.uint32(16))) * numpy.uint32(factor)
    x ^= x >> numpy.uint32(15)
    return x.astype(numpy.float64) / 2**31 - 1


# By the end of a name: middle and half width of uniform values. Variances near 0.04 let the epsilon of a normalization
# show; weights are as much smaller where one follows.
statistics = {"running_mean": (0, 0.05), "running_var": (0.04, 0.02)}
vectors = {"weight": (1, 0.25), "bias": (0, 0.1)}


def values(key, shape, seed, normalized):
    if len(shape) > 1:
        middle, half = 0, math.sqrt(6 / math.prod(shape[1:])) * (0.2 if normalized else 1)
    else:
        middle, half = {**statistics, **vectors}[key.split(".")[-1]]
    stored = (middle + half * hashed(math.prod(shape), seed)).astype(numpy.float32).reshape(shape)
    return torch.from_numpy(stored.astype(numpy.float64))


def smaller_head(model, features, hidden):
    """AlexNet and VGG for smaller images: without the pooling to one extent, and with fewer hidden units."""
    model.avgpool = nn.Identity()
    linear = [i for i, layer in enumerate(model.classifier) if isinstance(layer, nn.Linear)]
    for i, extents in zip(linear, [(features, hidden), (hidden, hidden), (hidden, classes)]):
        model.classifier[i] = nn.Linear(*extents)
    return model


def described(ours, name, extent, examples=2, change=lambda model: model, **options):
    torch.manual_seed(0)
    model = change(getattr(torchvision.models, name)(num_classes=classes, **options)).double().eval()
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    state = {key: value for key, value in state.items() if "num_batches" not in key}
    normalized = any("running_var" in key for key in state)
    with torch.no_grad():
        for seed, (key, value) in enumerate(state.items(), start=1):
            value.copy_(values(key, list(value.shape), seed, normalized))
        images = torch.from_numpy(hashed(examples * 3 * extent**2, 0).astype(numpy.float32).astype(numpy.float64))
        output = model(images.reshape(examples, 3, extent, extent))
    # A model whose answers do not depend on the image would test nothing.
    assert output.shape == (examples, classes) and (output[0] - output[1]).abs().max() > 1e-3 * output.abs().max()
    return {"model": ours, "extent": extent, "normalized": normalized, "outputs": output.tolist()}


table = [
    described("alexnet:form=torchvision,classes=10", "alexnet", 64, change=lambda m: smaller_head(m, 256, 4096)),
    described("vgg11:hidden=64,classes=10", "vgg11", 32, change=lambda m: smaller_head(m, 512, 64)),
    described("vgg11:hidden=64,classes=10,batchNorm=true", "vgg11_bn", 32, change=lambda m: smaller_head(m, 512, 64)),
    described("googlenet:classes=10", "googlenet", 65, aux_logits=False, init_weights=False),
    described("resnet18:classes=10", "resnet18", 65),
    described("resnet50:classes=10", "resnet50", 65),
    described("mobilenetV2:classes=10", "mobilenet_v2", 65),
    described("squeezenet1_0:classes=10", "squeezenet1_0", 65),
    described("squeezenet1_1:classes=10", "squeezenet1_1", 65),
    described("densenet121:classes=10", "densenet121", 65),
]
path = pathlib.Path(__file__).parent / "fixtures" / "torchvision-outputs.json"
head = {"generator": "tools/oracle/torchvision_outputs.py", "torchvision": torchvision.__version__.split("+")[0]}
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in table)
path.write_text(json.dumps(head)[:-1] + ', "models": [\n' + lines + "\n]}\n")
