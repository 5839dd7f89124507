"""Recording of operator fixtures: inputs, outputs, cotangents and gradients by PyTorch. README.md has the format."""

import json
import math
import pathlib

import torch

dtype_names = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.int64: "int64",
    torch.int32: "int32",
    torch.uint8: "uint8",
    torch.bool: "bool",
}
# TensorProto.DataType of the ONNX specification.
onnx_codes = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7, "bool": 9, "float64": 11}


def number(value):
    if isinstance(value, (bool, int)):
        return int(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def array(tensor, constant=False):
    if tensor is None:
        return None
    data = [number(x) for x in tensor.detach().flatten().tolist()]
    record = {"dtype": dtype_names[tensor.dtype], "shape": list(tensor.shape), "data": data}
    return {**record, "constant": True} if constant else record


def numbers(*shape):
    """Normal numbers with few digits, so that the file stays small; four decimals leave hardly any ties."""
    return torch.round(torch.randn(shape) * 1e4) / 1e4


def positive(*shape):
    """From 0.25 to 2.25, four decimals."""
    return torch.round((0.25 + 2 * torch.rand(shape)) * 1e4) / 1e4


def ints(*values):
    return torch.tensor(values, dtype=torch.int64)


def record(op, name, attrs, inputs, function, constants=()):
    """One node: its outputs, and the gradients of the float inputs for random cotangents of the float outputs.

    No gradients are taken for `constants`, which become Constant nodes.
    """
    leaves = [
        x.clone().requires_grad_(True) if x is not None and x.is_floating_point() and i not in constants else x
        for i, x in enumerate(inputs)
    ]
    outputs = function(*leaves)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    cotangents = [numbers(*y.shape) if y.requires_grad else None for y in outputs]
    losses = [(y * ct).sum() for y, ct in zip(outputs, cotangents) if ct is not None]
    wanted = [x for x in leaves if x is not None and x.requires_grad]
    found = iter(torch.autograd.grad(sum(losses), wanted, allow_unused=True) if losses else [None] * len(wanted))
    gradients = [next(found) if x is not None and x.requires_grad else None for x in leaves]
    return {
        "op": op,
        "name": name,
        "attrs": attrs,
        "inputs": [array(x, i in constants) for i, x in enumerate(inputs)],
        "outputs": [array(y) for y in outputs],
        "cotangents": [array(ct) for ct in cotangents],
        "gradients": [array(g) for g in gradients],
    }


def write(generator, fixtures):
    """One fixture a line: small diffs, and still readable."""
    suffix = {"operators.py": "a", "operators_network.py": "b"}.get(generator) or generator[len("operators_") : -3]
    path = pathlib.Path(__file__).parent / "fixtures" / f"operators-{suffix}.json"
    head = {"generator": f"tools/oracle/{generator}", "torch": torch.__version__.split("+")[0]}
    lines = ",\n".join(json.dumps(fixture, separators=(",", ":")) for fixture in fixtures)
    path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + "\n]}\n")
    print(f"{path.name}: {len(fixtures)} fixtures")
