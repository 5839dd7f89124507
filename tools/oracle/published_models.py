"""Writes fixtures/published/: models of torchvision as torch.onnx.export writes them, without their weights, and
published.json with the numbers of torchvision's own tables.

Needs torch 2.13, torchvision 0.28, onnx 1.23 and onnxscript 0.7. Weights are random: only their places are kept, as
external data in a file that is not there. Values of up to 64 elements stay: shapes and settings are among them.
"""

import gzip
import json
import logging
import pathlib
import tempfile
import warnings

import onnx
import torch
import torchvision
from onnx import TensorProto
from torch.nn.modules.batchnorm import _BatchNorm

from onnx_traces import without_stack_traces

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)
folder = pathlib.Path(__file__).parent / "fixtures" / "published"

mode = torch.onnx.TrainingMode
dynamo = {"dynamo": True, "verbose": False}
script = {"dynamo": False, "input_names": ["input"], "output_names": ["output"]}
batch = {"input": {0: "batch"}, "output": {0: "batch"}}
# How a model is exported, with the batch size of its example.
ways = {
    "dynamo": (1, dynamo),
    "dynamo-plain": (1, {**dynamo, "optimize": False}),
    "dynamo-batch": (2, {**dynamo, "dynamic_shapes": ({0: torch.export.Dim("batch")},)}),
    "script": (1, {**script, "opset_version": 17}),
    "script-batch": (2, {**script, "opset_version": 17, "dynamic_axes": batch}),
    "script-training": (2, {**script, "opset_version": 14, "training": mode.TRAINING, "do_constant_folding": False}),
}
models = {
    "alexnet": ["dynamo"],
    "convnext_tiny": ["dynamo-batch", "script-training"],
    "densenet121": ["script"],
    "efficientnet_b0": ["script-training"],
    "googlenet": ["dynamo", "script-batch"],
    "inception_v3": ["script-training"],
    "mnasnet1_0": ["script"],
    "mobilenet_v2": ["dynamo", "script-training"],
    "mobilenet_v3_large": ["dynamo-batch"],
    "mobilenet_v3_small": ["dynamo-plain"],
    "regnet_x_400mf": ["script-training"],
    "regnet_y_400mf": ["dynamo"],
    "resnet18": list(ways),
    "resnet50": ["dynamo", "script"],
    "shufflenet_v2_x1_0": ["dynamo", "script"],
    "squeezenet1_0": ["dynamo-batch"],
    "squeezenet1_1": ["script"],
    "vgg16_bn": ["dynamo", "script"],
    "vgg19": ["script"],
    "vit_b_16": ["dynamo", "script-batch"],
}
options = {"googlenet": {"aux_logits": False, "init_weights": False}, "inception_v3": {"init_weights": False}}
sizes = {"inception_v3": 299}


def built(name):
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, **options.get(name, {})).eval()
    for layer in model.modules():
        if isinstance(layer, _BatchNorm):
            layer.running_mean.uniform_(-1, 1)
            layer.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(layer.weight, 0.5, 2)
            torch.nn.init.uniform_(layer.bias, -1, 1)
    return model


def without_values(model):
    """Tensors of any size lie one behind the other in a file that nobody wrote."""
    offset = 0
    for tensor in model.graph.initializer:
        size = len(tensor.raw_data)
        if tensor.data_type != TensorProto.FLOAT or size <= 64 * 4:
            continue
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": "weights.bin", "offset": offset, "length": size}.items():
            tensor.external_data.add(key=key, value=str(value))
        offset += size
    return model


def exported(name, way):
    examples, given = ways[way]
    size = sizes.get(name, 224)
    model = built(name).train(way.endswith("training"))
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/model.onnx"
        torch.onnx.export(model, (torch.randn(examples, 3, size, size),), path, **given)
        return without_values(without_stack_traces(onnx.load(path)))


def table(name):
    weights = list(torchvision.models.get_model_weights(name))[0]
    return {"parameters": weights.meta["num_params"], "gigaMacs": weights.meta["_ops"]}


folder.mkdir(exist_ok=True)
for old in folder.iterdir():
    old.unlink()
total = 0
for name, chosen in models.items():
    for way in chosen:
        packed = gzip.compress(exported(name, way).SerializeToString(), 9, mtime=0)
        (folder / f"{name}.{way}.onnx.gz").write_bytes(packed)
        total += len(packed)
        print(name, way, len(packed), total, flush=True)
numbers = {name: table(name) for name in models}
head = {
    "generator": "tools/oracle/published_models.py",
    "torch": torch.__version__.split("+")[0],
    "torchvision": torchvision.__version__.split("+")[0],
}
(folder / "published.json").write_text(json.dumps({**head, "models": numbers}, indent=1) + "\n")
