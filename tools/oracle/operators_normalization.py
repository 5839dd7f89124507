"""Writes fixtures/operators-normalization.json: normalization within examples by PyTorch in float64.

Run with python3 and torch 2.13.
"""

import torch
import torch.nn.functional as F

from fixture import numbers, onnx_codes, record, write

torch.manual_seed(20266)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None, constants=(), tolerance=None):
    made = record(op, name, attrs or {}, inputs, function, constants)
    fixtures.append(made if tolerance is None else {**made, "tolerance": tolerance})


def with_statistics(function, inner, epsilon):
    """Mean and inverse deviation beside the values, as `native_layer_norm` gives them, without gradients of their own."""

    def outputs(x, *rest):
        _, mean, deviation = torch.native_layer_norm(x.detach(), list(inner), None, None, epsilon)
        return function(x, *rest), mean, deviation

    return outputs


def layers():
    for name, shape, axis in [("rows", (3, 6), -1), ("sequences", (2, 3, 4), 2), ("two axes", (2, 3, 4), 1)]:
        inner = shape[axis:]
        attrs = {"axis": axis, "epsilon": 1e-4}

        def layer(x, scale, shift=None, inner=inner):
            return F.layer_norm(x, inner, scale, shift, 1e-4)

        x, scale, shift = numbers(*shape), numbers(*inner), numbers(*inner)
        function = with_statistics(layer, inner, 1e-4)
        double = {**attrs, "stash_type": onnx_codes["float64"]}
        add("LayerNormalization", name, [x, scale, shift], function, double)
        add("LayerNormalization", f"{name}, no shift", [x, scale], function, double)
        add("RMSNormalization", name, [x, scale], lambda x, s, inner=inner: F.rms_norm(x, inner, s, 1e-4), attrs)
    # One value everywhere: only epsilon keeps the quotient finite.
    flat = torch.full((2, 4), 3.0)
    function = with_statistics(lambda x, s: F.layer_norm(x, (4,), s), (4,), 1e-5)
    add("LayerNormalization", "one value everywhere", [flat, numbers(4)], function, {"stash_type": onnx_codes["float64"]})
    add("RMSNormalization", "zeros", [torch.zeros(2, 4), numbers(4)], lambda x, s: F.rms_norm(x, (4,), s, 1e-5))


def channels():
    for name, shape in [("images", (2, 4, 3, 2)), ("sequences", (3, 4, 5)), ("volumes", (2, 4, 2, 2, 3))]:
        x, scale, shift = numbers(*shape), numbers(4), numbers(4)
        inputs, attrs = [x, scale, shift], {"epsilon": 1e-3}
        instance = lambda x, s, b: F.instance_norm(x, weight=s, bias=b, eps=1e-3)
        add("InstanceNormalization", name, inputs, instance, attrs)
        for groups in (1, 2, 4):
            function = lambda x, s, b, groups=groups: F.group_norm(x, groups, s, b, 1e-3)
            add("GroupNormalization", f"{name}, {groups} groups", inputs, function, {**attrs, "num_groups": groups})
    flat = torch.full((2, 4, 3), 0.5)
    function = lambda x, s, b: F.group_norm(x, 2, s, b)
    add("GroupNormalization", "one value everywhere", [flat, numbers(4), numbers(4)], function, {"num_groups": 2})


def vectors():
    for p in (1, 2):
        for axis in (0, -1):
            function = lambda x, p=p, axis=axis: F.normalize(x, p, axis)
            add("LpNormalization", f"p {p}, axis {axis}", [numbers(3, 4)], function, {"p": p, "axis": axis})
    some = torch.tensor([[0.0, 0.0, 0.0], [0.0, 3.0, -4.0]])
    add("LpNormalization", "zeros", [some], lambda x: F.normalize(x, 2, 1), {"axis": 1})
    add("LpNormalization", "zeros, p 1", [some], lambda x: F.normalize(x, 1, 1), {"axis": 1, "p": 1})

    def standardize(x, axes):
        return (x - x.mean(axes, keepdim=True)) / (x.std(axes, correction=0, keepdim=True) + 1e-9)

    add("MeanVarianceNormalization", "images", [numbers(2, 3, 2, 4)], lambda x: standardize(x, [0, 2, 3]))
    add("MeanVarianceNormalization", "last axis", [numbers(3, 5)], lambda x: standardize(x, [-1]), {"axes": [-1]})
    for size, alpha, beta, bias in [(3, 0.5, 0.75, 1.0), (5, 1e-4, 0.75, 2.0), (5, 0.8, 0.5, 1.5), (1, 0.7, 1.0, 1.0), (3, 0.7, 1.3, 0.5)]:
        function = lambda x, a=(size, alpha, beta, bias): F.local_response_norm(x, *a)
        attrs = {"size": size, "alpha": alpha, "beta": beta, "bias": bias}
        add("LRN", f"size {size}, beta {beta}", [numbers(2, 4, 3, 2)], function, attrs)


layers()
channels()
vectors()
write("operators_normalization.py", fixtures)
