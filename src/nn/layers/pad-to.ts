// padTo: pads images that are smaller than a network needs with zeros.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { pad } from "../../graph/ops/movement/shape-movement.js";
import { defineLayer } from "../layer.js";

/** Pads with zeros on all sides, equally up to one, until images are `size` x `size`; larger ones are unchanged. */
export const padTo = defineLayer({
  kind: "padTo",
  about: "pads images that are too small with zeros",
  options: z.object({ size: z.int().positive().describe("least height and width") }),
  build({ size }, x, { where }) {
    if (x.shape.length !== 4) {
      throw new ShapeError("padTo needs images", {
        where,
        expected: "an input of shape [batch, channels, height, width]",
        received: shapeText(x.shape),
      });
    }
    const missing = x.shape.slice(2).map((extent) => Math.max(0, size - extent));
    if (missing.every((count) => count === 0)) return x;
    const before = missing.map((count) => Math.floor(count / 2));
    return pad(x, [0, 0, ...before, 0, 0, ...missing.map((count, axis) => count - before[axis])]);
  },
});
