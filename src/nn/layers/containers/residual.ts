// residual: a branch added to its shortcut.
import * as z from "zod";
import { ShapeError } from "../../../core/errors.js";
import { sameShape, shapeText } from "../../../core/numbers/shape.js";
import { add } from "../../../graph/ops/elementwise/arithmetic.js";
import { defineLayer } from "../../layer.js";
import { layerOption } from "./sequential.js";

/**
 * `branch(x) + shortcut(x)`, where the shortcut is x itself unless given (He, Zhang, Ren and Sun, CVPR 2016).
 * The branch's parameters keep their own names; those of the shortcut get the prefix `shortcutName`.
 */
export const residual = defineLayer({
  kind: "residual",
  about: "a branch added to its input, or to a projection of it",
  options: z.object({
    branch: layerOption.describe("the layer whose output is added"),
    shortcut: layerOption.optional().describe("layer on the shortcut; default: the identity"),
    shortcutName: z.string().min(1).default("shortcut").describe("prefix of its parameter names"),
  }),
  build({ branch, shortcut, shortcutName }, x, context) {
    const through = context.child({ name: "", option: "branch" }, branch, x);
    const around = shortcut === undefined ? x : context.child({ name: shortcutName, option: "shortcut" }, shortcut, x);
    if (!sameShape(through.shape, around.shape)) {
      throw new ShapeError("the branch does not fit its shortcut", {
        where: context.where,
        expected: `an output of shape ${shapeText(around.shape)}, which goes around it`,
        received: shapeText(through.shape),
        remedy: "Give a shortcut that changes the shape as the branch does, such as conv2d({ kernel: 1, stride })",
      });
    }
    return add(through, around);
  },
});
