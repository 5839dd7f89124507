// The table of losses, and from a spec to a function.
import { readSpec } from "../core/definition.js";
import type { Tensor } from "../graph/tensor.js";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits, hinge } from "./losses/binary-losses.js";
import { categoricalCrossEntropy, crossEntropy, multiMargin, negativeLogLikelihood } from "./losses/class-losses.js";
import type { LossPart, OutputRule, TargetCounts, TargetForm } from "./losses/loss.js";
import { huber, meanAbsoluteError, meanSquaredError, smoothL1 } from "./losses/value-losses.js";

export const losses = {
  crossEntropy,
  categoricalCrossEntropy,
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
  /** Whether the loss of a batch is the mean over its examples, see `LossPart`. */
  readonly isMeanOverExamples: boolean;
  /** The divisors of a batch, present where they depend on the targets, see `LossPart`. */
  readonly counts?: (output: Pick<Tensor, "dtype" | "shape">, targets: Tensor) => TargetCounts;
  /** Class number of targets to ignore. */
  readonly ignoreIndex?: number;
  /** What the outputs must be, beyond their shape. */
  readonly outputs?: OutputRule;
  /** Whether no gradient reaches the output of a softmax or sigmoid at the end, since the loss reads its logits. */
  readonly readsLogits: boolean;
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
  const { targets, correct, counts } = part;
  const isMeanOverExamples = part.isMeanOverExamples?.(complete) ?? true;
  const { ignoreIndex } = complete as { readonly ignoreIndex?: number };
  return {
    kind: complete.kind,
    targets: typeof targets === "function" ? targets(complete) : targets,
    isMeanOverExamples,
    ...(isMeanOverExamples || counts === undefined
      ? {}
      : { counts: (output, values) => counts(complete, output, values) }),
    ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
    ...(part.outputs === undefined ? {} : { outputs: part.outputs }),
    readsLogits: part.readsLogits === true,
    build: (output, values) => part.build(complete, output, values),
    ...(correct === undefined ? {} : { correct: (output, values) => correct(complete, output, values) }),
  };
}
