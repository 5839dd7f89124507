// localResponseNorm: divides every value by a power of the mean square over neighboring channels.
import * as z from "zod";
import { ShapeError } from "../../../core/errors.js";
import { shapeText } from "../../../core/numbers/shape.js";
import { localResponseNormalization } from "../../../graph/ops/normalization/vector-normalization.js";
import { defineLayer } from "../../layer.js";

/**
 * `x / (offset + alpha / size * sum x^2)^beta`, the sum over `size` neighboring channels at the same position
 * (Krizhevsky, Sutskever and Hinton, NeurIPS 2012, whose alpha is not divided by the size: 1e-4 there is 5e-4 here).
 * Nothing is trained. x `[batch, channels, ...]`.
 */
export const localResponseNorm = defineLayer({
  kind: "localResponseNorm",
  about: "every value divided by a power of the squares in the neighboring channels",
  options: z.object({
    size: z
      .int()
      .positive()
      // ONNX and PyTorch center an even number of channels differently.
      .refine((size) => size % 2 === 1, { error: "an odd number" })
      .describe("number of channels in a sum, odd"),
    alpha: z.number().min(0).default(1e-4).describe("weight of the mean square"),
    beta: z.number().default(0.75).describe("the power"),
    offset: z
      .number()
      .positive()
      .default(1)
      .describe("added to the weighted mean square")
      .meta({ aliases: ["k"] }),
  }),
  build({ size, alpha, beta, offset }, x, { where }) {
    if (x.shape.length < 3) {
      throw new ShapeError("localResponseNorm needs channels and positions", {
        where,
        expected: "an input of shape [batch, channels, ...]",
        received: shapeText(x.shape),
      });
    }
    return localResponseNormalization(x, { size, alpha, beta, bias: offset });
  },
});
