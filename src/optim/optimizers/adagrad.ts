// adagrad: steps divided by the root of the sum of all squared gradients so far.
import * as z from "zod";
import { add, div, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * Adagrad (Duchi, Hazan and Singer, JMLR 2011) in PyTorch's form:
 *
 *     sum = sum + g^2                              (sum_0 = initialAccumulator)
 *     theta = theta - learningRate / (1 + step * learningRateDecay) * g / (sqrt(sum) + epsilon)
 *
 * `epsilonInside`, as in Keras: `sqrt(sum + epsilon)`. Keras starts with an accumulator of 0.1.
 */
export const adagrad = defineOptimizer({
  kind: "adagrad",
  about: "Adagrad",
  differs: { Keras: "learning rate 0.001, initialAccumulator 0.1, epsilon 1e-7 under the root (epsilonInside)" },
  options: z.object({
    learningRate: learningRate(0.01),
    learningRateDecay: z
      .number()
      .nonnegative()
      .default(0)
      .describe("divides the learning rate by 1 + this times the step")
      .meta({ aliases: ["lr_decay"] }),
    initialAccumulator: z
      .number()
      .nonnegative()
      .default(0)
      .describe("sum of squares before the first step")
      .meta({ aliases: ["initial_accumulator_value"] }),
    epsilon: epsilon(1e-10),
    epsilonInside: z.boolean().default(false).describe("epsilon under the root, as in Keras"),
    ...regularization,
  }),
  slots: ({ initialAccumulator }) => ({ sum: initialAccumulator }),
  hyperparameters: ({ learningRateDecay, epsilon }, { step, learningRate }) => ({
    size: learningRate / (1 + step * learningRateDecay),
    epsilon,
  }),
  update({ epsilonInside }, { parameter, gradient, slots, hyper }) {
    const sum = add(slots.sum, mul(gradient, gradient));
    const root = epsilonInside ? sqrt(add(sum, hyper.epsilon)) : add(sqrt(sum), hyper.epsilon);
    return { parameter: sub(parameter, mul(div(gradient, root), hyper.size)), slots: { sum } };
  },
});
