// convTranspose1d, convTranspose2d and convTranspose3d: the transpose of a convolution, which enlarges its input.
import * as z from "zod";
import { convTranspose } from "../../graph/ops/windows/convolution.js";
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
import { transposedConvolutionFans } from "../initializers/fans.js";
import { defineLayer } from "../layer.js";
import { convolutionOptions } from "./convolution.js";

function transposedConvolution<Kind extends string>(kind: Kind, about: string, form: SpatialForm) {
  return defineLayer({
    kind,
    about,
    options: z.object({
      ...convolutionOptions(form).shape,
      padding: extentsOption(form, 0).default(0).describe("positions removed on every side"),
      outputPadding: extentsOption(form, 0)
        .default(0)
        .describe("positions added at the end, if several lengths fit the stride"),
    }),
    build(spec, x, context) {
      const { filters, groups } = spec;
      requireForm(kind, form, x, context.where);
      const channels = x.shape[1];
      requireGroups(channels, filters, groups, context.where);
      const kernel = extents(form, spec.kernel);
      const fans = transposedConvolutionFans({ channels, filters, groups, kernel });
      const shape = [channels, filters / groups, ...kernel];
      const weight = context.parameter("weight", shape, "weight", spec.weightInitializer, fans);
      const bias = spec.bias ? context.parameter("bias", [filters], "bias", spec.biasInitializer, fans) : null;
      const padding = extents(form, spec.padding);
      return convTranspose(x, weight, bias, {
        kernel_shape: kernel,
        strides: extents(form, spec.stride),
        pads: [...padding, ...padding],
        dilations: extents(form, spec.dilation),
        output_padding: extents(form, spec.outputPadding),
        group: groups,
      });
    },
  });
}

/**
 * Transposed convolution along one axis. x `[batch, channels, length]`, weight `[channels, filters / groups, kernel]`.
 */
export const convTranspose1d = transposedConvolution(
  "convTranspose1d",
  "transposed one-dimensional convolution",
  sequences,
);

/**
 * Transposed two-dimensional convolution (Zeiler and others, CVPR 2010). x `[batch, channels, height, width]`, weight
 * `[channels, filters / groups, kernel, kernel]`; `(extent - 1) stride - 2 padding + dilation (kernel - 1) +
 * outputPadding + 1` positions per axis.
 */
export const convTranspose2d = transposedConvolution(
  "convTranspose2d",
  "transposed two-dimensional convolution",
  images,
);

/** Transposed convolution of volumes. x `[batch, channels, depth, height, width]`. */
export const convTranspose3d = transposedConvolution(
  "convTranspose3d",
  "transposed three-dimensional convolution",
  volumes,
);
