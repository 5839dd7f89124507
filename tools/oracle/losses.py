"""Writes fixtures/losses.json: losses and their gradients by PyTorch in float64. Run with python3 and torch 2.13."""

import json
import pathlib

import torch
import torch.nn.functional as F

from fixture import array, numbers, positive

torch.manual_seed(6)
torch.set_default_dtype(torch.float64)


def on_classes(function, **options):
    return lambda output, targets: function(output, targets.long(), **options)


def with_options(function, **options):
    return lambda output, targets: function(output, targets, **options)


def classes(*values):
    return torch.tensor(values, dtype=torch.int32)


def labels(*shape):
    return (torch.rand(shape) > 0.5).double()


def probabilities(*shape):
    """Dyadic numbers, which sum to 1 over axis 1 only by accident: PyTorch does not ask for more."""
    return torch.round(torch.rand(shape) * 64) / 64


def like_output(function, **options):
    """Targets in the shape of the output."""
    return lambda output, targets: function(output, targets.reshape(output.shape).double(), **options)


def of_logarithm(function):
    return lambda output, targets: function(torch.log(output), targets)


def hinge(margin):
    def loss(output, targets):
        signs = torch.where(targets.reshape(output.shape) > 0, 1.0, -1.0)
        return torch.clamp(margin - signs * output, min=0).mean()

    return loss


far = torch.tensor([[900.0, -900.0], [-40.0, 60.0], [700.0, 700.0]])
weights = torch.tensor([0.5, 2.0, 0.0, 1.25])
seven = classes(0, 3, 1, 1, 3, 0, 0)
maps = torch.randint(0, 4, (2, 3, 2), dtype=torch.int32)
some = torch.where(torch.rand(2, 3, 2) > 0.6, torch.tensor(-100, dtype=torch.int32), maps)
cross = F.cross_entropy
listed = weights.tolist()
logs = lambda *shape: torch.round(F.log_softmax(numbers(*shape), 1) * 1e4) / 1e4
infinite = torch.tensor([[0.0, float("-inf")], [-0.5, -1.0]])
bce = F.binary_cross_entropy_with_logits
tall = torch.tensor([[800.0, -800.0], [-3.0, 0.0], [90.0, 30.0]])
multi = F.multi_margin_loss
shares = torch.tensor([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.0625, 0.875, 0.0625]])

# kind, name, options, output, targets, PyTorch's
cases = [
    ("crossEntropy", "ten classes", {}, numbers(4, 10), classes(0, 9, 3, 3), on_classes(cross)),
    ("crossEntropy", "far logits", {}, far, classes(1, 0, 1), on_classes(cross)),
    ("crossEntropy", "one example", {}, numbers(1, 3), classes(2), on_classes(cross)),
    ("crossEntropy", "label smoothing", {"labelSmoothing": 0.125}, numbers(4, 10), classes(0, 9, 3, 3), on_classes(cross, label_smoothing=0.125)),
    ("crossEntropy", "class weights", {"classWeights": listed}, numbers(7, 4), seven, on_classes(cross, weight=weights)),
    ("crossEntropy", "class weights, smoothing", {"classWeights": listed, "labelSmoothing": 0.25}, numbers(7, 4), seven, on_classes(cross, weight=weights, label_smoothing=0.25)),
    ("crossEntropy", "ignored class", {"ignoreIndex": 1}, numbers(7, 4), seven, on_classes(cross, ignore_index=1)),
    ("crossEntropy", "ignored, smoothing", {"ignoreIndex": 3, "labelSmoothing": 0.5}, numbers(7, 4), seven, on_classes(cross, ignore_index=3, label_smoothing=0.5)),
    ("crossEntropy", "maps", {}, numbers(2, 4, 3, 2), maps, on_classes(cross)),
    ("crossEntropy", "sequences", {"labelSmoothing": 0.125}, numbers(3, 5, 4), torch.randint(0, 5, (3, 4), dtype=torch.int32), on_classes(cross, label_smoothing=0.125)),
    ("crossEntropy", "maps with everything", {"ignoreIndex": -100, "classWeights": listed, "labelSmoothing": 0.125}, numbers(2, 4, 3, 2), some, on_classes(cross, weight=weights, label_smoothing=0.125)),
    ("crossEntropy", "probabilities", {"probabilities": True}, numbers(3, 5), probabilities(3, 5), cross),
    ("crossEntropy", "probabilities of maps, weights, smoothing", {"probabilities": True, "classWeights": listed, "labelSmoothing": 0.25}, numbers(2, 4, 3), probabilities(2, 4, 3), with_options(cross, weight=weights, label_smoothing=0.25)),
    ("negativeLogLikelihood", "log-softmax", {}, logs(4, 3), classes(0, 2, 1, 1), on_classes(F.nll_loss)),
    ("negativeLogLikelihood", "an impossible class", {}, infinite, classes(0, 1), on_classes(F.nll_loss)),
    ("negativeLogLikelihood", "maps with everything", {"ignoreIndex": -100, "classWeights": listed}, logs(2, 4, 3, 2), some, on_classes(F.nll_loss, weight=weights)),
    ("multiMargin", "five classes", {}, numbers(4, 5), classes(0, 4, 2, 2), on_classes(multi)),
    ("multiMargin", "squared, weights", {"power": 2, "margin": 0.75, "classWeights": listed}, numbers(7, 4), seven, on_classes(multi, p=2, margin=0.75, weight=weights)),
    ("binaryCrossEntropyWithLogits", "one column", {}, numbers(6, 1), labels(6), like_output(bce)),
    ("binaryCrossEntropyWithLogits", "class numbers", {}, numbers(6), classes(0, 1, 1, 0, 0, 1), like_output(bce)),
    ("binaryCrossEntropyWithLogits", "far logits", {}, tall, torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]), bce),
    ("binaryCrossEntropyWithLogits", "soft labels, weight", {"posWeight": 3}, numbers(3, 2), probabilities(3, 2), with_options(bce, pos_weight=torch.tensor(3.0))),
    ("binaryCrossEntropyWithLogits", "weights of outputs", {"posWeight": listed[:2]}, numbers(5, 2), labels(5, 2), with_options(bce, pos_weight=weights[:2])),
    ("binaryCrossEntropy", "soft labels", {}, positive(4, 2) / 3, probabilities(4, 2), F.binary_cross_entropy),
    ("binaryCrossEntropy", "one column", {}, positive(5, 1) / 3, labels(5), like_output(F.binary_cross_entropy)),
    ("hinge", "0 and 1", {}, numbers(6, 1), labels(6), hinge(1.0)),
    ("hinge", "-1 and 1", {"margin": 0.5}, numbers(4, 2), 2 * labels(4, 2) - 1, hinge(0.5)),
    ("meanSquaredError", "one output", {}, numbers(5, 1), numbers(5, 1), F.mse_loss),
    ("meanSquaredError", "a column", {}, numbers(5, 1), numbers(5), like_output(F.mse_loss)),
    ("meanSquaredError", "images", {}, numbers(2, 3, 2), numbers(2, 3, 2), F.mse_loss),
    ("meanAbsoluteError", "some equal", {}, torch.tensor([[1.0, 2.0], [3.0, -4.0]]), torch.tensor([[1.5, 2.0], [3.0, 4.0]]), F.l1_loss),
    ("huber", "default", {}, 2 * numbers(6, 2), numbers(6, 2), F.huber_loss),
    ("huber", "delta, at the bend", {"delta": 0.5}, torch.tensor([0.5, 0.25, -0.5, 2.0, 0.0]), torch.zeros(5), with_options(F.huber_loss, delta=0.5)),
    ("smoothL1", "default", {}, 2 * numbers(6, 2), numbers(6, 2), F.smooth_l1_loss),
    ("smoothL1", "beta", {"beta": 0.25}, numbers(6, 1), numbers(6), like_output(F.smooth_l1_loss, beta=0.25)),
    ("smoothL1", "beta 0", {"beta": 0}, numbers(6, 1), numbers(6, 1), with_options(F.smooth_l1_loss, beta=0.0)),
    # Without random numbers, so that the cases above stay as they are.
    ("categoricalCrossEntropy", "three classes", {}, shares, classes(0, 2, 1), of_logarithm(on_classes(F.nll_loss))),
    ("categoricalCrossEntropy", "class weights", {"classWeights": listed[:2] + [1.25]}, shares, classes(0, 2, 1), of_logarithm(on_classes(F.nll_loss, weight=torch.tensor([0.5, 2.0, 1.25])))),
]
fixtures = []
for kind, name, options, output, targets, function in cases:
    output = output.clone().requires_grad_(True)
    loss = function(output, targets)
    (gradient,) = torch.autograd.grad(loss, output)
    fixtures.append(
        {
            "kind": kind,
            "name": name,
            "options": options,
            "output": array(output),
            # Class targets are int32, values float32 in our data sets.
            "targets": array(targets),
            "loss": loss.item(),
            "gradient": array(gradient),
        }
    )
head = {"generator": "tools/oracle/losses.py", "torch": torch.__version__.split("+")[0]}
path = pathlib.Path(__file__).parent / "fixtures" / "losses.json"
lines = ",\n".join(json.dumps(fixture, separators=(",", ":")) for fixture in fixtures)
path.write_text(json.dumps(head)[:-1] + ', "fixtures": [\n' + lines + "\n]}\n")
print(f"{path.name}: {len(fixtures)} losses")
