"""Writes fixtures/operators-contraction.json: Einsum and losses over classes by PyTorch in float64.

Run with python3 and torch 2.13.
"""

import torch
import torch.nn.functional as F

from fixture import ints, numbers, positive, record, write

torch.manual_seed(20267)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None):
    fixtures.append(record(op, name, attrs or {}, inputs, function))


def sums():
    for equation, *shapes in [
        ("ij,jk->ik", (3, 4), (4, 2)),
        ("ij,kj", (3, 4), (2, 4)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
        ("bhqk,bkhd->bqhd", (2, 2, 3, 4), (2, 4, 2, 3)),
        ("...ij,...jk->...ik", (2, 1, 3, 2), (4, 2, 3)),
        ("i...,i...->...", (3, 2, 2), (3, 2, 2)),
        ("b...i,ij->b...j", (2, 3, 2, 4), (4, 3)),
        ("iij->j", (3, 3, 2)),
        ("ii->i", (4, 4)),
        ("bii,bij->bj", (2, 3, 3), (2, 3, 2)),
        ("zB,Bz", (2, 3), (3, 2)),
        ("ba", (2, 3)),
        ("ijk->", (2, 3, 2)),
        ("i,j,k->kji", (2,), (3,), (2,)),
        ("bn,anm,bm->ba", (2, 3), (4, 3, 2), (2, 2)),
        (" i j , j -> i ", (3, 2), (2,)),
    ]:
        inputs = [numbers(*shape) for shape in shapes]
        function = lambda *xs, equation=equation: torch.einsum(equation, *xs)
        add("Einsum", equation, inputs, function, {"equation": equation})
    x = numbers(2, 3)
    add("Einsum", "extent 1 broadcasts", [x, numbers(1, 4)], lambda a, b: torch.einsum("ij,ik->jk", a, b), {"equation": "ij,ik->jk"})


def losses():
    for name, shape in [("rows", (5, 4)), ("sequences", (3, 4, 3)), ("images", (2, 4, 2, 3))]:
        target = torch.randint(0, 4, (shape[0], *shape[2:]))
        weight = positive(4)
        for reduction in ("none", "sum", "mean"):
            for ignored in (None, 2, -100):
                attrs = {"reduction": reduction, **({} if ignored is None else {"ignore_index": ignored})}
                options = {"reduction": reduction, **({} if ignored is None else {"ignore_index": ignored})}
                used = torch.where(torch.rand(target.shape) < 0.3, -100, target) if ignored == -100 else target
                if ignored is None:
                    options["ignore_index"] = -100
                what = f"{name}, {reduction}" + ("" if ignored is None else f", {ignored} ignored")
                likelihood = lambda x, t, w, o=options: F.nll_loss(x, t, w.detach(), **o)
                entropy = lambda x, t, w, o=options: (F.cross_entropy(x, t, w.detach(), **o), F.log_softmax(x, 1))
                inputs = [numbers(*shape), used, weight]
                # PyTorch has no gradient for the weights of classes.
                add("NegativeLogLikelihoodLoss", f"{what}, weights", inputs, likelihood, attrs)
                add("SoftmaxCrossEntropyLoss", f"{what}, weights", inputs, entropy, attrs)
        x = numbers(*shape)
        add("NegativeLogLikelihoodLoss", name, [x, target], F.nll_loss)
        add("SoftmaxCrossEntropyLoss", name, [x, target], lambda x, t: (F.cross_entropy(x, t), F.log_softmax(x, 1)))
    x = torch.tensor([[1000.0, 0.0, -1000.0], [0.0, -2000.0, 1.0]])
    add("SoftmaxCrossEntropyLoss", "large scores", [x, ints(0, 1)], lambda x, t: (F.cross_entropy(x, t), F.log_softmax(x, 1)))
    x = torch.tensor([[float("-inf"), -0.5], [-1.0, -2.0]])
    ignoring = {"ignore_index": 0}
    add("NegativeLogLikelihoodLoss", "infinite where ignored", [x, ints(0, 1)], lambda x, t: F.nll_loss(x, t, ignore_index=0), ignoring)


sums()
losses()
write("operators_contraction.py", fixtures)
