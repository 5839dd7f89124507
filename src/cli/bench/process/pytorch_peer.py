"""PyTorch as a peer: trains the same networks on the same amount of data.

Answers the questions of protocol.ts, one line of JSON each. A step does what ours does: gather stored bytes by row
number, convert, normalize, forward, backward, update; the loss is kept. (Ours also counts right answers.) A setting is
a form of the optimizer, a memory format and whether the network is compiled.
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
WARM_UP_STEPS = 40
WARM_UP_SECONDS = 3


def lenet5(batch_norm):
    norm2d = (lambda n: [nn.BatchNorm2d(n)]) if batch_norm else (lambda n: [])
    norm1d = (lambda n: [nn.BatchNorm1d(n)]) if batch_norm else (lambda n: [])
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), *norm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), *norm2d(16), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120), *norm1d(120), nn.ReLU(inplace=True),
        nn.Linear(120, 84), *norm1d(84), nn.ReLU(inplace=True),
        nn.Linear(84, 10),
    )


def mlp(dropout):
    dropped = (lambda rate: [nn.Dropout(rate)]) if dropout else (lambda rate: [])
    return nn.Sequential(
        nn.Flatten(), *dropped(0.2),
        nn.Linear(3072, 1000), nn.ReLU(inplace=True), *dropped(0.5),
        nn.Linear(1000, 1000), nn.ReLU(inplace=True), *dropped(0.5),
        nn.Linear(1000, 10),
    )


class Branches(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def mini_googlenet():
    channels = work["inputShape"][0]

    def conv(filters, kernel, stride=1, padding=0):
        nonlocal channels
        layer = nn.Conv2d(channels, filters, kernel, stride, padding)
        return nn.Sequential(layer, nn.BatchNorm2d(filters), nn.ReLU(inplace=True))

    def inception(a, b):
        nonlocal channels
        made = Branches(conv(a, 1), conv(b, 3, 1, 1))
        channels = a + b
        return made

    def downsample(filters):
        nonlocal channels
        made = Branches(conv(filters, 3, 2), nn.MaxPool2d(3, 2))
        channels += filters
        return made

    layers = [conv(96, 3, 1, 1)]
    channels = 96
    layers += [inception(32, 32), inception(32, 48), downsample(80)]
    layers += [inception(112, 48), inception(96, 64), inception(80, 80), inception(48, 96), downsample(96)]
    layers += [inception(176, 160), inception(176, 160)]
    head = [nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.5), nn.Linear(336, 10)]
    return nn.Sequential(*layers, *head)


MODELS = {
    "lenet5": lambda: lenet5(False),
    "lenet5-batch-norm": lambda: lenet5(True),
    "mlp": lambda: mlp(False),
    "mlp-dropout": lambda: mlp(True),
    "mini-googlenet": mini_googlenet,
}
OPTIMIZERS = {
    "fused": {"fused": True},
    "foreach": {"foreach": True},
    "single-tensor": {"foreach": False},
}


class Data:
    """Bytes with the background of real digits; rows in a new random order every epoch."""

    def __init__(self):
        count, shape = work["examples"], work["inputShape"]
        ink = torch.rand([count, *shape]) > 0.8
        self.inputs = torch.randint(1, 256, [count, *shape], dtype=torch.uint8) * ink
        self.targets = torch.arange(count) % work["classes"]
        statistics = work["normalization"]
        per_channel = [1, len(statistics["mean"]), *([1] * (len(shape) - 1))]
        mean = torch.tensor(statistics["mean"]).view(per_channel)
        deviation = torch.tensor(statistics["deviation"]).view(per_channel)
        self.factor, self.offset = statistics["scale"] / deviation, -mean / deviation
        self.next_row = count
        self.order = None

    def batch(self, memory_format):
        size = work["batchSize"]
        if self.next_row + size > work["examples"]:
            self.order, self.next_row = torch.randperm(work["examples"]), 0
        rows = self.order[self.next_row : self.next_row + size]
        self.next_row += size
        x = self.inputs.index_select(0, rows).float().mul_(self.factor).add_(self.offset)
        return x.contiguous(memory_format=memory_format), self.targets.index_select(0, rows)


def make_optimizer(parameters, form):
    chosen = work["peerOptimizer"]
    return getattr(torch.optim, chosen["name"])(parameters, **chosen["options"], **form)


def has_form(form):
    """Not every optimizer has a fused form."""
    try:
        make_optimizer([torch.zeros(2, requires_grad=True)], form)
        return True
    except (RuntimeError, TypeError):
        return False


class Training:
    def __init__(self, setting):
        words = setting.split(", ")
        model = MODELS[work["peerModel"]]()
        self.memory_format = torch.channels_last if "channels_last" in words else torch.contiguous_format
        if self.memory_format is torch.channels_last:
            model = model.to(memory_format=torch.channels_last)
        self.parameters = list(model.parameters())
        form = next(OPTIMIZERS[word] for word in words if word in OPTIMIZERS)
        self.optimizer = make_optimizer(self.parameters, form)
        self.model = torch.compile(model) if "compiled" in words else model
        self.losses = []

    def step(self):
        x, y = data.batch(self.memory_format)
        self.optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.detach())

    def time(self, steps):
        self.losses.clear()
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return {"steps": steps, "milliseconds": 1000 * (time.perf_counter() - start)}


def describe():
    convolutional = not work["peerModel"].startswith("mlp")
    formats = ["", ", channels_last"] if convolutional else [""]
    forms = [name for name, form in OPTIMIZERS.items() if has_form(form)]
    settings = [form + suffix for form in forms for suffix in formats]
    remarks = []
    if any(shutil.which(name) for name in [os.environ.get("CXX", "g++"), "clang++"]):
        settings.append("compiled, " + forms[0])
    else:
        remarks.append("torch.compile was left out: it needs a C++ compiler, and none was found")
    return {"version": torch.__version__, "settings": settings, "remarks": remarks}


def prepare(setting):
    training = trainings[setting] = Training(setting)
    training.time(1)
    step = training.time(1)["milliseconds"] / 1000
    steps = max(2, min(WARM_UP_STEPS, round(WARM_UP_SECONDS / step)))
    training.time(steps)
    return training.time(steps)


def answer(question):
    if question["do"] == "describe":
        return describe()
    if question["do"] == "prepare":
        return prepare(question["setting"])
    if question["do"] == "time":
        return trainings[question["setting"]].time(question["steps"])
    raise ValueError("unknown question " + question["do"])


data = Data()
trainings = {}
for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": type(error).__name__ + ": " + str(error)}
    print(json.dumps(reply), file=answers)
