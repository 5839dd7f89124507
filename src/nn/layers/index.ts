// The table of layers: one line each.
import { activations } from "../activations.js";
import { batchNorm } from "./batch-norm.js";
import { conv2d } from "./conv2d.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { embedding, positionalEmbedding } from "./embedding.js";
import { flatten } from "./flatten.js";
import { globalAveragePool, globalMaxPool } from "./global-pool.js";
import { groupNorm, instanceNorm } from "./group-norm.js";
import { layerNorm, rmsNorm } from "./layer-norm.js";
import { padTo } from "./pad-to.js";
import { parallelLayer } from "./parallel.js";
import { averagePool2d, maxPool2d } from "./pool2d.js";
import { residual } from "./residual.js";
import { sequentialLayer } from "./sequential.js";
import { sharedLayer } from "./shared.js";

export const layers = {
  dense,
  conv2d,
  maxPool2d,
  averagePool2d,
  globalAveragePool,
  globalMaxPool,
  batchNorm,
  layerNorm,
  rmsNorm,
  groupNorm,
  instanceNorm,
  embedding,
  positionalEmbedding,
  dropout,
  flatten,
  padTo,
  sequential: sequentialLayer,
  parallel: parallelLayer,
  residual,
  shared: sharedLayer,
  ...activations,
} as const;

export type LayerKind = keyof typeof layers;
