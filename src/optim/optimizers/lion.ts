// lion: steps of constant size in the direction of the sign of a momentum.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sign } from "../../graph/ops/elementwise/unary.js";
import { scaledMean } from "../moments.js";
import { defineOptimizer } from "../optimizer.js";
import { decoupledRegularization } from "../regularization.js";
import { firstDecay, learningRate, secondDecay } from "../shared-options.js";

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
  differs: { Keras: "learning rate 0.001" },
  options: z.object({
    learningRate: learningRate(1e-4),
    b1: firstDecay(0.9, "decay of the mean of gradients in the direction"),
    b2: secondDecay(0.99, "decay of the mean of gradients that is carried"),
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
