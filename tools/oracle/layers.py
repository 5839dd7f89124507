"""Writes fixtures/layers.json: layers, their parameters' names and their gradients by PyTorch in float64.

Run with python3 and torch 2.13.
"""

import torch
from torch import nn

from fixture import numbers
from layer_fixture import fixture, write

torch.manual_seed(8)
torch.set_default_dtype(torch.float64)


def activations():
    """Values on both sides of every bend, far ones, and 0."""
    x = torch.cat([2 * numbers(2, 3, 4), torch.tensor([[[-40.0, 0.0, 0.5, 30.0]] * 3] * 2)], 2)
    return [
        ({"kind": "relu"}, "far and near", nn.ReLU(), x),
        ({"kind": "leakyRelu"}, "default", nn.LeakyReLU(), x),
        ({"kind": "leakyRelu", "slope": 0.25}, "slope", nn.LeakyReLU(0.25), x),
        ({"kind": "prelu"}, "one slope", nn.PReLU(), x),
        ({"kind": "prelu", "perChannel": True}, "channels", nn.PReLU(3), x),
        ({"kind": "prelu", "perChannel": True}, "columns", nn.PReLU(5), numbers(4, 5)),
        ({"kind": "elu"}, "default", nn.ELU(), x),
        ({"kind": "elu", "alpha": 0.5}, "alpha", nn.ELU(0.5), x),
        ({"kind": "celu"}, "default", nn.CELU(), x),
        ({"kind": "celu", "alpha": 0.5}, "alpha", nn.CELU(0.5), x),
        ({"kind": "selu"}, "far and near", nn.SELU(), x),
        ({"kind": "thresholdedRelu", "alpha": 0.75}, "threshold", nn.Threshold(0.75, 0), x),
        ({"kind": "gelu"}, "exactly", nn.GELU(), x),
        ({"kind": "gelu", "approximate": "tanh"}, "by tanh", nn.GELU(approximate="tanh"), x),
        ({"kind": "silu"}, "far and near", nn.SiLU(), x),
        ({"kind": "mish"}, "far and near", nn.Mish(), x),
        ({"kind": "hardSwish"}, "far and near", nn.Hardswish(), x),
        ({"kind": "relu6"}, "far and near", nn.ReLU6(), x),
        # PyTorch takes the softplus of values above 20 for the values themselves, 2e-9 off at 20.
        ({"kind": "softplus"}, "far and near", nn.Softplus(threshold=50), x),
        ({"kind": "softsign"}, "far and near", nn.Softsign(), x),
        ({"kind": "tanh"}, "far and near", nn.Tanh(), x),
        ({"kind": "sigmoid"}, "far and near", nn.Sigmoid(), x),
        # The gradient of nn.Hardsigmoid has 1/6 in float32, whatever its input.
        ({"kind": "hardSigmoid"}, "default", nn.Hardsigmoid(), x, lambda x: (x / 6 + 0.5).clamp(0, 1)),
        ({"kind": "softmax"}, "last axis", nn.Softmax(-1), x),
        ({"kind": "softmax", "axis": 1}, "channels", nn.Softmax(1), x),
        ({"kind": "logSoftmax"}, "last axis", nn.LogSoftmax(-1), x),
        ({"kind": "logSoftmax", "axis": 1}, "channels", nn.LogSoftmax(1), x),
    ]


def normalizations():
    x = numbers(2, 4, 3, 2)
    return [
        ({"kind": "layerNorm"}, "last axis", nn.LayerNorm(5), numbers(2, 3, 5)),
        ({"kind": "layerNorm", "axes": 2, "epsilon": 0.125}, "two axes", nn.LayerNorm([3, 2], eps=0.125), x),
        ({"kind": "layerNorm", "bias": False}, "scales alone", nn.LayerNorm(5, bias=False), numbers(3, 5)),
        ({"kind": "layerNorm", "affine": False}, "nothing trained", nn.LayerNorm(5, elementwise_affine=False), numbers(3, 5)),
        ({"kind": "rmsNorm", "axes": 2, "epsilon": 0.125}, "two axes", nn.RMSNorm([3, 2], eps=0.125), x),
        # Without eps PyTorch takes that of the input's type; ours is that of float32.
        ({"kind": "rmsNorm"}, "default", nn.RMSNorm(5, eps=torch.finfo(torch.float32).eps), numbers(3, 5)),
        ({"kind": "rmsNorm", "epsilon": 0, "affine": False}, "nothing trained", nn.RMSNorm(5, eps=0.0, elementwise_affine=False), numbers(3, 5)),
        ({"kind": "groupNorm", "groups": 2}, "two groups", nn.GroupNorm(2, 4), x),
        ({"kind": "groupNorm", "groups": 2, "epsilon": 0.125, "affine": False}, "rows", nn.GroupNorm(2, 6, eps=0.125, affine=False), numbers(3, 6)),
        ({"kind": "instanceNorm"}, "images", nn.InstanceNorm2d(4), x),
        ({"kind": "instanceNorm", "epsilon": 0.125, "affine": True}, "sequences", nn.InstanceNorm1d(3, eps=0.125, affine=True), numbers(2, 3, 5)),
        ({"kind": "batchNorm"}, "images", nn.BatchNorm2d(4), x),
        ({"kind": "batchNorm", "epsilon": 0.125}, "rows", nn.BatchNorm1d(3, eps=0.125), numbers(5, 3)),
    ]


def windows():
    image, volume = numbers(2, 4, 5, 4), numbers(1, 2, 3, 3, 4)
    conv = {"filters": 6, "kernel": [3, 2], "stride": [2, 1], "padding": [1, 0], "dilation": [1, 2], "groups": 2}
    back = {"filters": 4, "kernel": [3, 2], "stride": [3, 2], "padding": [1, 0], "outputPadding": [2, 1], "groups": 2}
    return [
        ({"kind": "conv1d", "filters": 4, "kernel": 3, "stride": 2, "padding": 1}, "strided", nn.Conv1d(3, 4, 3, 2, 1), numbers(2, 3, 7)),
        ({"kind": "conv2d", **conv}, "everything", nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2), image),
        ({"kind": "conv2d", "filters": 4, "kernel": 3, "groups": 4, "padding": 1}, "depthwise", nn.Conv2d(4, 4, 3, padding=1, groups=4), image),
        ({"kind": "conv3d", "filters": 3, "kernel": 2, "padding": [0, 1, 0], "bias": False}, "no bias", nn.Conv3d(2, 3, 2, padding=(0, 1, 0), bias=False), volume),
        ({"kind": "convTranspose1d", "filters": 2, "kernel": 4, "stride": 2, "padding": 1}, "twice the length", nn.ConvTranspose1d(3, 2, 4, 2, 1), numbers(2, 3, 4)),
        ({"kind": "convTranspose2d", **back}, "everything", nn.ConvTranspose2d(4, 4, (3, 2), (3, 2), (1, 0), (2, 1), 2), image),
        ({"kind": "convTranspose2d", "filters": 2, "kernel": 2, "dilation": 2, "bias": False}, "dilated", nn.ConvTranspose2d(4, 2, 2, dilation=2, bias=False), image),
        ({"kind": "convTranspose3d", "filters": 2, "kernel": 2, "stride": [1, 2, 1]}, "strided", nn.ConvTranspose3d(2, 2, 2, (1, 2, 1)), volume),
        ({"kind": "maxPool1d", "kernel": 3, "stride": 2, "padding": 1}, "overlapping", nn.MaxPool1d(3, 2, 1), numbers(2, 3, 7)),
        ({"kind": "maxPool2d", "kernel": [2, 3]}, "tiles", nn.MaxPool2d((2, 3)), image),
        ({"kind": "maxPool3d", "kernel": 2, "stride": 1}, "overlapping", nn.MaxPool3d(2, 1), volume),
        ({"kind": "averagePool1d", "kernel": 3, "stride": 2, "padding": 1}, "padded", nn.AvgPool1d(3, 2, 1), numbers(2, 3, 7)),
        ({"kind": "averagePool2d", "kernel": [2, 3], "padding": [1, 0]}, "padded", nn.AvgPool2d((2, 3), padding=(1, 0)), image),
        ({"kind": "averagePool3d", "kernel": 2, "stride": 1, "padding": 1}, "padded", nn.AvgPool3d(2, 1, 1), volume),
        ({"kind": "globalAveragePool"}, "images", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), image),
        ({"kind": "globalMaxPool"}, "volumes", nn.Sequential(nn.AdaptiveMaxPool3d(1), nn.Flatten()), volume),
    ]


def rearrangements():
    image = numbers(2, 2, 3, 4)
    return [
        ({"kind": "upsample", "scale": 2}, "repeated", nn.Upsample(scale_factor=2), image),
        ({"kind": "upsample", "scale": [1.5, 2.5]}, "fractions", nn.Upsample(scale_factor=(1.5, 2.5)), image),
        ({"kind": "upsample", "scale": 2, "mode": "linear"}, "sequences", nn.Upsample(scale_factor=2, mode="linear"), numbers(2, 2, 4)),
        ({"kind": "upsample", "scale": [2, 3], "mode": "linear"}, "images", nn.Upsample(scale_factor=(2, 3), mode="bilinear"), image),
        ({"kind": "upsample", "scale": 1.5, "mode": "linear"}, "fractions, linear", nn.Upsample(scale_factor=1.5, mode="bilinear"), image),
        ({"kind": "upsample", "scale": 2, "mode": "linear", "alignCorners": True}, "corners", nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), image),
        ({"kind": "upsample", "scale": 2, "mode": "linear"}, "volumes", nn.Upsample(scale_factor=2, mode="trilinear"), numbers(1, 1, 2, 2, 3)),
        ({"kind": "zeroPadding", "padding": 1}, "everywhere", nn.ZeroPad2d(1), image),
        ({"kind": "zeroPadding", "padding": [[2, 0], [1, 3]]}, "each side", nn.ZeroPad2d((1, 3, 2, 0)), image),
        ({"kind": "reshape", "shape": [3, -1]}, "what is left", nn.Unflatten(1, (3, 8)), numbers(2, 24)),
        ({"kind": "transpose", "axes": [3, 1, 2]}, "width first", nn.Identity(), image, lambda x: x.permute(0, 3, 1, 2)),
        ({"kind": "flatten"}, "images", nn.Flatten(), image),
        ({"kind": "dense", "units": 3}, "rows", nn.Linear(4, 3), numbers(2, 4)),
        ({"kind": "dense", "units": 3}, "places", nn.Linear(4, 3), numbers(2, 3, 4)),
        ({"kind": "dense", "units": 3, "bias": False}, "leading axes", nn.Linear(4, 3, bias=False), image),
    ]


def shrinking():
    x = numbers(2, 3, 4)
    return [
        ({"kind": "shrink"}, "hard", nn.Hardshrink(), x),
        ({"kind": "shrink", "threshold": 0.25, "bias": 0.25}, "soft", nn.Softshrink(0.25), x),
    ]


def responses():
    x = 2 * numbers(2, 5, 2, 3)
    return [
        ({"kind": "localResponseNorm", "size": 3}, "default", nn.LocalResponseNorm(3), x),
        ({"kind": "localResponseNorm", "size": 7, "alpha": 0.5, "beta": 0.6, "offset": 2}, "more channels than there are", nn.LocalResponseNorm(7, 0.5, 0.6, 2), x),
        ({"kind": "localResponseNorm", "size": 5, "alpha": 0.5}, "sequences", nn.LocalResponseNorm(5, 0.5), numbers(2, 4, 3)),
    ]


fixtures = [fixture(*case) for case in activations() + normalizations() + windows() + rearrangements()]
write("layers.py", fixtures + [fixture(*case) for case in shrinking() + responses()])
