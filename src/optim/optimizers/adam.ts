// adam: steps of a size set by running means of the gradient and of its square.
import * as z from "zod";
import { add, div, max, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import { meanFactor, momentOptions, scaledMean, scaledMeanSquare } from "../moments.js";
import { defineOptimizer, type FormulaContext, type UpdateContext, type UpdateResult } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/** The common options of Adam and AdamW. */
export const adamOptions = {
  learningRate: learningRate(1e-3),
  ...momentOptions,
  epsilon: epsilon(1e-8),
  amsgrad: z.boolean().default(false).describe("divides by the largest mean of squares so far"),
  epsilonHat: z.boolean().default(false).describe("epsilon before the bias correction, as in Keras"),
};

interface AdamSpec {
  readonly b1: number;
  readonly b2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;
  readonly epsilonHat: boolean;
}

/** The formula of Adam, for definitions that differ in weight decay and defaults. */
export const adamFormula = {
  momentumOption: "b1",
  slots: ({ amsgrad }: AdamSpec): Record<string, number> => ({ mu: 0, nu: 0, ...(amsgrad ? { nuMax: 0 } : {}) }),
  hyperparameters({ b2, epsilon, epsilonHat }: AdamSpec, { step, learningRate, momentum }: FormulaContext) {
    const t = step + 1;
    const b1 = momentum.now;
    // sqrt(nu_hat) = root * sqrt(nu'); dividing numerator and denominator by root leaves two constants.
    const root = Math.sqrt((1 - b2) / (1 - b2 ** t));
    return {
      size: (learningRate * (1 - b1)) / (1 - b1 ** t) / root,
      epsilon: epsilonHat ? epsilon / Math.sqrt(1 - b2) : epsilon / root,
      b1: meanFactor(momentum),
    };
  },
  update({ b2, amsgrad }: AdamSpec, { parameter, gradient, slots, hyper }: UpdateContext): UpdateResult {
    const mu = scaledMean(slots.mu, hyper.b1, gradient);
    const nu = scaledMeanSquare(slots.nu, b2, gradient);
    const nuMax = amsgrad ? max(slots.nuMax, nu) : nu;
    const direction = div(mu, add(sqrt(nuMax), hyper.epsilon));
    return {
      parameter: sub(parameter, mul(direction, hyper.size)),
      slots: amsgrad ? { mu, nu, nuMax } : { mu, nu },
    };
  },
};

/**
 * Adam (Kingma and Ba, ICLR 2015, Algorithm 1), with epsilon after the bias correction as in PyTorch:
 *
 *     mu = b1 mu + (1 - b1) g        nu = b2 nu + (1 - b2) g^2
 *     theta = theta - learningRate * (mu / (1 - b1^t)) / (sqrt(nu / (1 - b2^t)) + epsilon)
 *
 * - `amsgrad` (Reddi, Kale and Kumar, ICLR 2018): the largest nu so far replaces nu. As in PyTorch's code, the
 *   maximum is taken over the uncorrected means.
 * - `epsilonHat`, as in Keras and at the end of the paper's section 2: epsilon before the bias correction,
 *   `learningRate * sqrt(1 - b2^t) / (1 - b1^t) * mu / (sqrt(nu) + epsilon)`.
 *
 * The slots hold mu / (1 - b1) and nu / (1 - b2): the constants move into the scalars of a step, which saves two passes
 * over memory. `size * mu' / (sqrt(nu') + epsilon')` is the same number up to rounding.
 */
export const adam = defineOptimizer({
  kind: "adam",
  about: "Adam",
  differs: { Keras: "epsilon 1e-7, before the bias correction (epsilonHat)" },
  options: z.object({ ...adamOptions, ...regularization }),
  ...adamFormula,
});
