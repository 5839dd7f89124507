// rmspropNesterov: RMSprop with Nesterov momentum, with the gradient at the look-ahead point.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { add, div, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * RMSProp with Nesterov momentum (Goodfellow, Bengio and Courville, Deep Learning, 2016, Algorithm 8.6):
 *
 *     g = gradient at theta + momentum * v
 *     nu = rho nu + (1 - rho) g^2
 *     v = momentum * v - learningRate * g / sqrt(epsilon + nu)
 *     theta = theta + v
 *
 * The book gives no epsilon here; we use that of its Algorithm 8.5. The loss of a step is evaluated at theta + momentum
 * * v, like the gradient and the gradient of a coupled weight decay. Neither PyTorch nor Keras has this optimizer. The
 * slot `nu` holds nu / (1 - rho).
 */
export const rmspropNesterov = defineOptimizer({
  kind: "rmspropNesterov",
  about: "RMSprop with Nesterov momentum",
  options: z.object({
    learningRate: learningRate(1e-3),
    rho: z.number().min(0).lt(1).default(0.9).describe("decay of the mean of squared gradients"),
    momentum: z.number().nonnegative().default(0.9).describe("fraction of the previous update that is added again"),
    epsilon: epsilon(1e-6),
    ...regularization,
  }),
  momentumOption: "momentum",
  slots: () => ({ nu: 0, trace: 0 }),
  hyperparameters: ({ rho, epsilon }, { learningRate, momentum }) => ({
    size: learningRate / Math.sqrt(1 - rho),
    epsilon: epsilon / (1 - rho),
    momentum: momentum.now,
  }),
  lookAhead: (_spec, { parameter, slots, hyper }) => add(parameter, mul(slots.trace, hyper.momentum)),
  update({ rho }, { parameter, gradient, slots, hyper }) {
    const nu = add(mul(slots.nu, scalar(rho, parameter.dtype)), mul(gradient, gradient));
    const change = mul(div(gradient, sqrt(add(nu, hyper.epsilon))), hyper.size);
    const trace = sub(mul(slots.trace, hyper.momentum), change);
    return { parameter: add(parameter, trace), slots: { nu, trace } };
  },
});
