// sgd: gradient descent on mini-batches, with momentum and Nesterov's variant.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { scalar } from "../../graph/build.js";
import { add, mul, sub } from "../../graph/ops/arithmetic.js";
import { defineOptimizer } from "../optimizer.js";
import { withCoupledDecay } from "../weight-decay.js";

/**
 * Stochastic gradient descent as PyTorch has it (Sutskever, Martens, Dahl and Hinton, ICML 2013, with the learning
 * rate outside the buffer):
 *
 *     g = gradient + weightDecay * theta
 *     trace = momentum * trace + (1 - dampening) * g        (the first step takes g whole)
 *     d = g + momentum * trace  (nesterov)  |  trace  |  g  (momentum 0)
 *     theta = theta - learningRate * d
 */
export const sgd = defineOptimizer({
  kind: "sgd",
  about: "stochastic gradient descent",
  options: z.object({
    learningRate: z.number().nonnegative().default(1e-3),
    momentum: z.number().nonnegative().default(0),
    dampening: z.number().default(0),
    nesterov: z.boolean().default(false),
    weightDecay: z.number().nonnegative().default(0),
  }),
  slots: ({ momentum, dampening, nesterov }) => {
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new InvalidInputError("nesterov needs a momentum above 0 and no dampening", {
        where: "optimizer (sgd)",
        received: `momentum ${momentum}, dampening ${dampening}`,
        remedy: "Set momentum to 0.9, say, and dampening to 0",
      });
    }
    return momentum === 0 ? [] : ["trace"];
  },
  hyperparameters: ({ momentum, dampening }, { step, learningRate }) =>
    momentum === 0 || dampening === 0 ? { learningRate } : { learningRate, share: step === 0 ? 1 : 1 - dampening },
  update(spec, { parameter, gradient, slots, hyper }) {
    const g = withCoupledDecay(gradient, parameter, spec.weightDecay);
    if (spec.momentum === 0) return { parameter: sub(parameter, mul(g, hyper.learningRate)), slots: {} };
    const taken = hyper.share === undefined ? g : mul(g, hyper.share);
    const momentum = scalar(spec.momentum, parameter.dtype);
    const trace = add(mul(slots.trace, momentum), taken);
    const direction = spec.nesterov ? add(g, mul(trace, momentum)) : trace;
    return { parameter: sub(parameter, mul(direction, hyper.learningRate)), slots: { trace } };
  },
});
