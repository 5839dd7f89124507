// conv1d, conv2d and conv3d: small filters that slide over a sequence, an image or a volume.
import * as z from "zod";
import { conv } from "../../graph/ops/windows/convolution.js";
import {
  extents,
  extentsOption,
  images,
  requireForm,
  requireGroups,
  type SpatialForm,
  sequences,
  volumes,
} from "../extents.js";
import { convolutionFans } from "../initializers/fans.js";
import { initializerOption } from "../initializers.js";
import { defineLayer } from "../layer.js";

/** Options of all convolutions, including transposed ones. */
export function convolutionOptions(form: SpatialForm) {
  return z.object({
    filters: z
      .int()
      .positive()
      .describe("channels of the output")
      .meta({ aliases: ["out_channels"] }),
    kernel: extentsOption(form, 1)
      .describe("size of the window")
      .meta({ aliases: ["kernel_size"] }),
    stride: extentsOption(form, 1)
      .default(1)
      .describe("distance between windows")
      .meta({ aliases: ["strides"] }),
    padding: extentsOption(form, 0).default(0).describe("zeros on every side"),
    dilation: extentsOption(form, 1)
      .default(1)
      .describe("distance between the elements of a window")
      .meta({ aliases: ["dilation_rate"] }),
    groups: z
      .int()
      .positive()
      .default(1)
      .describe("groups of channels that are not mixed; one channel per group: depthwise"),
    bias: z
      .boolean()
      .default(true)
      .describe("a trained constant for every filter")
      .meta({ aliases: ["use_bias"] }),
    weightInitializer: initializerOption
      .default("torchDefault")
      .describe("how weights are initialized")
      .meta({ aliases: ["kernel_initializer"] }),
    biasInitializer: initializerOption.default("torchDefault").describe("how biases are initialized"),
  });
}

function convolution<Kind extends string>(kind: Kind, about: string, form: SpatialForm) {
  return defineLayer({
    kind,
    about,
    options: convolutionOptions(form),
    build(spec, x, context) {
      const { filters, groups } = spec;
      requireForm(kind, form, x, context.where);
      const channels = x.shape[1];
      requireGroups(channels, filters, groups, context.where);
      const kernel = extents(form, spec.kernel);
      const fans = convolutionFans({ channels, filters, groups, kernel });
      const shape = [filters, channels / groups, ...kernel];
      const weight = context.parameter("weight", shape, "weight", spec.weightInitializer, fans);
      const bias = spec.bias ? context.parameter("bias", [filters], "bias", spec.biasInitializer, fans) : null;
      const padding = extents(form, spec.padding);
      return conv(x, weight, bias, {
        kernel_shape: kernel,
        strides: extents(form, spec.stride),
        pads: [...padding, ...padding],
        dilations: extents(form, spec.dilation),
        group: groups,
      });
    },
  });
}

/** Cross-correlation along one axis. x `[batch, channels, length]`, weight `[filters, channels / groups, kernel]`. */
export const conv1d = convolution("conv1d", "one-dimensional convolution", sequences);

/**
 * Two-dimensional cross-correlation. x `[batch, channels, height, width]`, weight `[filters, channels / groups,
 * kernel, kernel]`, bias `[filters]`. `padding` zeros are added on every side; 0 by default.
 */
export const conv2d = convolution("conv2d", "two-dimensional convolution", images);

/** Cross-correlation of volumes. x `[batch, channels, depth, height, width]`. */
export const conv3d = convolution("conv3d", "three-dimensional convolution", volumes);
