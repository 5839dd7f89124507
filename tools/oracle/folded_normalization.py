"""Writes fixtures/folded-normalization.json: small networks exported for evaluation, so that both exporters fold batch
normalization into convolutions, with the number of parameters that each module has.

Needs torch 2.13, onnx 1.23 and onnxscript 0.7.
"""

import base64
import io
import json
import logging
import pathlib
import warnings

import onnx
import torch
from torch import nn

from onnx_traces import without_stack_traces

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)
torch.manual_seed(3)


def block(inputs, outputs, bias=False, affine=True, **options):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias, **options), nn.BatchNorm2d(outputs, affine=affine), nn.ReLU()]


def head(inputs):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 4)]


def fresh(*layers):
    """As a constructor leaves it: scales of one, everything else zero, so that every folded bias is zero."""
    return nn.Sequential(*layers)


def trained(*layers):
    """With statistics and scales as training leaves them."""
    model = nn.Sequential(*layers)
    for layer in model:
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.running_mean.uniform_(-1, 1)
            layer.running_var.uniform_(0.5, 2)
            if layer.affine:
                nn.init.uniform_(layer.weight, 0.5, 2)
                nn.init.uniform_(layer.bias, -1, 1)
    return model


class Shuffled(nn.Module):
    """Shapes that are computed from the input: constants that the older exporter folds away as well."""

    def __init__(self):
        super().__init__()
        self.first = trained(*block(2, 4))
        self.second = trained(*block(4, 4, groups=2))

    def forward(self, x):
        y = self.first(x)
        n, c, h, w = y.shape
        return self.second(y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, -1, h, w))


cases = {
    "no biases": trained(*block(2, 3), *block(3, 5), *head(5)),
    "biases": trained(*block(2, 3, bias=True), *block(3, 5, bias=True), *head(5)),
    "one bias of two": trained(*block(2, 3), *block(3, 5, bias=True), *head(5)),
    "no biases, fresh": fresh(*block(2, 3), *block(3, 5), *head(5)),
    "biases, fresh": fresh(*block(2, 3, bias=True), *block(3, 5, bias=True), *head(5)),
    "normalization before and after": trained(nn.BatchNorm2d(2), *block(2, 3), *head(3)),
    "transposed": trained(nn.ConvTranspose2d(2, 6, 2, stride=2, groups=2, bias=False), nn.BatchNorm2d(6), nn.ReLU(), *block(6, 3)),
    "no scale and shift": trained(*block(2, 3, affine=False), *head(3)),
    "linear": trained(nn.Flatten(), nn.Linear(72, 5, bias=False), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4)),
    "shuffled channels": Shuffled(),
}

exports = []
for name, model in cases.items():
    for exporter, options in {
        "dynamo": {"dynamo": True, "verbose": False},
        "script": {"dynamo": False, "opset_version": 17},
        "script, open batch": {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}},
    }.items():
        file = io.BytesIO()
        torch.onnx.export(model.eval(), (torch.randn(1, 2, 6, 6),), file, **options)
        exported = without_stack_traces(onnx.load_from_string(file.getvalue()))
        exports.append(
            {
                "name": name,
                "exporter": exporter,
                "parameters": sum(p.numel() for p in model.parameters()),
                "file": base64.b64encode(exported.SerializeToString()).decode(),
            }
        )

path = pathlib.Path(__file__).parent / "fixtures" / "folded-normalization.json"
head_of_file = {"generator": "tools/oracle/folded_normalization.py", "torch": torch.__version__.split("+")[0]}
path.write_text(json.dumps({**head_of_file, "exports": exports}) + "\n")
print(path.stat().st_size)
