"""Random windows and scales of layers by PyTorch. An argument is the number of layers, for a wider comparison."""

import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from fixture import numbers
from layer_fixture import fixture, write

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
random.seed(11)

linear = ["linear", "bilinear", "trilinear"]
most = [12, 7, 4]


def extents(axes, low, high):
    return [random.randint(low, high) for _ in range(axes)]


def nearest(factors):
    """With the gradient of what it computes: PyTorch's own differs from that for sequences and volumes (README.md)."""

    def call(x):
        size = x.shape[2:]
        places = torch.arange(size.numel(), dtype=torch.float32).reshape(1, 1, *size)
        sources = F.interpolate(places, scale_factor=factors, mode="nearest").long()
        return x.flatten(2)[:, :, sources.flatten()].reshape(*x.shape[:2], *sources.shape[2:])

    return call


def factor():
    kind = random.randint(0, 3)
    if kind == 0:
        return random.choice([1.0, 0.5, 1.5, 2.0, 3.0])
    return round(random.uniform(0.3, 3), kind)


def upsample():
    axes = random.randint(1, 3)
    size, factors = extents(axes, 1, most[axes - 1]), tuple(factor() for _ in range(axes))
    if any(int(n * by) < 1 for n, by in zip(size, factors)):
        return upsample()
    x = numbers(1, 2, *size)
    spec = {"kind": "upsample", "scale": list(factors)}
    if random.random() < 0.5:
        return fixture(spec, f"nearest of {size}", nn.Identity(), x, nearest(factors))
    corners = random.random() < 0.3
    module = nn.Upsample(scale_factor=factors, mode=linear[axes - 1], align_corners=corners)
    made = fixture({**spec, "mode": "linear", "alignCorners": corners}, f"linear of {size}", module, x)
    # Scales in ONNX are float32.
    return {**made, "tolerance": 1e-5}


def pooling():
    axes = random.randint(1, 3)
    kind = random.choice(["max", "average"])
    kernel, stride = extents(axes, 1, 4), extents(axes, 1, 4)
    padding = [random.randint(0, n // 2) for n in kernel]
    size = [max(random.randint(1, most[axes - 1]), k - 2 * p) for k, p in zip(kernel, padding)]
    ceil = random.random() < 0.7
    spec = {"kind": f"{kind}Pool{axes}d", "kernel": kernel, "stride": stride, "padding": padding, "ceilMode": ceil}
    name = {"max": "MaxPool", "average": "AvgPool"}[kind]
    module = getattr(nn, f"{name}{axes}d")(tuple(kernel), tuple(stride), tuple(padding), ceil_mode=ceil)
    x = numbers(1, 2, *size)
    try:
        return fixture(spec, f"of {size}", module, x)
    except RuntimeError:
        return pooling()


def transposed():
    axes = random.randint(1, 2)
    kernel, stride, dilation = extents(axes, 1, 3), extents(axes, 1, 3), extents(axes, 1, 3)
    padding = [random.randint(0, n - 1) for n in kernel]
    extra = [random.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
    size = extents(axes, 2, 4)
    spec = {"kind": f"convTranspose{axes}d", "filters": 2, "kernel": kernel, "stride": stride}
    spec = {**spec, "padding": padding, "outputPadding": extra, "dilation": dilation}
    module = getattr(nn, f"ConvTranspose{axes}d")(
        2, 2, kernel, tuple(stride), tuple(padding), tuple(extra), dilation=tuple(dilation)
    )
    x = numbers(1, 2, *size)
    try:
        return fixture(spec, f"of {size}", module, x)
    except RuntimeError:
        return transposed()


count = int(sys.argv[1]) if len(sys.argv) > 1 else 90
write("layers_windows.py", [[upsample, pooling, transposed][i % 3]() for i in range(count)])
