"""Writes fixtures/layers-sequences.json: embeddings and attention by PyTorch in float64.

Run with python3 and torch 2.13.
"""

import torch
from torch import nn

from fixture import numbers
from layer_fixture import fixture, write

torch.manual_seed(9)
torch.set_default_dtype(torch.float64)


class Places(nn.Module):
    """Learned places, as BERT and GPT-2 add them."""

    def __init__(self, count, features):
        super().__init__()
        self.weight = nn.Parameter(numbers(count, features))

    def forward(self, x):
        return x + self.weight[: x.shape[1]]


def padded(x):
    """An embedding whose row 2 is the padding: `fixture` draws it anew, so it is put back to 0."""
    module = nn.Embedding(5, 3, padding_idx=2)

    def call(tokens):
        module.weight.data[2] = 0
        return module(tokens)

    return module, x, call


tokens = torch.tensor([[0, 4, 2], [2, 2, 1]])
fixtures = [
    fixture({"kind": "embedding", "count": 5, "features": 3}, "sequences", nn.Embedding(5, 3), tokens),
    fixture({"kind": "embedding", "count": 5, "features": 3}, "int32, single tokens", nn.Embedding(5, 3), tokens[0].int()),
    fixture({"kind": "embedding", "count": 5, "features": 3, "padding": 2}, "padding", *padded(tokens)),
    fixture({"kind": "positionalEmbedding"}, "as long as the data", Places(3, 4), numbers(2, 3, 4)),
    fixture({"kind": "positionalEmbedding", "places": 5}, "longer", Places(5, 4), numbers(2, 3, 4)),
]
write("layers_sequences.py", fixtures)
