// Common options of all optimizers: weight decay (coupled or decoupled, for all parameters or only weights) and
// direction.
import * as z from "zod";
import { scalar } from "../graph/build.js";
import { add, mul, sub } from "../graph/ops/elementwise/arithmetic.js";
import { neg } from "../graph/ops/elementwise/unary.js";
import type { Tensor } from "../graph/tensor.js";

/**
 * The options of `regularization` as an optimizer's update reads them.
 *
 * - `weightDecay`: lambda. Coupled, as in PyTorch, it is an L2 penalty: `g + lambda theta` replaces the gradient,
 *   so that an adaptive optimizer rescales it.
 * - `decoupled` (Loshchilov and Hutter, ICLR 2019; every optimizer of Keras): `theta` becomes
 *   `(1 - learningRate * lambda) theta` before the update, and the gradient is unchanged.
 * - `decay`: `all` parameters decay, as in PyTorch; or `weights` only, without biases and the scales and shifts of
 *   normalization layers.
 * - `maximize`: maximizes the loss instead of minimizing it: `-g` replaces the gradient, before weight decay.
 */
export interface Regularization {
  readonly weightDecay: number;
  readonly decoupled?: boolean;
  readonly decay: "all" | "weights";
  readonly maximize: boolean;
}

const shared = {
  decay: z
    .enum(["all", "weights"])
    .default("all")
    .describe("what decays: all parameters, or weights without biases and normalization"),
  maximize: z.boolean().default(false).describe("maximizes the loss instead of minimizing it"),
};

/** The options of optimizers with a choice between coupled and decoupled decay. */
export const regularization = {
  weightDecay: z.number().nonnegative().default(0).describe("lambda of the weight decay"),
  decoupled: z
    .boolean()
    .default(false)
    .describe("weight decay separate from the gradient, as in AdamW")
    .meta({ aliases: ["decoupled_weight_decay"] }),
  ...shared,
};

/** The options of optimizers whose decay is always decoupled. @param weightDecay its default. */
export const decoupledRegularization = (weightDecay: number) => ({
  weightDecay: z.number().nonnegative().default(weightDecay).describe("lambda of the weight decay"),
  ...shared,
});

/** The gradient for an update: negated to maximize, plus a coupled penalty's gradient at `parameter`. */
export function regularizedGradient(
  gradient: Tensor,
  parameter: Tensor,
  { weightDecay, maximize }: Regularization,
  { isCoupled }: { readonly isCoupled: boolean },
): Tensor {
  if (!isCoupled || weightDecay === 0) return maximize ? neg(gradient) : gradient;
  const penalty = mul(parameter, scalar(weightDecay, parameter.dtype));
  return maximize ? sub(penalty, gradient) : add(gradient, penalty);
}
