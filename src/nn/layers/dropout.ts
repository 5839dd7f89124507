// dropout: zeroes a random fraction of the values during training.
import * as z from "zod";
import { mul } from "../../graph/ops/elementwise/arithmetic.js";
import { defineLayer } from "../layer.js";
import { dropoutMask } from "../random/dropout-mask.js";

/**
 * `y = x * mask / (1 - rate)`, mask 0 with probability `rate`, fresh at every step; the identity in inference
 * (inverted dropout: Srivastava et al., JMLR 15, 2014, but scaled during training).
 * Masks come from a counter-based generator, see `random/dropout-mask.ts`.
 */
export const dropout = defineLayer({
  kind: "dropout",
  about: "zeroes a random fraction of the values during training",
  options: z.object({
    rate: z
      .number()
      .min(0)
      .lt(1)
      .default(0.5)
      .describe("probability that a value is dropped")
      .meta({ aliases: ["p"] }),
  }),
  build({ rate }, x, context) {
    if (context.mode === "inference" || rate === 0) return x;
    return mul(x, dropoutMask(x.shape, rate, context.randomKey()));
  },
});
