// Defines losses: a scalar from the network's output and the targets, and the kind of targets.
import type { z } from "zod";
import { type Definition, type Described, define } from "../../core/definition.js";
import { ShapeError } from "../../core/errors.js";
import { sameShape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import { scalar } from "../../graph/build.js";
import { mul } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { equal, greater } from "../../graph/ops/elementwise/comparison.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import { reduceSum } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";

interface TargetFormRecord {
  /** One phrase for messages and docs. */
  readonly about: string;
  /** How arrays of user data are converted. Default: by their type. */
  readonly dataKind?: "class" | "value";
  /** Smallest and largest value, if bounded. */
  readonly range?: readonly [number, number];
}

/** Kinds of targets. All except class numbers have the output's shape, up to a last axis of size 1. */
export const targetForms = {
  classNumbers: {
    about: "class numbers from 0: int32 [batch, ...] for an output [batch, classes, ...]",
    dataKind: "class",
  },
  probabilities: { about: "a probability for every class, of the output's shape", dataKind: "value", range: [0, 1] },
  labels: { about: "0 or 1 (or a probability) for every output", range: [0, 1] },
  signs: { about: "for every output 1 for yes, 0 or -1 for no", range: [-1, 1] },
  values: { about: "a value for every output", dataKind: "value" },
} as const satisfies Readonly<Record<string, TargetFormRecord>>;

export type TargetForm = keyof typeof targetForms;

/** The record of a kind of targets, with its optional members. */
export function targetForm(form: TargetForm): TargetFormRecord {
  return targetForms[form];
}

/** What a mean over a batch is divided by where that depends on its targets: `float32` scalars. */
export interface TargetCounts {
  /** Sum of the weights of the targets that count: the divisor of the loss. */
  readonly weight: Tensor;
  /** Number of targets that count as right or wrong; absent if all do. */
  readonly counted?: Tensor;
}

/** What a loss needs of the outputs beyond their shape. It is checked on the first batch, unless the graph shows it. */
export interface OutputRule {
  /** For messages: `log-probabilities, of which ...`. */
  readonly expected: string;
  readonly remedy: string;
  /** Whether the last operators of the network leave no doubt. */
  isCertain(output: Tensor): boolean;
  /** Scalars that show whether the outputs keep the rule, by name. */
  measure(output: Tensor): Readonly<Record<string, Tensor>>;
  /** What is wrong with outputs of these measurements; `undefined` if nothing is. */
  problem(measured: Readonly<Record<string, number>>): string | undefined;
}

export interface LossPart<S> {
  readonly targets: TargetForm | ((spec: S) => TargetForm);
  /**
   * Whether the loss of a batch is the mean of the losses of its examples. This holds unless the divisor depends on the
   * targets; then `counts` says what it is, so that means over several batches and parts of one can be made. Default true.
   */
  isMeanOverExamples?(spec: S): boolean;
  /**
   * The divisors of a loss that is not such a mean. They depend on the targets alone: of the output only the form counts.
   */
  counts?(spec: S, output: Pick<Tensor, "dtype" | "shape">, targets: Tensor): TargetCounts;
  readonly outputs?: OutputRule;
  /** Whether a softmax or sigmoid at the end of the network is passed over, so that no gradient reaches its output. */
  readonly readsLogits?: true;
  /** A scalar from the output (batch on axis 0) and the targets. */
  build(spec: S, output: Tensor, targets: Tensor): Tensor;
  /**
   * Number of correct predictions in the batch, in examples: a `float32` scalar. Absent for losses without a notion of
   * correctness.
   */
  correct?(spec: S, output: Tensor, targets: Tensor): Tensor;
}

export type LossDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  LossPart<Readonly<z.output<Options>>>;

/** Defines a loss: kind, one sentence, options with defaults, its targets and how it is built. */
export function defineLoss<Kind extends string, Options extends z.ZodObject>(
  parts: Described<Kind, Options> & LossPart<Readonly<z.output<Options>>>,
): LossDefinition<Kind, Options> {
  return define(parts);
}

/** A constant of the output's element type. */
export function like(output: Tensor, value: number): Tensor {
  return scalar(value, output.dtype);
}

/**
 * Targets in the output's element type and shape. Shapes may differ by a last axis of size 1: an output `[batch, 1]`
 * accepts targets `[batch]`, which would otherwise broadcast to `[batch, batch]`.
 */
export function fittedTargets(kind: string, output: Tensor, targets: Tensor): Tensor {
  if (!fitsOutput(output.shape, targets.shape)) {
    throw new ShapeError(`${kind} needs a target for every output`, {
      where: `loss (${kind})`,
      expected: "targets of the output's shape",
      received: `output ${shapeText(output.shape)}, targets ${shapeText(targets.shape)}`,
    });
  }
  const shaped = sameShape(output.shape, targets.shape) ? targets : reshape(targets, output.shape);
  return shaped.dtype === output.dtype ? shaped : cast(shaped, output.dtype);
}

/** Whether two shapes are equal, or differ only by a last axis of size 1. */
export function fitsOutput(output: readonly number[], targets: readonly number[]): boolean {
  const [long, short] = output.length >= targets.length ? [output, targets] : [targets, output];
  return sameShape(long, short) || (long[long.length - 1] === 1 && sameShape(long.slice(0, -1), short));
}

/**
 * Fraction of correct predictions times the number of examples: outputs above the threshold mean yes, targets above a
 * half too; every output has the same weight.
 */
export function yesNoCorrect(kind: string, output: Tensor, targets: Tensor, threshold: number): Tensor {
  const said = greater(output, like(output, threshold));
  const wanted = greater(fittedTargets(kind, output, targets), like(output, 0.5));
  return inExamples(reduceSum(cast(equal(said, wanted), "float32")), output.shape[0], sizeOf(output.shape));
}

/** Converts a sum over all predictions to a number of examples. */
export function inExamples(sum: Tensor, examples: number, answers: number): Tensor {
  return answers === examples ? sum : mul(sum, scalar(examples / answers));
}
