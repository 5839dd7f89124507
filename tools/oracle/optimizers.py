"""Writes fixtures/optimizers.json: trajectories of PyTorch's optimizers and schedules in float64.

Run with python3 and torch 2.13. Hyperparameters are not the defaults, so that one that is ignored shows. Names are ours:
`options` of a fixture is the spec of src/optim without its kind.
"""

import json
import pathlib

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
steps = 50


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
}
classes = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
cases = [
    ("sgd", {"learningRate": 0.02}),
    ("sgd", {"learningRate": 0.015, "weightDecay": 0.07}),
    ("sgd", {"learningRate": 0.01, "momentum": 0.8, "weightDecay": 0.03}),
    ("sgd", {"learningRate": 0.012, "momentum": 0.85, "dampening": 0.3}),
    ("sgd", {"learningRate": 0.008, "momentum": 0.9, "nesterov": True, "weightDecay": 0.02}),
    ("adam", {"learningRate": 0.02}),
    ("adam", {"learningRate": 0.03, "b1": 0.8, "b2": 0.95, "epsilon": 0.001}),
    ("adam", {"learningRate": 0.01, "b1": 0.7, "b2": 0.99, "weightDecay": 0.05}),
    ("adam", {"learningRate": 0.025, "b1": 0.0, "b2": 0.9, "epsilon": 0.1}),
]


def trajectory(kind, options, loss, start):
    given = {torch_names[name]: value for name, value in options.items() if name in torch_names}
    if kind == "adam":
        given["betas"] = (options.get("b1", 0.9), options.get("b2", 0.999))
    x = torch.tensor(start, requires_grad=True)
    optimizer = classes[kind]([x], **given)
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss(x).backward()
        optimizer.step()
        path.append(x.detach().tolist())
    return path


def step_rates(size, factor, epochs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=size, gamma=factor)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


fixtures = [
    {"kind": kind, "options": options, "problem": problem, "start": start, "path": trajectory(kind, options, loss, start)}
    for kind, options in cases
    for problem, (loss, start) in problems.items()
]
schedules = [
    {"every": size, "factor": factor, "learningRate": 0.3, "rates": step_rates(size, factor, 12)}
    for size, factor in [(1, 0.9), (3, 0.5), (5, 0.1)]
]
head = {
    "generator": "tools/oracle/optimizers.py",
    "torch": torch.__version__.split("+")[0],
    "logistic": {"inputs": inputs.flatten().tolist(), "labels": labels.tolist()},
}
path = pathlib.Path(__file__).parent / "fixtures" / "optimizers.json"


def lines(records):
    return ",\n".join(json.dumps(record, separators=(",", ":")) for record in records)


path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines(fixtures) + '\n], "schedules": [\n' + lines(schedules) + "\n]}\n")
print(f"{path.name}: {len(fixtures)} trajectories, {len(schedules)} schedules")
