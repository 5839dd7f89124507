// Max and average pooling of sequences, images and volumes: one number from every window.
import * as z from "zod";
import { averagePool, maxPool, type PoolOptions } from "../../graph/ops/windows/pooling.js";
import type { Tensor } from "../../graph/tensor.js";
import { extents, extentsOption, images, requireForm, type SpatialForm, sequences, volumes } from "../extents.js";
import { defineLayer } from "../layer.js";

interface Pool {
  readonly about: string;
  /** Names in PyTorch and Keras, by the number of axes. */
  aliases(axes: number): readonly string[];
  node(x: Tensor, window: PoolOptions): Tensor;
}

function pooling<Kind extends string>(kind: Kind, { about, aliases, node }: Pool, form: SpatialForm) {
  return defineLayer({
    kind,
    about,
    aliases: aliases(form.axes.length),
    options: z.object({
      kernel: extentsOption(form, 1)
        .describe("size of the window")
        .meta({ aliases: ["kernel_size", "pool_size"] }),
      stride: extentsOption(form, 1)
        .optional()
        .describe("distance between windows; default: the kernel, no overlap")
        .meta({ aliases: ["strides"] }),
      padding: extentsOption(form, 0)
        .default(0)
        .describe("positions added on every side, fewer than the kernel's size"),
      ceilMode: z
        .boolean()
        .default(false)
        .describe("the last window may extend beyond the end, so that no input is left out"),
    }),
    build({ kernel, stride, padding, ceilMode }, x, { where }) {
      requireForm(kind, form, x, where);
      const around = extents(form, padding);
      return node(x, {
        kernel_shape: extents(form, kernel),
        strides: extents(form, stride ?? kernel),
        pads: [...around, ...around],
        ...(ceilMode ? { ceil_mode: 1 } : {}),
      });
    },
  });
}

const largest: Pool = {
  about: "largest value of each window",
  aliases: (axes) => [`MaxPooling${axes}D`],
  node: maxPool,
};
const mean: Pool = {
  about: "mean of each window",
  aliases: (axes) => [`AvgPool${axes}d`, `AveragePooling${axes}D`],
  node: (x, window) => averagePool(x, { ...window, count_include_pad: 1 }),
};

/** Largest value of each window; padding never wins. x `[batch, channels, length]`. */
export const maxPool1d = pooling("maxPool1d", largest, sequences);

/** Largest value of each window; padding never wins. x `[batch, channels, height, width]`. */
export const maxPool2d = pooling("maxPool2d", largest, images);

/** Largest value of each window; padding never wins. x `[batch, channels, depth, height, width]`. */
export const maxPool3d = pooling("maxPool3d", largest, volumes);

/** Mean of each window; padding counts as zeros, as in PyTorch. x `[batch, channels, length]`. */
export const averagePool1d = pooling("averagePool1d", mean, sequences);

/** Mean of each window; padding counts as zeros, as in PyTorch. x `[batch, channels, height, width]`. */
export const averagePool2d = pooling("averagePool2d", mean, images);

/** Mean of each window; padding counts as zeros, as in PyTorch. x `[batch, channels, depth, height, width]`. */
export const averagePool3d = pooling("averagePool3d", mean, volumes);
