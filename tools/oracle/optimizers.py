"""Writes fixtures/optimizers.json: trajectories of optimizers in float64, by PyTorch where it has them.

Run with python3 and torch 2.13. Hyperparameters are not the defaults, so that one that is ignored shows. Names are ours:
`options` of a fixture is the spec of src/optim without its kind. `source` says where the numbers come from: PyTorch's own
class, or the formulas of Keras 3 or of a paper, written out below.
"""

import json
import math
import pathlib

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
steps = 50
# What of a path is kept; an error early on would show in all later steps.
kept = [*range(10), *range(13, steps, 4)]


def valley(x):
    """Rosenbrock's valley, made milder: three parameters."""
    return (3 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


inputs = torch.tensor([[0.5, -1.25, 0.75], [1.5, 0.25, -0.5], [-0.75, 1.0, 1.25], [-1.0, -0.5, 0.25], [0.25, 0.5, -1.5]])
labels = torch.tensor([1.0, 1.0, 0.0, 0.0, 1.0])


def logistic(w):
    """Logistic regression of five examples with three features."""
    margins = inputs @ w
    return (torch.log1p(torch.exp(margins)) - labels * margins).mean()


problems = {
    "valley": (valley, [-0.8, 1.1, 0.4]),
    "logistic": (logistic, [0.6, -0.9, 0.3]),
}

torch_names = {
    "learningRate": "lr",
    "weightDecay": "weight_decay",
    "epsilon": "eps",
    "momentum": "momentum",
    "dampening": "dampening",
    "nesterov": "nesterov",
    "maximize": "maximize",
    "learningRateDecay": "lr_decay",
    "initialAccumulator": "initial_accumulator_value",
    "rho": "rho",
    "alpha": "alpha",
    "centered": "centered",
    "amsgrad": "amsgrad",
    "momentumDecay": "momentum_decay",
    "decoupled": "decoupled_weight_decay",
}
classes = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamW": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "adamax": torch.optim.Adamax,
    "rprop": torch.optim.Rprop,
}
# Up and down in eight steps, with momentum against it.
cycle = {
    "kind": "triangular",
    "low": 0.004,
    "high": 0.02,
    "rise": 3,
    "fall": 5,
    "cycleMomentum": True,
    "baseMomentum": 0.6,
    "maxMomentum": 0.9,
}
torch_cases = [
    ("sgd", {"learningRate": 0.02}),
    ("sgd", {"learningRate": 0.015, "weightDecay": 0.07}),
    ("sgd", {"learningRate": 0.01, "momentum": 0.8, "weightDecay": 0.03}),
    ("sgd", {"learningRate": 0.012, "momentum": 0.85, "dampening": 0.3}),
    ("sgd", {"learningRate": 0.008, "momentum": 0.9, "nesterov": True, "weightDecay": 0.02}),
    ("sgd", {"learningRate": 0.004, "momentum": 0.7, "maximize": True, "weightDecay": 0.5}),
    ("sgd", {"learningRate": 0.01, "momentum": 0.85, "schedule": cycle}),
    ("sgd", {"learningRate": 0.01, "momentum": 0.9, "nesterov": True, "schedule": cycle}),
    ("adagrad", {"learningRate": 0.15}),
    ("adagrad", {"learningRate": 0.2, "learningRateDecay": 0.05, "initialAccumulator": 0.3, "epsilon": 0.02}),
    ("adagrad", {"learningRate": 0.1, "weightDecay": 0.06, "epsilon": 1e-5}),
    ("adagrad", {"learningRate": 0.05, "maximize": True}),
    ("adadelta", {"learningRate": 1.5, "epsilon": 1e-3}),
    ("adadelta", {"learningRate": 0.7, "rho": 0.8, "epsilon": 0.01, "weightDecay": 0.05}),
    ("adadelta", {"learningRate": 1.1, "rho": 0.95, "epsilon": 1e-3, "maximize": True}),
    ("rmsprop", {"learningRate": 0.01}),
    ("rmsprop", {"learningRate": 0.02, "alpha": 0.9, "epsilon": 0.05, "weightDecay": 0.04}),
    ("rmsprop", {"learningRate": 0.01, "alpha": 0.95, "momentum": 0.6}),
    ("rmsprop", {"learningRate": 0.012, "alpha": 0.9, "centered": True, "epsilon": 0.02}),
    ("rmsprop", {"learningRate": 0.006, "alpha": 0.8, "centered": True, "momentum": 0.7, "weightDecay": 0.03}),
    ("rmsprop", {"learningRate": 0.005, "alpha": 0.9, "momentum": 0.5, "maximize": True}),
    ("rmsprop", {"learningRate": 0.01, "alpha": 0.9, "momentum": 0.9, "schedule": {**cycle, "high": 0.012}}),
    ("adam", {"learningRate": 0.02}),
    ("adam", {"learningRate": 0.03, "b1": 0.8, "b2": 0.95, "epsilon": 0.001}),
    ("adam", {"learningRate": 0.01, "b1": 0.7, "b2": 0.99, "weightDecay": 0.05}),
    ("adam", {"learningRate": 0.025, "b1": 0.0, "b2": 0.9, "epsilon": 0.1}),
    ("adam", {"learningRate": 0.03, "b1": 0.85, "b2": 0.7, "amsgrad": True, "epsilon": 0.01}),
    ("adam", {"learningRate": 0.01, "maximize": True, "weightDecay": 0.3}),
    ("adam", {"learningRate": 0.02, "weightDecay": 0.4, "decoupled": True}),
    ("adam", {"learningRate": 0.02, "b2": 0.98, "schedule": cycle}),
    ("adamW", {"learningRate": 0.02}),
    ("adamW", {"learningRate": 0.03, "b1": 0.8, "b2": 0.9, "weightDecay": 0.3, "amsgrad": True, "epsilon": 0.01}),
    ("adamW", {"learningRate": 0.01, "weightDecay": 0.5, "maximize": True}),
    ("nadam", {"learningRate": 0.02}),
    ("nadam", {"learningRate": 0.015, "b1": 0.8, "b2": 0.95, "momentumDecay": 0.02, "epsilon": 0.01}),
    ("nadam", {"learningRate": 0.02, "weightDecay": 0.06}),
    ("nadam", {"learningRate": 0.02, "weightDecay": 0.5, "decoupled": True, "b1": 0.95}),
    ("nadam", {"learningRate": 0.01, "b1": 0.7, "maximize": True}),
    ("radam", {"learningRate": 0.02}),
    ("radam", {"learningRate": 0.03, "b1": 0.8, "b2": 0.95, "epsilon": 0.02, "weightDecay": 0.05}),
    ("radam", {"learningRate": 0.02, "b2": 0.99, "weightDecay": 0.4, "decoupled": True}),
    ("radam", {"learningRate": 0.02, "b2": 0.5, "maximize": True}),
    ("radam", {"learningRate": 0.02, "b2": 0.98, "schedule": cycle}),
    ("adamax", {"learningRate": 0.02}),
    ("adamax", {"learningRate": 0.03, "b1": 0.8, "b2": 0.9, "epsilon": 0.05, "weightDecay": 0.06}),
    ("adamax", {"learningRate": 0.01, "b1": 0.7, "maximize": True}),
    ("adamax", {"learningRate": 0.02, "b2": 0.98, "schedule": cycle}),
    ("rprop", {"learningRate": 0.003, "largest": 0.02}),
    ("rprop", {"learningRate": 0.02, "growth": 1.4, "shrinkage": 0.3, "smallest": 1e-3, "largest": 0.07}),
    ("rprop", {"learningRate": 0.005, "maximize": True}),
]
own_cases = [
    ("keras", "sgd", {"learningRate": 0.01, "momentum": 0.8, "rateInside": True, "schedule": {"kind": "exponential", "factor": 0.97, "unit": "step"}}),
    ("keras", "sgd", {"learningRate": 0.01, "momentum": 0.85, "nesterov": True, "rateInside": True, "weightDecay": 0.4, "decoupled": True}),
    ("keras", "adagrad", {"learningRate": 0.1, "initialAccumulator": 0.1, "epsilon": 0.03, "epsilonInside": True}),
    ("keras", "adadelta", {"learningRate": 0.9, "rho": 0.95, "epsilon": 1e-3, "weightDecay": 0.1, "decoupled": True}),
    ("keras", "rmsprop", {"learningRate": 0.02, "alpha": 0.9, "epsilon": 0.01, "epsilonInside": True}),
    ("keras", "rmsprop", {"learningRate": 0.01, "alpha": 0.9, "centered": True, "momentum": 0.6, "epsilon": 0.01, "epsilonInside": True, "rateInside": True, "schedule": {"kind": "exponential", "factor": 0.97, "unit": "step"}}),
    ("keras", "adam", {"learningRate": 0.02, "b2": 0.98, "epsilon": 0.01, "epsilonHat": True}),
    ("keras", "adam", {"learningRate": 0.02, "b2": 0.9, "epsilon": 0.01, "epsilonHat": True, "amsgrad": True, "weightDecay": 0.3, "decoupled": True}),
    ("keras", "adamax", {"learningRate": 0.02, "b2": 0.95, "epsilon": 0.03, "epsilonOutside": True}),
    ("keras", "nadam", {"learningRate": 0.02, "b2": 0.98, "epsilon": 0.01, "momentumDecay": 1}),
    ("paper", "lion", {"learningRate": 0.01}),
    ("paper", "lion", {"learningRate": 0.02, "b1": 0.7, "b2": 0.9, "weightDecay": 0.3}),
    ("paper", "lion", {"learningRate": 0.01, "b1": 0.8, "maximize": True}),
    ("paper", "rmspropNesterov", {"learningRate": 0.01}),
    ("paper", "rmspropNesterov", {"learningRate": 0.012, "rho": 0.8, "momentum": 0.7, "epsilon": 0.01, "weightDecay": 0.1}),
]


def betas(options):
    return (options.get("b1", 0.9), options.get("b2", 0.999))


def torch_schedule(optimizer, spec):
    if spec is None:
        return None
    if spec["kind"] == "exponential":
        return torch.optim.lr_scheduler.ExponentialLR(optimizer, spec["factor"])
    return torch.optim.lr_scheduler.CyclicLR(
        optimizer,
        spec["low"],
        spec["high"],
        step_size_up=spec["rise"],
        step_size_down=spec["fall"],
        base_momentum=spec["baseMomentum"],
        max_momentum=spec["maxMomentum"],
    )


def torch_path(kind, options, loss, start):
    given = {torch_names[name]: value for name, value in options.items() if name in torch_names}
    if kind in ("adam", "adamW", "nadam", "radam", "adamax"):
        given["betas"] = betas(options)
    if kind == "rprop":
        given["etas"] = (options.get("shrinkage", 0.5), options.get("growth", 1.2))
        given["step_sizes"] = (options.get("smallest", 1e-6), options.get("largest", 50))
    x = torch.tensor(start, requires_grad=True)
    optimizer = classes[kind]([x], **given)
    schedule = torch_schedule(optimizer, options.get("schedule"))
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss(x).backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
        path.append(x.detach().tolist())
    return path


class Keras:
    """Updates as keras/src/optimizers writes them down; `o` holds our options."""

    def sgd(self, x, g, o, lr, s, t):
        s["m"] = o["momentum"] * s["m"] - lr * g
        return x + (o["momentum"] * s["m"] - lr * g if o.get("nesterov") else s["m"])

    def adagrad(self, x, g, o, lr, s, t):
        if t == 1:
            s["a"] = s["a"] + o["initialAccumulator"]
        s["a"] = s["a"] + g * g
        return x - lr * g / torch.sqrt(s["a"] + o["epsilon"])

    def adadelta(self, x, g, o, lr, s, t):
        s["g"] = o["rho"] * s["g"] + (1 - o["rho"]) * g * g
        delta = -torch.sqrt(s["d"] + o["epsilon"]) * g / torch.sqrt(s["g"] + o["epsilon"])
        s["d"] = o["rho"] * s["d"] + (1 - o["rho"]) * delta * delta
        return x + lr * delta

    def rmsprop(self, x, g, o, lr, s, t):
        rho = o["alpha"]
        s["v"] = rho * s["v"] + (1 - rho) * g * g
        s["a"] = rho * s["a"] + (1 - rho) * g
        denominator = s["v"] + o["epsilon"] - (s["a"] ** 2 if o.get("centered") else 0)
        s["m"] = o.get("momentum", 0) * s["m"] + lr * g / torch.sqrt(denominator)
        return x - s["m"]

    def adam(self, x, g, o, lr, s, t):
        b1, b2 = betas(o)
        s["m"] = s["m"] + (g - s["m"]) * (1 - b1)
        s["v"] = s["v"] + (g * g - s["v"]) * (1 - b2)
        s["hat"] = torch.maximum(s["hat"], s["v"])
        second = s["hat"] if o.get("amsgrad") else s["v"]
        alpha = lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        return x - s["m"] * alpha / (torch.sqrt(second) + o["epsilon"])

    def adamax(self, x, g, o, lr, s, t):
        b1, b2 = betas(o)
        s["m"] = s["m"] + (g - s["m"]) * (1 - b1)
        s["u"] = torch.maximum(b2 * s["u"], torch.abs(g))
        return x - lr * s["m"] / ((1 - b1**t) * (s["u"] + o["epsilon"]))

    def nadam(self, x, g, o, lr, s, t):
        b1, b2 = betas(o)
        u = [b1 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
        now, after = math.prod(u[:-1]), math.prod(u)
        s["m"] = s["m"] + (g - s["m"]) * (1 - b1)
        s["v"] = s["v"] + (g * g - s["v"]) * (1 - b2)
        m_hat = u[-1] * s["m"] / (1 - after) + (1 - u[-2]) * g / (1 - now)
        return x - m_hat * lr / (torch.sqrt(s["v"] / (1 - b2**t)) + o["epsilon"])


class Paper:
    """Updates as their papers write them down."""

    def lion(self, x, g, o, lr, s, t):
        b1, b2 = o.get("b1", 0.9), o.get("b2", 0.99)
        update = torch.sign(b1 * s["m"] + (1 - b1) * g) + o.get("weightDecay", 0) * x
        s["m"] = b2 * s["m"] + (1 - b2) * g
        return x - lr * update

    def rmspropNesterov(self, x, g, o, lr, s, t):
        rho = o.get("rho", 0.9)
        s["r"] = rho * s["r"] + (1 - rho) * g * g
        s["v"] = o.get("momentum", 0.9) * s["v"] - lr / torch.sqrt(o.get("epsilon", 1e-6) + s["r"]) * g
        return x + s["v"]


def own_path(source, kind, options, loss, start):
    x = torch.tensor(start)
    slots = {name: torch.zeros(len(start)) for name in ["m", "v", "a", "g", "d", "u", "r", "hat"]}
    update = getattr({"keras": Keras(), "paper": Paper()}[source], kind)
    decay = options.get("weightDecay", 0)
    path = []
    for t in range(1, steps + 1):
        lr = options["learningRate"] * options.get("schedule", {"factor": 1})["factor"] ** (t - 1)
        at = x + (options.get("momentum", 0.9) * slots["v"] if kind == "rmspropNesterov" else 0)
        at = at.detach().requires_grad_()
        penalty = decay / 2 * (at**2).sum() if kind == "rmspropNesterov" else 0
        (loss(at) + penalty).backward()
        gradient = -at.grad if options.get("maximize") else at.grad
        if options.get("decoupled"):
            x = x - x * decay * lr
        x = update(x, gradient, options, lr, slots, t)
        path.append(x.tolist())
    return path


def fixture(source, kind, options, problem, start, path):
    record = {"source": source, "kind": kind, "options": {**options}, "problem": problem, "start": start}
    schedule = record["options"].pop("schedule", None)
    if schedule is not None:
        record["schedule"] = schedule
    return {**record, "path": [path[i] for i in kept]}


def problems_of(options):
    """The valley is bounded below but not above."""
    return {name: problem for name, problem in problems.items() if name == "logistic" or not options.get("maximize")}


fixtures = [
    fixture("torch", kind, options, problem, start, torch_path(kind, options, loss, start))
    for kind, options in torch_cases
    for problem, (loss, start) in problems_of(options).items()
] + [
    fixture(source, kind, options, problem, start, own_path(source, kind, options, loss, start))
    for source, kind, options in own_cases
    for problem, (loss, start) in problems_of(options).items()
]

# One step in float32 from 1, 1 and 1 with gradients at the ends of the range: what overflows and what vanishes.
extreme_gradients = [[1e-30, 1e30, -1e-30], [1e-30, -1.0, 0.0], [0.0, 1e-20, 1e-12]]


def extreme_path(kind, options):
    given = {torch_names[name]: value for name, value in options.items() if name in torch_names}
    x = torch.ones(3, dtype=torch.float32, requires_grad=True)
    optimizer = classes[kind]([x], **given)
    path = []
    for gradient in extreme_gradients:
        x.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
        path.append(["NaN" if math.isnan(v) else v for v in x.detach().tolist()])
    return path


extremes = [
    {"kind": kind, "options": options, "gradients": extreme_gradients, "path": extreme_path(kind, options)}
    for kind, options in [
        ("adam", {"learningRate": 0.1}),
        ("adam", {"learningRate": 0.1, "amsgrad": True}),
        ("adamW", {"learningRate": 0.1}),
        ("adagrad", {"learningRate": 0.1}),
        ("adadelta", {"learningRate": 0.1}),
        ("rmsprop", {"learningRate": 0.1}),
        ("rmsprop", {"learningRate": 0.1, "centered": True, "momentum": 0.5}),
        ("nadam", {"learningRate": 0.1}),
        ("adamax", {"learningRate": 0.1}),
    ]
]

head = {
    "generator": "tools/oracle/optimizers.py",
    "torch": torch.__version__.split("+")[0],
    "logistic": {"inputs": inputs.flatten().tolist(), "labels": labels.tolist()},
    "steps": kept,
}
path = pathlib.Path(__file__).parent / "fixtures" / "optimizers.json"


def lines(records):
    return ",\n".join(json.dumps(record, separators=(",", ":")) for record in records)


path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines(fixtures) + '\n], "extremes": [\n' + lines(extremes) + "\n]}\n")
print(f"{path.name}: {len(fixtures)} trajectories, {len(extremes)} at the ends of the range")
