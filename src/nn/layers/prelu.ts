// prelu: a rectifier whose slope below 0 is trained.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { prelu as preluNode } from "../../graph/ops/activation/smooth-activations.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import { defineLayer } from "../layer.js";

/**
 * `x` above 0, `weight x` below (He, Zhang, Ren and Sun, ICCV 2015). One slope for all, or one a channel (axis 1);
 * `weight` is `[1]` or `[channels]`, as in PyTorch. The paper puts no weight decay on it.
 */
export const prelu = defineLayer({
  kind: "prelu",
  about: "x above 0, a trained slope times x below",
  options: z.object({
    perChannel: z.boolean().default(false).describe("a slope for every channel instead of one for all"),
    slope: z
      .number()
      .default(0.25)
      .describe("initial slopes")
      .meta({ aliases: ["init"] }),
  }),
  build({ perChannel, slope }, x, context) {
    if (perChannel && x.shape.length < 2) {
      throw new ShapeError("prelu needs channels", {
        where: context.where,
        expected: "an input of shape [batch, channels, ...]",
        received: shapeText(x.shape),
      });
    }
    const count = perChannel ? x.shape[1] : 1;
    const initializer = { kind: "constant", value: slope };
    const weight = context.parameter("weight", [count], "scale", initializer, { fanIn: 1, fanOut: 1 });
    const behind = perChannel ? x.shape.slice(2).map(() => 1) : [];
    return preluNode(x, behind.length === 0 ? weight : reshape(weight, [count, ...behind]));
  },
});
