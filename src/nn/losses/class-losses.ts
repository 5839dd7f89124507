// Losses of one class out of several: outputs [batch, classes, ...], one prediction per example and further position.
import * as z from "zod";
import { InvalidInputError, ShapeError } from "../../core/errors.js";
import { sameShape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant, scalar } from "../../graph/build.js";
import { relu } from "../../graph/ops/activation/activation.js";
import { add, div, max, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { equal, not } from "../../graph/ops/elementwise/comparison.js";
import { where } from "../../graph/ops/elementwise/selection.js";
import { log, neg } from "../../graph/ops/elementwise/unary.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import { argMax, reduceMean, reduceSum } from "../../graph/ops/reduction/reduction.js";
import { logSoftmax } from "../../graph/ops/reduction/softmax.js";
import type { Tensor } from "../../graph/tensor.js";
import { lastActivation } from "./last-activation.js";
import { defineLoss, fittedTargets, inExamples, like, type TargetCounts } from "./loss.js";
import { distributionOutputs, logDistributionOutputs } from "./output-rules.js";

const classWeights = z
  .array(z.number().min(0))
  .min(1)
  .optional()
  .describe("weight of each class")
  .meta({ aliases: ["weight"] });
const ignoreIndex = z.int().optional().describe("class number of positions to ignore");

type OutputForm = Pick<Tensor, "dtype" | "shape">;

interface ClassOptions {
  readonly classWeights?: readonly number[] | undefined;
  readonly ignoreIndex?: number | undefined;
}

/** Whether the divisor is the number of positions, independent of the targets. */
const countsAlike = (spec: ClassOptions): boolean => spec.classWeights === undefined && spec.ignoreIndex === undefined;

const crossEntropyOptions = {
  labelSmoothing: z.number().min(0).max(1).default(0).describe("weight of the uniform distribution in the targets"),
  classWeights,
  ignoreIndex,
  probabilities: z.boolean().default(false).describe("targets are probabilities of the classes, not class numbers"),
};

interface CrossEntropyOptions extends ClassOptions {
  readonly labelSmoothing: number;
  readonly probabilities: boolean;
}

/** What the two cross-entropies share: all but the way from the output to log-probabilities. */
const crossEntropyParts = {
  options: z.object(crossEntropyOptions),
  targets: ({ probabilities }: CrossEntropyOptions) => (probabilities ? "probabilities" : "classNumbers"),
  isMeanOverExamples: (spec: CrossEntropyOptions) => spec.probabilities || countsAlike(spec),
  correct: correctClasses,
} as const;

/**
 * Mean of `-log softmax(logits)[target]`, in nats, over examples and further positions: logits `[batch, classes, ...]`,
 * targets `int32 [batch, ...]`, or with `probabilities` one for each class, of the shape of the logits. It applies
 * softmax itself: feed it logits. Fed probabilities of C classes, it cannot fall below ln(1 + (C-1)/e).
 *
 * As PyTorch's `CrossEntropyLoss`: `labelSmoothing` s mixes the targets with the uniform distribution, (1 - s) q + s /
 * C (Szegedy et al., CVPR 2016, section 7); `classWeights` multiply every term by the weight of its class, and the mean
 * is divided by the sum of the targets' weights (by the number of positions with `probabilities`); positions whose
 * target is `ignoreIndex` are ignored. If all are ignored, the loss is 0 (PyTorch: NaN).
 */
export const crossEntropy = defineLoss({
  kind: "crossEntropy",
  about: "negative log likelihood of the target class, from logits",
  aliases: ["CrossEntropyLoss"],
  ...crossEntropyParts,
  counts: (spec, output, targets) => targetCounts("crossEntropy", spec, output, targets),
  build(spec, logits, targets) {
    requireClasses("crossEntropy", logits);
    const logs = logSoftmax(logits, { axis: logits.shape.length === 2 ? -1 : 1 });
    return crossEntropyOf("crossEntropy", spec, logs, targets);
  },
});

/**
 * `crossEntropy` for models that end in a softmax over the classes, with its options. Behind a softmax it is computed from
 * the logits before it. Of other outputs it takes the logarithm of at least 2^-126; they must be probabilities with a sum
 * of 1. As Keras's `SparseCategoricalCrossentropy`, and with `probabilities` as its `CategoricalCrossentropy`.
 */
export const categoricalCrossEntropy = defineLoss({
  kind: "categoricalCrossEntropy",
  about: "negative log likelihood of the target class, from probabilities (of a softmax)",
  aliases: ["SparseCategoricalCrossentropy"],
  differs: {
    Keras:
      "CategoricalCrossentropy takes one probability for each class as targets: write probabilities. Probabilities of the model end at 1e-7",
  },
  ...crossEntropyParts,
  counts: (spec, output, targets) => targetCounts("categoricalCrossEntropy", spec, output, targets),
  outputs: distributionOutputs,
  readsLogits: true,
  build(spec, output, targets) {
    requireClasses("categoricalCrossEntropy", output);
    const last = lastActivation(output);
    const logs =
      last?.kind === "softmax" && last.classAxis === 1
        ? last.logProbabilities()
        : log(max(output, like(output, leastProbability)));
    return crossEntropyOf("categoricalCrossEntropy", spec, logs, targets);
  },
});

/** The smallest normal float32. */
const leastProbability = 2 ** -126;

function crossEntropyOf(kind: string, spec: CrossEntropyOptions, logs: Tensor, targets: Tensor): Tensor {
  if (!spec.probabilities) return likelihoodLoss(kind, spec, logs, targets, spec.labelSmoothing);
  if (spec.ignoreIndex !== undefined) {
    throw new InvalidInputError("ignoreIndex and probabilities cannot be combined", {
      where: `loss (${kind})`,
      remedy: "Leave one of them out",
    });
  }
  const given = fittedTargets(kind, logs, targets);
  const mixed = spec.labelSmoothing === 0 ? given : smoothed(given, spec.labelSmoothing, logs.shape[1]);
  const weights = weightsOf(kind, logs, spec.classWeights);
  const terms = weights === undefined ? mul(logs, mixed) : mul(mul(logs, mixed), weights);
  return neg(reduceMean(reduceSum(terms, [1])));
}

function correctClasses(spec: CrossEntropyOptions, output: Tensor, targets: Tensor): Tensor {
  if (!spec.probabilities) return correctCount(output, targets, spec.ignoreIndex);
  return correctCount(output, cast(argMax(targets, { axis: 1, keepdims: 0 }), "int32"));
}

function smoothed(probabilities: Tensor, share: number, classes: number): Tensor {
  return add(mul(probabilities, like(probabilities, 1 - share)), like(probabilities, share / classes));
}

/**
 * Mean of `-output[target]`, for models that end in a log-softmax; options as those of `crossEntropy`. As PyTorch's
 * `NLLLoss`. A logarithm of a softmax is computed from the logits.
 */
export const negativeLogLikelihood = defineLoss({
  kind: "negativeLogLikelihood",
  about: "negative log likelihood of the target class, from log-probabilities (of a log-softmax)",
  aliases: ["NLLLoss"],
  options: z.object({ classWeights, ignoreIndex }),
  targets: "classNumbers",
  isMeanOverExamples: countsAlike,
  counts: (spec, output, targets) => targetCounts("negativeLogLikelihood", spec, output, targets),
  outputs: logDistributionOutputs,
  readsLogits: true,
  build(spec, output, targets) {
    requireClasses("negativeLogLikelihood", output);
    const last = lastActivation(output);
    const logs = last?.kind === "logSoftmax" ? last.logProbabilities() : output;
    return likelihoodLoss("negativeLogLikelihood", spec, logs, targets, 0);
  },
  correct: ({ ignoreIndex: ignored }, output, targets) => correctCount(output, targets, ignored),
});

/**
 * Mean over examples and further positions of `sum over c != y of max(0, margin - x[y] + x[c])^power / classes`, times
 * the weight of y. Crammer and Singer, JMLR 2, 2001, with a sum for the maximum; PyTorch's `MultiMarginLoss`.
 */
export const multiMargin = defineLoss({
  kind: "multiMargin",
  about: "how far the target's output is from a margin above all others",
  aliases: ["MultiMarginLoss"],
  options: z.object({
    margin: z.number().positive().default(1).describe("margin at which the loss becomes 0"),
    power: z
      .int()
      .min(1)
      .max(2)
      .default(1)
      .describe("1, or 2 for squared margins")
      .meta({ aliases: ["p"] }),
    classWeights,
  }),
  targets: "classNumbers",
  build({ margin, power, classWeights: given }, output, targets) {
    requireClasses("multiMargin", output);
    const isTarget = targetMask("multiMargin", output, targets);
    const zero = like(output, 0);
    const reached = reduceSum(where(isTarget, output, zero), [1], { keepdims: 1 });
    const short = where(isTarget, zero, relu(add(sub(output, reached), like(output, margin))));
    const terms = power === 1 ? short : mul(short, short);
    const sums = reduceSum(terms, [1], { keepdims: 1 });
    const weights = weightsOf("multiMargin", output, given);
    const weighted =
      weights === undefined ? sums : mul(sums, reduceSum(where(isTarget, weights, zero), [1], { keepdims: 1 }));
    return mul(reduceMean(weighted), like(output, 1 / output.shape[1]));
  },
  correct: (_spec, output, targets) => correctCount(output, targets),
});

/** The weighted mean of the targets' negative logarithms, smoothed or not. */
function likelihoodLoss(kind: string, spec: ClassOptions, logs: Tensor, targets: Tensor, smoothing: number): Tensor {
  const isTarget = targetMask(kind, logs, targets);
  const zero = like(logs, 0);
  const weights = weightsOf(kind, logs, spec.classWeights);
  const picked = reduceSum(where(isTarget, logs, zero), [1]);
  const targetWeight = weights === undefined ? undefined : reduceSum(where(isTarget, weights, zero), [1]);
  const own = targetWeight === undefined ? picked : mul(picked, targetWeight);
  const terms = smoothing === 0 ? own : withUniform(own, logs, weights, smoothing);
  if (countsAlike(spec)) return neg(reduceMean(terms));
  const kept = keptMask(targets, spec.ignoreIndex);
  const counts = targetWeight ?? like(logs, 1);
  const divisor = reduceSum(kept === undefined ? counts : where(kept, counts, zero));
  const total = reduceSum(kept === undefined ? terms : where(kept, terms, zero));
  return neg(div(total, max(divisor, like(logs, leastDivisor))));
}

/** The divisor of `likelihoodLoss`, and the number of targets that are not ignored. */
function targetCounts(kind: string, spec: ClassOptions, output: OutputForm, targets: Tensor): TargetCounts {
  const zero = scalar(0, output.dtype);
  const weights = weightsOf(kind, output, spec.classWeights);
  const own =
    weights === undefined
      ? scalar(1, output.dtype)
      : reduceSum(where(targetMask(kind, output, targets), weights, zero), [1]);
  const kept = keptMask(targets, spec.ignoreIndex);
  if (kept === undefined) return { weight: reduceSum(own) };
  return { weight: reduceSum(where(kept, own, zero)), counted: reduceSum(cast(kept, "float32")) };
}

// Avoids 0 / 0 for an empty sum: the smallest normal float32, so that no sum of weights lies below.
const leastDivisor = 2 ** -126;

/** `(1 - s) own + s / C` times the sum over all classes. */
function withUniform(own: Tensor, logs: Tensor, weights: Tensor | undefined, smoothing: number): Tensor {
  const all = reduceSum(weights === undefined ? logs : mul(logs, weights), [1]);
  return add(mul(own, like(logs, 1 - smoothing)), mul(all, like(logs, smoothing / logs.shape[1])));
}

function requireClasses(kind: string, output: Tensor): void {
  if (output.shape.length >= 2) return;
  throw new ShapeError(`${kind} needs one row of logits per example`, {
    where: `loss (${kind})`,
    expected: "an output of shape [batch, classes] or [batch, classes, ...]",
    received: shapeText(output.shape),
    remedy: "End the model with flatten() and dense({ units: classes })",
  });
}

/** True where the class (axis 1) is the target's: bool of the output's shape. */
function targetMask(kind: string, output: OutputForm, targets: Tensor): Tensor {
  const [batch, classes, ...positions] = output.shape;
  if (!sameShape(targets.shape, [batch, ...positions])) {
    throw new ShapeError(`${kind} needs a class number for every row of logits`, {
      where: `loss (${kind})`,
      expected: `targets of shape ${shapeText([batch, ...positions])} for an output of shape ${shapeText(output.shape)}`,
      received: shapeText(targets.shape),
      ...(positions.length === 0
        ? {}
        : { remedy: "For one prediction per example, put flatten() before the last dense layer" }),
    });
  }
  const numbers = Array.from({ length: classes }, (_, c) => c);
  const shape = [1, classes, ...positions.map(() => 1)];
  return equal(reshape(targets, [batch, 1, ...positions]), constant(tensorFrom(targets.dtype, shape, numbers)));
}

/** Weights along axis 1. */
function weightsOf(kind: string, output: OutputForm, weights: readonly number[] | undefined): Tensor | undefined {
  if (weights === undefined) return undefined;
  const [, classes, ...positions] = output.shape;
  if (weights.length !== classes) {
    throw new InvalidInputError("the number of weights differs from the number of classes", {
      where: `loss (${kind}).classWeights`,
      expected: `${classes} numbers, one for each output of the model`,
      received: `${weights.length}`,
    });
  }
  return constant(tensorFrom(output.dtype, [1, classes, ...positions.map(() => 1)], weights));
}

/** True where the target is not ignored; absent if none is. */
function keptMask(targets: Tensor, ignored: number | undefined): Tensor | undefined {
  return ignored === undefined ? undefined : not(equal(targets, scalar(ignored, targets.dtype)));
}

/**
 * Correct predictions, in examples: the fraction of positions whose largest output (axis 1; the first of equal ones) is
 * the target's, times the number of examples. Positions with the target `ignored` do not count.
 */
export function correctCount(output: Tensor, targets: Tensor, ignored?: number): Tensor {
  const predicted = cast(argMax(output, { axis: 1, keepdims: 0 }), "int32");
  const right = equal(predicted, targets);
  const [examples] = output.shape;
  const kept = keptMask(targets, ignored);
  if (kept === undefined) return inExamples(reduceSum(cast(right, "float32")), examples, sizeOf(targets.shape));
  const counted = cast(kept, "float32");
  const share = div(reduceSum(mul(cast(right, "float32"), counted)), max(reduceSum(counted), scalar(1)));
  return mul(share, scalar(examples));
}
