// What an optimizer is: slots, numbers per step, and a pure update of tensors.
import type { z } from "zod";
import { type Definition, define } from "../core/definition.js";
import type { Tensor } from "../graph/tensor.js";

export interface StepContext {
  /** Updates done before this one, from 0. */
  readonly step: number;
  /** What the schedule gives for this step. */
  readonly learningRate: number;
}

/** All element-wise, so that one update may serve many parameters laid end to end. */
export interface UpdateContext {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** One per name in `slots`, of the parameter's shape. */
  readonly slots: Readonly<Record<string, Tensor>>;
  /** Scalars by the names that `hyperparameters` gives. */
  readonly hyper: Readonly<Record<string, Tensor>>;
}

export interface UpdateResult {
  readonly parameter: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

export interface OptimizerPart<S> {
  /** State per parameter, zero before the first step. */
  slots(spec: S): readonly string[];
  /**
   * The scalars of one step, computed in float64 outside the graph. The same names at every step.
   * What can be folded (bias corrections into the step size) is folded here.
   */
  hyperparameters(spec: S, context: StepContext): Readonly<Record<string, number>>;
  /** Emits the update. */
  update(spec: S, context: UpdateContext): UpdateResult;
}

export type OptimizerDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  OptimizerPart<Readonly<z.output<Options>>>;

/** Defines an optimizer. Every one has `learningRate` and `weightDecay` among its options. */
export function defineOptimizer<Kind extends string, Options extends z.ZodObject>(
  parts: { readonly kind: Kind; readonly about: string; readonly options: Options } & OptimizerPart<
    Readonly<z.output<Options>>
  >,
): OptimizerDefinition<Kind, Options> {
  return define(parts);
}
