"""Writes fixtures/shared-weights.json: a training by PyTorch in float64 of a network whose layers share their weights.

Run with python3 and torch 2.13. A linear map and its transpose (a tied autoencoder) around a block with batch
normalization that is passed twice. Arrays are base64 of little-endian elements.
"""

import base64
import json
import pathlib

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2113)
torch.set_default_dtype(torch.float64)
steps, batch_size, features, codes = 60, 16, 6, 4


def encode(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.code = nn.Linear(features, codes)
        self.block = nn.Sequential(nn.Linear(codes, codes), nn.BatchNorm1d(codes), nn.Tanh())
        self.back = nn.Parameter(torch.randn(features) / 4)

    def forward(self, x):
        hidden = self.block(self.block(torch.tanh(self.code(x))))
        return F.linear(hidden, self.code.weight.t(), self.back)


def state(model):
    tensors = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    # The bias of the way back stands with its layer, the fourth.
    return {{"back": "4.bias", "code.bias": "0.bias"}.get(n, n): encode(v.numpy().astype(numpy.float32)) for n, v in tensors.items()}


model = Tied()
for parameter in model.parameters():
    parameter.data = parameter.data.float().double()
inputs = torch.randn(steps * batch_size // 4, features).float()
inputs[:, 3:] = torch.sin(inputs[:, :3] * 2)
inputs = inputs.double()
record = {"generator": "tools/oracle/shared_weights.py", "torch": torch.__version__.split("+")[0], "batchSize": batch_size}
record |= {"inputs": encode(inputs.numpy().astype(numpy.float32)), "features": features, "initial": state(model)}
update = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.01)
losses = []
for step in range(steps):
    first = step * batch_size % len(inputs)
    batch = inputs[first : first + batch_size]
    update.zero_grad()
    loss = F.mse_loss(model(batch), batch)
    loss.backward()
    update.step()
    losses.append(loss.item())
model.eval()
with torch.no_grad():
    final = F.mse_loss(model(inputs), inputs).item()
record |= {"losses": losses, "final": state(model), "evaluation": final}
path = pathlib.Path(__file__).parent / "fixtures" / "shared-weights.json"
path.write_text(json.dumps(record, indent=1) + "\n")
print(losses[0], losses[-1], final, list(record["final"]))
