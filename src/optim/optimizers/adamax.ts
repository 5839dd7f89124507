// adamax: Adam with the largest recent gradient instead of the root mean square.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { add, div, max, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { abs } from "../../graph/ops/elementwise/unary.js";
import { meanFactor, momentOptions, scaledMean } from "../moments.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * Adamax (Kingma and Ba, ICLR 2015, Algorithm 2), with PyTorch's epsilon:
 *
 *     mu = b1 mu + (1 - b1) g        u = max(b2 u, |g| + epsilon)
 *     theta = theta - learningRate / (1 - b1^t) * mu / u
 *
 * `epsilonOutside`, as in Keras: `u = max(b2 u, |g|)`, and `mu / (u + epsilon)`. The slot `mu` holds mu / (1 - b1).
 */
export const adamax = defineOptimizer({
  kind: "adamax",
  about: "Adam with the infinity norm",
  differs: { Keras: "learning rate 0.001, epsilon 1e-7 added to the maximum (epsilonOutside)" },
  options: z.object({
    learningRate: learningRate(2e-3),
    ...momentOptions,
    epsilon: epsilon(1e-8),
    epsilonOutside: z.boolean().default(false).describe("epsilon added to the maximum, as in Keras"),
    ...regularization,
  }),
  momentumOption: "b1",
  slots: () => ({ mu: 0, u: 0 }),
  hyperparameters({ epsilon }, { step, learningRate, momentum }) {
    const b1 = momentum.now;
    return { size: (learningRate * (1 - b1)) / (1 - b1 ** (step + 1)), epsilon, b1: meanFactor(momentum) };
  },
  update({ b2, epsilonOutside }, { parameter, gradient, slots, hyper }) {
    const mu = scaledMean(slots.mu, hyper.b1, gradient);
    const size = epsilonOutside ? abs(gradient) : add(abs(gradient), hyper.epsilon);
    const u = max(mul(slots.u, scalar(b2, parameter.dtype)), size);
    const direction = div(mu, epsilonOutside ? add(u, hyper.epsilon) : u);
    return { parameter: sub(parameter, mul(direction, hyper.size)), slots: { mu, u } };
  },
});
