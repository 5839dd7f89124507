// rmsprop: steps divided by the root of a running mean of squared gradients.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { scalar } from "../../graph/build.js";
import { add, div, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import type { Tensor } from "../../graph/tensor.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * RMSprop (Tieleman and Hinton, Coursera lecture 6.5, 2012) in PyTorch's form; `centered` after Graves, arXiv
 * 1308.0850:
 *
 *     nu = alpha nu + (1 - alpha) g^2        mu = alpha mu + (1 - alpha) g
 *     d = g / (sqrt(nu) + epsilon)  |  g / (sqrt(nu - mu^2) + epsilon)  (centered)
 *     trace = momentum * trace + d
 *     theta = theta - learningRate * trace   |  learningRate * d  (momentum 0)
 *
 * `epsilonInside`, as in Keras: `sqrt(... + epsilon)`. `rateInside`, as in Keras: `trace = momentum * trace +
 * learningRate * d`, without a rate outside.
 *
 * Constants move into the scalars of a step: with root^2 = 1 - alpha the slot `nu` holds nu / root^2, and `trace` holds
 * root * trace (with `rateInside` trace itself). Where centered, `nu` holds the variance nu - mu^2 itself, over root^2
 * = alpha (1 - alpha), by
 *
 *     nu' = alpha nu' + (g - mu)^2           mu' = mu + (1 - alpha) (g - mu)
 *
 * which is the same number without the difference of two nearly equal ones: PyTorch's form gives NaN in float32 if
 * rounding makes that difference negative, and this form cannot.
 */
export const rmsprop = defineOptimizer({
  kind: "rmsprop",
  about: "RMSprop",
  differs: {
    Keras:
      "learning rate 0.001, alpha (rho there) 0.9, epsilon 1e-7 under the root (epsilonInside), and the rate enters the momentum (rateInside)",
  },
  options: z.object({
    learningRate: learningRate(0.01),
    alpha: z
      .number()
      .min(0)
      .lt(1)
      .default(0.99)
      .describe("decay of the mean of squared gradients")
      .meta({ aliases: ["rho"] }),
    epsilon: epsilon(1e-8),
    momentum: z.number().nonnegative().default(0).describe("fraction of the previous update that is added again"),
    centered: z.boolean().default(false).describe("divides by the standard deviation of the gradient"),
    epsilonInside: z.boolean().default(false).describe("epsilon under the root, as in Keras"),
    rateInside: z.boolean().default(false).describe("the learning rate enters the momentum, as in Keras"),
    ...regularization,
  }),
  momentumOption: "momentum",
  slots: ({ alpha, centered, momentum }) => {
    if (centered && alpha === 0) {
      throw new InvalidInputError("a variance over one gradient is 0", {
        where: "optimizer (rmsprop)",
        expected: "alpha above 0 with centered",
        received: "alpha 0",
      });
    }
    return { nu: 0, ...(centered ? { mu: 0 } : {}), ...(momentum === 0 ? {} : { trace: 0 }) };
  },
  hyperparameters: (spec, { learningRate, momentum }) => {
    const { alpha, epsilon, centered, epsilonInside } = spec;
    const root = Math.sqrt(centered ? alpha * (1 - alpha) : 1 - alpha);
    return {
      size: learningRate / root,
      epsilon: epsilonInside ? epsilon / root ** 2 : epsilon / root,
      ...(spec.momentum === 0 ? {} : { momentum: momentum.now }),
    };
  },
  update(spec, { parameter, gradient, slots, hyper }) {
    const { nu, ...mean } = spec.centered ? variance(spec, gradient, slots) : { nu: meanSquare(spec, gradient, slots) };
    const root = spec.epsilonInside ? sqrt(add(nu, hyper.epsilon)) : add(sqrt(nu), hyper.epsilon);
    const direction = div(gradient, root);
    if (spec.momentum === 0) {
      return { parameter: sub(parameter, mul(direction, hyper.size)), slots: { nu, ...mean } };
    }
    const taken = spec.rateInside ? mul(direction, hyper.size) : direction;
    const trace = add(mul(slots.trace, hyper.momentum), taken);
    const change = spec.rateInside ? trace : mul(trace, hyper.size);
    return { parameter: sub(parameter, change), slots: { nu, ...mean, trace } };
  },
});

type Slots = Readonly<Record<string, Tensor>>;

function meanSquare({ alpha }: { alpha: number }, gradient: Tensor, slots: Slots): Tensor {
  return add(mul(slots.nu, scalar(alpha, gradient.dtype)), mul(gradient, gradient));
}

function variance({ alpha }: { alpha: number }, gradient: Tensor, slots: Slots): { nu: Tensor; mu: Tensor } {
  const deviation = sub(gradient, slots.mu);
  const nu = add(mul(slots.nu, scalar(alpha, gradient.dtype)), mul(deviation, deviation));
  return { nu, mu: add(slots.mu, mul(deviation, scalar(1 - alpha, gradient.dtype))) };
}
