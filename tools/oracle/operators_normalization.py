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


layers()
write("operators_normalization.py", fixtures)
