// dense: a fully connected layer.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { type Shape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import { add } from "../../graph/ops/elementwise/arithmetic.js";
import { transpose } from "../../graph/ops/movement/shape-movement.js";
import { gemm, matMul } from "../../graph/ops/products/matmul.js";
import { initializerOption } from "../initializers.js";
import { defineLayer } from "../layer.js";

/**
 * `y = x W^T + b` over the last axis: x `[batch, ..., features]`, W `[units, features]`, y `[batch, ..., units]`.
 * The weight is stored as PyTorch stores it.
 */
export const dense = defineLayer({
  kind: "dense",
  about: "fully connected layer",
  aliases: ["Linear"],
  differs: { Keras: "weights start as glorotUniform, biases as zeros" },
  options: z.object({
    units: z
      .int()
      .positive()
      .describe("outputs")
      .meta({ aliases: ["out_features"] }),
    inputs: z
      .int()
      .positive()
      .optional()
      .describe("expected features; default: those of the input")
      .meta({ aliases: ["in_features"] }),
    bias: z
      .boolean()
      .default(true)
      .describe("a trained constant for every output")
      .meta({ aliases: ["use_bias"] }),
    weightInitializer: initializerOption
      .default("torchDefault")
      .describe("how weights are initialized")
      .meta({ aliases: ["kernel_initializer"] }),
    biasInitializer: initializerOption.default("torchDefault").describe("how biases are initialized"),
  }),
  build({ units, inputs, bias, weightInitializer, biasInitializer }, x, context) {
    checkInput(x.shape, inputs, context.where);
    const features = x.shape[x.shape.length - 1];
    const fans = { fanIn: features, fanOut: units };
    const weight = context.parameter("weight", [units, features], "weight", weightInitializer, fans);
    const shift = bias ? context.parameter("bias", [units], "bias", biasInitializer, fans) : null;
    if (x.shape.length === 2) return gemm(x, weight, shift, { transB: 1 });
    const product = matMul(x, transpose(weight, [1, 0]));
    return shift === null ? product : add(product, shift);
  },
});

function checkInput(shape: Shape, inputs: number | undefined, where: string): void {
  const features = shape[shape.length - 1];
  if (shape.length >= 2 && (inputs === undefined || inputs === features)) return;
  const isUnflattened = inputs !== undefined && shape.length > 2 && sizeOf(shape.slice(1)) === inputs;
  throw new ShapeError(inputs === undefined ? "dense needs features" : "dense expects other inputs", {
    where,
    expected: `an input of shape [batch, ${inputs ?? "features"}], or with more axes between them`,
    received: shapeText(shape),
    ...(isUnflattened ? { remedy: "Put flatten() before it" } : {}),
  });
}
