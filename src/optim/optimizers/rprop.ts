// rprop: step sizes that grow while the sign of the gradient stays the same, and shrink when it changes.
import * as z from "zod";
import { scalar } from "../../graph/build.js";
import { max, min, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { greater, less } from "../../graph/ops/elementwise/comparison.js";
import { where } from "../../graph/ops/elementwise/selection.js";
import { sign } from "../../graph/ops/elementwise/unary.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { learningRate } from "../shared-options.js";

/**
 * Resilient backpropagation (Riedmiller and Braun, 1993; the variant without weight backtracking) in PyTorch's form:
 *
 *     c = growth  where g * previous > 0  |  shrinkage  where < 0  |  1
 *     size = min(largest, max(smallest, c * size))         (size_0 = learningRate)
 *     g = 0  where c is shrinkage
 *     theta = theta - sign(g) * size        previous = g
 *
 * For full-batch training: the sign of a mini-batch's gradient changes by chance. A schedule scales the steps taken,
 * relative to the optimizer's own rate, but not the stored step sizes; at a constant rate that is PyTorch's form.
 */
export const rprop = defineOptimizer({
  kind: "rprop",
  about: "resilient backpropagation",
  differs: { PyTorch: "a schedule scales every step; PyTorch reads the rate at the first step only" },
  options: z.object({
    learningRate: learningRate(0.01, "first step size"),
    growth: z
      .number()
      .min(1)
      .default(1.2)
      .describe("factor of a step size while the sign stays")
      .meta({ aliases: ["etas[1]"] }),
    shrinkage: z
      .number()
      .positive()
      .max(1)
      .default(0.5)
      .describe("factor of a step size when the sign changes")
      .meta({ aliases: ["etas[0]"] }),
    smallest: z
      .number()
      .nonnegative()
      .default(1e-6)
      .describe("least step size")
      .meta({ aliases: ["step_sizes[0]"] }),
    largest: z
      .number()
      .positive()
      .default(50)
      .describe("largest step size")
      .meta({ aliases: ["step_sizes[1]"] }),
    ...regularization,
  }),
  slots: ({ learningRate }) => ({ previous: 0, size: learningRate }),
  hyperparameters: ({ learningRate: own }, { learningRate }) => ({ rate: own === 0 ? 0 : learningRate / own }),
  update({ growth, shrinkage, smallest, largest }, { parameter, gradient, slots, hyper }) {
    const number = (value: number) => scalar(value, parameter.dtype);
    const agreement = mul(gradient, slots.previous);
    const turned = less(agreement, number(0));
    const factor = where(turned, number(shrinkage), where(greater(agreement, number(0)), number(growth), number(1)));
    const size = min(max(mul(slots.size, factor), number(smallest)), number(largest));
    const previous = where(turned, number(0), gradient);
    return { parameter: sub(parameter, mul(mul(sign(previous), size), hyper.rate)), slots: { previous, size } };
  },
});
