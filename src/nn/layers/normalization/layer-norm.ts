// layerNorm and rmsNorm: standardize or rescale each example over its last axes.
import * as z from "zod";
import { ShapeError } from "../../../core/errors.js";
import { type Shape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { filled } from "../../../graph/build.js";
import { layerNormalization, rmsNormalization } from "../../../graph/ops/normalization/layer-normalization.js";
import type { Tensor } from "../../../graph/tensor.js";
import { affineOption, epsilonOption, trainedScale, trainedShift } from "../../affine.js";
import { type BuildContext, defineLayer } from "../../layer.js";

const axesOption = z.int().positive().default(1).describe("number of last axes that are normalized together");

/** The sizes of the last axes; the first axis is the batch. */
function normalizedShape(x: Tensor, axes: number, { where }: BuildContext): Shape {
  if (x.shape.length > axes) return x.shape.slice(-axes);
  throw new ShapeError("there are too few axes to normalize", {
    where,
    expected: `an input of at least ${axes + 1} axes, the examples on the first`,
    received: shapeText(x.shape),
  });
}

const statisticsOf = (x: Tensor, axes: number, epsilon: number) => ({
  axis: -axes,
  epsilon,
  stash_type: x.dtype === "float64" ? 11 : 1,
});

/**
 * `(x - mean) / sqrt(variance + epsilon) * weight + bias` with mean and population variance over the last axes of every
 * example (Ba, Kiros and Hinton, 2016). `weight` (scale) and `bias` (shift) have the shape of those axes.
 * Axes of a single value, which would always be 0, are refused.
 */
export const layerNorm = defineLayer({
  kind: "layerNorm",
  about: "every example standardized over its last axes",
  aliases: [{ name: "LayerNormalization", options: { epsilon: 0.001 } }],
  options: z.object({
    axes: axesOption,
    epsilon: epsilonOption,
    affine: affineOption(true),
    bias: z.boolean().default(true).describe("shifts as well as scales"),
  }),
  build({ axes, epsilon, affine, bias }, x, context) {
    const shape = normalizedShape(x, axes, context);
    if (sizeOf(shape) < 2) {
      throw new ShapeError("layerNorm needs several values in every example", {
        where: context.where,
        expected: "more than one value on the axes that are normalized",
        received: shapeText(x.shape),
        remedy: "Leave it out: one value minus its own mean is 0, whatever it is",
      });
    }
    const scale = affine ? trainedScale(context, shape) : filled(x.dtype, shape, 1);
    const shift = affine && bias ? trainedShift(context, shape) : null;
    return layerNormalization(x, scale, shift, statisticsOf(x, axes, epsilon))[0];
  },
});

/**
 * `x / sqrt(mean(x^2) + epsilon) * weight` over the last axes of every example (Zhang and Sennrich, NeurIPS 2019).
 * The epsilon is PyTorch's for float32, the distance from 1 to the next number; language models use 1e-5 or 1e-6.
 */
export const rmsNorm = defineLayer({
  kind: "rmsNorm",
  about: "every example divided by the root of its mean square over the last axes",
  aliases: [{ name: "RMSNormalization", options: { epsilon: 1e-6 } }],
  options: z.object({
    axes: axesOption,
    epsilon: z
      .number()
      .min(0)
      .default(2 ** -23)
      .describe("added to the mean square")
      .meta({ aliases: ["eps"] }),
    affine: z
      .boolean()
      .default(true)
      .describe("trained scales afterwards")
      .meta({ aliases: ["elementwise_affine"] }),
  }),
  build({ axes, epsilon, affine }, x, context) {
    const shape = normalizedShape(x, axes, context);
    const scale = affine ? trainedScale(context, shape) : filled(x.dtype, shape, 1);
    return rmsNormalization(x, scale, statisticsOf(x, axes, epsilon));
  },
});
