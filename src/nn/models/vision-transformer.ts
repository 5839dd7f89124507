// Vision transformer: an image as a sequence of patches.
import * as z from "zod";
import { gelu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { sequential } from "../layers/containers/sequential.js";
import { conv2d } from "../layers/convolution.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { positionalEmbedding } from "../layers/embedding.js";
import { globalAveragePool } from "../layers/global-pool.js";
import { layerNorm } from "../layers/normalization/layer-norm.js";
import { reshape, transpose } from "../layers/rearrangement.js";
import { transformerEncoderBlock } from "../layers/transformer-encoder-block.js";
import { defineModel } from "./model.js";

const options = z.object({
  classes: z
    .int()
    .positive()
    .default(10)
    .meta({ aliases: ["num_classes"] }),
  /** Side of a patch; it should divide the image size, otherwise a margin is lost. */
  patch: z.int().positive().default(4),
  features: z.int().positive().default(64),
  depth: z.int().positive().default(4),
  heads: z.int().positive().default(4),
  /** Units between the two dense layers of a block. */
  hidden: z.int().positive().default(128),
  dropout: z.number().min(0).lt(1).default(0),
});

/**
 * Vision transformer (Dosovitskiy and others, ICLR 2021) with the mean of all patches instead of a class token (Beyer,
 * Zhai and Kolesnikov, 2022): pre-normalized blocks, GELU, trained position embeddings, a normalization before the
 * mean. The defaults are small, for images of about 32 x 32. With `{ patch: 16, features: 768, depth: 12, heads: 12,
 * hidden: 3072, classes: 1000 }` it is ViT-B/16.
 */
export const visionTransformer = defineModel({
  kind: "visionTransformer",
  about: "vision transformer over patches, small by default",
  options,
  inputShape: [3, 32, 32],
  source: "Dosovitskiy et al., ICLR 2021",
  model(spec: z.output<typeof options>): LayerSpec {
    const { classes, patch, features, depth, heads, hidden } = spec;
    const epsilon = 1e-6;
    const block = transformerEncoderBlock({
      heads,
      hidden,
      epsilon,
      dropout: spec.dropout,
      activation: gelu(),
      normFirst: true,
    });
    return sequential([
      conv2d({ filters: features, kernel: patch, stride: patch }),
      // [features, rows, columns] to [positions, features].
      reshape({ shape: [features, -1] }),
      transpose({ axes: [2, 1] }),
      positionalEmbedding(),
      dropout({ rate: spec.dropout }),
      ...Array.from({ length: depth }, () => block),
      layerNorm({ epsilon }),
      transpose({ axes: [2, 1] }),
      globalAveragePool(),
      dense({ units: classes }),
    ]);
  },
});
