// upsample: enlarges sequences, images and volumes by repetition or interpolation.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { interpolate, interpolatedExtents } from "../../graph/ops/resize/interpolation.js";
import { defineLayer } from "../layer.js";

const factor = z.number().positive();

/**
 * Makes every spatial axis `scale` times as long, rounded down: by the nearest element (`x[floor(i / scale)]`), or
 * linearly between neighbors, one axis after the other. As PyTorch's `Upsample` with `scale_factor`, also where the
 * scale is a fraction: an axis that keeps its extent is copied, by nearest elements only if x is an image.
 */
export const upsample = defineLayer({
  kind: "upsample",
  about: "enlarges by repetition or interpolation",
  options: z.object({
    scale: z
      .union([factor, z.array(factor).min(1)], { error: "a positive number, or one for each spatial axis" })
      .describe("factor of the size, or one for each spatial axis")
      .meta({ aliases: ["scale_factor"] }),
    mode: z
      .enum(["nearest", "linear"])
      .default("nearest")
      .describe("repeats elements or interpolates linearly")
      .meta({ values: { linear: ["bilinear", "trilinear"] } }),
    alignCorners: z.boolean().default(false).describe("linear only: the outermost elements keep their positions"),
  }),
  build({ scale, mode, alignCorners }, x, { where }) {
    const axes = x.shape.length - 2;
    const factors = typeof scale === "number" ? x.shape.slice(2).map(() => scale) : scale;
    if (axes < 1 || factors.length !== axes) {
      const number = typeof scale === "number" ? "..." : `${scale.length} spatial axes`;
      throw new ShapeError("upsample needs spatial axes", {
        where,
        expected: `an input of shape [batch, channels, ${number}]`,
        received: shapeText(x.shape),
      });
    }
    if (interpolatedExtents(x.shape.slice(2), factors).some((extent) => extent < 1)) {
      throw new ShapeError("nothing is left of the image", {
        where,
        expected: `factors that leave at least one place of ${shapeText(x.shape.slice(2))}`,
        received: factors.join(", "),
      });
    }
    return interpolate(x, { factors, mode, alignCorners });
  },
});
