// reshape and transpose: rearrange the axes of every example.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/numbers/shape.js";
import { reshape as reshapeNode, transpose as transposeNode } from "../../graph/ops/movement/shape-movement.js";
import { defineLayer } from "../layer.js";

/** Every example in another shape, in row-major order; one size may be -1 and is inferred from the rest. */
export const reshape = defineLayer({
  kind: "reshape",
  about: "reshapes every example",
  options: z.object({
    shape: z
      .array(z.int().refine((extent) => extent === -1 || extent > 0, { error: "a positive integer, or -1" }))
      .refine((shape) => shape.filter((extent) => extent === -1).length < 2, { error: "a list with at most one -1" })
      .describe("sizes of one example; one may be -1, inferred from the rest")
      .meta({ aliases: ["target_shape"] }),
  }),
  build({ shape }, x, { where }) {
    const size = sizeOf(x.shape.slice(1));
    const known = sizeOf(shape.filter((extent) => extent !== -1));
    const target = shape.map((extent) => (extent === -1 ? size / known : extent));
    if (sizeOf(target) !== size || !target.every(Number.isInteger)) {
      throw new ShapeError("the elements do not fit the shape", {
        where,
        expected: `examples of ${shape.includes(-1) ? "a multiple of " : ""}${known} elements, for ${shapeText(shape)}`,
        received: `${size}, of shape ${shapeText(x.shape.slice(1))}`,
      });
    }
    // -1 is the batch, which stays symbolic in exported models.
    return reshapeNode(x, [-1, ...target]);
  },
});

/** The axes of every example in another order: axis `i` of the result is axis `axes[i - 1]` of x; axis 0 stays. */
export const transpose = defineLayer({
  kind: "transpose",
  about: "permutes the axes of every example",
  aliases: ["Permute"],
  options: z.object({
    axes: z
      .array(z.int().positive())
      .describe("the axes in their new order, counted from 1; axis 0 is the batch")
      .meta({ aliases: ["dims"] }),
  }),
  build({ axes }, x, { where }) {
    const every = x.shape.map((_, axis) => axis).slice(1);
    const sorted = [...axes].sort((a, b) => a - b);
    if (sorted.length !== every.length || !sorted.every((axis, i) => axis === every[i])) {
      throw new ShapeError("these are not the axes of an example", {
        where,
        expected: `each of ${every.join(", ")} once, for an input ${shapeText(x.shape)}`,
        received: shapeText(axes),
      });
    }
    return transposeNode(x, [0, ...axes]);
  },
});
