// Coupled weight decay: an L2 penalty's gradient added to the loss's.
import { scalar } from "../graph/build.js";
import { add, mul } from "../graph/ops/arithmetic.js";
import type { Tensor } from "../graph/tensor.js";

/** `g + weightDecay * theta`, the gradient of the loss plus `weightDecay / 2 * |theta|^2`. */
export function withCoupledDecay(gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, scalar(weightDecay, parameter.dtype)));
}
