// zeroPadding: pads every channel with zeros.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { pad } from "../../graph/ops/movement/shape-movement.js";
import { defineLayer } from "../layer.js";

const extent = z.int().min(0);

/**
 * Adds zeros before and after every spatial axis: the same number everywhere, or for every axis one number or
 * `[before, after]`. PyTorch's `ZeroPad2d((left, right, top, bottom))` is `[[top, bottom], [left, right]]`.
 */
export const zeroPadding = defineLayer({
  kind: "zeroPadding",
  about: "pads every channel with zeros",
  aliases: [
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    { name: "ZeroPadding1D", options: { padding: 1 } },
    { name: "ZeroPadding2D", options: { padding: 1 } },
    { name: "ZeroPadding3D", options: { padding: 1 } },
  ],
  options: z.object({
    padding: z
      .union([extent, z.array(z.union([extent, z.tuple([extent, extent])])).min(1)], {
        error: "an integer from 0, or for each spatial axis an integer or [before, after]",
      })
      .describe("zeros on every side, or per spatial axis a number or [before, after]"),
  }),
  build({ padding }, x, { where }) {
    const axes = x.shape.slice(2);
    const given = typeof padding === "number" ? axes.map(() => padding) : padding;
    if (axes.length === 0 || given.length !== axes.length) {
      throw new ShapeError("the padding does not fit", {
        where,
        expected: `an input of shape [batch, channels, ...] with ${typeof padding === "number" ? "places" : `${given.length} spatial axes`}`,
        received: shapeText(x.shape),
      });
    }
    const sides = given.map((one) => (typeof one === "number" ? [one, one] : one));
    return pad(x, [0, 0, ...sides.map(([before]) => before), 0, 0, ...sides.map(([, after]) => after)]);
  },
});
