// conv2d: a bank of small filters slid over an image.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/shape.js";
import { conv } from "../../graph/ops/convolution.js";
import { convolutionFans } from "../initializers/fans.js";
import { initializerOption } from "../initializers.js";
import { defineLayer } from "../layer.js";
import { pair, pairOption } from "../pair.js";

/**
 * Two-dimensional cross-correlation. x `[batch, channels, height, width]`, weight `[filters, channels / groups,
 * kernel, kernel]`, bias `[filters]`. `padding` zeros are added on every side; 0 by default.
 */
export const conv2d = defineLayer({
  kind: "conv2d",
  about: "two-dimensional convolution",
  options: z.object({
    filters: z.int().positive(),
    kernel: pairOption(1),
    stride: pairOption(1).default(1),
    padding: pairOption(0).default(0),
    dilation: pairOption(1).default(1),
    groups: z.int().positive().default(1),
    bias: z.boolean().default(true),
    weightInitializer: initializerOption.default("torchDefault"),
    biasInitializer: initializerOption.default("torchDefault"),
  }),
  build(spec, x, context) {
    const { where } = context;
    const { filters, groups } = spec;
    if (x.shape.length !== 4) {
      throw new ShapeError("conv2d needs images", {
        where,
        expected: "an input of shape [batch, channels, height, width]",
        received: shapeText(x.shape),
      });
    }
    const channels = x.shape[1];
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new ShapeError("groups do not divide the channels", {
        where,
        expected: "channels and filters that are multiples of groups",
        received: `${channels} channels, ${filters} filters, ${groups} groups`,
      });
    }
    const [height, width] = pair(spec.kernel);
    const fans = convolutionFans({ channels, filters, groups, kernel: [height, width] });
    const weight = context.parameter(
      "weight",
      [filters, channels / groups, height, width],
      "weight",
      spec.weightInitializer,
      fans,
    );
    const bias = spec.bias ? context.parameter("bias", [filters], "bias", spec.biasInitializer, fans) : null;
    const [top, left] = pair(spec.padding);
    return conv(x, weight, bias, {
      kernel_shape: [height, width],
      strides: pair(spec.stride),
      pads: [top, left, top, left],
      dilations: pair(spec.dilation),
      group: groups,
    });
  },
});
