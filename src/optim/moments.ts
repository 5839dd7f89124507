// Running means of the gradient and of its square, as used by Adam's family.
import { scalar } from "../graph/build.js";
import { add, mul } from "../graph/ops/elementwise/arithmetic.js";
import type { Tensor } from "../graph/tensor.js";
import type { MomentumPair } from "./optimizer.js";
import { firstDecay, secondDecay } from "./shared-options.js";

/** The two decay rates of Adam's family. */
export const momentOptions = {
  b1: firstDecay(0.9, "decay of the mean of gradients"),
  b2: secondDecay(0.999, "decay of the mean of squared gradients"),
};

/**
 * The factor of a slot that holds mu / (1 - b1), where mu = b1 mu + (1 - b1) g: it becomes `factor * slot + g`. At a
 * constant b1 that is b1 itself; if b1 varies, the factor also converts the slot to its new unit.
 */
export const meanFactor = ({ now, before }: MomentumPair): number => now * ((1 - before) / (1 - now));

/** `factor * slot + g`: two passes over memory, while `b1 mu + (1 - b1) g` takes three. */
export function scaledMean(slot: Tensor, factor: Tensor, gradient: Tensor): Tensor {
  return add(mul(slot, factor), gradient);
}

/** `b2 * slot + g^2`, the running mean of squares divided by 1 - b2. */
export function scaledMeanSquare(slot: Tensor, b2: number, gradient: Tensor): Tensor {
  return add(mul(slot, scalar(b2, gradient.dtype)), mul(gradient, gradient));
}
