"""Writes fixtures/operators-reductions.json: norms, products, logarithms of sums, running sums by PyTorch in float64.

Run with python3 and torch 2.13. Zeros are included where their gradient is a convention: ours is PyTorch's.
"""

import torch

from fixture import ints, numbers, positive, record, write

torch.manual_seed(20262)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None, constants=()):
    fixtures.append(record(op, name, attrs or {}, inputs, function, constants))


def given(*values):
    return torch.tensor(values, dtype=torch.float64)


with_zeros = torch.tensor([[1.5, 0.0, -2.0], [0.0, 0.0, 3.0], [1.0, 2.0, -3.0]])
zeros = torch.zeros(2, 3)

for axis in [1, 0]:
    where = {"keepdims": 0}
    axes = ints(axis)
    along = f"axis {axis}"
    add("ReduceL1", along, [with_zeros, axes], lambda x, _, a=axis: x.abs().sum(a), where, (1,))
    add("ReduceL2", along, [with_zeros, axes], lambda x, _, a=axis: torch.linalg.vector_norm(x, dim=a), where, (1,))
    add("ReduceProd", along, [with_zeros, axes], lambda x, _, a=axis: x.prod(a), where, (1,))
    add("ReduceLogSum", along, [positive(2, 3), axes], lambda x, _, a=axis: x.sum(a).log(), where, (1,))
    add("ReduceLogSumExp", along, [100 * numbers(2, 3), axes], lambda x, _, a=axis: x.logsumexp(a), where, (1,))
add("ReduceL2", "all zeros", [zeros], lambda x: torch.linalg.vector_norm(x).reshape(1, 1))
add("ReduceLogSumExp", "all", [numbers(2, 3)], lambda x: x.logsumexp((0, 1)).reshape(1, 1))
add("Mean", "three", [numbers(2, 3), numbers(3), numbers(2, 1)], lambda a, b, c: (a + b + c) / 3)
add("CumSum", "last axis", [numbers(2, 4), torch.tensor(1)], lambda x, _: x.cumsum(1), {}, (1,))
add(
    "CumSum",
    "reverse, first axis",
    [numbers(3, 2), torch.tensor(0)],
    lambda x, _: x.flip(0).cumsum(0).flip(0),
    {"reverse": 1},
    (1,),
)
write("operators_reductions.py", fixtures)
