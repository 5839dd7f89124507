// The table of layers: one line each.
import { activations } from "../activations.js";
import { multiHeadSelfAttention } from "./attention.js";
import { parallelLayer } from "./containers/parallel.js";
import { residual } from "./containers/residual.js";
import { sequentialLayer } from "./containers/sequential.js";
import { sharedLayer } from "./containers/shared.js";
import { conv1d, conv2d, conv3d } from "./convolution.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { embedding, positionalEmbedding } from "./embedding.js";
import { flatten } from "./flatten.js";
import { globalAveragePool, globalMaxPool } from "./global-pool.js";
import { batchNorm } from "./normalization/batch-norm.js";
import { groupNorm, instanceNorm } from "./normalization/group-norm.js";
import { layerNorm, rmsNorm } from "./normalization/layer-norm.js";
import { localResponseNorm } from "./normalization/local-response-norm.js";
import { padTo } from "./pad-to.js";
import { averagePool1d, averagePool2d, averagePool3d, maxPool1d, maxPool2d, maxPool3d } from "./pooling.js";
import { reshape, transpose } from "./rearrangement.js";
import { transformerEncoderBlock } from "./transformer-encoder-block.js";
import { convTranspose1d, convTranspose2d, convTranspose3d } from "./transposed-convolution.js";
import { upsample } from "./upsample.js";
import { zeroPadding } from "./zero-padding.js";

export const layers = {
  dense,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  averagePool1d,
  averagePool2d,
  averagePool3d,
  globalAveragePool,
  globalMaxPool,
  batchNorm,
  layerNorm,
  rmsNorm,
  groupNorm,
  instanceNorm,
  localResponseNorm,
  embedding,
  positionalEmbedding,
  multiHeadSelfAttention,
  transformerEncoderBlock,
  dropout,
  flatten,
  reshape,
  transpose,
  upsample,
  padTo,
  zeroPadding,
  sequential: sequentialLayer,
  parallel: parallelLayer,
  residual,
  shared: sharedLayer,
  ...activations,
} as const;

export type LayerKind = keyof typeof layers;
