// Running means of the gradient and of its square, as the optimizers of Adam's family carry them.
import { scalar } from "../graph/build.js";
import { add, mul } from "../graph/ops/elementwise/arithmetic.js";
import type { Tensor } from "../graph/tensor.js";
import type { MomentumPair } from "./optimizer.js";
import { firstDecay, secondDecay } from "./shared-options.js";

/** The two decays of Adam's family. */
export const momentOptions = {
  b1: firstDecay(0.9, "decay of the mean of gradients"),
  b2: secondDecay(0.999, "decay of the mean of squared gradients"),
};

/**
 * The factor of a slot that holds mu / (1 - b1), where mu = b1 mu + (1 - b1) g: it becomes `factor * slot + g`. At a
 * constant b1 that is b1 itself; when b1 varies, the slot changes its unit on the way.
 */
export const meanFactor = ({ now, before }: MomentumPair): number => now * ((1 - before) / (1 - now));

/** `factor * slot + g`: two passes where `b1 mu + (1 - b1) g` takes three. */
export function scaledMean(slot: Tensor, factor: Tensor, gradient: Tensor): Tensor {
  return add(mul(slot, factor), gradient);
}

/** `b2 * slot + g^2`, the running mean of squares over 1 - b2. */
export function scaledMeanSquare(slot: Tensor, b2: number, gradient: Tensor): Tensor {
  return add(mul(slot, scalar(b2, gradient.dtype)), mul(gradient, gradient));
}
