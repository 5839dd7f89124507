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


def attention(features, heads, length, causal=False, bias=True):
    module = nn.MultiheadAttention(features, heads, bias=bias, batch_first=True)
    mask = nn.Transformer.generate_square_subsequent_mask(length) if causal else None
    return module, numbers(2, length, features), lambda x: module(x, x, x, attn_mask=mask, need_weights=False)[0]


def block(features, heads, length, causal=False, **options):
    module = nn.TransformerEncoderLayer(features, heads, dropout=0.0, batch_first=True, **options)
    mask = nn.Transformer.generate_square_subsequent_mask(length) if causal else None
    return module, numbers(2, length, features), lambda x: module(x, src_mask=mask)


attend = {"kind": "multiHeadSelfAttention", "heads": 2}
encode = {"kind": "transformerEncoderBlock", "heads": 2, "dropout": 0, "hidden": 5}
first = {"norm_first": True, "activation": nn.functional.gelu}
tokens = torch.tensor([[0, 4, 2], [2, 2, 1]])
fixtures = [
    fixture({"kind": "embedding", "count": 5, "features": 3}, "sequences", nn.Embedding(5, 3), tokens),
    fixture({"kind": "embedding", "count": 5, "features": 3}, "int32, single tokens", nn.Embedding(5, 3), tokens[0].int()),
    fixture({"kind": "embedding", "count": 5, "features": 3, "padding": 2}, "padding", *padded(tokens)),
    fixture({"kind": "positionalEmbedding"}, "as long as the data", Places(3, 4), numbers(2, 3, 4)),
    fixture({"kind": "positionalEmbedding", "places": 5}, "longer", Places(5, 4), numbers(2, 3, 4)),
    fixture(attend, "two heads", *attention(4, 2, 3)),
    fixture({**attend, "heads": 1, "causal": True}, "causal, one head", *attention(3, 1, 4, causal=True)),
    fixture({**attend, "heads": 3, "causal": True, "bias": False}, "causal, no bias", *attention(6, 3, 3, causal=True, bias=False)),
    fixture(encode, "as published", *block(4, 2, 3, dim_feedforward=5)),
    fixture({**encode, "normFirst": True, "activation": {"kind": "gelu"}, "causal": True, "epsilon": 0.125}, "as GPT-2", *block(4, 2, 3, causal=True, dim_feedforward=5, layer_norm_eps=0.125, **first)),
    fixture({**encode, "bias": False}, "no bias", *block(4, 2, 3, dim_feedforward=5, bias=False)),
]
write("layers_sequences.py", fixtures)
