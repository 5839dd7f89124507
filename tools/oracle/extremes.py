"""Writes fixtures/extremes.json: values and gradients by PyTorch in float32 where numbers are huge, tiny or infinite.

Run with python3 and torch 2.13. Unlike the other fixtures these are compared with ONNX Runtime, in float32.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from fixture import array

torch.set_num_threads(1)
inf = float("inf")
fixtures = []


def add(op, name, inputs, function, attrs=None, constants=(), absolute=None):
    """Cotangents are 1, 1.5, 2, 1, ...: normalization has no gradient for equal ones."""
    leaves = [
        x.clone().requires_grad_(True) if x.is_floating_point() and i not in constants else x
        for i, x in enumerate(inputs)
    ]
    y = function(*leaves)
    wanted = [x for x in leaves if x.requires_grad]
    found = iter(torch.autograd.grad(y, wanted, 1 + 0.5 * (torch.arange(y.numel()) % 3).reshape(y.shape)))
    fixtures.append(
        {
            "op": op,
            "name": name,
            "attrs": attrs or {},
            **({} if absolute is None else {"absolute": absolute}),
            "inputs": [array(x, i in constants) for i, x in enumerate(inputs)],
            "output": array(y),
            "gradients": [array(next(found)) if x.requires_grad else None for x in leaves],
        }
    )


def given(*values):
    return torch.tensor(values, dtype=torch.float32)


magnitudes = [0.0, 1e-45, 1e-38, 1e-20, 1e-7, 0.5, 1, 3, 6, 20, 88, 100, 1e4, 1e10, 1e19, 1e30, 3e38, inf]
wide = given(*magnitudes, *[-x for x in magnitudes[1:]])
finite = wide[wide.isfinite()]
positive = given(*magnitudes)

alpha, gamma = 1.6732631921768188, 1.050701
unary = {
    "Abs": torch.abs,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Celu": F.celu,
    "Cosh": torch.cosh,
    "Elu": F.elu,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "HardSigmoid": lambda x: F.hardtanh(0.2 * x + 0.5, 0.0, 1.0),
    "LeakyRelu": F.leaky_relu,
    "Mish": F.mish,
    "Neg": torch.neg,
    "Reciprocal": torch.reciprocal,
    "Relu": F.relu,
    "Selu": F.selu,
    "Shrink": F.hardshrink,
    "Sigmoid": torch.sigmoid,
    "Sign": torch.sign,
    "Sinh": torch.sinh,
    "Softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "Softsign": F.softsign,
    "Swish": F.silu,
    "Tanh": torch.tanh,
    "ThresholdedRelu": lambda x: F.threshold(x, 1.0, 0.0),
}
for op, function in unary.items():
    add(op, "everywhere", [wide], function)
    add(op, "a scalar", [given(2.5).reshape(())], function)
    add(op, "nothing", [torch.zeros(0, 3)], function)
# PyTorch's products overflow before they are divided.
calmer = wide[(wide < 1e38) | wide.isinf()]
add("HardSwish", "everywhere", [calmer], F.hardswish)
add("Gelu", "everywhere", [calmer], F.gelu)
add("Gelu", "by tanh", [wide], lambda x: F.gelu(x, approximate="tanh"), {"approximate": "tanh"})
add("Log", "from 0", [positive], torch.log)
add("Sqrt", "from 0", [positive], torch.sqrt)
add("Acosh", "from 1", [given(1, 1.0001, 2, 1e10, 1e30, inf)], torch.acosh)
add("Clip", "on the bounds", [wide, given(-1).reshape(()), given(1).reshape(())], torch.clamp)
add("PRelu", "everywhere", [finite, given(0.25)], F.prelu)
add("Div", "by anything", [torch.ones_like(wide), wide], torch.div)
add("Div", "of huge numbers", [given(1e30, -1e30, 1e-30), given(1e30, 1e20, 1e-30)], torch.div)
add("Pow", "of 0", [given(0, 0, 0, 0, 2), given(0, 1, 2, 0.5, 0)], torch.pow)
add("Pow", "huge", [given(1e30, 1e20, 1e-30, 1), given(1, 2, 1, 1e30)], torch.pow)
add("Max", "ties and infinities", [given(1, inf, -inf, 3e38, 0), given(1, 2, -inf, -3e38, -0.0)], torch.maximum)
add("Min", "ties and infinities", [given(1, inf, -inf, 3e38, 0), given(1, 2, -inf, -3e38, -0.0)], torch.minimum)

rows = torch.stack(
    [
        given(1, 2, 3),
        given(2, 2, 2),
        given(0, 0, 0),
        given(1e30, 1e30, -1e30),
        given(1e19, -1e19, 1e18),
        given(3e38, 1, -3e38),
        given(1e-30, 1e-30, 2e-30),
        given(1e-45, 0, 0),
        given(100, -100, 0),
        given(-inf, 1, 2),
        given(-inf, -inf, 0),
        given(-1e30, -1e30, -1e30),
    ]
)
reductions = {
    "ReduceL1": lambda x: x.abs().sum(1, keepdim=True),
    "ReduceL2": lambda x: torch.linalg.vector_norm(x, dim=1, keepdim=True),
    "ReduceLogSumExp": lambda x: x.logsumexp(1, keepdim=True),
    "ReduceMax": lambda x: x.amax(1, keepdim=True),
    "ReduceMean": lambda x: x.mean(1, keepdim=True),
    "ReduceMin": lambda x: x.amin(1, keepdim=True),
    "ReduceSum": lambda x: x.sum(1, keepdim=True),
    "ReduceSumSquare": lambda x: (x * x).sum(1, keepdim=True),
}
axis = torch.tensor([1])
for op, function in reductions.items():
    add(op, "rows", [rows, axis], lambda x, _: function(x), {}, (1,))
    add(op, "no rows", [torch.zeros(0, 3), axis], lambda x, _: function(x), {}, (1,))
# Beyond the range of float32 the product's quotients are infinite, where PyTorch takes products of the others.
add("ReduceProd", "rows", [rows[[0, 1, 2, 6, 7, 8]], axis], lambda x, _: x.prod(1, keepdim=True), {}, (1,))
add("ReduceProd", "no rows", [torch.zeros(0, 3), axis], lambda x, _: x.prod(1, keepdim=True), {}, (1,))
add("ReduceLogSum", "rows", [rows[:4].abs(), axis], lambda x, _: x.sum(1, keepdim=True).log(), {}, (1,))
add("Softmax", "rows", [rows], lambda x: x.softmax(1))
add("LogSoftmax", "rows", [rows], lambda x: x.log_softmax(1))
add("Softmax", "one class", [rows[:, :1].clone()], lambda x: x.softmax(1))

calm = rows[[0, 1, 2, 6, 7, 8]].repeat(1, 4)
calm = calm + torch.linspace(0, 1, 12) * torch.tensor([[1.0], [0], [0], [1e-30], [0], [10]])
ones, zeros = torch.full((12,), 1.5), torch.full((12,), 0.25)
# Gradients of equal numbers are differences of numbers of some hundreds.
add("LayerNormalization", "rows", [calm, ones, zeros], lambda x, w, b: F.layer_norm(x, (12,), w, b, 1e-5), absolute=1e-4)
# In float32 PyTorch itself is off by 3 here: it misses the mean of equal numbers by a unit in the last place.
in_double = lambda x, w, b: F.layer_norm(x.double(), (12,), w.double(), b.double(), 1e-5).float()
add("LayerNormalization", "large rows", [1e4 * calm + 1e5, ones, zeros], in_double)
add("RMSNormalization", "rows", [calm, ones], lambda x, w: F.rms_norm(x, (12,), w, 1e-5))
images, four = calm.reshape(6, 4, 3), [torch.tensor([1.0, 2, 0.5, -1]), torch.zeros(4)]
add("InstanceNormalization", "images", [images, *four], lambda x, w, b: F.instance_norm(x, weight=w, bias=b))
add("GroupNormalization", "images", [images, *four], lambda x, w, b: F.group_norm(x, 2, w, b), {"num_groups": 2})
add("LpNormalization", "by 2", [calm[[0, 1, 5]]], lambda x: x / torch.linalg.vector_norm(x, dim=1, keepdim=True), {"axis": 1})
add("LRN", "large", [1e3 * images[:, :, :, None]], lambda x: F.local_response_norm(x, 3, 1e-4, 0.75, 1), {"size": 3})

angles = given(0.0, 1e-45, 1e-7, 0.5, 1.5707964, 3.1415927, 100, 1e4, 1e6, 1e10, 1e30, -0.5, -1e4, -3e38)
for op, function in {"Sin": torch.sin, "Cos": torch.cos}.items():
    add(op, "everywhere", [angles], function)
add("Tan", "small and large", [angles[[0, 1, 2, 3, 5, 6, 7, 11, 12]]], torch.tan)
domain = given(-1, -0.999, -0.5, -1e-7, 0, 1e-45, 1e-7, 0.5, 0.999, 1)
for op, function in {"Asin": torch.asin, "Acos": torch.acos, "Atanh": torch.atanh}.items():
    add(op, "up to the poles", [domain], function)
halves = given(-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, 8388609, 1e30, -1e30, inf, -inf)
for op, function in {"Ceil": torch.ceil, "Floor": torch.floor, "Round": torch.round}.items():
    add(op, "halves and huge numbers", [halves], function)
add("Mod", "of huge and tiny numbers", [given(1e30, -1e30, 1e-30, 7.5, -7.5, 3), given(7, 7, 7, 2, 2, 1.5)], torch.fmod, {"fmod": 1})
add("Pow", "negative bases", [given(-2, -1e10, -1e-10, -3), given(3, 2, 1, -2)], torch.pow, {}, (1,))
add("Pow", "a square and a cube", [wide[wide.abs() < 1e10], given(2.0).reshape(())], torch.pow, {}, (1,))
add("Where", "not-a-number not chosen", [torch.tensor([True, False, True]), given(1, float("nan"), inf), given(float("nan"), 2, -inf)], torch.where)
add("Sum", "that overflows", [given(3e38, 1, inf, -3e38), given(3e38, 1e30, 1, -3e38)], torch.add)

nowhere = torch.full((1, 3), -inf)
for name, x in [("classes ruled out", given(-inf, 1, 2, -inf)[None]), ("certain", given(1e30, 0, -1e30)[None]), ("one infinite", given(inf, 0, 1)[None])]:
    add("Softmax", name, [x], lambda x: x.softmax(1))
    add("LogSoftmax", name, [x], lambda x: x.log_softmax(1))
    add("ReduceLogSumExp", name, [x, axis], lambda x, _: x.logsumexp(1, keepdim=True), {}, (1,))
add("ReduceLogSumExp", "nothing possible", [nowhere, axis], lambda x, _: x.logsumexp(1, keepdim=True), {}, (1,))
scores = torch.stack([given(1e30, 0, -1e30), given(-inf, 1, 2), given(88, 100, -100), given(0, 0, 0), given(-3e38, 3e38, 0)])
classes = torch.tensor([0, 1, 2, 1, 1])
add("SoftmaxCrossEntropyLoss", "scores", [scores, classes], F.cross_entropy)
add("SoftmaxCrossEntropyLoss", "sums", [scores, classes], lambda x, t: F.cross_entropy(x, t, reduction="sum"), {"reduction": "sum"})
chances = torch.stack([given(-1e30, 0, -1e30), given(-inf, -1e-7, -20), given(-1, -inf, -0.5)])
add("NegativeLogLikelihoodLoss", "ruled out", [chances, torch.tensor([1, 1, 2])], F.nll_loss)

picture = torch.stack([given(-inf, 1e30, 1e30, -1e30), given(1, 1, 1, 1), given(-inf, -inf, -inf, 2), given(0.0, -0.0, 1e-45, -1e-45)])[None, None]
for kernel, stride, pad in [(2, 2, 0), (3, 1, 1), (2, 1, 0)]:
    attrs = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
    add("MaxPool", f"{kernel} by {stride}, equal and infinite", [picture], lambda x: F.max_pool2d(x, kernel, stride, pad), attrs)
tame = picture.clone().clamp(-1e30, 1e30)
add("AveragePool", "huge", [tame], lambda x: F.avg_pool2d(x, 2, 2), {"kernel_shape": [2, 2], "strides": [2, 2]})
add("AveragePool", "huge, padded", [tame], lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
add("GlobalAveragePool", "huge", [tame], lambda x: F.adaptive_avg_pool2d(x, 1))
add("CumSum", "rows", [rows[[0, 1, 2, 3, 4, 6, 7, 8]], axis[0]], lambda x, _: x.cumsum(1), {}, (1,))
add("TopK", "infinities", [given(-inf, 3e38, inf, 0, 1e-45)[None], torch.tensor([3])], lambda x, _: torch.topk(x, 3, 1)[0], {}, (1,))
parts = [torch.tensor(v) for v in ([[1e20, -1e20], [1e-30, 1e30]], [[1e18, 1.0], [1e-10, 2.0]])]
add("MatMul", "huge and tiny", parts, torch.matmul)
add("Gemm", "huge and tiny", [*parts, given(1e30, -1e-30)], lambda a, b, c: a @ b + c)
channels = torch.stack([calm, 1e3 * calm.flip(0), calm + 1e4], 1)
norms = [torch.tensor([1.0, 2, 0.5]), torch.zeros(3), torch.tensor([0.0, 1e3, 1e4]), torch.tensor([1e-12, 1e12, 1.0])]
# PyTorch joins scale and mean into one shift, and loses what is small beside it.
normed = lambda x, w, b, m, v: F.batch_norm(*(t.double() for t in (x, m, v, w, b)), eps=1e-5).float()
add("BatchNormalization", "inference, extreme statistics", [channels, *norms], normed, {}, (3, 4))

path = pathlib.Path(__file__).parent / "fixtures" / "extremes.json"
head = {"generator": "tools/oracle/extremes.py", "torch": torch.__version__.split("+")[0]}
lines = ",\n".join(json.dumps(fixture, separators=(",", ":")) for fixture in fixtures)
path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + "\n]}\n")
print(f"{path.name}: {len(fixtures)} fixtures")
