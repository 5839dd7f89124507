"""Writes fixtures/losses.json: losses and their gradients by PyTorch in float64. Run with python3 and torch 2.13."""

import json
import pathlib

import torch
import torch.nn.functional as F

from fixture import array, numbers

torch.manual_seed(6)
torch.set_default_dtype(torch.float64)


def cross_entropy(output, targets):
    return F.cross_entropy(output, targets.long())


def classes(*values):
    return torch.tensor(values, dtype=torch.int32)


cases = [
    ("crossEntropy", "ten classes", numbers(4, 10), classes(0, 9, 3, 3), cross_entropy),
    ("crossEntropy", "far logits", torch.tensor([[900.0, -900.0], [-40.0, 60.0], [700.0, 700.0]]), classes(1, 0, 1), cross_entropy),
    ("crossEntropy", "one example", numbers(1, 3), classes(2), cross_entropy),
    ("meanSquaredError", "one output", numbers(5, 1), numbers(5, 1), F.mse_loss),
    ("meanSquaredError", "images", numbers(2, 3, 2), numbers(2, 3, 2), F.mse_loss),
]
fixtures = []
for kind, name, output, targets, function in cases:
    output = output.clone().requires_grad_(True)
    loss = function(output, targets)
    (gradient,) = torch.autograd.grad(loss, output)
    fixtures.append(
        {
            "kind": kind,
            "name": name,
            "output": array(output),
            # Class targets are int32, values float32 in our data sets.
            "targets": array(targets),
            "loss": loss.item(),
            "gradient": array(gradient),
        }
    )
head = {"generator": "tools/oracle/losses.py", "torch": torch.__version__.split("+")[0]}
path = pathlib.Path(__file__).parent / "fixtures" / "losses.json"
lines = ",\n".join(json.dumps(fixture, separators=(",", ":")) for fixture in fixtures)
path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + "\n]}\n")
print(f"{path.name}: {len(fixtures)} losses")
