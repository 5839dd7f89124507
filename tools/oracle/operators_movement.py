"""Writes fixtures/operators-movement.json: indices, padding, repetition and triangles by PyTorch in float64.

Run with python3 and torch 2.13. Indices are negative or given twice on purpose.
"""

import torch
import torch.nn.functional as F

from fixture import ints, numbers, onnx_codes, record, write

torch.manual_seed(20262)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None, constants=()):
    fixtures.append(record(op, name, attrs or {}, inputs, function, constants))


def padding():
    for mode, theirs, shape, pads in [
        ("reflect", "reflect", (2, 5), [0, 3, 0, 4]),
        ("reflect", "reflect", (1, 2, 4, 3), [0, 0, 1, 2, 0, 0, 3, 1]),
        ("edge", "replicate", (2, 3), [0, 4, 0, 1]),
        ("edge", "replicate", (1, 2, 3, 2), [0, 0, 2, 0, 0, 0, 1, 3]),
        ("wrap", "circular", (2, 4), [0, 3, 0, 4]),
        ("wrap", "circular", (1, 1, 3, 4), [0, 0, 1, 2, 0, 0, 3, 0]),
    ]:
        rank = len(shape)
        pairs = [pads[axis + side] for axis in reversed(range(rank)) for side in (0, rank)]
        padded = [*pairs[: 2 * max(1, rank - 2)]]

        def function(x, _, theirs=theirs, padded=padded):
            return F.pad(x, padded, mode=theirs)

        add("Pad", f"{mode}, {rank} axes", [numbers(*shape), ints(*pads)], function, {"mode": mode}, (1,))
    add("Pad", "negative", [numbers(4, 5), ints(-1, 2, 1, -2)], lambda x, _: F.pad(x, (2, -2, -1, 1)), constants=(1,))
    bordered = [numbers(2, 3), ints(1, 0, 0, 2), torch.tensor(0.7)]

    def with_value(x, _, value):
        inside = F.pad(torch.ones_like(x), (0, 2, 1, 0))
        return F.pad(x, (0, 2, 1, 0)) + value * (1 - inside)

    add("Pad", "value with a gradient", bordered, with_value, constants=(1,))


def repetition():
    add("Tile", "both axes", [numbers(2, 3), ints(2, 3)], lambda x, _: x.repeat(2, 3), constants=(1,))
    add("Tile", "one of three", [numbers(2, 1, 3), ints(1, 4, 1)], lambda x, _: x.repeat(1, 4, 1), constants=(1,))


def coordinates():
    place = torch.tensor([[0, 1], [-1, 0], [0, 1]])
    add("GatherND", "elements, some twice", [numbers(3, 2), place], lambda x, i: x[i[:, 0], i[:, 1]])
    rows = torch.tensor([[[2], [0]], [[-1], [2]]])
    add("GatherND", "rows", [numbers(3, 4), rows], lambda x, i: x[i[..., 0]])
    batched = torch.tensor([[[1], [0]], [[-1], [-1]]])
    inputs = [numbers(2, 3, 2), batched]
    add("GatherND", "by batch", inputs, lambda x, i: torch.stack([x[b, i[b, :, 0]] for b in range(2)]), {"batch_dims": 1})
    inputs = [numbers(2, 3, 2, 2), torch.tensor([[0, 1], [2, -1]])]
    add("GatherND", "one a batch", inputs, lambda x, i: torch.stack([x[b, i[b, 0], i[b, 1]] for b in range(2)]), {"batch_dims": 1})
    unique = torch.tensor([[2, 0], [0, -1]])

    def put(x, i, u, accumulate=False):
        return x.index_put(tuple(i.unbind(-1)), u, accumulate=accumulate)

    add("ScatterND", "replace elements", [numbers(3, 2), unique, numbers(2)], put)
    add("ScatterND", "replace rows", [numbers(3, 2), torch.tensor([[2], [0]]), numbers(2, 2)], put)
    twice = torch.tensor([[1], [-2], [0], [1]])
    inputs = [numbers(3, 2), twice, numbers(4, 2)]
    add("ScatterND", "add, some twice", inputs, lambda *x: put(*x, accumulate=True), {"reduction": "add"})
    index = torch.tensor([1, 1, 0])
    for reduction, theirs in [("mul", "prod"), ("max", "amax"), ("min", "amin")]:
        values = [numbers(3), index, numbers(3)]

        def reduced(x, i, u, theirs=theirs):
            return x.detach().scatter_reduce(0, i, u.detach(), theirs)

        add("ScatterElements", reduction, values, reduced, {"reduction": reduction})
        add("ScatterND", reduction, [values[0], index[:, None], values[2]], lambda x, i, u: reduced(x, i[:, 0], u), {"reduction": reduction})
    hot = [ints(0, 2, 1, -1), torch.tensor(3), numbers(2)]

    def one_hot(i, _, values):
        on = F.one_hot(i % 3, 3).double()
        return values[0] * (1 - on) + values[1] * on

    add("OneHot", "values with a gradient", hot, one_hot, constants=(1,))
    add("OneHot", "first axis", hot, lambda *x: one_hot(*x).T, {"axis": 0}, constants=(1,))
    weight = [numbers(6, 3), torch.tensor([[0, 5, 0], [2, -6, 2]])]
    add("Gather", "an embedding, some rows often", weight, lambda x, i: F.embedding(i % 6, x))


def choices():
    x = numbers(3, 5)
    add("TopK", "largest", [x, ints(2)], lambda x, _: torch.topk(x, 2), constants=(1,))
    attrs = {"axis": 0, "largest": 0}
    add("TopK", "smallest, first axis", [x, ints(3)], lambda x, _: torch.topk(x, 3, 0, largest=False), attrs, (1,))
    flags = torch.tensor([False, True, True])
    add("Compress", "rows", [x, flags], lambda x, c: x[c], {"axis": 0}, (1,))
    add("Compress", "columns", [x, flags], lambda x, c: x[:, :3][:, c], {"axis": 1}, (1,))
    add("Compress", "elements", [x, flags], lambda x, c: x.flatten()[:3][c], {}, (1,))
    add("NonZero", "matrix", [torch.tensor([[0, 2, 0], [1, 0, 3]])], lambda x: x.nonzero().T.contiguous(), {}, (0,))
    for upper, function in [(1, torch.triu), (0, torch.tril)]:
        for k in (-1, 0, 2):
            inputs = [numbers(2, 3, 4), torch.tensor(k)]
            add("Trilu", f"upper {upper}, k {k}", inputs, lambda x, _, f=function, k=k: f(x, k), {"upper": upper})
    add("EyeLike", "of a matrix", [numbers(3, 2)], lambda x: torch.eye(3, 2) + 0 * x)
    add("CastLike", "float64 to float64", [numbers(3), torch.tensor(0.0)], lambda x, _: x * 1)
    inputs = [torch.tensor([-1.5, 2.7]), torch.tensor(1)]
    add("CastLike", "to int64", inputs, lambda x, like: x.to(like.dtype))
    add("Cast", "int64 to uint8, beyond its range", [ints(-1, 256, 511)], lambda x: x.to(torch.uint8), {"to": onnx_codes["uint8"]})
    add("Cast", "not-a-number to bool", [torch.tensor([float("nan"), 0, -0.0])], lambda x: x.bool(), {"to": onnx_codes["bool"]})
    add("Range", "fractions", [torch.tensor(v) for v in (0.5, -1.0, -0.25)], lambda a, b, c: torch.arange(0.5, -1.0, -0.25), constants=(0, 1, 2))
    add("Shape", "part", [numbers(2, 3, 4)], lambda x: torch.tensor(x.shape[1:]), {"start": 1})
    add("Size", "all", [numbers(2, 3)], lambda x: torch.tensor(x.numel()))


def blocks():
    def crd(x):
        return F.pixel_shuffle(x, 2)

    add("DepthToSpace", "CRD", [numbers(2, 8, 2, 3)], crd, {"blocksize": 2, "mode": "CRD"})


def joining():
    """Ties share the cotangent; zeros leave the product of the others."""
    index = torch.tensor([[0, 1, 0, 1], [2, 1, 2, 0]])
    x = torch.tensor([[1.0, 0, 2, 3], [0, -1, 1, 2], [2, 2, 0, 1]])
    u = torch.tensor([[1.0, 0, 2, 2], [2, 0, 3, 3]])
    for reduction, theirs in [("mul", "prod"), ("max", "amax"), ("min", "amin")]:
        attrs = {"reduction": reduction}
        add("ScatterElements", f"{reduction}, zeros and ties", [x, index, u], lambda x, i, u, r=theirs: x.scatter_reduce(0, i, u, r), attrs)
        rows = torch.tensor([[1], [1], [-3], [1]])
        updates = torch.tensor([[0.0, 2, 2], [3, 2, 0], [1, 0, -1], [3, 0, 0]])

        def by_rows(x, i, u, theirs=theirs):
            return x.scatter_reduce(0, (i % 3).expand(-1, 3), u, theirs)

        add("ScatterND", f"{reduction}, zeros and ties", [x[:, :3], rows, updates], by_rows, attrs)


padding()
repetition()
coordinates()
choices()
blocks()
joining()
write("operators_movement.py", fixtures)
