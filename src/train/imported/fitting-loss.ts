// Chooses the loss that fits the end of a network and the targets, for models from files: `--loss auto`.
//
//   softmax      categoricalCrossEntropy, from the logits before it
//   sigmoid      binaryCrossEntropy, from the logits before it; meanSquaredError for targets beyond 0 and 1
//   log-softmax  negativeLogLikelihood
//   none of them crossEntropy for class numbers, meanSquaredError for values
import { kebabCase } from "../../core/names.js";
import { sameShape } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Tensor } from "../../graph/tensor.js";
import { lastActivation } from "../../nn/losses/last-activation.js";
import { fitsOutput } from "../../nn/losses/loss.js";
import type { LossKind } from "../../nn/losses.js";

/** A loss and why it was chosen. */
export interface FittingLoss {
  readonly kind: LossKind;
  /** Whether targets are probabilities of classes. */
  readonly probabilities?: true;
  /** What the model ends in: `a softmax`. */
  readonly end: string;
}

/**
 * The loss for an output `[batch, ...]` and the targets of the data.
 * @param targets `int32` class numbers, or `float32` values.
 */
export function fittingLoss(output: Tensor, targets: TensorData): FittingLoss {
  const last = lastActivation(output);
  const isEach = fitsOutput(output.shape.slice(1), targets.shape.slice(1));
  const isValue = targets.dtype === "float32" && isEach;
  const isDistribution = isValue && output.shape.length > 1 && output.shape[1] > 1;
  switch (last?.kind) {
    case "softmax":
      return { end: "a softmax", kind: "categoricalCrossEntropy", ...(isDistribution ? { probabilities: true } : {}) };
    case "logSoftmax":
      return isDistribution
        ? { end: "a log-softmax", kind: "crossEntropy", probabilities: true }
        : { end: "a log-softmax", kind: "negativeLogLikelihood" };
    case "sigmoid":
      return { end: "a sigmoid", kind: isWithin(targets, 0, 1) ? "binaryCrossEntropy" : "meanSquaredError" };
    default:
      return { end: "no softmax or sigmoid", kind: plainLoss(output, targets, isEach) };
  }
}

/** One output cannot be one of several classes: whole numbers are then answers, or else values. */
function plainLoss({ shape }: Tensor, targets: TensorData, isEach: boolean): LossKind {
  if (targets.dtype === "float32") return isEach ? "meanSquaredError" : "crossEntropy";
  const areClasses = shape.length > 1 && shape[1] > 1 && sameShape(shape.slice(2), targets.shape.slice(1));
  if (areClasses || !isEach) return "crossEntropy";
  return isWithin(targets, 0, 1) ? "binaryCrossEntropyWithLogits" : "meanSquaredError";
}

function isWithin({ data }: TensorData, least: number, most: number): boolean {
  return (data as Float32Array).every((value) => value >= least && value <= most);
}

/** Losses that apply the last activation themselves, and what they apply. */
const applied: Readonly<Partial<Record<string, readonly string[]>>> = {
  crossEntropy: ["softmax", "sigmoid"],
  multiMargin: ["softmax", "logSoftmax"],
  binaryCrossEntropyWithLogits: ["sigmoid", "softmax"],
};

const ends: Readonly<Record<string, string>> = { softmax: "softmax", logSoftmax: "log-softmax", sigmoid: "sigmoid" };

/** What a user should hear about a loss of logits for a model that hands out something else; `undefined` if it fits. */
export function lossRemark(where: string, output: Tensor, kind: string): string | undefined {
  const last = lastActivation(output);
  if (last === undefined || applied[kind]?.includes(last.kind) !== true) return undefined;
  return `${where}: the model ends in a ${ends[last.kind]}, and ${kebabCase(kind)} takes logits: the gradient vanishes where it should not, and the loss cannot reach 0; --loss auto chooses one that fits`;
}
