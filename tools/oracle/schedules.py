"""Writes fixtures/schedules.json: learning rates and momenta of PyTorch's schedulers in float64.

Run with python3 and torch 2.13. `spec` of a fixture is ours; rates and momenta are those of the steps in `steps`.
Schedules that PyTorch lacks (range tests) are LambdaLR of their published formula.
"""

import json
import math
import pathlib
import random
import warnings

import torch

warnings.filterwarnings("ignore")
scheduler = torch.optim.lr_scheduler
total = 400
kept = [*range(25), *range(31, total, 7), total - 1]
base = 0.3


def cyclic(**options):
    return lambda optimizer: scheduler.CyclicLR(optimizer, **options)


def one_cycle(**options):
    return lambda optimizer: scheduler.OneCycleLR(optimizer, max_lr=base, **options)


def warm(after):
    def make(optimizer):
        first = scheduler.LinearLR(optimizer, start_factor=0.05, total_iters=30)
        return scheduler.SequentialLR(optimizer, [first, after(optimizer)], [30])

    return make


def formula(rate):
    return lambda optimizer: scheduler.LambdaLR(optimizer, lambda step: rate(step) / base)


momentum = {"cycleMomentum": True, "baseMomentum": 0.7, "maxMomentum": 0.95}
torch_momentum = {"cycle_momentum": True, "base_momentum": 0.7, "max_momentum": 0.95}
still = {"cycle_momentum": False}
triangle = {"low": 0.01, "high": 0.4, "rise": 37}
torch_triangle = {"base_lr": 0.01, "max_lr": 0.4, "step_size_up": 37}
cases = [
    ({"kind": "constant"}, lambda o: scheduler.ConstantLR(o, factor=1)),
    ({"kind": "step", "every": 17, "factor": 0.8, "unit": "step"}, lambda o: scheduler.StepLR(o, 17, 0.8)),
    ({"kind": "multiStep", "milestones": [20, 33, 300], "factor": 0.4, "unit": "step"}, lambda o: scheduler.MultiStepLR(o, [20, 33, 300], 0.4)),
    ({"kind": "exponential", "factor": 0.985, "unit": "step"}, lambda o: scheduler.ExponentialLR(o, 0.985)),
    ({"kind": "polynomial", "power": 2.5, "length": 320, "unit": "step"}, lambda o: scheduler.PolynomialLR(o, total_iters=320, power=2.5)),
    ({"kind": "polynomial"}, lambda o: scheduler.PolynomialLR(o, total_iters=total, power=1)),
    ({"kind": "cosine", "low": 0.02, "length": 400}, lambda o: scheduler.CosineAnnealingLR(o, T_max=400, eta_min=0.02)),
    ({"kind": "cosine", "length": 45, "restarts": True}, lambda o: scheduler.CosineAnnealingWarmRestarts(o, T_0=45)),
    ({"kind": "cosine", "low": 0.001, "length": 20, "restarts": True, "growth": 3}, lambda o: scheduler.CosineAnnealingWarmRestarts(o, T_0=20, T_mult=3, eta_min=0.001)),
    ({"kind": "warmUp", "length": 30, "unit": "step", "from": 0.05}, warm(lambda o: scheduler.ConstantLR(o, factor=1))),
    (
        {"kind": "warmUp", "length": 30, "unit": "step", "from": 0.05, "next": {"kind": "cosine", "low": 0.01}},
        warm(lambda o: scheduler.CosineAnnealingLR(o, T_max=total - 30, eta_min=0.01)),
    ),
    ({"kind": "oneCycle"}, one_cycle(total_steps=total, **still)),
    (
        {"kind": "oneCycle", "riseShare": 0.4, "anneal": "linear", "initialDivisor": 10, "finalDivisor": 50, **momentum},
        one_cycle(total_steps=total, pct_start=0.4, anneal_strategy="linear", div_factor=10, final_div_factor=50, **torch_momentum),
    ),
    ({"kind": "oneCycle", "threePhase": True, "riseShare": 0.35, **momentum}, one_cycle(total_steps=total, three_phase=True, pct_start=0.35, **torch_momentum)),
    (
        {"kind": "oneCycle", "threePhase": True, "anneal": "linear", "riseShare": 0.27},
        one_cycle(total_steps=total, three_phase=True, anneal_strategy="linear", pct_start=0.27, **still),
    ),
    ({"kind": "triangular", **triangle}, cyclic(**torch_triangle, **still)),
    ({"kind": "triangular", **triangle, "fall": 11, **momentum}, cyclic(**torch_triangle, step_size_down=11, **torch_momentum)),
    ({"kind": "triangular2", **triangle, **momentum}, cyclic(**torch_triangle, mode="triangular2", **torch_momentum)),
    ({"kind": "expRange", **triangle, "gamma": 0.99, **momentum}, cyclic(**torch_triangle, mode="exp_range", gamma=0.99, **torch_momentum)),
    ({"kind": "expRange", **triangle, "fall": 80}, cyclic(**torch_triangle, step_size_down=80, mode="exp_range", gamma=0.99994, **still)),
    ({"kind": "rangeTestLinear", "low": 1e-3, "high": 2}, formula(lambda i: 1e-3 + (2 - 1e-3) * i / (total - 1))),
    ({"kind": "rangeTestExponential", "low": 1e-6, "high": 3, "length": 400}, formula(lambda i: 1e-6 * (3 / 1e-6) ** (i / (total - 1)))),
]
# Once an epoch of seven steps, as PyTorch's documentation has it.
epoch_cases = [
    ({"kind": "step", "every": 3, "factor": 0.5}, lambda o: scheduler.StepLR(o, 3, 0.5)),
    ({"kind": "multiStep", "milestones": [2, 9], "factor": 0.3}, lambda o: scheduler.MultiStepLR(o, [2, 9], 0.3)),
    ({"kind": "exponential", "factor": 0.9, "unit": "wholeEpoch"}, lambda o: scheduler.ExponentialLR(o, 0.9)),
    ({"kind": "cosine", "length": 20, "low": 0.01, "unit": "wholeEpoch"}, lambda o: scheduler.CosineAnnealingLR(o, T_max=20, eta_min=0.01)),
]


def values(make, count):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base, momentum=0.5)
    schedule = make(optimizer)
    rates, momenta = [], []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step() if len(rates) < count else None
    return rates, momenta


def record(spec, make):
    rates, momenta = values(make, total)
    found = {"spec": spec, "rates": [rates[i] for i in kept]}
    return {**found, "momenta": [momenta[i] for i in kept]} if spec.get("cycleMomentum") else found


def plateau(mode, values, options):
    """Rates before each epoch, whose value is then measured."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    schedule = scheduler.ReduceLROnPlateau(optimizer, mode=mode, **options)
    rates = []
    for value in values:
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step(value)
    return rates


our_names = {"threshold_mode": "thresholdMode", "min_lr": "low", "eps": "smallest"}
our_values = {"rel": "relative", "abs": "absolute"}


def plateau_fixtures():
    """Sequences that fall with noise, rise, repeat the best value, cross zero, and hold what is no number."""
    numbers = random.Random(5)
    for i in range(96):
        mode = ["min", "max"][i % 2]
        options = {
            "factor": numbers.choice([0.1, 0.5, 0.9]),
            "patience": numbers.choice([0, 1, 2, 4]),
            "threshold": numbers.choice([0, 1e-4, 0.05, 0.3]),
            "threshold_mode": ["rel", "abs"][i // 2 % 2],
            "cooldown": [0, 1, 3][i // 4 % 3],
            "min_lr": [0, 0.02, 0.2][i // 12 % 3],
            "eps": numbers.choice([1e-8, 1e-8, 0.02]),
        }
        sign, offset, values = 1 if mode == "min" else -1, numbers.choice([0, 0, 0.5]), []
        for epoch in range(24):
            value = sign * (math.exp(-epoch / 8) + numbers.choice([0, 0.1, 0.4]) * numbers.random() - offset)
            values.append(numbers.choice(values) if values and numbers.random() < 0.2 else round(value, 4))
        if i % 8 == 7:
            values[numbers.randrange(24)] = math.nan
        spec = {our_names.get(name, name): our_values.get(value, value) for name, value in options.items()}
        # JSON has no NaN.
        shown = [None if math.isnan(value) else value for value in values]
        yield {"spec": {"kind": "reduceOnPlateau", "mode": mode, **spec}, "values": shown, "rates": plateau(mode, values, options)}


lines = ",\n".join(json.dumps(record(*case), separators=(",", ":")) for case in cases)
epoch_lines = ",\n".join(json.dumps({"spec": spec, "rates": values(make, 20)[0]}, separators=(",", ":")) for spec, make in epoch_cases)
plateau_lines = ",\n".join(json.dumps(fixture, separators=(",", ":")) for fixture in plateau_fixtures())
head = {"generator": "tools/oracle/schedules.py", "torch": torch.__version__.split("+")[0], "learningRate": base, "totalSteps": total, "steps": kept}
path = pathlib.Path(__file__).parent / "fixtures" / "schedules.json"
path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + '\n], "epochFixtures": [\n' + epoch_lines + '\n], "plateauFixtures": [\n' + plateau_lines + "\n]}\n")
print(f"{path.name}: {len(cases)} schedules by steps, {len(epoch_cases)} by epochs")
