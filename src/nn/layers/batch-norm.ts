// batchNorm: standardize every channel by the statistics of the batch, then scale and shift.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/shape.js";
import { scalar } from "../../graph/build.js";
import { add, mul } from "../../graph/ops/arithmetic.js";
import { batchNormalization } from "../../graph/ops/normalization.js";
import type { Tensor } from "../../graph/tensor.js";
import { type BuildContext, defineLayer } from "../layer.js";

/**
 * `y = (x - mean) / sqrt(variance + epsilon) * scale + shift` per channel (axis 1). Ioffe and Szegedy, ICML 2015.
 * Training uses the mean and population variance of the batch and moves the running statistics by
 * `momentum` toward the batch mean and the *unbiased* variance, as PyTorch does; inference uses the running ones, and so
 * does training when `running_mean` is frozen.
 * Parameters are named as in PyTorch: `weight` (scale), `bias` (shift), `running_mean`, `running_var`.
 */
export const batchNorm = defineLayer({
  kind: "batchNorm",
  about: "batch normalization",
  options: z.object({ epsilon: z.number().positive().default(1e-5), momentum: z.number().min(0).max(1).default(0.1) }),
  build({ epsilon, momentum }, x, context) {
    const { where } = context;
    if (x.shape.length < 2) {
      throw new ShapeError("batchNorm needs channels", {
        where,
        expected: "an input of shape [batch, channels, ...]",
        received: shapeText(x.shape),
      });
    }
    const shape = [x.shape[1]];
    const fans = { fanIn: 1, fanOut: 1 };
    const scale = context.parameter("weight", shape, "scale", { kind: "constant", value: 1 }, fans);
    const shift = context.parameter("bias", shape, "shift", { kind: "constant", value: 0 }, fans);
    const mean = context.buffer("running_mean", shape, 0);
    const variance = context.buffer("running_var", shape, 1);
    if (context.mode === "inference" || context.isFrozen("running_mean"))
      return batchNormalization(x, scale, shift, mean, variance, { epsilon })[0];
    const count = sizeOf(x.shape) / x.shape[1];
    if (count < 2) {
      throw new ShapeError("batchNorm cannot take statistics of one value per channel", {
        where,
        expected: "a batch of at least 2 examples, or images larger than one pixel",
        received: shapeText(x.shape),
        remedy: "Use a larger batch, or --drop-last when only the last batch is that small",
      });
    }
    const [y, batchMean, batchVariance] = batchNormalization(x, scale, shift, mean, variance, {
      epsilon,
      momentum: 0,
      training_mode: 1,
    });
    moveStatistics(context, "running_mean", mean, batchMean, momentum, 1);
    moveStatistics(context, "running_var", variance, batchVariance, momentum, count / (count - 1));
    return y;
  },
});

function moveStatistics(
  context: BuildContext,
  name: string,
  running: Tensor,
  batch: Tensor,
  momentum: number,
  correction: number,
): void {
  context.updateBuffer(name, add(mul(running, scalar(1 - momentum)), mul(batch, scalar(momentum * correction))));
}
