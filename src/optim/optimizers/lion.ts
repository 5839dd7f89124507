// lion: steps of one size, in the direction of the sign of a momentum.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sign } from "../../graph/ops/elementwise/unary.js";
import { scaledMean } from "../moments.js";
import { defineOptimizer } from "../optimizer.js";
import { decoupledRegularization } from "../regularization.js";

/**
 * Lion (Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, Program 1):
 *
 *     theta = theta - learningRate * (sign(b1 mu + (1 - b1) g) + weightDecay * theta)
 *     mu = b2 mu + (1 - b2) g
 *
 * The slot holds mu / (1 - b2).
 */
export const lion = defineOptimizer({
  kind: "lion",
  about: "sign of a momentum",
  options: z.object({
    learningRate: z.number().nonnegative().default(1e-4).describe("size of a step"),
    b1: z.number().min(0).lt(1).default(0.9).describe("decay of the mean of gradients in the direction"),
    b2: z.number().min(0).lt(1).default(0.99).describe("decay of the mean of gradients that is carried"),
    ...decoupledRegularization(0),
  }),
  isDecoupled: true,
  momentumOption: "b1",
  slots: () => ({ mu: 0 }),
  hyperparameters: ({ b2 }, { learningRate, momentum: { now: b1 } }) => ({
    learningRate,
    share: (b1 * (1 - b2)) / (1 - b1),
  }),
  update({ b2 }, { parameter, gradient, slots, hyper }) {
    const direction = sign(scaledMean(slots.mu, hyper.share, gradient));
    const mu = scaledMean(slots.mu, scalar(b2, parameter.dtype), gradient);
    return { parameter: sub(parameter, mul(direction, hyper.learningRate)), slots: { mu } };
  },
});
