// nadam: Adam with Nesterov momentum.
import * as z from "zod";
import { add, div, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { sqrt } from "../../graph/ops/elementwise/unary.js";
import { momentOptions, scaledMean, scaledMeanSquare } from "../moments.js";
import { defineOptimizer } from "../optimizer.js";
import { regularization } from "../regularization.js";
import { epsilon, learningRate } from "../shared-options.js";

/**
 * NAdam (Dozat, ICLR workshop 2016) in PyTorch's form, with the momentum schedule `mu_t = b1 (1 - 0.96^(t psi) / 2)`
 * and its product `P_t = mu_1 ... mu_t`; psi is `momentumDecay`:
 *
 *     m = b1 m + (1 - b1) g        nu = b2 nu + (1 - b2) g^2
 *     d = mu_(t+1) / (1 - P_(t+1)) m + (1 - mu_t) / (1 - P_t) g
 *     theta = theta - learningRate * d / (sqrt(nu / (1 - b2^t)) + epsilon)
 *
 * Keras has `momentumDecay` 1. NAdam schedules its own momentum, so no other schedule can change it. The slots hold
 * m / (1 - b1) and nu / (1 - b2).
 */
export const nadam = defineOptimizer({
  kind: "nadam",
  about: "Adam with Nesterov momentum",
  differs: { Keras: "learning rate 0.001, momentumDecay 1, epsilon 1e-7" },
  options: z.object({
    learningRate: learningRate(2e-3),
    ...momentOptions,
    epsilon: epsilon(1e-8),
    momentumDecay: z
      .number()
      .nonnegative()
      .default(4e-3)
      .describe("psi, how fast the momentum's schedule rises; 1 in Keras"),
    ...regularization,
  }),
  slots: () => ({ mu: 0, nu: 0 }),
  hyperparameters({ b1, b2, epsilon, momentumDecay }, { step, learningRate }) {
    const t = step + 1;
    const momentum = (i: number): number => b1 * (1 - 0.5 * 0.96 ** (i * momentumDecay));
    const ofGradient = (1 - momentum(t)) / (1 - momentumProduct(b1, momentumDecay, t));
    const ofMean = ((1 - b1) * momentum(t + 1)) / (1 - momentumProduct(b1, momentumDecay, t + 1));
    const root = Math.sqrt((1 - b2) / (1 - b2 ** t));
    return { size: (learningRate * ofGradient) / root, share: ofMean / ofGradient, epsilon: epsilon / root, b1 };
  },
  update({ b2 }, { parameter, gradient, slots, hyper }) {
    const mu = scaledMean(slots.mu, hyper.b1, gradient);
    const nu = scaledMeanSquare(slots.nu, b2, gradient);
    const direction = div(add(gradient, mul(mu, hyper.share)), add(sqrt(nu), hyper.epsilon));
    return { parameter: sub(parameter, mul(direction, hyper.size)), slots: { mu, nu } };
  },
});

// Terms of the series below shrink at least by half; after this many, the rest is below float64 precision.
const terms = 60;

/**
 * `mu_1 * ... * mu_t` without the t factors: the logarithm of `1 - q^i / 2` is a power series in q^i, and the sum over
 * i of each power is a geometric series.
 *
 *     log P_t = t log b1 - sum over k of (1/2)^k / k * (q^k + q^2k + ... + q^tk),   q = 0.96^psi
 */
export function momentumProduct(b1: number, psi: number, t: number): number {
  if (b1 === 0) return 0;
  const logQ = psi * Math.log(0.96);
  let logarithm = t * Math.log(b1);
  for (let k = 1; k <= terms && logarithm > -745; k++) {
    const geometric = psi === 0 ? t : (Math.exp(k * logQ) * Math.expm1(k * t * logQ)) / Math.expm1(k * logQ);
    logarithm -= (0.5 ** k / k) * geometric;
  }
  return Math.exp(logarithm);
}
