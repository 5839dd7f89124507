"""Slopes of PyTorch's activations exactly at their corners, where finite differences say nothing.

Run with python3 and torch 2.13: python3 tools/oracle/corners.py
"""
import json
import pathlib

import torch
from torch import nn

cases = [
    ({"kind": "relu"}, nn.ReLU(), [-1, 0, 1]),
    ({"kind": "relu6"}, nn.ReLU6(), [-1, 0, 3, 6, 7]),
    ({"kind": "leakyRelu", "slope": 0.2}, nn.LeakyReLU(0.2), [-1, 0, 1]),
    ({"kind": "elu"}, nn.ELU(), [-1, 0, 1]),
    ({"kind": "selu"}, nn.SELU(), [-1, 0, 1]),
    ({"kind": "celu", "alpha": 2}, nn.CELU(2), [-1, 0, 1]),
    ({"kind": "hardSigmoid", "alpha": 1 / 6, "beta": 0.5}, nn.Hardsigmoid(), [-4, -3, 0, 3, 4]),
    ({"kind": "hardSwish"}, nn.Hardswish(), [-4, -3, 0, 3, 4]),
    ({"kind": "thresholdedRelu", "alpha": 1}, nn.Threshold(1, 0), [0, 1, 2]),
    ({"kind": "shrink", "threshold": 0.5, "bias": 0}, nn.Hardshrink(0.5), [-1, -0.5, 0, 0.5, 1]),
    ({"kind": "shrink", "threshold": 0.5, "bias": 0.5}, nn.Softshrink(0.5), [-1, -0.5, 0, 0.5, 1]),
    ({"kind": "softsign"}, nn.Softsign(), [-1, 0, 1]),
]


def row(spec, module, places):
    x = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    module(x).sum().backward()
    return {"spec": spec, "places": places, "slopes": x.grad.tolist()}


lines = ",\n".join(json.dumps(row(*case)) for case in cases)
path = pathlib.Path(__file__).parent / "fixtures" / "corners.json"
path.write_text(f'{{"torch": {json.dumps(torch.__version__)}, "cases": [\n{lines}\n]}}\n')
