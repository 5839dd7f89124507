// adam: steps of a size set by running means of the gradient and of its square.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { add, div, mul, sub } from "../../graph/ops/arithmetic.js";
import { sqrt } from "../../graph/ops/unary.js";
import { defineOptimizer } from "../optimizer.js";
import { withCoupledDecay } from "../weight-decay.js";

/**
 * Adam (Kingma and Ba, ICLR 2015, Algorithm 1), with epsilon after the bias correction as in PyTorch:
 *
 *     mu = b1 mu + (1 - b1) g        nu = b2 nu + (1 - b2) g^2
 *     theta = theta - learningRate * (mu / (1 - b1^t)) / (sqrt(nu / (1 - b2^t)) + epsilon)
 *
 * The slots hold mu / (1 - b1) and nu / (1 - b2): the constants move into two scalars per step, which saves two
 * passes over memory. `size * mu' / (sqrt(nu') + epsilon')` is the same number up to rounding.
 */
export const adam = defineOptimizer({
  kind: "adam",
  about: "Adam",
  options: z.object({
    learningRate: z.number().nonnegative().default(1e-3),
    b1: z.number().min(0).lt(1).default(0.9),
    b2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().nonnegative().default(1e-8),
    weightDecay: z.number().nonnegative().default(0),
  }),
  slots: () => ["mu", "nu"],
  hyperparameters({ b1, b2, epsilon }, { step, learningRate }) {
    const t = step + 1;
    // sqrt(nu_hat) = root * sqrt(nu'); dividing numerator and denominator by root leaves two constants.
    const root = Math.sqrt((1 - b2) / (1 - b2 ** t));
    return { size: (learningRate * (1 - b1)) / (1 - b1 ** t) / root, epsilon: epsilon / root };
  },
  update({ b1, b2, weightDecay }, { parameter, gradient, slots, hyper }) {
    const g = withCoupledDecay(gradient, parameter, weightDecay);
    const mu = add(mul(slots.mu, scalar(b1, parameter.dtype)), g);
    const nu = add(mul(slots.nu, scalar(b2, parameter.dtype)), mul(g, g));
    const direction = div(mu, add(sqrt(nu), hyper.epsilon));
    return { parameter: sub(parameter, mul(direction, hyper.size)), slots: { mu, nu } };
  },
});
