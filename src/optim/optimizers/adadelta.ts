// adadelta: steps as large as recent steps were, relative to recent gradients.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { add, div, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * Adadelta (Zeiler, arXiv 1212.5701, Algorithm 1), with PyTorch's learning rate, which stays outside `delta`:
 *
 *     nu = rho nu + (1 - rho) g^2
 *     delta = sqrt(u + epsilon) / sqrt(nu + epsilon) * g
 *     u = rho u + (1 - rho) delta^2
 *     theta = theta - learningRate * delta
 *
 * The slots hold nu / (1 - rho) and u / (1 - rho), with epsilon / (1 - rho) in place of epsilon: the quotient is the
 * same, and two passes over memory are saved. One root of the quotient replaces the quotient of two roots; in float32
 * it underflows for gradients beyond about 1e16, while two roots would work up to 1e19.
 */
export const adadelta = defineOptimizer({
  kind: "adadelta",
  about: "Adadelta",
  differs: { Keras: "learning rate 0.001, rho 0.95, epsilon 1e-7" },
  options: z.object({
    learningRate: learningRate(1),
    rho: z.number().min(0).lt(1).default(0.9).describe("decay of the mean of squared gradients"),
    epsilon: epsilon(1e-6),
    ...regularization,
  }),
  slots: () => ({ nu: 0, u: 0 }),
  hyperparameters: ({ rho, epsilon }, { learningRate }) => ({ learningRate, epsilon: epsilon / (1 - rho) }),
  update({ rho }, { parameter, gradient, slots, hyper }) {
    const decay = scalar(rho, parameter.dtype);
    const nu = add(mul(slots.nu, decay), mul(gradient, gradient));
    const ratio = sqrt(div(add(slots.u, hyper.epsilon), add(nu, hyper.epsilon)));
    const delta = mul(ratio, gradient);
    const u = add(mul(slots.u, decay), mul(delta, delta));
    return { parameter: sub(parameter, mul(delta, hyper.learningRate)), slots: { nu, u } };
  },
});
