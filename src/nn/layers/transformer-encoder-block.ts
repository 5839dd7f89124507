// transformerEncoderBlock: attention between tokens, then a feed-forward network per token, both with a shortcut.
import * as z from "zod";
import { add } from "../../graph/ops/elementwise/arithmetic.js";
import type { Tensor } from "../../graph/tensor.js";
import { initializerOption } from "../initializers.js";
import { defineLayer, type LayerSpec } from "../layer.js";
import { multiHeadSelfAttention } from "./attention.js";
import { layerOption } from "./containers/sequential.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { layerNorm } from "./normalization/layer-norm.js";

/**
 * One layer of a transformer's encoder, x `[batch, length, features]`, with `a` the attention and `f` the network
 * `linear2(activation(linear1(x)))` of `hidden` units:
 *
 *     y = norm1(x + a(x)),    z = norm2(y + f(y))       as published (Vaswani and others, NeurIPS 2017)
 *     y = x + a(norm1(x)),    z = y + f(norm2(y))       with normFirst, which trains without warm-up (Xiong et al., 2020)
 *
 * Parameters as in `torch.nn.TransformerEncoderLayer`: `self_attn.in_proj_weight`, `self_attn.out_proj.weight`,
 * `linear1`, `linear2`, `norm1`, `norm2`. One dropout rate applies where PyTorch has dropout: on the attention weights,
 * on the hidden units, and on both branches. With `causal`, `normFirst` and GELU, it is the block of GPT-2.
 */
export const transformerEncoderBlock = defineLayer({
  kind: "transformerEncoderBlock",
  about: "attention and a two-layer feed-forward network, each with normalization and a shortcut",
  aliases: ["TransformerEncoderLayer"],
  options: z.object({
    heads: z
      .int()
      .positive()
      .describe("number of attention heads; must divide the features")
      .meta({ aliases: ["nhead"] }),
    hidden: z
      .int()
      .positive()
      .default(2048)
      .describe("units between the two dense layers")
      .meta({ aliases: ["dim_feedforward"] }),
    dropout: z.number().min(0).lt(1).default(0.1).describe("rate of every dropout in the block"),
    activation: layerOption.default({ kind: "relu" }).describe("layer between the two dense layers: relu, gelu, ..."),
    normFirst: z
      .boolean()
      .default(false)
      .describe("normalize before attention and feed-forward network instead of after the sums"),
    causal: z.boolean().default(false).describe("tokens see only themselves and earlier tokens"),
    epsilon: z
      .number()
      .min(0)
      .default(1e-5)
      .describe("added to the variance by the normalizations")
      .meta({ aliases: ["layer_norm_eps"] }),
    bias: z.boolean().default(true).describe("whether projections and normalizations have a bias"),
    weightInitializer: initializerOption.optional().describe("how all weights are initialized; default: as in PyTorch"),
    biasInitializer: initializerOption
      .optional()
      .describe("how all biases of projections are initialized; default: as in PyTorch"),
  }),
  build(spec, x, context) {
    const { bias, heads, causal, epsilon, weightInitializer, biasInitializer } = spec;
    const initializers = {
      ...(weightInitializer === undefined ? {} : { weightInitializer }),
      ...(biasInitializer === undefined ? {} : { biasInitializer }),
    };
    const child = (name: string, layer: LayerSpec, value: Tensor) =>
      context.child({ name, option: name }, layer, value);
    const dropped = (name: string, value: Tensor) => child(name, dropout({ rate: spec.dropout }), value);
    const normalized = (name: string, value: Tensor) => child(name, layerNorm({ epsilon, bias }), value);
    const linear = (name: string, units: number, value: Tensor) =>
      child(name, dense({ units, bias, ...initializers }), value);

    const attention = multiHeadSelfAttention({ heads, causal, bias, dropout: spec.dropout, ...initializers });
    const attend = (value: Tensor) => dropped("dropout1", child("self_attn", attention, value));
    const think = (value: Tensor) => {
      const hidden = context.child(
        { name: "activation", option: "activation" },
        spec.activation,
        linear("linear1", spec.hidden, value),
      );
      return dropped("dropout2", linear("linear2", x.shape[x.shape.length - 1], dropped("dropout", hidden)));
    };
    if (spec.normFirst) {
      const y = add(x, attend(normalized("norm1", x)));
      return add(y, think(normalized("norm2", y)));
    }
    const y = normalized("norm1", add(x, attend(x)));
    return normalized("norm2", add(y, think(y)));
  },
});
