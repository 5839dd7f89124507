// dense: every output from every input.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/shape.js";
import { gemm } from "../../graph/ops/matmul.js";
import { initializerOption } from "../initializers.js";
import { defineLayer } from "../layer.js";

/**
 * `y = x W^T + b`, x `[batch, features]`, W `[units, features]`, y `[batch, units]`.
 * The weight is stored as PyTorch stores it.
 */
export const dense = defineLayer({
  kind: "dense",
  about: "fully connected layer",
  options: z.object({
    units: z.int().positive(),
    /** Features of one example, for checking; whatever comes in unless given. */
    inputs: z.int().positive().optional(),
    bias: z.boolean().default(true),
    weightInitializer: initializerOption.default("torchDefault"),
    biasInitializer: initializerOption.default("torchDefault"),
  }),
  build({ units, inputs, bias, weightInitializer, biasInitializer }, x, context) {
    if (x.shape.length !== 2) {
      throw new ShapeError("dense needs flat examples", {
        where: context.where,
        expected: "an input of shape [batch, features]",
        received: shapeText(x.shape),
        remedy: "Put flatten() before it",
      });
    }
    if (inputs !== undefined && inputs !== x.shape[1]) {
      throw new ShapeError("dense was made for other inputs", {
        where: context.where,
        expected: `an input of shape [batch, ${inputs}]`,
        received: shapeText(x.shape),
      });
    }
    const fans = { fanIn: x.shape[1], fanOut: units };
    const weight = context.parameter("weight", [units, x.shape[1]], "weight", weightInitializer, fans);
    const shift = bias ? context.parameter("bias", [units], "bias", biasInitializer, fans) : null;
    return gemm(x, weight, shift, { transB: 1 });
  },
});
