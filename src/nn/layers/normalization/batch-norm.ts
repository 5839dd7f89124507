// batchNorm: standardizes every channel by the statistics of the batch, then scales and shifts.
import * as z from "zod";
import { ShapeError } from "../../../core/errors.js";
import { shapeText } from "../../../core/numbers/shape.js";
import { batchNormalization } from "../../../graph/ops/normalization/batch-normalization.js";
import { trainedScale, trainedShift } from "../../affine.js";
import { normalizeByBatch } from "../../batch-statistics.js";
import { defineLayer } from "../../layer.js";

/**
 * `y = (x - mean) / sqrt(variance + epsilon) * scale + shift` per channel (axis 1). Ioffe and Szegedy, ICML 2015.
 * Training uses the mean and population variance of the batch and moves the running statistics by `momentum` toward the
 * batch mean and the *unbiased* variance, as PyTorch does. Inference uses the running statistics, and so does training
 * when `running_mean` is frozen. Parameters are named as in PyTorch: `weight` (scale), `bias` (shift), `running_mean`,
 * `running_var`.
 */
export const batchNorm = defineLayer({
  kind: "batchNorm",
  about: "batch normalization",
  aliases: ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"],
  lookalikes: {
    BatchNormalization:
      "Keras's momentum is 1 minus the one here, and its epsilon 0.001: write batchNorm with momentum 0.01 and epsilon 0.001",
  },
  options: z.object({
    epsilon: z
      .number()
      .positive()
      .default(1e-5)
      .describe("added to the variance")
      .meta({ aliases: ["eps"] }),
    momentum: z.number().min(0).max(1).default(0.1).describe("weight of the batch in the running statistics"),
  }),
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
    const scale = trainedScale(context, shape);
    const shift = trainedShift(context, shape);
    const mean = context.buffer("running_mean", shape, 0);
    const variance = context.buffer("running_var", shape, 1);
    if (context.mode === "inference" || context.isFrozen("running_mean"))
      return batchNormalization(x, scale, shift, mean, variance, { epsilon })[0];
    const normalized = normalizeByBatch(x, { scale, shift, mean, variance }, { epsilon, momentum, where });
    context.updateBuffer("running_mean", normalized.mean);
    context.updateBuffer("running_var", normalized.variance);
    return normalized.y;
  },
});
