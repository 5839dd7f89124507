// radam: Adam that does not divide until the variance of its running mean of squares is tractable.
import * as z from "zod";
import { add, div, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import { meanFactor, momentOptions, scaledMean, scaledMeanSquare } from "../moments.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * RAdam (Liu et al., ICLR 2020) in PyTorch's form, with `rho = 2 / (1 - b2) - 1`:
 *
 *     mu = b1 mu + (1 - b1) g        nu = b2 nu + (1 - b2) g^2
 *     rho_t = rho - 2 t b2^t / (1 - b2^t)
 *     r = sqrt((rho_t - 4)(rho_t - 2) rho / ((rho - 4)(rho - 2) rho_t))
 *     d = mu / (1 - b1^t) * r * sqrt(1 - b2^t) / (sqrt(nu) + epsilon)     where rho_t > 5
 *     d = mu / (1 - b1^t)                                                 before
 *     theta = theta - learningRate * d
 *
 * Both cases are one expression, `size * mu' / (weight * sqrt(nu') + epsilon')`, with weight 0 and epsilon' 1 before.
 * The slots hold mu / (1 - b1) and nu / (1 - b2).
 */
export const radam = defineOptimizer({
  kind: "radam",
  about: "Adam with rectified variance",
  options: z.object({
    learningRate: learningRate(1e-3),
    ...momentOptions,
    epsilon: epsilon(1e-8),
    ...regularization,
  }),
  momentumOption: "b1",
  slots: () => ({ mu: 0, nu: 0 }),
  hyperparameters({ b2, epsilon }, { step, learningRate, momentum }) {
    const t = step + 1;
    const b1 = momentum.now;
    const plain = (learningRate * (1 - b1)) / (1 - b1 ** t);
    const correction = 1 - b2 ** t;
    const rho = 2 / (1 - b2) - 1;
    const rhoT = rho - (2 * t * b2 ** t) / correction;
    if (rhoT <= 5) return { size: plain, weight: 0, epsilon: 1, b1: meanFactor(momentum) };
    const rectification = Math.sqrt(((rhoT - 4) * (rhoT - 2) * rho) / ((rho - 4) * (rho - 2) * rhoT));
    const root = Math.sqrt(1 - b2);
    return {
      size: (plain * rectification * Math.sqrt(correction)) / root,
      weight: 1,
      epsilon: epsilon / root,
      b1: meanFactor(momentum),
    };
  },
  update({ b2 }, { parameter, gradient, slots, hyper }) {
    const mu = scaledMean(slots.mu, hyper.b1, gradient);
    const nu = scaledMeanSquare(slots.nu, b2, gradient);
    const direction = div(mu, add(mul(sqrt(nu), hyper.weight), hyper.epsilon));
    return { parameter: sub(parameter, mul(direction, hyper.size)), slots: { mu, nu } };
  },
});
