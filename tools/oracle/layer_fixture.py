"""Recording of layers: input, parameters under PyTorch's names, output, and gradients for a random cotangent."""

import json
import pathlib

import torch

from fixture import array, numbers


def fixture(spec, name, module, x, call=None):
    """One layer: every parameter drawn anew, so that none is 0 or 1. `spec` is ours, `call` the module if not itself."""
    for parameter in module.parameters():
        parameter.data = numbers(*parameter.shape)
    leaf = x.clone().requires_grad_(x.is_floating_point())
    y = (call or module)(leaf)
    cotangent = numbers(*y.shape)
    named = dict(module.named_parameters())
    wanted = ([leaf] if leaf.requires_grad else []) + list(named.values())
    gradients = list(torch.autograd.grad((y * cotangent).sum(), wanted))
    return {
        "spec": spec,
        "name": name,
        "input": array(x),
        "parameters": {key: array(value) for key, value in named.items()},
        "output": array(y),
        "cotangent": array(cotangent),
        "inputGradient": array(gradients.pop(0)) if leaf.requires_grad else None,
        "gradients": {key: array(value) for key, value in zip(named, gradients)},
    }


def write(generator, fixtures):
    """One fixture a line, into fixtures/ under the generator's name."""
    path = pathlib.Path(__file__).parent / "fixtures" / generator.replace("_", "-").replace(".py", ".json")
    head = {"generator": f"tools/oracle/{generator}", "torch": torch.__version__.split("+")[0]}
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in fixtures)
    path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + "\n]}\n")
    print(f"{path.name}: {len(fixtures)} layers, {path.stat().st_size} bytes")
