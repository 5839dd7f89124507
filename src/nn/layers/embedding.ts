// embedding and positionalEmbedding: a trained vector for every token, and for every position.
import * as z from "zod";
import { InvalidInputError, ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { add } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { gather } from "../../graph/ops/indexing/indexing.js";
import { slice } from "../../graph/ops/movement/slicing.js";
import { withoutGradientAt } from "../gather-gradient.js";
import { embeddingFans } from "../initializers/fans.js";
import { initializerOption } from "../initializers.js";
import { defineLayer } from "../layer.js";

/**
 * Row `x` of the weight `[count, features]` for every token x from 0 to `count - 1`: `[batch, ...]` becomes
 * `[batch, ..., features]`. Tokens are integers stored in any type. The vector of the token `padding` begins
 * as 0 and gets no gradient from here, as in PyTorch. Weights start as N(0, 1), as in PyTorch.
 */
export const embedding = defineLayer({
  kind: "embedding",
  about: "a trained vector for every token",
  differs: { Keras: "vectors start uniform between -0.05 and 0.05" },
  options: z.object({
    count: z
      .int()
      .positive()
      .describe("number of tokens")
      .meta({ aliases: ["num_embeddings", "input_dim"] }),
    features: z
      .int()
      .positive()
      .describe("length of a vector")
      .meta({ aliases: ["embedding_dim", "output_dim"] }),
    padding: z
      .int()
      .min(0)
      .optional()
      .describe("the padding token, whose vector begins as 0 and gets no gradient")
      .meta({ aliases: ["padding_idx"] }),
    weightInitializer: initializerOption
      .default({ kind: "normal", mean: 0, deviation: 1 })
      .describe("how the vectors are initialized")
      .meta({ aliases: ["embeddings_initializer"] }),
  }),
  build({ count, features, padding, weightInitializer }, x, context) {
    if (padding !== undefined && padding >= count) {
      throw new InvalidInputError("the padding is not a token", {
        where: `${context.where}.padding`,
        expected: `a number below the count, ${count}`,
        received: `${padding}`,
      });
    }
    const fans = embeddingFans(count, features);
    const weight = context.parameter("weight", [count, features], "weight", weightInitializer, fans);
    context.tokens(x, count);
    const tokens = cast(x, "int64");
    const vectors = gather(weight, tokens, { axis: 0 });
    if (padding === undefined) return vectors;
    context.startRowAtZero("weight", padding);
    return context.mode === "training" ? withoutGradientAt(vectors, tokens, padding) : vectors;
  },
});

/**
 * `x + weight[0:length]`, x `[batch, length, features]`, weight `[positions, features]`: lets attention tell positions
 * apart (Gehring and others, ICML 2017; BERT and GPT-2 start with deviation 0.02).
 */
export const positionalEmbedding = defineLayer({
  kind: "positionalEmbedding",
  about: "adds a trained vector for every position of a sequence",
  options: z.object({
    places: z.int().positive().optional().describe("longest sequence; default: that of the data"),
    weightInitializer: initializerOption
      .default({ kind: "normal", mean: 0, deviation: 0.02 })
      .describe("how the vectors are initialized"),
  }),
  build({ places, weightInitializer }, x, context) {
    const [, length, features] = x.shape;
    if (x.shape.length !== 3 || (places !== undefined && length > places)) {
      throw new ShapeError("positionalEmbedding needs sequences", {
        where: context.where,
        expected: `an input of shape [batch, ${places === undefined ? "" : `at most ${places} `}places, features]`,
        received: shapeText(x.shape),
      });
    }
    const count = places ?? length;
    const fans = embeddingFans(count, features);
    const weight = context.parameter("weight", [count, features], "weight", weightInitializer, fans);
    return add(x, count === length ? weight : slice(weight, { starts: [0], ends: [length], axes: [0] }));
  },
});
