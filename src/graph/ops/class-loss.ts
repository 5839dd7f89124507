// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: losses of scores for classes on axis 1.
import { InvalidInputError, ShapeError } from "../../core/errors.js";
import { sameShape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import { apply, scalar } from "../build.js";
import type { InferInput, NdArray, Op } from "../op.js";
import { type Compose, gradientOfComposition } from "../reference/composition.js";
import type { Tensor, TensorType } from "../tensor.js";
import { div, mul } from "./elementwise/arithmetic.js";
import { equal } from "./elementwise/comparison.js";
import { where } from "./elementwise/selection.js";
import { neg } from "./elementwise/unary.js";
import { gather, gatherElements } from "./indexing/indexing.js";
import { reshape } from "./movement/shape-movement.js";
import { requireOneType } from "./record/element-types.js";
import { requireDType } from "./record/elementwise.js";
import { reduceMean, reduceSum } from "./reduction/reduction.js";
import { logSoftmax, logSoftmaxOp } from "./reduction/softmax.js";

export type ClassLossAttributes = {
  readonly reduction: string;
  /** Targets of this class are ignored. */
  readonly ignore_index?: number;
};

const attributes = {
  reduction: { type: "string", default: "mean" },
  ignore_index: { type: "int" },
} as const;
const reductions = ["none", "sum", "mean"];
const inputNames = ["scores", "target", "weight"];

function inferLoss(
  [x, target, weight]: readonly (InferInput | null)[],
  { reduction }: ClassLossAttributes,
  place: string,
): TensorType {
  requireDType(place, x!, ["float32", "float64"]);
  requireDType(place, target!, ["int32", "int64"]);
  requireOneType(place, x, weight);
  const [examples, classes, ...places] = x!.shape;
  const shape = [examples, ...places];
  if (x!.shape.length < 2 || !sameShape(target!.shape, shape)) {
    throw new ShapeError("the targets do not fit", {
      where: place,
      expected: `scores [batch, classes, ...] and targets [batch, ...]`,
      received: `${shapeText(x!.shape)} and ${shapeText(target!.shape)}`,
    });
  }
  if (weight !== null && weight !== undefined && !sameShape(weight.shape, [classes])) {
    throw new ShapeError("the number of weights differs from the number of classes", {
      where: place,
      expected: shapeText([classes]),
      received: shapeText(weight.shape),
    });
  }
  if (!reductions.includes(reduction)) {
    throw new InvalidInputError("unknown reduction", {
      where: place,
      expected: reductions.join(", "),
      received: reduction,
    });
  }
  return { dtype: x!.dtype, shape: reduction === "none" ? shape : [] };
}

/** The weight of every target, 0 if it is ignored; `null` if all weights are 1. */
function targetWeights(x: Tensor, target: Tensor, weight: Tensor | null, ignored: Tensor | null): Tensor | null {
  const own = weight === null ? null : gather(weight, target);
  if (ignored === null) return own;
  return where(ignored, scalar(0, x.dtype), own ?? scalar(1, x.dtype));
}

export const composeLikelihood: Compose<ClassLossAttributes> = (
  [x, given, classWeights],
  { reduction, ignore_index },
) => {
  const scores = x!;
  const ignored = ignore_index === undefined ? null : equal(given!, scalar(ignore_index, given!.dtype));
  // An ignored target need not be a valid class.
  const target = ignored === null ? given! : where(ignored, scalar(0, given!.dtype), given!);
  const [examples, , ...places] = scores.shape;
  const index = reshape(target, [examples, 1, ...places]);
  const picked = reshape(gatherElements(scores, index, { axis: 1 }), target.shape);
  // Ignored scores may be infinite, so they are replaced instead of multiplied by 0.
  const chosen = ignored === null ? picked : where(ignored, scalar(0, scores.dtype), picked);
  const weights = targetWeights(scores, target, classWeights ?? null, ignored);
  const losses = neg(weights === null ? chosen : mul(chosen, weights));
  if (reduction === "none") return [losses];
  if (reduction === "sum") return [reduceSum(losses)];
  return [weights === null ? reduceMean(losses) : div(reduceSum(losses), reduceSum(weights))];
};

export const composeCrossEntropy: Compose<ClassLossAttributes> = ([x, target, weight], attrs) => {
  const logarithms = logSoftmax(x!, { axis: 1 });
  return [...composeLikelihood([logarithms, target, weight ?? null], attrs), logarithms];
};

function evaluateLikelihood(
  [x, target, weight]: readonly (NdArray | null)[],
  { reduction, ignore_index }: ClassLossAttributes,
): NdArray {
  const [, classes, ...inner] = x!.shape;
  const places = sizeOf(inner);
  const losses = new Float64Array(target!.data.length);
  let total = 0;
  for (const [i, label] of target!.data.entries()) {
    if (label === ignore_index) continue;
    const own = label < 0 ? label + classes : label;
    if (!(own >= 0 && own < classes)) {
      const expected = `0 to ${classes - 1}`;
      throw new InvalidInputError("no such class", { where: "target", expected, received: `${label}` });
    }
    const importance = weight === null || weight === undefined ? 1 : weight.data[own];
    losses[i] = -importance * x!.data[(Math.floor(i / places) * classes + own) * places + (i % places)];
    total += importance;
  }
  if (reduction === "none") return { dtype: x!.dtype, shape: target!.shape, data: losses };
  const sum = losses.reduce((all, loss) => all + loss, 0);
  return { dtype: x!.dtype, shape: [], data: Float64Array.of(reduction === "sum" ? sum : sum / total) };
}

export const negativeLogLikelihoodLossOp: Op<ClassLossAttributes> = {
  name: "NegativeLogLikelihoodLoss",
  arity: [2, 3],
  attributes,
  inputNames,
  infer: (inputs, attrs, place) => [inferLoss(inputs, attrs, place)],
  vjp: gradientOfComposition(composeLikelihood),
  cost: ([, target]) => ({ macs: 0, flops: 3 * sizeOf(target!.shape) }),
  evaluate: (inputs, attrs) => [evaluateLikelihood(inputs, attrs)],
};

export const softmaxCrossEntropyLossOp: Op<ClassLossAttributes> = {
  name: "SoftmaxCrossEntropyLoss",
  arity: [2, 3],
  attributes,
  inputNames,
  infer(inputs, attrs, place) {
    const [x] = inputs;
    return [inferLoss(inputs, attrs, place), { dtype: x!.dtype, shape: x!.shape }];
  },
  vjp: gradientOfComposition(composeCrossEntropy),
  cost: ([x, target]) => ({ macs: 0, flops: 5 * sizeOf(x!.shape) + 3 * sizeOf(target!.shape) }),
  evaluate([x, target, weight], attrs, context) {
    const [logarithms] = logSoftmaxOp.evaluate([x], { axis: 1 }, context);
    return [evaluateLikelihood([logarithms, target, weight ?? null], attrs), logarithms];
  },
};

export interface ClassLossOptions {
  /** `[classes]`; all 1 by default. */
  readonly weight?: Tensor;
  /** Default "mean": the sum divided by the sum of the weights of the targets, as in PyTorch. */
  readonly reduction?: "none" | "sum" | "mean";
  readonly ignoreIndex?: number;
}

function applyLoss(
  op: Op<ClassLossAttributes>,
  x: Tensor,
  target: Tensor,
  { weight, reduction = "mean", ignoreIndex }: ClassLossOptions,
): readonly Tensor[] {
  const attrs = { reduction, ...(ignoreIndex === undefined ? {} : { ignore_index: ignoreIndex }) };
  return apply(op, weight === undefined ? [x, target] : [x, target, weight], attrs);
}

/** `-weight[target] x[target]`; x `[batch, classes, ...]` of logarithms of probabilities, target `[batch, ...]`. */
export function negativeLogLikelihoodLoss(x: Tensor, target: Tensor, options: ClassLossOptions = {}): Tensor {
  return applyLoss(negativeLogLikelihoodLossOp, x, target, options)[0];
}

/**
 * `negativeLogLikelihoodLoss` of the logarithms of `softmax(logits)` over the classes. Returns the loss and these
 * logarithms.
 */
export function softmaxCrossEntropyLoss(
  logits: Tensor,
  target: Tensor,
  options: ClassLossOptions = {},
): readonly Tensor[] {
  return applyLoss(softmaxCrossEntropyLossOp, logits, target, options);
}
