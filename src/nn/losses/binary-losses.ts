// Binary losses, one decision per output: one column for two classes, several columns for independent labels.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant, withScope } from "../../graph/build.js";
import { relu, softplus } from "../../graph/ops/activation/activation.js";
import { add, div, max, min, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { greater, less, or } from "../../graph/ops/elementwise/comparison.js";
import { where } from "../../graph/ops/elementwise/selection.js";
import { log, neg, stopGradient } from "../../graph/ops/elementwise/unary.js";
import { reduceMean } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";
import { lastActivation } from "./last-activation.js";
import { defineLoss, fittedTargets, like, yesNoCorrect } from "./loss.js";
import { probabilityOutputs } from "./output-rules.js";

/**
 * Mean over batch and outputs of `(1 - y) x + w softplus(-x)`, w = 1 + (posWeight - 1) y: the negative log likelihood
 * of y under `sigmoid(x)`, in nats, finite for every logit x. `posWeight`, one number or one for each entry of the last
 * axis, is the weight of targets of 1. As PyTorch's `BCEWithLogitsLoss`.
 */
export const binaryCrossEntropyWithLogits = defineLoss({
  kind: "binaryCrossEntropyWithLogits",
  about: "negative log likelihood of a binary target, from logits",
  aliases: ["BCEWithLogitsLoss"],
  options: z.object({
    posWeight: z
      .union([z.number().positive(), z.array(z.number().positive()).min(1)], {
        error: "a positive number, or a list of them",
      })
      .optional()
      .describe("weight of targets of 1: one number, or one for each output"),
  }),
  targets: "labels",
  build({ posWeight }, output, targets) {
    const y = fittedTargets("binaryCrossEntropyWithLogits", output, targets);
    const yes = softplus(neg(output));
    const no = mul(sub(like(output, 1), y), output);
    if (posWeight === undefined) return reduceMean(add(no, yes));
    const extra = mul(y, positiveExtra(output, typeof posWeight === "number" ? [posWeight] : posWeight));
    return reduceMean(add(no, mul(add(extra, like(output, 1)), yes)));
  },
  correct: (_spec, output, targets) => yesNoCorrect("binaryCrossEntropyWithLogits", output, targets, 0),
});

/** `posWeight - 1` along the last axis. */
function positiveExtra(output: Tensor, weights: readonly number[]): Tensor {
  // Without an output axis there is one output.
  const outputs = output.shape.length > 1 ? output.shape[output.shape.length - 1] : 1;
  if (weights.length !== 1 && weights.length !== outputs) {
    throw new InvalidInputError("the number of weights differs from the number of outputs", {
      where: "loss (binaryCrossEntropyWithLogits).posWeight",
      expected: `one number, or ${outputs}`,
      received: `${weights.length}`,
    });
  }
  const extra = weights.map((weight) => weight - 1);
  return constant(tensorFrom(output.dtype, weights.length === 1 ? [] : [outputs], extra));
}

// As in PyTorch's BCELoss: logarithms end at -100, and the slope divides by no less than 1e-12.
const mostNats = 100;
const leastVariance = 1e-12;

/** What the logarithm is taken of at least: ONNX Runtime's log of smaller numbers, which are not normal, is infinite. */
const leastProbability = ({ dtype }: Tensor): number => (dtype === "float64" ? Math.exp(-mostNats) : 2 ** -126);

/**
 * Mean over batch and outputs of `-y log p - (1 - y) log(1 - p)`, for models that end in a sigmoid, with logarithms
 * clamped at -100, as PyTorch's `BCELoss`.
 *
 * Behind a sigmoid of x it is computed from x: `y min(softplus(-x), 100) + (1 - y) min(softplus(x), 100)`, with the
 * gradient `sigmoid(x) - y`. From p, which rounds to 1 from x = 17 on, PyTorch gets 100 there and no gradient. Other
 * outputs must be between 0 and 1; one that leaves the range later makes the loss NaN.
 */
export const binaryCrossEntropy = defineLoss({
  kind: "binaryCrossEntropy",
  about: "negative log likelihood of a binary target, from probabilities (of a sigmoid)",
  aliases: ["BCELoss", "bce"],
  differs: { Keras: "probabilities end at 1e-7 and 1 - 1e-7" },
  options: z.object({}),
  targets: "labels",
  outputs: probabilityOutputs,
  readsLogits: true,
  build(_spec, output, targets) {
    const y = fittedTargets("binaryCrossEntropy", output, targets);
    const last = lastActivation(output);
    const losses = last?.kind === "sigmoid" ? lossOfLogits(last.moved(last.logits), y) : lossOfProbabilities(output, y);
    return reduceMean(losses);
  },
  correct: (_spec, output, targets) => yesNoCorrect("binaryCrossEntropy", output, targets, 0.5),
});

function lossOfLogits(x: Tensor, y: Tensor): Tensor {
  const nats = (signed: Tensor): Tensor => min(softplus(signed), like(x, mostNats));
  return add(mul(y, nats(neg(x))), mul(sub(like(x, 1), y), nats(x)));
}

/** The value and, as PyTorch defines it apart from that, the slope `(p - y) / max(p (1 - p), 1e-12)`. */
function lossOfProbabilities(p: Tensor, y: Tensor): Tensor {
  const one = like(p, 1);
  const rest = sub(one, p);
  // log(1 - p), with what the rounding of 1 - p takes away.
  const lost = div(add(sub(rest, one), p), max(rest, like(p, leastProbability(p))));
  const value = add(mul(y, clampedLog(p)), mul(sub(one, y), clampedLog(rest, lost)));
  const slope = div(sub(p, y), max(mul(p, rest), like(p, leastVariance)));
  return add(stopGradient(within0And1(p, neg(value))), mul(stopGradient(slope), sub(p, stopGradient(p))));
}

function clampedLog(p: Tensor, lost?: Tensor): Tensor {
  const least = like(p, leastProbability(p));
  const whole = log(max(p, least));
  return where(greater(p, least), lost === undefined ? whole : sub(whole, lost), like(p, -mostNats));
}

function within0And1(p: Tensor, value: Tensor): Tensor {
  return withScope("loss (binaryCrossEntropy): an output is not between 0 and 1", () =>
    where(or(less(p, like(p, 0)), greater(p, like(p, 1))), like(p, Number.NaN), value),
  );
}

/**
 * Mean over batch and outputs of `max(0, margin - s x)`, s = 1 for targets above 0, else -1 (0 and -1 both mean no).
 */
export const hinge = defineLoss({
  kind: "hinge",
  about: "how far an output is from the right side of a margin",
  options: z.object({ margin: z.number().positive().default(1).describe("margin at which the loss becomes 0") }),
  targets: "signs",
  build({ margin }, output, targets) {
    const y = fittedTargets("hinge", output, targets);
    const signed = where(greater(y, like(output, 0)), output, neg(output));
    return reduceMean(relu(sub(like(output, margin), signed)));
  },
  correct: (_spec, output, targets) => yesNoCorrect("hinge", output, targets, 0),
});
