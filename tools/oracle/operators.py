"""Writes fixtures/operators-a.json: element-wise operators, reductions and movement by PyTorch in float64.

Run with python3 and torch 2.13. Points where a function has a kink or a tie are included on purpose: there only a
convention decides, and ours is PyTorch's.
"""

import torch
import torch.nn.functional as F

from fixture import ints, numbers, onnx_codes, positive, record, write

torch.manual_seed(20260)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None, constants=()):
    fixtures.append(record(op, name, attrs or {}, inputs, function, constants))


def given(*values):
    return torch.tensor(values, dtype=torch.float64)


def unary():
    kinked = given(-2, -0.5, 0, 0.5, 2, 3.5)
    for op, function, x in [
        ("Abs", torch.abs, kinked),
        ("Ceil", torch.ceil, kinked),
        ("Erf", torch.erf, given(-5, -3, -2.4, -0.7, 0, 1e-6, 0.3, 1, 2, 2.6, 4, 7)),
        ("Exp", torch.exp, numbers(2, 3)),
        ("Floor", torch.floor, kinked),
        ("Identity", lambda x: x * 1, numbers(2, 2)),
        ("Log", torch.log, positive(2, 3)),
        ("Neg", torch.neg, numbers(2, 3)),
        ("Reciprocal", torch.reciprocal, numbers(2, 3)),
        ("Relu", torch.relu, kinked),
        ("Round", torch.round, given(-1.5, -0.5, 0.5, 1.5, 2.5, 2.6)),
        ("Sigmoid", torch.sigmoid, given(-40, -3, -0.5, 0, 0.5, 3, 40)),
        ("Sign", torch.sign, kinked),
        ("Sqrt", torch.sqrt, positive(2, 3)),
        ("Tanh", torch.tanh, given(-20, -1, -0.1, 0, 0.1, 1, 20)),
    ]:
        add(op, "kinks and both sides" if x is kinked else "values", [x], function)
    # PyTorch's own softplus switches to the identity above its threshold of 20.
    add("Softplus", "values", [given(-30, -1, 0, 1, 30)], lambda x: torch.logaddexp(x, torch.zeros_like(x)))
    add("LeakyRelu", "default slope", [kinked], lambda x: F.leaky_relu(x, 0.01))
    add("LeakyRelu", "slope 0.2", [kinked], lambda x: F.leaky_relu(x, 0.2), {"alpha": 0.2})
    scalar = torch.tensor
    add("Clip", "both bounds", [kinked, scalar(-0.5), scalar(2.0)], lambda x, a, b: torch.clamp(x, a, b))
    add("Clip", "crossed bounds", [kinked, scalar(1.0), scalar(-1.0)], lambda x, a, b: torch.clamp(x, a, b))
    add("Clip", "lower bound", [kinked, scalar(0.5)], lambda x, a: torch.clamp(x, min=a))
    add("Clip", "upper bound", [kinked, None, scalar(0.5)], lambda x, _, b: torch.clamp(x, max=b))
    add("Clip", "no bounds", [kinked], lambda x: x * 1)


def arithmetic():
    for op, function, a, b in [
        ("Add", torch.add, numbers, numbers),
        ("Sub", torch.sub, numbers, numbers),
        ("Mul", torch.mul, numbers, numbers),
        ("Div", torch.div, numbers, positive),
        ("Pow", torch.pow, positive, numbers),
    ]:
        for name, left, right in [
            ("same shapes", (2, 3), (2, 3)),
            ("row", (2, 3), (3,)),
            ("column and row", (2, 1), (1, 3)),
            ("scalar", (), (2, 2)),
            ("more axes on the right", (3, 1), (2, 1, 3)),
        ]:
            add(op, name, [a(*left), b(*right)], function)
    # 0^b and a^0: only the limits are finite.
    add("Pow", "base 0", [given(0, 0, 0, 0), given(0, 1, 2, 0.5)], torch.pow)
    add("Pow", "exponent 0", [given(0, 1, 2.5), given(0, 0, 0)], torch.pow)
    add("Pow", "constant square", [given(-1.5, 0, 2), torch.tensor(2.0)], torch.pow, constants=(1,))
    add("Pow", "constant cube", [given(-1.5, 0, 2), torch.tensor(3.0)], torch.pow, constants=(1,))
    add("Pow", "constant 0", [given(-1.5, 0, 2), torch.tensor(0.0)], torch.pow, constants=(1,))
    add("Max", "with ties", [given(1, 2, 3, -1), given(1, 3, 2, -1)], torch.maximum)
    add("Max", "broadcast", [numbers(2, 1), numbers(3)], torch.maximum)
    add("Min", "with ties", [given(1, 2, 3, -1), given(1, 3, 2, -1)], torch.minimum)
    add("Min", "broadcast", [numbers(2, 1), numbers(3)], torch.minimum)
    add("Sum", "three", [numbers(2, 3), numbers(3), numbers()], lambda a, b, c: a + b + c)
    add("Mod", "signs", [ints(-7, 7, -7, 7), ints(3, 3, -3, -3)], torch.remainder)
    add("Mod", "signs as in C", [ints(-7, 7, -7, 7), ints(3, 3, -3, -3)], torch.fmod, {"fmod": 1})


def choices():
    a, b = given(1, 2, 3, float("nan")), given(1, 3, 2, 0)
    for op, function in [
        ("Equal", torch.eq),
        ("Greater", torch.gt),
        ("GreaterOrEqual", torch.ge),
        ("Less", torch.lt),
        ("LessOrEqual", torch.le),
    ]:
        add(op, "ties and not-a-number", [a, b], function)
    truth = [torch.tensor([False, False, True, True]), torch.tensor([False, True, False, True])]
    add("And", "truth table", truth, torch.logical_and)
    add("Or", "truth table", truth, torch.logical_or)
    add("Not", "both", truth[1:], torch.logical_not)
    condition = torch.tensor([[True], [False]])
    add("Where", "broadcast", [condition, numbers(3), numbers(2, 3)], torch.where)
    add("Where", "scalar", [condition, numbers(2, 2), numbers()], torch.where)
    add("Cast", "float64 to float64", [numbers(3)], lambda x: x * 1, {"to": onnx_codes["float64"]})
    add("Cast", "to int32", [given(-2.75, -0.5, 0.5, 2.75)], lambda x: x.to(torch.int32), {"to": onnx_codes["int32"]})
    add("Cast", "to bool", [given(-2.75, 0, 0.5)], lambda x: x.to(torch.bool), {"to": onnx_codes["bool"]})
    add("Cast", "bytes to float64", [ints(0, 7, 255).to(torch.uint8)], lambda x: x.double(), {"to": onnx_codes["float64"]})


def reductions():
    def mean(x, axes, keep):
        return x.mean(axes, keep)

    for op, function in [
        ("ReduceSum", lambda x, axes, keep: x.sum(axes, keep)),
        ("ReduceMean", mean),
        ("ReduceSumSquare", lambda x, axes, keep: (x * x).sum(axes, keep)),
        ("ReduceMax", lambda x, axes, keep: x.amax(axes, keep)),
        ("ReduceMin", lambda x, axes, keep: x.amin(axes, keep)),
    ]:
        for axes in ([1], [0, -1], [-2]):
            for keep in (0, 1):
                add(
                    op,
                    f"axes {axes}, keepdims {keep}",
                    [numbers(2, 3, 2), ints(*axes)],
                    lambda x, _, axes=axes, keep=keep: function(x, axes, bool(keep)),
                    {"keepdims": keep},
                    constants=(1,),
                )
        add(op, "all", [numbers(2, 3)], lambda x: function(x, [0, 1], False), {"keepdims": 0})
    tied = torch.tensor([[1.0, 3, 3, 2], [5, 5, 5, 5]])
    add("ReduceMax", "ties", [tied, ints(1)], lambda x, _: x.amax(1), {"keepdims": 0}, constants=(1,))
    add("ReduceMin", "ties", [-tied, ints(1)], lambda x, _: x.amin(1), {"keepdims": 0}, constants=(1,))
    add("ArgMax", "last axis", [numbers(3, 4)], lambda x: x.argmax(1), {"axis": -1, "keepdims": 0})
    add("ArgMax", "kept", [numbers(3, 4)], lambda x: x.argmax(0, keepdim=True), {"axis": 0})
    for axis in (-1, 0, 1):
        add("Softmax", f"axis {axis}", [numbers(2, 3, 4)], lambda x, axis=axis: x.softmax(axis), {"axis": axis})
        add("LogSoftmax", f"axis {axis}", [numbers(2, 3, 4)], lambda x, axis=axis: x.log_softmax(axis), {"axis": axis})
    large = given(800, 801, -800)
    add("Softmax", "large logits", [large], lambda x: x.softmax(0))
    add("LogSoftmax", "large logits", [large], lambda x: x.log_softmax(0))


def shapes():
    add("Reshape", "new shape", [numbers(2, 6), ints(3, -1)], lambda x, _: x.reshape(3, 4), constants=(1,))
    add("Reshape", "0 copies", [numbers(2, 3, 2), ints(0, -1)], lambda x, _: x.reshape(2, 6), constants=(1,))
    add("Flatten", "default axis", [numbers(2, 3, 2)], lambda x: x.flatten(1))
    add("Flatten", "axis 2", [numbers(2, 3, 2)], lambda x: x.reshape(6, 2), {"axis": 2})
    add("Transpose", "reversed", [numbers(2, 3, 4)], lambda x: x.permute(2, 1, 0))
    add("Transpose", "permuted", [numbers(2, 3, 4)], lambda x: x.permute(1, 2, 0), {"perm": [1, 2, 0]})
    add("Squeeze", "all", [numbers(1, 3, 1)], lambda x: x.squeeze())
    add("Squeeze", "one", [numbers(1, 3, 1), ints(-1)], lambda x, _: x.squeeze(-1), constants=(1,))
    add("Unsqueeze", "two", [numbers(3), ints(0, -1)], lambda x, _: x[None, :, None], constants=(1,))
    add("Expand", "both ways", [numbers(3, 1), ints(2, 1, 4)], lambda x, _: x.expand(2, 3, 4), constants=(1,))
    add("Concat", "last axis", [numbers(2, 1), numbers(2, 3)], lambda *x: torch.cat(x, 1), {"axis": -1})
    add("Split", "sizes", [numbers(5, 2), ints(2, 3)], lambda x, _: x.split([2, 3]), constants=(1,))
    add("Split", "smaller last part", [numbers(2, 5)], lambda x: x.split(3, 1), {"axis": 1, "num_outputs": 2})
    add("Pad", "both sides", [numbers(2, 3), ints(1, 0, 0, 2)], lambda x, _: F.pad(x, (0, 2, 1, 0)), constants=(1,))
    value = torch.tensor(1.5)
    add("Pad", "value", [numbers(2), ints(1, 2), value], lambda x, *_: F.pad(x, (1, 2), value=1.5), constants=(1, 2))
    for name, starts, ends, axes, steps, cut in [
        ("plain", [1, 0], [3, 2], [0, 1], [1, 1], lambda x: x[1:3, 0:2]),
        ("steps", [0, 1], [9, 9], [0, 1], [2, 3], lambda x: x[0::2, 1::3]),
        ("negative positions", [-3], [-1], [1], [1], lambda x: x[:, -3:-1]),
        ("backward", [-1], [-99], [0], [-1], lambda x: x.flip(0)),
        ("backward by 2", [4], [0], [1], [-2], lambda x: x[:, [4, 2]]),
    ]:
        inputs = [numbers(4, 6), ints(*starts), ints(*ends), ints(*axes), ints(*steps)]
        add("Slice", name, inputs, lambda x, *_, cut=cut: cut(x), constants=(1, 2, 3, 4))


def indices():
    add("Gather", "some twice", [numbers(4, 2), ints(2, 0, 2, -1)], lambda x, i: x[i])
    matrix = torch.tensor([[0, 1], [2, 1]])
    add("Gather", "matrix of indices", [numbers(2, 3, 2), matrix], lambda x, i: x[:, i], {"axis": 1})
    place = torch.tensor([[0, 2, 1], [1, 1, 0]])
    add("GatherElements", "first axis", [numbers(3, 3), place], lambda x, i: x.gather(0, i), {"axis": 0})
    add("GatherElements", "last axis", [numbers(2, 3), place], lambda x, i: x.gather(1, i), {"axis": -1})
    unique = torch.tensor([[0, 2, 1], [1, 0, 2]])
    add("ScatterElements", "replace", [numbers(3, 3), unique, numbers(2, 3)], lambda x, i, u: x.scatter(0, i, u))
    added = {"axis": 1, "reduction": "add"}
    add("ScatterElements", "add", [numbers(2, 4), place, numbers(2, 3)], lambda x, i, u: x.scatter_add(1, i, u), added)
    values = given(0, 1)
    inputs = [ints(0, 2, 1), torch.tensor(3), values]
    add("OneHot", "last axis", inputs, lambda i, *_: F.one_hot(i, 3).double(), constants=(1, 2))


unary()
arithmetic()
choices()
reductions()
shapes()
indices()
write("operators.py", fixtures)
