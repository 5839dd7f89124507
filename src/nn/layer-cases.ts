// Test cases of every layer, run with the reference evaluation and on ONNX Runtime.
import * as nn from "./index.js";
import type { LayerSpec } from "./layer.js";
import type { LayerKind } from "./layers/index.js";

export interface LayerCase {
  readonly name: string;
  readonly spec: LayerSpec;
  /** Shapes of one example. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly parameters: number;
  /** The input consists of integers below this, which have no gradient. */
  readonly tokens?: number;
  /** Variance of the initial weight, if it is random. */
  readonly variance?: number;
}

const image = [3, 8, 6];
const same = (spec: LayerSpec, parameters = 0): LayerCase => ({
  name: "any shape",
  spec,
  from: image,
  to: image,
  parameters,
});

/** A layer without a case does not type-check. */
export const layerCases: Readonly<Record<LayerKind, readonly LayerCase[]>> = {
  dense: [
    {
      name: "every place",
      spec: nn.dense({ units: 50 }),
      from: [3, 40],
      to: [3, 50],
      parameters: 2050,
      variance: 1 / 120,
    },
    { name: "leading axes", spec: nn.dense({ units: 7, bias: false }), from: image, to: [3, 8, 7], parameters: 42 },
    { name: "default", spec: nn.dense({ units: 50 }), from: [40], to: [50], parameters: 2050, variance: 1 / 120 },
    {
      name: "no bias, He",
      spec: nn.dense({ units: 50, bias: false, weightInitializer: "heNormal" }),
      from: [40],
      to: [50],
      parameters: 2000,
      variance: 2 / 40,
    },
  ],
  conv1d: [
    {
      name: "stride and dilation",
      spec: nn.conv1d({ filters: 60, kernel: 3, stride: 2, dilation: 2, padding: 1 }),
      from: [4, 11],
      to: [60, 5],
      parameters: 60 * 12 + 60,
      variance: 1 / (3 * 12),
    },
  ],
  conv3d: [
    {
      name: "[depth, height, width]",
      spec: nn.conv3d({ filters: 20, kernel: [2, 3, 1], padding: [0, 1, 0] }),
      from: [2, 3, 4, 2],
      to: [20, 2, 4, 2],
      parameters: 20 * 12 + 20,
      variance: 1 / (3 * 12),
    },
  ],
  convTranspose1d: [
    {
      name: "twice the length",
      spec: nn.convTranspose1d({ filters: 30, kernel: 4, stride: 2, padding: 1 }),
      from: [5, 6],
      to: [30, 12],
      parameters: 5 * 30 * 4 + 30,
      variance: 1 / (3 * 120),
    },
  ],
  convTranspose2d: [
    {
      name: "output padding, groups",
      spec: nn.convTranspose2d({ filters: 60, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 3 }),
      from: image,
      to: [60, 16, 12],
      parameters: 60 * 9 + 60,
      variance: 1 / (3 * 180),
    },
  ],
  convTranspose3d: [
    {
      name: "[depth, height, width]",
      spec: nn.convTranspose3d({ filters: 10, kernel: [2, 3, 1], stride: [2, 1, 1], bias: false }),
      from: [2, 3, 4, 2],
      to: [10, 6, 6, 2],
      parameters: 2 * 60,
    },
  ],
  conv2d: [
    {
      name: "padded",
      spec: nn.conv2d({ filters: 40, kernel: 5, padding: 2 }),
      from: image,
      to: [40, 8, 6],
      parameters: 40 * 75 + 40,
      variance: 1 / (3 * 75),
    },
    {
      name: "stride, dilation, [height, width]",
      spec: nn.conv2d({ filters: 60, kernel: [3, 2], stride: [2, 1], dilation: [1, 2], padding: [0, 1] }),
      from: image,
      to: [60, 3, 6],
      parameters: 60 * 18 + 60,
      variance: 1 / (3 * 18),
    },
    {
      name: "groups, Glorot",
      spec: nn.conv2d({
        filters: 60,
        kernel: 3,
        groups: 3,
        bias: false,
        weightInitializer: { kind: "glorotUniform", gain: 2 },
      }),
      from: image,
      to: [60, 6, 4],
      parameters: 540,
      variance: (4 * 2) / (9 + 180),
    },
  ],
  maxPool1d: [{ name: "tiles", spec: nn.maxPool1d({ kernel: 3 }), from: [2, 9], to: [2, 3], parameters: 0 }],
  maxPool3d: [
    { name: "tiles", spec: nn.maxPool3d({ kernel: 2 }), from: [2, 2, 4, 6], to: [2, 1, 2, 3], parameters: 0 },
  ],
  averagePool1d: [
    {
      name: "padded",
      spec: nn.averagePool1d({ kernel: 3, stride: 1, padding: 1 }),
      from: [2, 9],
      to: [2, 9],
      parameters: 0,
    },
  ],
  averagePool3d: [
    {
      name: "tiles",
      spec: nn.averagePool3d({ kernel: [1, 2, 2] }),
      from: [2, 2, 4, 6],
      to: [2, 2, 2, 3],
      parameters: 0,
    },
  ],
  upsample: [
    { name: "repeated", spec: nn.upsample({ scale: [2, 3] }), from: image, to: [3, 16, 18], parameters: 0 },
    {
      name: "between",
      spec: nn.upsample({ scale: 1.5, mode: "linear", alignCorners: true }),
      from: [2, 7],
      to: [2, 10],
      parameters: 0,
    },
  ],
  zeroPadding: [
    { name: "everywhere", spec: nn.zeroPadding({ padding: 2 }), from: image, to: [3, 12, 10], parameters: 0 },
    { name: "each side", spec: nn.zeroPadding({ padding: [1, [0, 3]] }), from: image, to: [3, 10, 9], parameters: 0 },
  ],
  reshape: [
    { name: "what is left", spec: nn.reshape({ shape: [4, -1] }), from: image, to: [4, 36], parameters: 0 },
    { name: "given", spec: nn.reshape({ shape: [3, 48] }), from: image, to: [3, 48], parameters: 0 },
  ],
  transpose: [
    { name: "channels last", spec: nn.transpose({ axes: [2, 3, 1] }), from: image, to: [8, 6, 3], parameters: 0 },
  ],
  maxPool2d: [
    { name: "tiles", spec: nn.maxPool2d({ kernel: 2 }), from: image, to: [3, 4, 3], parameters: 0 },
    {
      name: "overlapping",
      spec: nn.maxPool2d({ kernel: [3, 2], stride: 1, padding: [1, 0] }),
      from: image,
      to: [3, 8, 5],
      parameters: 0,
    },
  ],
  averagePool2d: [
    {
      name: "padded",
      spec: nn.averagePool2d({ kernel: 3, stride: 2, padding: 1 }),
      from: image,
      to: [3, 4, 3],
      parameters: 0,
    },
  ],
  batchNorm: [
    same(nn.batchNorm(), 6),
    { ...same(nn.batchNorm({ momentum: 0.5 }), 80), name: "rows", from: [40], to: [40] },
  ],
  layerNorm: [
    same(nn.layerNorm(), 12),
    { ...same(nn.layerNorm({ axes: 3, bias: false }), 144), name: "whole images" },
    { ...same(nn.layerNorm({ affine: false })), name: "nothing trained" },
  ],
  rmsNorm: [same(nn.rmsNorm(), 6), { ...same(nn.rmsNorm({ axes: 2, affine: false })), name: "nothing trained" }],
  groupNorm: [
    same(nn.groupNorm({ groups: 3 }), 6),
    { ...same(nn.groupNorm({ groups: 1, affine: false })), name: "nothing trained" },
    { ...same(nn.groupNorm({ groups: 8 }), 80), name: "rows", from: [40], to: [40] },
  ],
  instanceNorm: [same(nn.instanceNorm()), { ...same(nn.instanceNorm({ affine: true }), 6), name: "affine" }],
  localResponseNorm: [
    same(nn.localResponseNorm({ size: 3, alpha: 0.5 })),
    { ...same(nn.localResponseNorm({ size: 7, beta: 0.6, offset: 2 })), name: "more channels than there are" },
  ],
  embedding: [
    {
      name: "sequences",
      spec: nn.embedding({ count: 5, features: 300 }),
      from: [8],
      to: [8, 300],
      parameters: 1500,
      tokens: 5,
      variance: 1,
    },
    {
      name: "single tokens, one of them nothing",
      spec: nn.embedding({ count: 3, features: 4, padding: 1 }),
      from: [],
      to: [4],
      parameters: 12,
      tokens: 3,
    },
  ],
  positionalEmbedding: [
    {
      name: "as long as the data",
      spec: nn.positionalEmbedding(),
      from: [6, 50],
      to: [6, 50],
      parameters: 300,
      variance: 4e-4,
    },
    { name: "longer", spec: nn.positionalEmbedding({ places: 9 }), from: [6, 5], to: [6, 5], parameters: 45 },
  ],
  multiHeadSelfAttention: [
    {
      name: "causal, with dropout",
      spec: nn.multiHeadSelfAttention({ heads: 2, causal: true, dropout: 0.25 }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 6 * 7,
    },
    {
      name: "no bias",
      spec: nn.multiHeadSelfAttention({ heads: 3, bias: false, weightInitializer: "orthogonal" }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 36,
    },
  ],
  transformerEncoderBlock: [
    {
      name: "normalized after the sums",
      spec: nn.transformerEncoderBlock({ heads: 2, hidden: 7 }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 6 * 7 + (7 * 7 + 6 * 8) + 4 * 6,
    },
    {
      name: "normalized first, no bias",
      spec: nn.transformerEncoderBlock({
        heads: 1,
        hidden: 7,
        normFirst: true,
        bias: false,
        activation: nn.gelu(),
        weightInitializer: "normal",
        biasInitializer: "zeros",
      }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 36 + 2 * 42 + 12,
    },
  ],
  dropout: [same(nn.dropout({ rate: 0.25 })), { ...same(nn.dropout({ rate: 0 })), name: "rate 0" }],
  flatten: [{ name: "images", spec: nn.flatten(), from: image, to: [144], parameters: 0 }],
  sequential: [
    {
      name: "nested",
      spec: nn.sequential([nn.flatten(), nn.sequential([nn.dense({ units: 5 }), nn.tanh()]), nn.dense({ units: 2 })]),
      from: image,
      to: [2],
      parameters: 144 * 5 + 5 + 12,
    },
    { name: "empty", spec: nn.sequential([]), from: image, to: image, parameters: 0 },
  ],
  globalAveragePool: [{ name: "images", spec: nn.globalAveragePool(), from: image, to: [3], parameters: 0 }],
  globalMaxPool: [{ name: "images", spec: nn.globalMaxPool(), from: image, to: [3], parameters: 0 }],
  padTo: [
    { name: "both axes", spec: nn.padTo({ size: 11 }), from: image, to: [3, 11, 11], parameters: 0 },
    { name: "one axis", spec: nn.padTo({ size: 7 }), from: image, to: [3, 8, 7], parameters: 0 },
    { name: "large enough", spec: nn.padTo({ size: 6 }), from: image, to: image, parameters: 0 },
  ],
  parallel: [
    {
      name: "side by side",
      spec: nn.parallel([
        nn.conv2d({ filters: 4, kernel: 1 }),
        nn.conv2d({ filters: 2, kernel: 3, padding: 1 }),
        nn.relu(),
      ]),
      from: image,
      to: [9, 8, 6],
      parameters: 4 * 3 + 4 + 2 * 27 + 2,
    },
    {
      name: "a gate",
      spec: nn.parallel([nn.sequential([nn.dense({ units: 4 }), nn.sigmoid()]), nn.dense({ units: 4 })], {
        join: "product",
      }),
      from: [5],
      to: [4],
      parameters: 48,
    },
    {
      name: "added",
      spec: nn.parallel([nn.dense({ units: 4 }), nn.dense({ units: 4 })], { join: "sum" }),
      from: [5],
      to: [4],
      parameters: 48,
    },
  ],
  shared: [
    {
      name: "its weight alone",
      spec: nn.shared("code", nn.dense({ units: 5 }), { parameters: ["weight"] }),
      from: [5],
      to: [5],
      parameters: 30,
    },
  ],
  residual: [
    {
      name: "around one layer",
      spec: nn.residual({ branch: nn.sequential([nn.conv2d({ filters: 3, kernel: 3, padding: 1 }), nn.relu()]) }),
      from: image,
      to: image,
      parameters: 84,
    },
    {
      name: "projected",
      spec: nn.residual({
        branch: nn.conv2d({ filters: 4, kernel: 3, stride: 2, padding: 1 }),
        shortcut: nn.conv2d({ filters: 4, kernel: 1, stride: 2 }),
      }),
      from: image,
      to: [4, 4, 3],
      parameters: 4 * 27 + 4 + 4 * 3 + 4,
    },
  ],
  relu: [same(nn.relu())],
  leakyRelu: [same(nn.leakyRelu({ slope: 0.2 }))],
  tanh: [same(nn.tanh())],
  sigmoid: [same(nn.sigmoid())],
  softmax: [same(nn.softmax()), { ...same(nn.softmax({ axis: 1 })), name: "channels" }],
  logSoftmax: [same(nn.logSoftmax()), { ...same(nn.logSoftmax({ axis: -2 })), name: "rows" }],
  prelu: [same(nn.prelu(), 1), { ...same(nn.prelu({ perChannel: true, slope: 0.5 }), 3), name: "channels" }],
  elu: [same(nn.elu({ alpha: 0.7 }))],
  celu: [same(nn.celu({ alpha: 0.7 }))],
  selu: [same(nn.selu())],
  thresholdedRelu: [same(nn.thresholdedRelu({ alpha: 0.5 }))],
  shrink: [same(nn.shrink()), { ...same(nn.shrink({ bias: 0.5 })), name: "softly" }],
  gelu: [same(nn.gelu()), { ...same(nn.gelu({ approximate: "tanh" })), name: "by tanh" }],
  silu: [same(nn.silu())],
  mish: [same(nn.mish())],
  hardSwish: [same(nn.hardSwish())],
  relu6: [same(nn.relu6())],
  softplus: [same(nn.softplus())],
  softsign: [same(nn.softsign())],
  hardSigmoid: [same(nn.hardSigmoid())],
};
