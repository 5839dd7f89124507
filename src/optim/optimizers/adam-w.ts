// adamW: Adam with decoupled weight decay.
import * as z from "zod";
import { defineOptimizer } from "../optimizer.js";
import { decoupledRegularization } from "../regularization.js";
import { adamFormula, adamOptions } from "./adam.js";

/**
 * AdamW (Loshchilov and Hutter, ICLR 2019): Adam on parameters multiplied by `1 - learningRate * weightDecay`.
 * Deviates from the paper as PyTorch does: the decay is multiplied by the learning rate, not only by its schedule.
 */
export const adamW = defineOptimizer({
  kind: "adamW",
  about: "Adam with decoupled weight decay",
  differs: { Keras: "weightDecay 0.004; epsilon 1e-7, before the bias correction (epsilonHat)" },
  options: z.object({ ...adamOptions, ...decoupledRegularization(0.01) }),
  isDecoupled: true,
  ...adamFormula,
});
