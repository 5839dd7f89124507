"""PyTorch training the same ensemble: batched by hand in several forms, by torch.func, and one after the other.

Answers the questions of protocol.ts, one line of JSON each; a "step" is a whole training with initial weights and
orders of its own for every network. Settings of the batched task are a form and an optimizer implementation:

- broadcast: activations [batch, units, networks], products by broadcasting and a sum, as ours;
- bmm, einsum: activations [networks, batch, units];
- vmap: torch.func.functional_call of one network under vmap.

Settings of the loop train a few networks one after the other; the time is scaled to all.
"""
import json, os, shutil, sys, time

# Answers have a channel of their own: whatever else is printed goes to stderr.
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import torch
from torch import nn

work = json.loads(sys.argv[1])
torch.set_num_threads(work["threads"])
torch.set_flush_denormal(True)
torch.manual_seed(0)
N, DEPTH, UNITS = work["networks"], work["hiddenLayers"], work["units"]
COUNT, BATCH, EPOCHS, RATE = work["examples"], work["batchSize"], work["epochs"], work["learningRate"]
LOOPED = 4
OPTIMIZERS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "single-tensor": {"foreach": False, "fused": False}}

x = (torch.rand(COUNT, 1) * 2 - 1) * 7**0.5
y = x.abs()
widths = [(1, UNITS)] + [(UNITS, UNITS)] * (DEPTH - 1) + [(UNITS, 1)]


def one_network():
    layers = []
    for i, (inputs, outputs) in enumerate(widths):
        layers += [nn.Linear(inputs, outputs)] + ([nn.ReLU()] if i < DEPTH else [])
    return nn.Sequential(*layers)


def uniform(shape, inputs):
    return ((torch.rand(shape) * 2 - 1) / inputs**0.5).requires_grad_()


def broadcast():
    parameters = [p for i, o in widths for p in (uniform((o, i, N), i), uniform((o, N), i))]

    def loss(xs, ys):
        h = xs.T.unsqueeze(1)
        for k in range(0, len(parameters), 2):
            h = (h.unsqueeze(1) * parameters[k]).sum(2) + parameters[k + 1]
            if k < len(parameters) - 2:
                h = h.relu()
        return ((h[:, 0] - ys.T) ** 2).mean(0)

    return parameters, loss


def matrices(product):
    parameters = [p for i, o in widths for p in (uniform((N, i, o), i), uniform((N, 1, o), i))]

    def loss(xs, ys):
        h = xs.unsqueeze(2)
        for k in range(0, len(parameters), 2):
            h = product(h, parameters[k], parameters[k + 1])
            if k < len(parameters) - 2:
                h = h.relu()
        return ((h[:, :, 0] - ys) ** 2).mean(1)

    return parameters, loss


def vmapped():
    template = one_network()
    names = [name for name, _ in template.named_parameters()]
    inputs = [i for i, o in widths for _ in range(2)]
    parameters = [uniform((N, *p.shape), i) for (_, p), i in zip(template.named_parameters(), inputs)]

    def single(values, xs, ys):
        output = torch.func.functional_call(template, dict(zip(names, values)), xs.unsqueeze(1))
        return ((output[:, 0] - ys) ** 2).mean()

    batched = torch.vmap(single)
    return parameters, lambda xs, ys: batched(parameters, xs, ys)


FORMS = {
    "broadcast": broadcast,
    "bmm": lambda: matrices(lambda h, w, b: torch.baddbmm(b, h, w)),
    "einsum": lambda: matrices(lambda h, w, b: torch.einsum("nbi,nio->nbo", h, w) + b),
    "vmap": vmapped,
}


def batched_training(words):
    parameters, loss = FORMS[words[0]]()
    optimizer = torch.optim.Adam(parameters, lr=RATE, **OPTIMIZERS[words[-1]])
    losses = []
    for _ in range(EPOCHS):
        order = torch.rand(N, COUNT).argsort(1)
        for first in range(0, COUNT, BATCH):
            rows = order[:, first : first + BATCH]
            value = loss(x[rows, 0], y[rows, 0])
            optimizer.zero_grad(set_to_none=True)
            value.sum().backward()
            optimizer.step()
            losses.append(value.detach())
    return losses


def looped_training(words):
    for _ in range(LOOPED):
        model = one_network()
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE, **OPTIMIZERS[words[-1]])
        losses = []
        for _ in range(EPOCHS):
            order = torch.randperm(COUNT)
            for first in range(0, COUNT, BATCH):
                rows = order[first : first + BATCH]
                value = nn.functional.mse_loss(model(x[rows]), y[rows])
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                optimizer.step()
                losses.append(value.detach())


def train(setting):
    words = setting.split(", ")
    start = time.perf_counter()
    looped_training(words) if words[0] == "loop" else batched_training(words)
    factor = N / LOOPED if words[0] == "loop" else 1
    return 1000 * factor * (time.perf_counter() - start)


def describe():
    forms = ["loop"] if work["looped"] else list(FORMS)
    remarks = [f"the loop was timed on {LOOPED} networks and scaled to {N}"] if work["looped"] else []
    settings = [f"{form}, {optimizer}" for form in forms for optimizer in OPTIMIZERS]
    return {"version": torch.__version__, "settings": settings, "remarks": remarks}


def answer(question):
    if question["do"] == "describe":
        return describe()
    if question["do"] in ("prepare", "time"):
        steps = question.get("steps", 1)
        return {"steps": steps, "milliseconds": sum(train(question["setting"]) for _ in range(steps))}
    raise ValueError("unknown question " + question["do"])


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": type(error).__name__ + ": " + str(error)}
    print(json.dumps(reply), file=answers)
