"""Writes fixtures/initializers.json: gains, fans, default bounds, eye_ and dirac_ by PyTorch 2.13, and how often randomized
asymmetric networks are born dead, by simulation. Run with python3, torch 2.13 and numpy."""

import json
import math
import pathlib

import numpy
import torch
from torch.nn import init

gains = [("linear", None), ("sigmoid", None), ("tanh", None), ("relu", None), ("selu", None)]
gains += [("leaky_relu", slope) for slope in (0.01, 0.2, -0.5, 1.0)]

convolution = lambda channels, filters, groups, kernel: {"channels": channels, "filters": filters, "groups": groups, "kernel": kernel}
modules = [
    ("convolution", convolution(6, 10, 1, [3]), torch.nn.Conv1d(6, 10, 3)),
    ("convolution", convolution(6, 10, 2, [3, 5]), torch.nn.Conv2d(6, 10, (3, 5), groups=2)),
    ("convolution", convolution(8, 16, 8, [5, 5]), torch.nn.Conv2d(8, 16, 5, groups=8)),
    ("convolution", convolution(2, 3, 1, [2, 3, 4]), torch.nn.Conv3d(2, 3, (2, 3, 4))),
    ("transposedConvolution", convolution(6, 10, 1, [3]), torch.nn.ConvTranspose1d(6, 10, 3)),
    ("transposedConvolution", convolution(6, 10, 2, [3, 5]), torch.nn.ConvTranspose2d(6, 10, (3, 5), groups=2)),
    ("embedding", {"count": 50, "features": 7}, torch.nn.Embedding(50, 7)),
]


def fans(kind, form, module):
    fan_in, fan_out = init._calculate_fan_in_and_fan_out(module.weight)
    return {"kind": kind, "form": form, "shape": list(module.weight.shape), "fanIn": fan_in, "fanOut": fan_out}


def unit(shape, groups):
    empty = torch.empty(shape)
    filled = init.eye_(empty) if len(shape) == 2 else init.dirac_(empty, groups)
    return {"shape": list(shape), "groups": groups, "data": [int(x) for x in filled.flatten().tolist()]}


units = [((4, 6), 1), ((6, 4), 1), ((5, 3, 4), 1), ((3, 5, 3, 2), 1), ((6, 2, 3, 3), 3), ((8, 3, 1, 1), 2), ((2, 2, 3, 3, 3), 1)]


def born_dead(hidden, networks, seed):
    """Share of ReLU networks of width 2 on a real input in which some hidden layer is 0 on 401 points."""
    random = numpy.random.default_rng(seed)
    dead = numpy.zeros(networks, dtype=bool)
    grid = numpy.linspace(-math.sqrt(7), math.sqrt(7), 401)
    for first in range(0, networks, 5000):
        x = numpy.broadcast_to(grid, (5000, 1, 401))
        for layer in range(hidden):
            inputs = x.shape[1]
            rows = random.normal(0, 0.6007 / math.sqrt(inputs), (5000, 2, inputs + 1))
            place = random.integers(0, inputs + 1, (5000, 2, 1))
            numpy.put_along_axis(rows, place, random.beta(2, 1, (5000, 2, 1)), 2)
            x = numpy.maximum(rows[:, :, :-1] @ x + rows[:, :, -1:], 0)
            dead[first : first + 5000] |= (x <= 0).all(axis=(1, 2))
    return float(dead.mean())


networks = 100_000
record = {
    "generator": "tools/oracle/initializers.py",
    "torch": torch.__version__.split("+")[0],
    "gains": [{"name": name, "slope": slope, "gain": init.calculate_gain(name, slope)} for name, slope in gains],
    "fans": [fans(*module) for module in modules],
    "units": [unit(*case) for case in units],
    "bornDead": {"networks": networks, "byHiddenLayers": {str(hidden): born_dead(hidden, networks, hidden) for hidden in (3, 10)}},
}
path = pathlib.Path(__file__).parent / "fixtures" / "initializers.json"
lines = ",\n".join(f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in record.items())
path.write_text("{" + lines + "}\n")
print(record["bornDead"])
