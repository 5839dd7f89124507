"""Writes fixtures/operators-activations.json: non-linearities and trigonometric functions by PyTorch in float64.

Run with python3 and torch 2.13. Kinks are included on purpose: there only a convention decides, and ours is PyTorch's.
"""

import torch
import torch.nn.functional as F

from fixture import numbers, positive, record, write

torch.manual_seed(20261)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None):
    fixtures.append(record(op, name, attrs or {}, inputs, function, ()))


def given(*values):
    return torch.tensor(values, dtype=torch.float64)


wide = given(-30, -5, -3, -1.5, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 1.5, 3, 5, 30)
# PyTorch knows these constants with more digits than float32 has, in which ONNX stores attributes.
alpha, gamma = 1.6732631921768188, 1.050701

for op, function, attrs in [
    ("Celu", lambda x: F.celu(x), {}),
    ("Celu", lambda x: F.celu(x, 0.5), {"alpha": 0.5}),
    ("Elu", lambda x: F.elu(x), {}),
    ("Elu", lambda x: F.elu(x, 2.0), {"alpha": 2.0}),
    ("Gelu", lambda x: F.gelu(x), {}),
    ("Gelu", lambda x: F.gelu(x, approximate="tanh"), {"approximate": "tanh"}),
    ("HardSigmoid", lambda x: F.hardtanh(0.25 * x + 0.5, 0.0, 1.0), {"alpha": 0.25, "beta": 0.5}),
    ("HardSwish", F.hardswish, {}),
    ("Selu", lambda x: gamma * torch.where(x > 0, x, alpha * torch.expm1(x)), {}),
    ("Softsign", F.softsign, {}),
    ("Mish", F.mish, {}),
    ("Shrink", lambda x: F.hardshrink(x, 0.5), {}),
    ("Shrink", lambda x: F.softshrink(x, 1.5), {"lambd": 1.5, "bias": 1.5}),
    ("Swish", F.silu, {}),
    ("Swish", lambda x: x * torch.sigmoid(0.5 * x), {"alpha": 0.5}),
    ("ThresholdedRelu", lambda x: F.threshold(x, 1.0, 0.0), {}),
    ("ThresholdedRelu", lambda x: F.threshold(x, -0.5, 0.0), {"alpha": -0.5}),
]:
    add(op, "kinks and both sides" + (f" {attrs}" if attrs else ""), [wide], function, attrs)

slopes = given(0.25, -0.5, 1.5)
add("PRelu", "one slope", [wide, given(0.25)], F.prelu)
add("PRelu", "a slope for each channel", [numbers(2, 3, 4), slopes.reshape(3, 1)], lambda x, w: F.prelu(x, w.reshape(3)))

unit = given(-0.99, -0.5, 0, 1e-6, 0.3, 0.99)
for op, function, x in [
    ("Acos", torch.acos, unit),
    ("Acosh", torch.acosh, given(1.01, 1.5, 3, 50)),
    ("Asin", torch.asin, unit),
    ("Asinh", torch.asinh, wide),
    ("Atan", torch.atan, wide),
    ("Atanh", torch.atanh, unit),
    ("Cos", torch.cos, wide),
    ("Cosh", torch.cosh, given(-5, -1, 0, 0.1, 4)),
    ("Sin", torch.sin, wide),
    ("Sinh", torch.sinh, given(-5, -1, 0, 0.1, 4)),
    ("Tan", torch.tan, given(-1.5, -0.3, 0, 0.7, 1.4)),
]:
    add(op, "values", [x], function)

ties = given(1, 3, 3, 2, -1, -1).reshape(2, 3)
add("Hardmax", "ties", [ties], lambda x: F.one_hot(x.argmax(-1), 3) + 0 * x)
dividends = given(-7.25, 7.25, -7.25, 7.25, 6, -6, 0, 0.3, -1e-3, 123.75)
divisors = given(3, -3, -3, 3, 1.5, 1.5, -2, 0.1, 2, -0.7)
add("Mod", "sign of the divisor", [dividends, divisors], torch.remainder)
add("Mod", "sign of the dividend", [dividends, divisors], torch.fmod, {"fmod": 1})
add("Mod", "broadcast", [numbers(2, 3), positive(3)], torch.remainder)

write("operators_activations.py", fixtures)
