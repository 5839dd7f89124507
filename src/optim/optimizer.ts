// Defines optimizers: slots, scalars per step, and a pure update of tensors.
import type { z } from "zod";
import { type Definition, type Described, define } from "../core/definition.js";
import { mul } from "../graph/ops/elementwise/arithmetic.js";
import type { Tensor } from "../graph/tensor.js";
import { type Regularization, regularizedGradient } from "./regularization.js";

export interface StepContext {
  /** Number of updates before this one. */
  readonly step: number;
  /** The scheduled learning rate of this step. */
  readonly learningRate: number;
  /** The scheduled momentum of this step and of the one before. Default: the optimizer's own. */
  readonly momentum?: MomentumPair;
}

export interface MomentumPair {
  readonly now: number;
  /** The momentum of the previous step; equal to `now` at the first step. */
  readonly before: number;
}

/** The inputs of an optimizer's scalars. */
export interface FormulaContext {
  readonly step: number;
  readonly learningRate: number;
  /** Scheduled, or the optimizer's own; 0 for optimizers without momentum. */
  readonly momentum: MomentumPair;
}

/**
 * The inputs of an update. All its operators are element-wise, so that one update can serve many concatenated
 * parameters.
 */
export interface UpdateContext {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** One tensor per name in `slots`, of the parameter's shape. */
  readonly slots: Readonly<Record<string, Tensor>>;
  /** The scalars that `hyperparameters` returns, by name. */
  readonly hyper: Readonly<Record<string, Tensor>>;
}

export interface UpdateResult {
  readonly parameter: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

export interface OptimizerPart<S> {
  /**
   * The option that a momentum schedule changes, if there is one. A value of 0 means an optimizer without
   * momentum, to which a momentum schedule does not add any.
   */
  readonly momentumOption?: string;
  /** State per parameter: names, and the value of every element before the first step. */
  slots(spec: S): Readonly<Record<string, number>>;
  /**
   * The scalars of one step, computed in float64 outside the graph from the step alone, so that a training can resume
   * from any step with the same numbers. The names are the same at every step. Constants that can be folded (bias
   * corrections into the step size) are folded here.
   */
  hyperparameters(spec: S, context: StepContext): Readonly<Record<string, number>>;
  /** The point at which the gradient is evaluated, if not at the parameters. */
  lookAhead?(spec: S, context: Omit<UpdateContext, "gradient">): Tensor;
  /** Emits the update. */
  update(spec: S, context: UpdateContext): UpdateResult;
}

/**
 * The definition in a file of `optimizers/`: its own formula. Weight decay and `maximize` are added to all optimizers
 * in one place.
 */
interface OptimizerParts<Kind extends string, Options extends z.ZodObject, S = Readonly<z.output<Options>>>
  extends Omit<OptimizerPart<S>, "hyperparameters">,
    Described<Kind, Options> {
  /** Weight decay is always decoupled, and there is no option for it. */
  readonly isDecoupled?: boolean;
  hyperparameters(spec: S, context: FormulaContext): Readonly<Record<string, number>>;
}

export type OptimizerDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  OptimizerPart<Readonly<z.output<Options>>>;

/**
 * Defines an optimizer. Every one has `learningRate` and the options of `regularization.ts`. Its own `update` receives
 * a gradient that includes coupled weight decay or, for decoupled decay, a parameter already multiplied by `1 -
 * learningRate * weightDecay`.
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
