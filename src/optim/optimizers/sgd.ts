// sgd: gradient descent on mini-batches, with momentum and Nesterov's variant.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { add, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { learningRate } from "../shared-options.js";

/**
 * Stochastic gradient descent in PyTorch's form (Sutskever, Martens, Dahl and Hinton, ICML 2013, with the learning
 * rate outside the buffer):
 *
 *     trace = momentum * trace + (1 - dampening) * g        (the first step sets trace = g)
 *     d = g + momentum * trace  (nesterov)  |  trace  |  g  (momentum 0)
 *     theta = theta - learningRate * d
 *
 * `rateInside`, as in Keras and in the paper: `trace = momentum * trace + learningRate * g` and `theta = theta -
 * trace`. Both forms are equal at a constant rate; when the rate changes, past gradients keep the rate of their own
 * step.
 */
export const sgd = defineOptimizer({
  kind: "sgd",
  about: "stochastic gradient descent",
  differs: { Keras: "learning rate 0.01, and the rate enters the momentum (rateInside)" },
  options: z.object({
    learningRate: learningRate(1e-3),
    momentum: z.number().nonnegative().default(0).describe("fraction of the previous update that is added again"),
    dampening: z.number().default(0).describe("fraction of the gradient that does not enter the momentum"),
    nesterov: z.boolean().default(false).describe("Nesterov's variant of momentum"),
    rateInside: z.boolean().default(false).describe("the learning rate enters the momentum, as in Keras"),
    ...regularization,
  }),
  momentumOption: "momentum",
  slots: ({ momentum, dampening, nesterov }) => {
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new InvalidInputError("nesterov needs a momentum above 0 and no dampening", {
        where: "optimizer (sgd)",
        received: `momentum ${momentum}, dampening ${dampening}`,
        remedy: "Set momentum to 0.9, for example, and dampening to 0",
      });
    }
    return momentum === 0 ? {} : { trace: 0 };
  },
  hyperparameters: ({ momentum: own, dampening, rateInside }, { step, learningRate, momentum }) => {
    if (own === 0) return { learningRate };
    const share = step === 0 ? 1 : 1 - dampening;
    if (rateInside) return { share: share * learningRate, momentum: momentum.now };
    return { learningRate, momentum: momentum.now, ...(dampening === 0 ? {} : { share }) };
  },
  update(spec, { parameter, gradient, slots, hyper }) {
    if (spec.momentum === 0) return { parameter: sub(parameter, mul(gradient, hyper.learningRate)), slots: {} };
    const taken = hyper.share === undefined ? gradient : mul(gradient, hyper.share);
    const trace = add(mul(slots.trace, hyper.momentum), taken);
    // With nesterov there is no dampening, so `taken` is g, or the rate times g.
    const direction = spec.nesterov ? add(taken, mul(trace, hyper.momentum)) : trace;
    const change = spec.rateInside ? direction : mul(direction, hyper.learningRate);
    return { parameter: sub(parameter, change), slots: { trace } };
  },
});
