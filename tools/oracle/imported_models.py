"""Writes fixtures/imported/: small networks as PyTorch exports them, and sixty losses of PyTorch's own training of each.

Needs torch 2.13, onnx 1.23 and onnxscript 0.7. Weights are float32, training is in float64. The models with names of
Keras and TensorFlow are written by hand in the form of tf2onnx, with a twin in PyTorch.
"""

import base64
import copy
import io
import json
import logging
import pathlib
import warnings

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)
folder = pathlib.Path(__file__).parent / "fixtures" / "imported"
examples, batch_size, steps = 48, 8, 60
random = np.random.default_rng(5)


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def eighths(*shape):
    """Numbers that one byte holds: multiples of 1/32."""
    return np.clip(np.round(random.normal(size=(examples, *shape)) * 32), -127, 127).astype(np.int8)


data = {
    "vectors": eighths(12),
    "images": eighths(3, 8, 8),
    "sequences": eighths(6, 8),
    "signals": eighths(2, 20),
    "tokens": random.integers(0, 20, (examples, 7)).astype(np.int8),
}
labels = random.integers(0, 4, examples).astype(np.int32)


def inputs_of(name):
    array = torch.tensor(data[name])
    return array.long() if name == "tokens" else array.float() / 32


class Mlp(nn.Sequential):
    def __init__(self, norm):
        parts = [nn.Linear(12, 10), nn.BatchNorm1d(10, momentum=0.3)] if norm else [nn.Linear(12, 10)]
        super().__init__(*parts, nn.ReLU(), nn.Linear(10, 8), nn.Tanh(), nn.Linear(8, 4))


class Residual(nn.Module):
    """Convolutions with batch normalization, dropout that drops nothing, a sum, a concatenation."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv = nn.Conv2d(6, 6, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(6, momentum=0.2)
        self.drop = nn.Dropout(0.0)
        self.head = nn.Linear(12 * 16, 4)

    def forward(self, x):
        y = F.relu(self.bn1(self.stem(x)))
        z = F.relu(self.bn2(self.conv(y)) + y)
        return self.head(self.drop(F.max_pool2d(torch.cat([z, y], 1), 2).flatten(1)))


class Depthwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.expand = nn.Conv2d(3, 8, 1)
        self.depthwise = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.project = nn.Conv2d(8, 6, 1)
        self.classifier = nn.Linear(6, 4)

    def forward(self, x):
        y = F.relu6(self.depthwise(F.hardswish(self.expand(x))))
        y = y * F.hardsigmoid(self.excite(F.leaky_relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)), 0.1)))
        return self.classifier(self.project(y).mean((2, 3)))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ELU(), nn.Conv2d(6, 4, 3, stride=2, padding=1))
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(4, 6, 2, stride=2), nn.PReLU(6), nn.ConvTranspose2d(6, 3, 3, stride=2, padding=1, output_padding=1)
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


class Encoder(nn.Module):
    """Two layers that start as copies of one, which exporters merge; biases of zeros, which one of them leaves out."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu", batch_first=True)
        self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(2)])
        self.position = nn.Parameter(torch.randn(6, 8) * 0.1)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = x + self.position
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 6)
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.head = nn.Linear(6, 4)

    def forward(self, tokens):
        return self.head(F.silu(self.embedding(tokens).mean(1) * self.scale))


class Recurrent(nn.Module):
    """A gated recurrent unit over six steps, out of linear layers."""

    def __init__(self):
        super().__init__()
        self.input = nn.Linear(8, 15)
        self.hidden = nn.Linear(5, 15)
        self.head = nn.Linear(5, 4)

    def forward(self, x):
        h = torch.zeros(x.shape[0], 5, dtype=x.dtype)
        for t in range(6):
            (ri, zi, ni), (rh, zh, nh) = self.input(x[:, t]).chunk(3, 1), self.hidden(h).chunk(3, 1)
            z = torch.sigmoid(zi + zh)
            h = (1 - z) * torch.tanh(ni + torch.sigmoid(ri + rh) * nh) + z * h
        return self.head(h)


class Signal(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(2, 6, 5, padding=2)
        self.conv2 = nn.Conv1d(6, 8, 3, dilation=2)
        self.head = nn.Linear(8 * 8, 4)

    def forward(self, x):
        y = F.softplus(self.conv2(F.avg_pool1d(F.gelu(self.conv1(x)), 1, 1)))
        y = F.max_pool1d(y, 2)
        return self.head(y.reshape(x.shape[0], -1))


class Groups(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.norm = nn.GroupNorm(2, 6)
        self.instance = nn.InstanceNorm2d(6, affine=True)
        self.conv2 = nn.Conv2d(6, 6, 3)
        self.layer = nn.LayerNorm(6)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        y = self.instance(self.conv2(F.relu(self.norm(self.conv(x)))))
        return self.head(self.layer(F.softsign(y).mean((2, 3))))


class Language(nn.Module):
    """The table of tokens is the matrix of the last layer; places are sines, a buffer; attention sees what came before."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        angles = torch.arange(7).unsqueeze(1) / 100 ** (torch.arange(0, 8, 2) / 8)
        self.register_buffer("places", torch.stack([angles.sin(), angles.cos()], 2).flatten(1))
        self.attention = nn.Linear(8, 24, bias=False)
        self.norm = nn.LayerNorm(8)
        self.output = nn.Linear(8, 20, bias=False)
        self.output.weight = self.embedding.weight

    def forward(self, tokens):
        x = self.embedding(tokens) * 0.5 + self.places
        q, k, v = self.attention(self.norm(x)).chunk(3, -1)
        mask = torch.ones(7, 7, dtype=torch.bool).triu(1)
        weights = (q @ k.transpose(-2, -1) / 8**0.5).masked_fill(mask, float("-inf")).softmax(-1)
        return self.output(x + weights @ v)[:, -1]


class Shared(nn.Module):
    """One layer three times over, on tokens of which the first is padding."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 6, padding_idx=0)
        self.layer = nn.Linear(6, 6)
        self.head = nn.Linear(6, 4)

    def forward(self, tokens):
        x = self.embedding(tokens.clamp(min=8) - 8)
        for _ in range(3):
            x = torch.tanh(self.layer(x)) + x
        return self.head(x.mean(1))


def legacy(opset, batch=None, training=False):
    """batch: None for a free axis."""

    def export(model, x):
        file = io.BytesIO()
        mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.EVAL
        axes = {"dynamic_axes": {"input": {0: "batch"}, "output": {0: "batch"}}} if batch is None else {}
        torch.onnx.export(
            copy.deepcopy(model), (x[: batch or 3],), file, dynamo=False, opset_version=opset, training=mode,
            do_constant_folding=not training, input_names=["input"], output_names=["output"], **axes,
        )  # fmt: skip
        return onnx.load_from_string(file.getvalue())

    return export


def dynamo(opset, batch=None):
    def export(model, x):
        shapes = {"dynamic_shapes": ({0: torch.export.Dim.DYNAMIC},)} if batch is None else {}
        program = torch.onnx.export(
            copy.deepcopy(model).eval(), (x[: batch or 3],), dynamo=True, opset_version=opset, verbose=False,
            input_names=["input"], output_names=["output"], **shapes,
        )  # fmt: skip
        proto = program.model_proto
        for node in proto.graph.node:
            kept = [p for p in node.metadata_props if p.key in ("pkg.torch.onnx.fx_node", "pkg.torch.onnx.name_scopes")]
            del node.metadata_props[:]
            node.metadata_props.extend(kept)
        return proto

    return export


def keras_model(weights):
    """What tf2onnx makes of Conv2D, BatchNormalization, MaxPooling2D, Flatten and Dense on images in NHWC."""
    conv, conv_bias, gamma, beta, mean, variance, kernel, bias = weights

    def stored(name, array):
        return numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name)

    variable = "model/{}/ReadVariableOp:0".format
    names = [variable(n) for n in ("conv2d/Conv2D", "conv2d/BiasAdd", "dense/MatMul", "dense/BiasAdd")]
    bn = [f"model/batch_normalization/{n}:0" for n in ("ReadVariableOp", "ReadVariableOp_1", "FusedBatchNormV3/ReadVariableOp", "FusedBatchNormV3/ReadVariableOp_1")]
    # A kernel in the layout of TensorFlow, H x W x I x O, which a Transpose of the graph brings into ONNX's.
    initializers = [
        stored(names[0], conv.transpose(2, 3, 1, 0)),
        stored(names[1], conv_bias.reshape(1, -1, 1, 1)),
        *[stored(n, a) for n, a in zip(bn, (gamma, beta, mean, variance))],
        stored(names[2], kernel),
        stored(names[3], bias),
        stored("model/rescaling/mul/y:0", np.array(0.5)),
        numpy_helper.from_array(np.array([-1, kernel.shape[0]], dtype=np.int64), "const_fold_opt__25"),
    ]
    node = helper.make_node
    nodes = [
        node("Mul", ["input", "model/rescaling/mul/y:0"], ["model/rescaling/mul:0"], "model/rescaling/mul"),
        node("Transpose", ["model/rescaling/mul:0"], ["conv_in"], "model/conv2d/Conv2D__6", perm=[0, 3, 1, 2]),
        node("Transpose", [names[0]], ["conv_kernel"], "model/conv2d/Conv2D__5", perm=[3, 2, 0, 1]),
        node("Conv", ["conv_in", "conv_kernel"], ["conv"], "model/conv2d/Conv2D", kernel_shape=[3, 3], strides=[1, 1], auto_pad="SAME_UPPER"),
        node("Add", ["conv", names[1]], ["biased"], "model/conv2d/BiasAdd"),
        node("BatchNormalization", ["biased", *bn], ["normal"], "model/batch_normalization/FusedBatchNormV3", epsilon=0.001, momentum=0.99),
        node("Relu", ["normal"], ["relu"], "model/re_lu/Relu"),
        node("MaxPool", ["relu"], ["pooled"], "model/max_pooling2d/MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Transpose", ["pooled"], ["nhwc"], "model/max_pooling2d/MaxPool__12", perm=[0, 2, 3, 1]),
        node("Reshape", ["nhwc", "const_fold_opt__25"], ["flat"], "model/flatten/Reshape"),
        node("MatMul", ["flat", names[2]], ["product"], "model/dense/MatMul"),
        node("Add", ["product", names[3]], ["output"], "model/dense/BiasAdd"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "tf2onnx",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["unk__30", 8, 8, 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["unk__31", 4])],
        initializers,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8, producer_name="tf2onnx")
    model.metadata_props.add(key="origin", value="keras")
    return model


class KerasTwin(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1)
        self.bn = nn.BatchNorm2d(5, eps=0.001, momentum=0.01)
        self.dense = nn.Linear(80, 4)
        nn.init.uniform_(self.bn.running_mean, -0.1, 0.1)
        nn.init.uniform_(self.bn.running_var, 0.5, 2)

    def forward(self, x):
        y = F.max_pool2d(F.relu(self.bn(self.conv(x * 0.5))), 2)
        return self.dense(y.permute(0, 2, 3, 1).flatten(1))

    def model(self):
        parts = [self.conv.weight, self.conv.bias, self.bn.weight, self.bn.bias, self.bn.running_mean, self.bn.running_var]
        return keras_model([p.detach().numpy() for p in [*parts, self.dense.weight.T, self.dense.bias]])


torch.manual_seed(3)
networks = [
    ("mlp", Mlp(False), "vectors", [legacy(11), legacy(13, 1), dynamo(18), dynamo(20, 4)]),
    ("mlp-batch-norm", Mlp(True), "vectors", [legacy(13), legacy(20, 4)]),
    ("residual", Residual(), "images", [legacy(13, None, True), legacy(17, 2, True)]),
    ("depthwise", Depthwise(), "images", [legacy(13), legacy(17, 1), dynamo(20)]),
    ("autoencoder", Autoencoder(), "images", [legacy(11), dynamo(18, 2)]),
    ("encoder", Encoder(), "sequences", [legacy(17), legacy(14, 1), dynamo(20), dynamo(18, 2)]),
    ("classifier", Classifier(), "tokens", [legacy(13), legacy(20, 1), dynamo(20)]),
    ("recurrent", Recurrent(), "sequences", [legacy(13), legacy(11, 1), dynamo(20)]),
    ("signal", Signal(), "signals", [legacy(20, 4), legacy(17, 1), dynamo(20)]),
    ("groups", Groups(), "images", [legacy(17), legacy(20, 2), dynamo(20), dynamo(21)]),
    ("language", Language(), "tokens", [legacy(13), legacy(17), legacy(17, None, True), dynamo(20)]),
    ("shared", Shared(), "tokens", [legacy(13), legacy(17, None, True), dynamo(20)]),
    ("keras", KerasTwin(), "images", [lambda model, x: model.model()]),
]
optimizers = {
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), {"kind": "sgd", "learningRate": 0.05, "momentum": 0.9}),
    "adam": (lambda p: torch.optim.Adam(p, lr=0.01), {"kind": "adam", "learningRate": 0.01}),
}


def train(model, x, optimizer):
    """Sixty steps in float64 over the examples in order, from the start again after the last one."""
    model = copy.deepcopy(model).double().train()
    x = x.double() if x.is_floating_point() else x
    update = optimizers[optimizer][0](model.parameters())
    reconstructs = model(x[:2]).shape[1:] == x.shape[1:]
    target = x if reconstructs else torch.tensor(labels).long()
    # The batch that told the kind of loss must not have moved the running statistics.
    model.load_state_dict(original)
    losses = []
    for step in range(steps):
        rows = torch.arange(step * batch_size, (step + 1) * batch_size) % examples
        update.zero_grad()
        loss = (F.mse_loss if reconstructs else F.cross_entropy)(model(x[rows]), target[rows])
        loss.backward()
        update.step()
        losses.append(float(f"{loss.item():.10g}"))
    model.eval()
    return {"losses": losses, "outputs": encode(model(x[:2]).detach().numpy().astype(np.float32))}


folder.mkdir(exist_ok=True)
for old in folder.glob("*"):
    old.unlink()
records = []
for name, model, kind, exports in networks:
    torch.manual_seed(7)
    x = inputs_of(kind)
    original = {key: value.double() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    trained = {optimizer: train(model, x, optimizer) for optimizer in optimizers}
    files = []
    for i, export in enumerate(exports):
        model.train()
        proto = export(model, x)
        onnx.checker.check_model(proto)
        opset = next(o.version for o in proto.opset_import if o.domain == "")
        file = f"{name}-{i}.onnx"
        (folder / file).write_bytes(proto.SerializeToString())
        files.append(file)
        size = (folder / file).stat().st_size
        print(f"{file}: opset {opset}, {proto.producer_name}, {len(proto.graph.node)} nodes, {size} bytes")
    losses = trained["adam"]["losses"]
    print(f"  {name}: {losses[0]:.4f} -> {losses[-1]:.4f}")
    records.append(
        {
            "name": name,
            "data": kind,
            "files": files,
            "parameters": sum(p.numel() for p in model.parameters()),
            "training": trained,
        }
    )
head = {
    "generator": "tools/oracle/imported_models.py",
    "torch": torch.__version__.split("+")[0],
    "batchSize": batch_size,
    "optimizers": {name: spec for name, (_, spec) in optimizers.items()},
    "data": {name: {"shape": list(array.shape), "bytes": encode(array)} for name, array in data.items()},
    "labels": labels.tolist(),
}
lines = ",\n".join(json.dumps(record, separators=(",", ":")) for record in records)
(folder / "trainings.json").write_text(json.dumps(head)[:-1] + ', "networks": [\n' + lines + "\n]}\n")
total = sum(file.stat().st_size for file in folder.glob("*"))
print(f"{len(list(folder.glob('*')))} files, {total} bytes")
