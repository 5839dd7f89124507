// globalAveragePool and globalMaxPool: one number from every channel.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import { globalAveragePool as averageNode, globalMaxPool as maxNode } from "../../graph/ops/windows/global-pooling.js";
import type { Tensor } from "../../graph/tensor.js";
import { defineLayer } from "../layer.js";

function pooled(where: string, x: Tensor, pool: (x: Tensor) => Tensor): Tensor {
  if (x.shape.length < 3) {
    throw new ShapeError("there are no positions to pool", {
      where,
      expected: "an input of shape [batch, channels, ...]",
      received: shapeText(x.shape),
    });
  }
  // -1 is the batch, which stays symbolic in exported models.
  return reshape(pool(x), [-1, x.shape[1]]);
}

/** Mean of every channel over all positions: `[batch, channels, ...]` to `[batch, channels]`. */
export const globalAveragePool = defineLayer({
  kind: "globalAveragePool",
  about: "mean of every channel",
  aliases: ["GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"],
  options: z.object({}),
  build: (_spec, x, { where }) => pooled(where, x, averageNode),
});

/** Largest value of every channel: `[batch, channels, ...]` to `[batch, channels]`. */
export const globalMaxPool = defineLayer({
  kind: "globalMaxPool",
  about: "largest value of every channel",
  aliases: ["GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"],
  options: z.object({}),
  build: (_spec, x, { where }) => pooled(where, x, maxNode),
});
