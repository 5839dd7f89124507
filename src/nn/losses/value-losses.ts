// Losses of values: means over batch and outputs of a function of output minus target.
import * as z from "zod";
import { div, min, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { abs } from "../../graph/ops/elementwise/unary.js";
import { reduceMean } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";
import { defineLoss, fittedTargets, like } from "./loss.js";

/** Mean over batch and outputs of `(output - target)^2`. */
export const meanSquaredError = defineLoss({
  kind: "meanSquaredError",
  about: "mean of squared differences",
  aliases: ["MSELoss", "mse"],
  options: z.object({}),
  targets: "values",
  build(_spec, output, targets) {
    const difference = sub(output, fittedTargets("meanSquaredError", output, targets));
    return reduceMean(mul(difference, difference));
  },
});

/** Mean over batch and outputs of `|output - target|` (L1); its gradient is 0 where they are equal. */
export const meanAbsoluteError = defineLoss({
  kind: "meanAbsoluteError",
  about: "mean of absolute differences (L1)",
  aliases: ["L1Loss", "mae"],
  options: z.object({}),
  targets: "values",
  build: (_spec, output, targets) => reduceMean(abs(sub(output, fittedTargets("meanAbsoluteError", output, targets)))),
});

/**
 * Mean of `d^2 / 2` where `|d| <= delta`, else of `delta (|d| - delta / 2)`, d = output - target. Huber, Ann. Math.
 * Statist. 35(1), 1964; default delta as in PyTorch.
 */
export const huber = defineLoss({
  kind: "huber",
  about: "quadratic up to delta, linear beyond",
  aliases: ["HuberLoss"],
  options: z.object({
    delta: z.number().positive().default(1).describe("difference from which the loss is linear"),
  }),
  targets: "values",
  build: ({ delta }, output, targets) => {
    const size = abs(sub(output, fittedTargets("huber", output, targets)));
    return reduceMean(bent(size, delta));
  },
});

/**
 * Mean of `d^2 / (2 beta)` where `|d| < beta`, else of `|d| - beta / 2`: `huber` with delta = beta, divided by beta.
 * beta 0 is `meanAbsoluteError`. Girshick, "Fast R-CNN", ICCV 2015, equation 3; PyTorch's `SmoothL1Loss`.
 */
export const smoothL1 = defineLoss({
  kind: "smoothL1",
  about: "absolute differences with a rounded tip of width beta",
  aliases: ["SmoothL1Loss"],
  options: z.object({
    beta: z.number().min(0).default(1).describe("difference below which the loss is quadratic"),
  }),
  targets: "values",
  build: ({ beta }, output, targets) => {
    const size = abs(sub(output, fittedTargets("smoothL1", output, targets)));
    return reduceMean(beta === 0 ? size : div(bent(size, beta), like(output, beta)));
  },
});

/** `c (|d| - c / 2)` with c = min(|d|, at): no branch, and the same slope on both sides of the bend. */
function bent(size: Tensor, at: number): Tensor {
  const capped = min(size, like(size, at));
  return mul(capped, sub(size, mul(capped, like(size, 0.5))));
}
