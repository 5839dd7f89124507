"""Writes fixtures/training.json: whole trainings by PyTorch in float64, from data and initial weights to final weights.

Run with python3 and torch 2.13. Models and optimizers are written as our own JSON specs and read here, so that both
sides train the same thing. Arrays are base64 of little-endian elements.
"""

import base64
import json
import pathlib

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2013)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
generator = numpy.random.default_rng(11)
steps, batch_size, examples, extent, class_count = 60, 16, 240, 12, 4
scale, mean, deviation = 1 / 255, 0.2, 0.3


def encode(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def images():
    """A bright bar or corner on an exactly constant background, so that max-pooling meets ties everywhere."""
    pixels = numpy.zeros((examples, 1, extent, extent), dtype=numpy.uint8)
    labels = generator.integers(0, class_count, examples).astype(numpy.int32)
    for i, label in enumerate(labels):
        row, column = generator.integers(2, 8, 2)
        bar = {0: (1, 5), 1: (5, 1), 2: (3, 3), 3: (2, 2)}[int(label)]
        patch = generator.integers(90, 256, bar)
        pixels[i, 0, row : row + bar[0], column : column + bar[1]] = patch[: extent - row, : extent - column]
    return pixels, labels


def line():
    """Targets from a smooth function of four numbers."""
    x = generator.normal(size=(examples, 4)).astype(numpy.float32)
    y = numpy.stack([numpy.sin(x[:, 0]) + 0.5 * x[:, 1], x[:, 2] * x[:, 3]], axis=1).astype(numpy.float32)
    return x, y


def layer(spec, shape):
    kind = spec["kind"]
    if kind == "sequential":
        parts, x = [], torch.zeros(2, *shape)
        for child in spec["layers"]:
            parts.append(layer(child, x.shape[1:]))
            x = parts[-1].eval()(x)
        return nn.Sequential(*parts).train()
    if kind == "conv2d":
        return nn.Conv2d(shape[0], spec["filters"], spec["kernel"], padding=spec.get("padding", 0))
    if kind == "dense":
        return nn.Linear(shape[0], spec["units"])
    if kind == "batchNorm":
        options = {"eps": spec.get("epsilon", 1e-5), "momentum": spec.get("momentum", 0.1)}
        return (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(shape[0], **options)
    if kind == "maxPool2d":
        return nn.MaxPool2d(spec["kernel"], spec.get("stride", spec["kernel"]), spec.get("padding", 0))
    if kind == "averagePool2d":
        return nn.AvgPool2d(spec["kernel"], spec.get("stride", spec["kernel"]), spec.get("padding", 0))
    return {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "flatten": nn.Flatten}[kind]()


names = {"learningRate": "lr", "weightDecay": "weight_decay", "momentum": "momentum", "nesterov": "nesterov"}


class LookAhead(torch.optim.Optimizer):
    """RMSProp with Nesterov momentum: Goodfellow, Bengio and Courville, Algorithm 8.6."""

    def __init__(self, parameters, lr, rho=0.9, momentum=0.9, eps=1e-6):
        super().__init__(parameters, {"lr": lr, "rho": rho, "momentum": momentum, "eps": eps})
        for p in self.param_groups[0]["params"]:
            self.state[p] = {"r": torch.zeros_like(p), "v": torch.zeros_like(p)}

    @torch.no_grad()
    def move(self, sign):
        for p, state in self.state.items():
            p.add_(sign * self.param_groups[0]["momentum"] * state["v"])

    @torch.no_grad()
    def step(self):
        group = self.param_groups[0]
        self.move(-1)
        for p, state in self.state.items():
            state["r"].mul_(group["rho"]).add_((1 - group["rho"]) * p.grad**2)
            state["v"].mul_(group["momentum"]).sub_(group["lr"] * p.grad / torch.sqrt(group["eps"] + state["r"]))
            p.add_(state["v"])


def optimizer_of(spec, model):
    given = {names[name]: value for name, value in spec.items() if name in names}
    groups = model.parameters()
    if spec.get("decay") == "weights":
        decayed = [m.weight for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
        others = [p for p in model.parameters() if all(p is not d for d in decayed)]
        groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamW": torch.optim.AdamW, "rmspropNesterov": LookAhead}
    return kinds[spec["kind"]](groups, **given)


def schedule_of(spec, optimizer, rate):
    if spec is None:
        return None
    if spec["kind"] == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps, eta_min=spec["low"])
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=rate,
        total_steps=steps,
        base_momentum=spec["baseMomentum"],
        max_momentum=spec["maxMomentum"],
    )


def clip_gradients(clip, model):
    if "value" in clip:
        nn.utils.clip_grad_value_(model.parameters(), clip["value"])
    if "norm" in clip:
        return nn.utils.clip_grad_norm_(model.parameters(), clip["norm"]).item() > clip["norm"]
    return False


def state(model):
    tensors = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    return {name: encode(value.numpy().astype(numpy.float32)) for name, value in tensors.items()}


def train(name, layers, optimizer, data, loss, **options):
    inputs, targets = data
    model = layer({"kind": "sequential", "layers": layers}, inputs.shape[1:])
    # The weights that both start from are float32.
    for parameter in model.parameters():
        parameter.data = parameter.data.float().double()
    record = {
        "name": name,
        "model": {"kind": "sequential", "layers": layers},
        "optimizer": optimizer,
        "loss": loss,
        **options,
        "data": "images" if inputs.dtype == numpy.uint8 else "line",
        "initial": state(model),
    }
    rows = numpy.concatenate([generator.permutation(examples) for _ in range(steps * batch_size // examples)])
    update = optimizer_of(optimizer, model)
    schedule = schedule_of(options.get("schedule"), update, optimizer["learningRate"])
    clipped = 0
    x = torch.tensor(inputs.astype(numpy.float64))
    x = (x * scale - mean) / deviation if inputs.dtype == numpy.uint8 else x
    y = torch.tensor(targets.astype(numpy.int64) if targets.dtype == numpy.int32 else targets.astype(numpy.float64))
    losses = []
    for step in range(steps):
        batch = torch.tensor(rows[step * batch_size : (step + 1) * batch_size])
        update.zero_grad()
        if isinstance(update, LookAhead):
            update.move(1)
        value = (F.cross_entropy if loss == "crossEntropy" else F.mse_loss)(model(x[batch]), y[batch])
        value.backward()
        clipped += clip_gradients(options.get("clip", {}), model)
        update.step()
        if schedule is not None:
            schedule.step()
        losses.append(value.item())
    model.eval()
    with torch.no_grad():
        output = model(x)
        final = (F.cross_entropy if loss == "crossEntropy" else F.mse_loss)(output, y).item()
        accuracy = (output.argmax(1) == y).double().mean().item() if loss == "crossEntropy" else None
    print(f"{name}: {losses[0]:.4f} -> {losses[-1]:.4f}, inference {final:.4f}, accuracy {accuracy}, clipped {clipped}")
    evaluation = {"loss": final, **({} if accuracy is None else {"accuracy": accuracy})}
    return {
        **record,
        "rows": encode(rows.astype(numpy.int32)),
        "losses": losses,
        "final": state(model),
        "evaluation": evaluation,
        "outputs": encode(output[:8].numpy().astype(numpy.float32)),
    }


def conv(filters, kernel, padding=0):
    return {"kind": "conv2d", "filters": filters, "kernel": kernel, "padding": padding}


def dense(units):
    return {"kind": "dense", "units": units}


def pool(kernel, **options):
    return {"kind": "maxPool2d", "kernel": kernel, **options}


norm, relu, tanh, flatten = ({"kind": kind} for kind in ("batchNorm", "relu", "tanh", "flatten"))
pictures, numbers = images(), line()
fixtures = [
    train(
        "conv net with batch normalization, Adam",
        [conv(4, 3, 1), norm, relu, pool(2), conv(6, 3), {**norm, "momentum": 0.2}, relu, pool(2), flatten]
        + [dense(12), norm, relu, dense(class_count)],
        {"kind": "adam", "learningRate": 0.003, "weightDecay": 0.001},
        pictures,
        "crossEntropy",
    ),
    train(
        "conv net with max-pool ties, SGD with momentum",
        [conv(4, 3), relu, pool(2), conv(6, 3, 1), pool(3, stride=2, padding=1), tanh]
        + [{"kind": "averagePool2d", "kernel": 3}, flatten, dense(class_count)],
        {"kind": "sgd", "learningRate": 0.05, "momentum": 0.9, "weightDecay": 0.001},
        pictures,
        "crossEntropy",
    ),
    train(
        "multilayer perceptron, SGD with Nesterov momentum",
        [flatten, dense(32), relu, dense(16), relu, dense(class_count)],
        {"kind": "sgd", "learningRate": 0.05, "momentum": 0.8, "nesterov": True},
        pictures,
        "crossEntropy",
    ),
    train(
        "regression, Adam",
        [dense(16), tanh, dense(2)],
        {"kind": "adam", "learningRate": 0.01},
        numbers,
        "meanSquaredError",
    ),
    train(
        "conv net with batch normalization, AdamW on weights only, clipped by norm, cosine",
        [conv(4, 3), tanh, norm, pool(2), flatten, dense(12), tanh, norm, dense(class_count)],
        {"kind": "adamW", "learningRate": 0.005, "weightDecay": 0.8, "decay": "weights"},
        pictures,
        "crossEntropy",
        clip={"norm": 1.7},
        schedule={"kind": "cosine", "low": 1e-4},
    ),
    train(
        "multilayer perceptron, SGD with one cycle of rate and momentum, clipped by value and norm",
        [flatten, dense(24), relu, dense(class_count)],
        {"kind": "sgd", "learningRate": 0.2, "momentum": 0.9, "weightDecay": 0.01, "decay": "weights"},
        pictures,
        "crossEntropy",
        clip={"value": 0.06, "norm": 0.6},
        schedule={"kind": "oneCycle", "cycleMomentum": True, "baseMomentum": 0.7, "maxMomentum": 0.95},
    ),
    train(
        "regression, RMSprop with look-ahead",
        [dense(16), tanh, dense(2)],
        {"kind": "rmspropNesterov", "learningRate": 0.003, "momentum": 0.8},
        numbers,
        "meanSquaredError",
    ),
]
head = {
    "generator": "tools/oracle/training.py",
    "torch": torch.__version__.split("+")[0],
    "batchSize": batch_size,
    "normalization": {"scale": scale, "mean": [mean], "deviation": [deviation]},
    "images": {"inputs": encode(pictures[0]), "targets": encode(pictures[1]), "shape": [examples, 1, extent, extent]},
    "line": {"inputs": encode(numbers[0]), "targets": encode(numbers[1]), "shape": [examples, 4]},
}
path = pathlib.Path(__file__).parent / "fixtures" / "training.json"
lines = ",\n".join(json.dumps(fixture, separators=(",", ":")) for fixture in fixtures)
path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + "\n]}\n")
print(f"{path.name}: {len(fixtures)} trainings")
