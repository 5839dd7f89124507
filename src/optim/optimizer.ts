// What an optimizer is: slots, numbers per step, and a pure update of tensors.
import type { z } from "zod";
import { type Definition, type Described, define } from "../core/definition.js";
import { mul } from "../graph/ops/elementwise/arithmetic.js";
import type { Tensor } from "../graph/tensor.js";
import { type Regularization, regularizedGradient } from "./regularization.js";

export interface StepContext {
  /** Updates done before this one, from 0. */
  readonly step: number;
  /** What the schedule gives for this step. */
  readonly learningRate: number;
  /** What a momentum schedule gives for this step and for the one before it; the optimizer's own momentum if absent. */
  readonly momentum?: MomentumPair;
}

export interface MomentumPair {
  readonly now: number;
  /** That of the step before; at the first step the same as `now`. */
  readonly before: number;
}

/** What an optimizer computes its scalars from. */
export interface FormulaContext {
  readonly step: number;
  readonly learningRate: number;
  /** Scheduled or its own; 0 for optimizers that have none. */
  readonly momentum: MomentumPair;
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
  /**
   * The option that a momentum schedule drives; absent where there is none. Its value 0 means an optimizer without
   * momentum, which a momentum schedule does not turn into one that has it.
   */
  readonly momentumOption?: string;
  /** State per parameter: names, and the value of every element before the first step. */
  slots(spec: S): Readonly<Record<string, number>>;
  /**
   * The scalars of one step, computed in float64 outside the graph from the step alone, so that a training goes on from
   * any step with the same numbers. The same names at every step. What can be folded (bias corrections into the step
   * size) is folded here.
   */
  hyperparameters(spec: S, context: StepContext): Readonly<Record<string, number>>;
  /** Where the gradient is taken, if not at the parameters. */
  lookAhead?(spec: S, context: Omit<UpdateContext, "gradient">): Tensor;
  /** Emits the update. */
  update(spec: S, context: UpdateContext): UpdateResult;
}

/** What a file in `optimizers/` writes: its own formula. Weight decay and `maximize` are added to all in one place. */
interface OptimizerParts<Kind extends string, Options extends z.ZodObject, S = Readonly<z.output<Options>>>
  extends Omit<OptimizerPart<S>, "hyperparameters">,
    Described<Kind, Options> {
  /** Weight decay never enters the gradient, without an option that says so. */
  readonly isDecoupled?: boolean;
  hyperparameters(spec: S, context: FormulaContext): Readonly<Record<string, number>>;
}

export type OptimizerDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  OptimizerPart<Readonly<z.output<Options>>>;

/**
 * Defines an optimizer. Every one has `learningRate` and the options of `regularization.ts`. Its own `update` sees a
 * gradient with coupled weight decay in it and, for decoupled decay, a parameter that is `1 - learningRate * weightDecay`
 * times what it was.
 */
export function defineOptimizer<Kind extends string, Options extends z.ZodObject>(
  parts: OptimizerParts<Kind, Options>,
): OptimizerDefinition<Kind, Options> {
  type S = Readonly<z.output<Options>>;
  const hasDecoupledDecay = ({ weightDecay, decoupled }: Regularization): boolean =>
    weightDecay > 0 && (parts.isDecoupled === true || decoupled === true);
  const own = (spec: S): number =>
    parts.momentumOption === undefined ? 0 : Number((spec as Record<string, unknown>)[parts.momentumOption]);
  return define({
    ...parts,
    hyperparameters(spec: S, { step, learningRate, momentum }: StepContext) {
      const context = { step, learningRate, momentum: momentum ?? { now: own(spec), before: own(spec) } };
      const regularization = spec as unknown as Regularization;
      return {
        ...parts.hyperparameters(spec, context),
        ...(hasDecoupledDecay(regularization) ? { keep: 1 - learningRate * regularization.weightDecay } : {}),
      };
    },
    update(spec: S, context: UpdateContext) {
      const regularization = spec as unknown as Regularization;
      const decays = hasDecoupledDecay(regularization);
      const at = parts.lookAhead?.(spec, context) ?? context.parameter;
      return parts.update(spec, {
        ...context,
        gradient: regularizedGradient(context.gradient, at, regularization, { isCoupled: !decays }),
        parameter: decays ? mul(context.parameter, context.hyper.keep) : context.parameter,
      });
    },
  });
}
