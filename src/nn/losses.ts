// The table of losses, and from a spec to a function.
import { readSpec } from "../core/definition.js";
import type { Tensor } from "../graph/tensor.js";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits, hinge } from "./losses/binary-losses.js";
import { crossEntropy, multiMargin, negativeLogLikelihood } from "./losses/class-losses.js";
import type { LossPart, TargetForm } from "./losses/loss.js";
import { huber, meanAbsoluteError, meanSquaredError, smoothL1 } from "./losses/value-losses.js";

export const losses = {
  crossEntropy,
  negativeLogLikelihood,
  multiMargin,
  binaryCrossEntropyWithLogits,
  binaryCrossEntropy,
  hinge,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  smoothL1,
} as const;

export type LossKind = keyof typeof losses;

/** A loss with its options applied. */
export interface Loss {
  readonly kind: string;
  readonly targets: TargetForm;
  /** Whether a batch may be computed in parts, see `LossPart`. */
  readonly isMeanOverExamples: boolean;
  /** Class number of targets to ignore. */
  readonly ignoreIndex?: number;
  build(output: Tensor, targets: Tensor): Tensor;
  /**
   * Number of correct predictions in the batch, in examples: a `float32` scalar. Absent for losses without a notion of
   * correctness.
   */
  readonly correct?: (output: Tensor, targets: Tensor) => Tensor;
}

/** The loss that a spec stands for. Throws InvalidInputError | UnknownNameError. */
export function lossFunction(spec: unknown): Loss {
  const { definition, spec: complete } = readSpec("loss", "loss", losses, spec);
  const part = definition as unknown as LossPart<unknown>;
  const { targets, correct } = part;
  const { ignoreIndex } = complete as { readonly ignoreIndex?: number };
  return {
    kind: complete.kind,
    targets: typeof targets === "function" ? targets(complete) : targets,
    isMeanOverExamples: part.isMeanOverExamples?.(complete) ?? true,
    ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
    build: (output, values) => part.build(complete, output, values),
    ...(correct === undefined ? {} : { correct: (output, values) => correct(complete, output, values) }),
  };
}
