// groupNorm and instanceNorm: standardize the channels of each example, in groups or separately.
import * as z from "zod";
import { ShapeError } from "../../../core/errors.js";
import { shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { filled } from "../../../graph/build.js";
import { groupNormalization, instanceNormalization } from "../../../graph/ops/normalization/group-normalization.js";
import type { Tensor } from "../../../graph/tensor.js";
import { affineOption, epsilonOption, trainedScale, trainedShift } from "../../affine.js";
import { type BuildContext, defineLayer } from "../../layer.js";

function scaleAndShift(affine: boolean, x: Tensor, context: BuildContext): [Tensor, Tensor] {
  const shape = [x.shape[1]];
  if (affine) return [trainedScale(context, shape), trainedShift(context, shape)];
  return [filled(x.dtype, shape, 1), filled(x.dtype, shape, 0)];
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * weight + bias` with the statistics of a group of neighboring channels of one
 * example (Wu and He, ECCV 2018). x `[batch, channels, ...]`, `weight` and `bias` `[channels]`. Groups of one value,
 * which are always 0, are refused; PyTorch refuses them for a batch of one group alone ("Expected more than 1 value per
 * channel").
 */
export const groupNorm = defineLayer({
  kind: "groupNorm",
  about: "groups of channels standardized within every example",
  aliases: [{ name: "GroupNormalization", options: { groups: 32, epsilon: 0.001 } }],
  options: z.object({
    groups: z
      .int()
      .positive()
      .describe("number of groups of channels")
      .meta({ aliases: ["num_groups"] }),
    epsilon: epsilonOption,
    affine: affineOption(true),
  }),
  build({ groups, epsilon, affine }, x, context) {
    if (x.shape.length < 2 || x.shape[1] % groups !== 0) {
      throw new ShapeError("groups do not divide the channels", {
        where: context.where,
        expected: `an input of shape [batch, channels, ...] with a multiple of ${groups} channels`,
        received: shapeText(x.shape),
      });
    }
    if (sizeOf(x.shape.slice(1)) === groups) {
      throw new ShapeError("groupNorm needs several values in every group", {
        where: context.where,
        expected: `an input of shape [batch, channels, ...] with more than ${groups} values per example, one for each group`,
        received: shapeText(x.shape),
        remedy: "Use fewer groups: one value minus its own mean is 0, whatever it is",
      });
    }
    const [scale, shift] = scaleAndShift(affine, x, context);
    return groupNormalization(x, scale, shift, { num_groups: groups, epsilon });
  },
});

/**
 * As `groupNorm` with one channel per group (Ulyanov, Vedaldi and Lempitsky, 2016), for images and sequences. Without
 * scales and shifts by default, as in PyTorch.
 */
export const instanceNorm = defineLayer({
  kind: "instanceNorm",
  about: "every channel standardized within every example",
  aliases: ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"],
  options: z.object({ epsilon: epsilonOption, affine: affineOption(false) }),
  build({ epsilon, affine }, x, context) {
    if (x.shape.length < 3 || sizeOf(x.shape.slice(2)) < 2) {
      throw new ShapeError("instanceNorm needs several places in every channel", {
        where: context.where,
        expected: "an input of shape [batch, channels, ...] with more than one place",
        received: shapeText(x.shape),
        remedy: "Use layerNorm for plain features",
      });
    }
    return instanceNormalization(x, ...scaleAndShift(affine, x, context), { epsilon });
  },
});
