// multiHeadSelfAttention: every token becomes a weighted mean of all tokens, with weights from queries and keys.
//
//   x [batch, length, features] --in_proj--> q, k, v, each [batch, heads, length, features / heads]
//   weights = softmax(q k^T / sqrt(features / heads))      [batch, heads, length, length]
//   y = (weights v) of all heads side by side --out_proj--> [batch, length, features]
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant, scalar } from "../../graph/build.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { reshape, transpose } from "../../graph/ops/movement/shape-movement.js";
import { split } from "../../graph/ops/movement/slicing.js";
import { gemm, matMul } from "../../graph/ops/products/matmul.js";
import { softmax } from "../../graph/ops/reduction/softmax.js";
import type { Tensor } from "../../graph/tensor.js";
import { type InitializerOption, initializerOption } from "../initializers.js";
import { type BuildContext, defineLayer } from "../layer.js";
import { dropout } from "./dropout.js";

/**
 * Scaled dot-product attention of a sequence with itself (Vaswani and others, NeurIPS 2017), x `[batch, length,
 * features]`. Parameters as in `torch.nn.MultiheadAttention`, with its initial values: `in_proj_weight` `[3 features,
 * features]` (queries, keys, values), `in_proj_bias`, `out_proj.weight`, `out_proj.bias`. With `causal`, a token sees
 * only itself and earlier tokens. `dropout` applies to the attention weights.
 */
export const multiHeadSelfAttention = defineLayer({
  kind: "multiHeadSelfAttention",
  about: "attention of a sequence with itself",
  options: z.object({
    heads: z
      .int()
      .positive()
      .describe("number of attention heads; must divide the features")
      .meta({ aliases: ["num_heads"] }),
    causal: z.boolean().default(false).describe("tokens see only themselves and earlier tokens"),
    dropout: z.number().min(0).lt(1).default(0).describe("fraction of the attention weights dropped in training"),
    bias: z.boolean().default(true).describe("whether both projections have a bias"),
    weightInitializer: initializerOption
      .optional()
      .describe("how both projections are initialized; default: glorotUniform and torchDefault"),
    biasInitializer: initializerOption.default("zeros").describe("how biases are initialized"),
  }),
  build(spec, x, context) {
    const [, length, features] = x.shape;
    checkSequence(x, spec.heads, context.where);
    const width = features / spec.heads;
    const { bias, biasInitializer } = spec;
    const maps = { context, bias: bias ? biasInitializer : null };
    const inward = { weight: "in_proj_weight", bias: "in_proj_bias", units: 3 * features };
    const parts = split(
      mapTokens(x, inward, { ...maps, initializer: spec.weightInitializer ?? "glorotUniform" }),
      [features, features, features],
      { axis: 1 },
    );
    // -1 is the batch, which stays symbolic in exported models.
    const [q, k, v] = parts.map((part) => reshape(part, [-1, length, spec.heads, width]));
    const scaled = mul(transpose(q, [0, 2, 1, 3]), scalar(1 / Math.sqrt(width), x.dtype));
    const scores = matMul(scaled, transpose(k, [0, 2, 3, 1]));
    const weights = softmax(spec.causal ? add(scores, pastOnly(length, x)) : scores, { axis: -1 });
    const kept = context.child({ name: "", option: "dropout" }, dropout({ rate: spec.dropout }), weights);
    const gathered = transpose(matMul(kept, transpose(v, [0, 2, 1, 3])), [0, 2, 1, 3]);
    const outward = { weight: "out_proj.weight", bias: "out_proj.bias", units: features };
    const result = mapTokens(reshape(gathered, [-1, length, features]), outward, {
      ...maps,
      initializer: spec.weightInitializer ?? "torchDefault",
    });
    return reshape(result, [-1, length, features]);
  },
});

function checkSequence(x: Tensor, heads: number, where: string): void {
  if (x.shape.length !== 3) {
    throw new ShapeError("attention needs sequences", {
      where,
      expected: "an input of shape [batch, length, features]",
      received: shapeText(x.shape),
    });
  }
  if (x.shape[2] % heads !== 0) {
    throw new ShapeError("heads do not divide the features", {
      where,
      expected: "features that are a multiple of heads",
      received: `${x.shape[2]} features, ${heads} heads`,
    });
  }
}

interface TokenMap {
  readonly weight: string;
  readonly bias: string;
  readonly units: number;
}

interface MapSource {
  readonly context: BuildContext;
  readonly initializer: InitializerOption;
  readonly bias: InitializerOption | null;
}

/** A dense layer over all tokens: `[batch, length, features]` to `[batch * length, units]`, in one product. */
function mapTokens(x: Tensor, names: TokenMap, { context, initializer, bias }: MapSource): Tensor {
  const [, , features] = x.shape;
  const { units } = names;
  const fans = { fanIn: features, fanOut: units };
  const weight = context.parameter(names.weight, [units, features], "weight", initializer, fans);
  const shift = bias === null ? null : context.parameter(names.bias, [units], "bias", bias, fans);
  return gemm(reshape(x, [-1, features]), weight, shift, { transB: 1 });
}

/** 0 on and below the diagonal, minus infinity above: `e^-infinity` is 0, and every row has a finite score. */
function pastOnly(length: number, { dtype }: Tensor): Tensor {
  const values = Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? Number.NEGATIVE_INFINITY : 0,
  );
  return constant(tensorFrom(dtype, [length, length], values));
}
