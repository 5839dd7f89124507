// Binary losses, one decision per output: one column for two classes, several columns for independent labels.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant } from "../../graph/build.js";
import { relu, softplus } from "../../graph/ops/activation/activation.js";
import { add, max, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { greater } from "../../graph/ops/elementwise/comparison.js";
import { where } from "../../graph/ops/elementwise/selection.js";
import { log, neg } from "../../graph/ops/elementwise/unary.js";
import { reduceMean } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";
import { defineLoss, fittedTargets, like, yesNoCorrect } from "./loss.js";

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

/** Lower bound for probabilities in logarithms: the smallest normal float32. */
const leastProbability = 2 ** -126;

/**
 * Mean over batch and outputs of `-y log p - (1 - y) log(1 - p)`, for models that end in a sigmoid; it is better to
 * omit that and use `binaryCrossEntropyWithLogits`. Logarithms are clamped at log(2^-126) = -87.3 and have no gradient
 * there (PyTorch clamps at -100, with a gradient of up to 1e12).
 */
export const binaryCrossEntropy = defineLoss({
  kind: "binaryCrossEntropy",
  about: "negative log likelihood of a binary target, from probabilities (of a sigmoid)",
  aliases: ["BCELoss", "bce"],
  differs: { PyTorch: "logarithms end at -100, not at -87.3", Keras: "probabilities end at 1e-7 and 1 - 1e-7" },
  options: z.object({}),
  targets: "labels",
  build(_spec, output, targets) {
    const y = fittedTargets("binaryCrossEntropy", output, targets);
    const one = like(output, 1);
    const safeLog = (p: Tensor): Tensor => log(max(p, like(output, leastProbability)));
    const likelihood = add(mul(y, safeLog(output)), mul(sub(one, y), safeLog(sub(one, output))));
    return neg(reduceMean(likelihood));
  },
  correct: (_spec, output, targets) => yesNoCorrect("binaryCrossEntropy", output, targets, 0.5),
});

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
