// Every layer of the table: shapes, parameters, initial values, JSON round trip, gradients that reach every parameter.
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { randomStream } from "../core/rng.js";
import { sizeOf } from "../core/shape.js";
import { tensorFrom } from "../core/tensor-data.js";
import { constant } from "../graph/build.js";
import { evaluateGraph } from "../graph/evaluate.js";
import { gradients } from "../graph/gradient.js";
import { graph } from "../graph/graph.js";
import { fromTensorData, ndFill } from "../graph/nd-array.js";
import type { NdArray } from "../graph/op.js";
import { mul } from "../graph/ops/arithmetic.js";
import { reduceSum } from "../graph/ops/reduction.js";
import { printGraph } from "../graph/print.js";
import type { Tensor } from "../graph/tensor.js";
import {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  logSoftmax,
  mish,
  relu,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
  thresholdedRelu,
} from "./activations.js";
import { initialValues } from "./initializers.js";
import type { LayerSpec, Mode } from "./layer.js";
import { multiHeadSelfAttention } from "./layers/attention.js";
import { batchNorm } from "./layers/batch-norm.js";
import { conv1d, conv2d, conv3d } from "./layers/convolution.js";
import { dense } from "./layers/dense.js";
import { dropout } from "./layers/dropout.js";
import { embedding, positionalEmbedding } from "./layers/embedding.js";
import { flatten } from "./layers/flatten.js";
import { globalAveragePool, globalMaxPool } from "./layers/global-pool.js";
import { groupNorm, instanceNorm } from "./layers/group-norm.js";
import { type LayerKind, layers } from "./layers/index.js";
import { layerNorm, rmsNorm } from "./layers/layer-norm.js";
import { padTo } from "./layers/pad-to.js";
import { parallel } from "./layers/parallel.js";
import { averagePool1d, averagePool2d, averagePool3d, maxPool1d, maxPool2d, maxPool3d } from "./layers/pooling.js";
import { prelu } from "./layers/prelu.js";
import { reshape, transpose } from "./layers/rearrangement.js";
import { residual } from "./layers/residual.js";
import { sequential } from "./layers/sequential.js";
import { shared } from "./layers/shared.js";
import { transformerEncoderBlock } from "./layers/transformer-encoder-block.js";
import { convTranspose1d, convTranspose2d, convTranspose3d } from "./layers/transposed-convolution.js";
import { upsample } from "./layers/upsample.js";
import { zeroPadding } from "./layers/zero-padding.js";
import { buildNetwork, type Network, parameterCount } from "./network.js";

interface LayerCase {
  readonly name: string;
  readonly spec: LayerSpec;
  /** Shapes of one example. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly parameters: number;
  /** The input holds whole numbers below this, which have no gradient. */
  readonly tokens?: number;
  /** Variance of the initial weight, where it is drawn. */
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
const cases: Readonly<Record<LayerKind, readonly LayerCase[]>> = {
  dense: [
    {
      name: "every place",
      spec: dense({ units: 50 }),
      from: [3, 40],
      to: [3, 50],
      parameters: 2050,
      variance: 1 / 120,
    },
    { name: "leading axes", spec: dense({ units: 7, bias: false }), from: image, to: [3, 8, 7], parameters: 42 },
    { name: "default", spec: dense({ units: 50 }), from: [40], to: [50], parameters: 2050, variance: 1 / 120 },
    {
      name: "no bias, He",
      spec: dense({ units: 50, bias: false, weightInitializer: "heNormal" }),
      from: [40],
      to: [50],
      parameters: 2000,
      variance: 2 / 40,
    },
  ],
  conv1d: [
    {
      name: "stride and dilation",
      spec: conv1d({ filters: 60, kernel: 3, stride: 2, dilation: 2, padding: 1 }),
      from: [4, 11],
      to: [60, 5],
      parameters: 60 * 12 + 60,
      variance: 1 / (3 * 12),
    },
  ],
  conv3d: [
    {
      name: "[depth, height, width]",
      spec: conv3d({ filters: 20, kernel: [2, 3, 1], padding: [0, 1, 0] }),
      from: [2, 3, 4, 2],
      to: [20, 2, 4, 2],
      parameters: 20 * 12 + 20,
      variance: 1 / (3 * 12),
    },
  ],
  convTranspose1d: [
    {
      name: "twice the length",
      spec: convTranspose1d({ filters: 30, kernel: 4, stride: 2, padding: 1 }),
      from: [5, 6],
      to: [30, 12],
      parameters: 5 * 30 * 4 + 30,
      variance: 1 / (3 * 120),
    },
  ],
  convTranspose2d: [
    {
      name: "output padding, groups",
      spec: convTranspose2d({ filters: 60, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 3 }),
      from: image,
      to: [60, 16, 12],
      parameters: 60 * 9 + 60,
      variance: 1 / (3 * 180),
    },
  ],
  convTranspose3d: [
    {
      name: "[depth, height, width]",
      spec: convTranspose3d({ filters: 10, kernel: [2, 3, 1], stride: [2, 1, 1], bias: false }),
      from: [2, 3, 4, 2],
      to: [10, 6, 6, 2],
      parameters: 2 * 60,
    },
  ],
  conv2d: [
    {
      name: "padded",
      spec: conv2d({ filters: 40, kernel: 5, padding: 2 }),
      from: image,
      to: [40, 8, 6],
      parameters: 40 * 75 + 40,
      variance: 1 / (3 * 75),
    },
    {
      name: "stride, dilation, [height, width]",
      spec: conv2d({ filters: 60, kernel: [3, 2], stride: [2, 1], dilation: [1, 2], padding: [0, 1] }),
      from: image,
      to: [60, 3, 6],
      parameters: 60 * 18 + 60,
      variance: 1 / (3 * 18),
    },
    {
      name: "groups, Glorot",
      spec: conv2d({
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
  maxPool1d: [{ name: "tiles", spec: maxPool1d({ kernel: 3 }), from: [2, 9], to: [2, 3], parameters: 0 }],
  maxPool3d: [{ name: "tiles", spec: maxPool3d({ kernel: 2 }), from: [2, 2, 4, 6], to: [2, 1, 2, 3], parameters: 0 }],
  averagePool1d: [
    {
      name: "padded",
      spec: averagePool1d({ kernel: 3, stride: 1, padding: 1 }),
      from: [2, 9],
      to: [2, 9],
      parameters: 0,
    },
  ],
  averagePool3d: [
    { name: "tiles", spec: averagePool3d({ kernel: [1, 2, 2] }), from: [2, 2, 4, 6], to: [2, 2, 2, 3], parameters: 0 },
  ],
  upsample: [
    { name: "repeated", spec: upsample({ scale: [2, 3] }), from: image, to: [3, 16, 18], parameters: 0 },
    {
      name: "between",
      spec: upsample({ scale: 1.5, mode: "linear", alignCorners: true }),
      from: [2, 7],
      to: [2, 10],
      parameters: 0,
    },
  ],
  zeroPadding: [
    { name: "everywhere", spec: zeroPadding({ padding: 2 }), from: image, to: [3, 12, 10], parameters: 0 },
    { name: "each side", spec: zeroPadding({ padding: [1, [0, 3]] }), from: image, to: [3, 10, 9], parameters: 0 },
  ],
  reshape: [
    { name: "what is left", spec: reshape({ shape: [4, -1] }), from: image, to: [4, 36], parameters: 0 },
    { name: "given", spec: reshape({ shape: [3, 48] }), from: image, to: [3, 48], parameters: 0 },
  ],
  transpose: [
    { name: "channels last", spec: transpose({ axes: [2, 3, 1] }), from: image, to: [8, 6, 3], parameters: 0 },
  ],
  maxPool2d: [
    { name: "tiles", spec: maxPool2d({ kernel: 2 }), from: image, to: [3, 4, 3], parameters: 0 },
    {
      name: "overlapping",
      spec: maxPool2d({ kernel: [3, 2], stride: 1, padding: [1, 0] }),
      from: image,
      to: [3, 8, 5],
      parameters: 0,
    },
  ],
  averagePool2d: [
    {
      name: "padded",
      spec: averagePool2d({ kernel: 3, stride: 2, padding: 1 }),
      from: image,
      to: [3, 4, 3],
      parameters: 0,
    },
  ],
  batchNorm: [same(batchNorm(), 6), { ...same(batchNorm({ momentum: 0.5 }), 80), name: "rows", from: [40], to: [40] }],
  layerNorm: [
    same(layerNorm(), 12),
    { ...same(layerNorm({ axes: 3, bias: false }), 144), name: "whole images" },
    { ...same(layerNorm({ affine: false })), name: "nothing trained" },
  ],
  rmsNorm: [same(rmsNorm(), 6), { ...same(rmsNorm({ axes: 2, affine: false })), name: "nothing trained" }],
  groupNorm: [
    same(groupNorm({ groups: 3 }), 6),
    { ...same(groupNorm({ groups: 1, affine: false })), name: "nothing trained" },
    { ...same(groupNorm({ groups: 8 }), 80), name: "rows", from: [40], to: [40] },
  ],
  instanceNorm: [same(instanceNorm()), { ...same(instanceNorm({ affine: true }), 6), name: "affine" }],
  embedding: [
    {
      name: "sequences",
      spec: embedding({ count: 5, features: 300 }),
      from: [8],
      to: [8, 300],
      parameters: 1500,
      tokens: 5,
      variance: 1,
    },
    {
      name: "single tokens, one of them nothing",
      spec: embedding({ count: 3, features: 4, padding: 1 }),
      from: [],
      to: [4],
      parameters: 12,
      tokens: 3,
    },
  ],
  positionalEmbedding: [
    {
      name: "as long as the data",
      spec: positionalEmbedding(),
      from: [6, 50],
      to: [6, 50],
      parameters: 300,
      variance: 4e-4,
    },
    { name: "longer", spec: positionalEmbedding({ places: 9 }), from: [6, 5], to: [6, 5], parameters: 45 },
  ],
  multiHeadSelfAttention: [
    {
      name: "causal, with dropout",
      spec: multiHeadSelfAttention({ heads: 2, causal: true, dropout: 0.25 }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 6 * 7,
    },
    {
      name: "no bias",
      spec: multiHeadSelfAttention({ heads: 3, bias: false, weightInitializer: "orthogonal" }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 36,
    },
  ],
  transformerEncoderBlock: [
    {
      name: "normalized after the sums",
      spec: transformerEncoderBlock({ heads: 2, hidden: 7 }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 6 * 7 + (7 * 7 + 6 * 8) + 4 * 6,
    },
    {
      name: "normalized first, no bias",
      spec: transformerEncoderBlock({
        heads: 1,
        hidden: 7,
        normFirst: true,
        bias: false,
        activation: gelu(),
        weightInitializer: "normal",
        biasInitializer: "zeros",
      }),
      from: [5, 6],
      to: [5, 6],
      parameters: 4 * 36 + 2 * 42 + 12,
    },
  ],
  dropout: [same(dropout({ rate: 0.25 })), { ...same(dropout({ rate: 0 })), name: "rate 0" }],
  flatten: [{ name: "images", spec: flatten(), from: image, to: [144], parameters: 0 }],
  sequential: [
    {
      name: "nested",
      spec: sequential([flatten(), sequential([dense({ units: 5 }), tanh()]), dense({ units: 2 })]),
      from: image,
      to: [2],
      parameters: 144 * 5 + 5 + 12,
    },
    { name: "empty", spec: sequential([]), from: image, to: image, parameters: 0 },
  ],
  globalAveragePool: [{ name: "images", spec: globalAveragePool(), from: image, to: [3], parameters: 0 }],
  globalMaxPool: [{ name: "images", spec: globalMaxPool(), from: image, to: [3], parameters: 0 }],
  padTo: [
    { name: "both axes", spec: padTo({ size: 11 }), from: image, to: [3, 11, 11], parameters: 0 },
    { name: "one axis", spec: padTo({ size: 7 }), from: image, to: [3, 8, 7], parameters: 0 },
    { name: "large enough", spec: padTo({ size: 6 }), from: image, to: image, parameters: 0 },
  ],
  parallel: [
    {
      name: "side by side",
      spec: parallel([conv2d({ filters: 4, kernel: 1 }), conv2d({ filters: 2, kernel: 3, padding: 1 }), relu()]),
      from: image,
      to: [9, 8, 6],
      parameters: 4 * 3 + 4 + 2 * 27 + 2,
    },
    {
      name: "a gate",
      spec: parallel([sequential([dense({ units: 4 }), sigmoid()]), dense({ units: 4 })], { join: "product" }),
      from: [5],
      to: [4],
      parameters: 48,
    },
    {
      name: "added",
      spec: parallel([dense({ units: 4 }), dense({ units: 4 })], { join: "sum" }),
      from: [5],
      to: [4],
      parameters: 48,
    },
  ],
  shared: [
    {
      name: "its weight alone",
      spec: shared("code", dense({ units: 5 }), { parameters: ["weight"] }),
      from: [5],
      to: [5],
      parameters: 30,
    },
  ],
  residual: [
    {
      name: "around one layer",
      spec: residual({ branch: sequential([conv2d({ filters: 3, kernel: 3, padding: 1 }), relu()]) }),
      from: image,
      to: image,
      parameters: 84,
    },
    {
      name: "projected",
      spec: residual({
        branch: conv2d({ filters: 4, kernel: 3, stride: 2, padding: 1 }),
        shortcut: conv2d({ filters: 4, kernel: 1, stride: 2 }),
      }),
      from: image,
      to: [4, 4, 3],
      parameters: 4 * 27 + 4 + 4 * 3 + 4,
    },
  ],
  relu: [same(relu())],
  leakyRelu: [same(leakyRelu({ slope: 0.2 }))],
  tanh: [same(tanh())],
  sigmoid: [same(sigmoid())],
  softmax: [same(softmax()), { ...same(softmax({ axis: 1 })), name: "channels" }],
  logSoftmax: [same(logSoftmax()), { ...same(logSoftmax({ axis: -2 })), name: "rows" }],
  prelu: [same(prelu(), 1), { ...same(prelu({ perChannel: true, slope: 0.5 }), 3), name: "channels" }],
  elu: [same(elu({ alpha: 0.7 }))],
  celu: [same(celu({ alpha: 0.7 }))],
  selu: [same(selu())],
  thresholdedRelu: [same(thresholdedRelu({ alpha: 0.5 }))],
  gelu: [same(gelu()), { ...same(gelu({ approximate: "tanh" })), name: "by tanh" }],
  silu: [same(silu())],
  mish: [same(mish())],
  hardSwish: [same(hardSwish())],
  softplus: [same(softplus())],
  softsign: [same(softsign())],
  hardSigmoid: [same(hardSigmoid())],
};

const batchSize = 4;
const built = (spec: LayerSpec, from: readonly number[], mode: Mode = "training"): Network =>
  buildNetwork(spec, { mode, batchSize, inputShape: from });
const inputsOf = ({ inputs, parameters, buffers, randomKeys, firstExample }: Network): Tensor[] => [
  ...inputs,
  ...[...parameters, ...buffers].map(({ tensor }) => tensor),
  ...randomKeys.flatMap(({ tensors }) => tensors),
  ...(randomKeys.length === 0 ? [] : [firstExample]),
];
const printed = (network: Network): string =>
  printGraph(
    graph(inputsOf(network), {
      output: network.output,
      ...Object.fromEntries(network.buffers.map(({ path, next }) => [path, next])),
    }),
  );

/** The network's values: a random batch, initial parameters and buffers, some keys. */
function valuesOf(network: Network, seed: number, tokens?: number): NdArray[] {
  const stream = randomStream(seed, "layers.test");
  const { inputs, parameters, buffers, randomKeys } = network;
  return [
    ndFill("float32", inputs[0].shape, (i) =>
      tokens === undefined ? stream.normal(i) : Math.floor(tokens * stream.uniform(i)),
    ),
    ...parameters.map(({ path, tensor, initializer, fans }) =>
      fromTensorData({
        dtype: "float32",
        shape: tensor.shape,
        data: initialValues(path, initializer, tensor.shape, fans, seed),
      }),
    ),
    ...buffers.map(({ tensor, initial }) => ndFill("float32", tensor.shape, () => Number(initial))),
    ...randomKeys.flatMap(() => [ndFill("uint32", [], () => 12345), ndFill("uint32", [], () => 678)]),
    ...(randomKeys.length === 0 ? [] : [ndFill("uint32", [], () => 0)]),
  ];
}

for (const [kind, kindCases] of Object.entries(cases)) {
  describe(kind, () => {
    test.each(kindCases)("$name: shapes and number of parameters", ({ spec, from, to, parameters }) => {
      expect(spec.kind).toBe(kind);
      for (const mode of ["training", "inference"] as const) {
        const network = built(spec, from, mode);
        expect(network.output.shape).toEqual([batchSize, ...to]);
        expect(parameterCount(network)).toBe(parameters);
      }
    });

    test.each(kindCases)("$name: the graph from JSON prints equal, and the spec is complete", ({ spec, from }) => {
      const copy = JSON.parse(JSON.stringify(spec)) as LayerSpec;
      expect(copy).toEqual(spec);
      expect(printed(built(copy, from))).toBe(printed(built(spec, from)));
      const shape: Record<string, z.ZodType> = layers[kind as LayerKind].options.shape;
      const mayBeMissing = Object.keys(shape).filter((key) => {
        const result = shape[key].safeParse(undefined);
        return result.success && result.data === undefined;
      });
      expect(new Set(Object.keys(shape))).toEqual(
        new Set([...Object.keys(spec).filter((key) => key !== "kind"), ...mayBeMissing]),
      );
    });

    test.each(kindCases)(
      "$name: one seed, one set of initial values, of the stated variance",
      ({ spec, from, variance }) => {
        for (const { path, tensor, initializer, fans } of built(spec, from).parameters) {
          const values = initialValues(path, initializer, tensor.shape, fans, 3);
          expect(initialValues(path, initializer, tensor.shape, fans, 3)).toEqual(values);
          if (initializer === "torchDefault")
            expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(fans.fanIn ** -0.5);
          if (path !== "weight" || variance === undefined) continue;
          const found = values.reduce((sum, value) => sum + value * value, 0) / values.length;
          // The variance of n values is off by about sqrt(2 / n); four of those.
          expect(Math.abs(found / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / sizeOf(tensor.shape)));
        }
      },
    );

    test.each(kindCases)(
      "$name: a step along the gradient changes every parameter and lowers the loss",
      ({ spec, from, tokens }) => {
        const network = built(spec, from);
        const weights = randomStream(9, "weights");
        const size = sizeOf(network.output.shape);
        const weight = tensorFrom(
          "float32",
          network.output.shape,
          Array.from({ length: size }, (_, i) => weights.normal(i)),
        );
        const loss = reduceSum(mul(network.output, constant(weight)));
        const withRespectTo = [...network.inputs, ...network.parameters.map(({ tensor }) => tensor)];
        const slopes = gradients({ of: loss, withRespectTo });
        const run = graph(inputsOf(network), {
          loss,
          ...Object.fromEntries(slopes.map((slope, i) => [`slope${i}`, slope])),
        });
        const values = valuesOf(network, 5, tokens);
        const [before, ...steps] = evaluateGraph(run, values);
        for (const [i, step] of steps.entries())
          expect(
            step.data.some((x) => x !== 0),
            `slope ${i}`,
          ).toBe(i > 0 || tokens === undefined);
        const rate = 1e-5;
        const moved = values.map((value, i) =>
          i < steps.length ? { ...value, data: value.data.map((x, j) => x - rate * steps[i].data[j]) } : value,
        );
        const decrease = before.data[0] - evaluateGraph(run, moved)[0].data[0];
        const expected = rate * steps.reduce((sum, { data }) => sum + data.reduce((part, x) => part + x * x, 0), 0);
        expect(decrease / expected).toBeGreaterThan(0.98);
        expect(decrease / expected).toBeLessThan(1.02);
      },
    );
  });
}

test("batchNorm's running statistics follow the batch, the variance unbiased, and inference uses them", () => {
  const network = built(batchNorm({ momentum: 0.3 }), image);
  const nexts = Object.fromEntries(network.buffers.map(({ path, next }) => [path, next]));
  const values = valuesOf(network, 1);
  const [mean, variance] = evaluateGraph(graph(inputsOf(network), nexts), values);
  const channel = [...values[0].data].filter((_, i) => Math.floor(i / 48) % 3 === 1);
  const average = channel.reduce((sum, x) => sum + x, 0) / channel.length;
  const unbiased = channel.reduce((sum, x) => sum + (x - average) ** 2, 0) / (channel.length - 1);
  expect(mean.data[1]).toBeCloseTo(0.3 * average, 7);
  expect(variance.data[1]).toBeCloseTo(0.7 + 0.3 * unbiased, 6);

  const inference = built(batchNorm(), image, "inference");
  const [y] = evaluateGraph(graph(inputsOf(inference), { y: inference.output }), [
    ...values.slice(0, 3),
    mean,
    variance,
  ]);
  expect(y.data[50]).toBeCloseTo((values[0].data[50] - mean.data[1]) / Math.sqrt(variance.data[1] + 1e-5), 6);
});

test("dropout draws a key for each layer while training and does nothing in inference", () => {
  const spec = sequential([dropout({ rate: 0.2 }), relu(), dropout()]);
  expect(built(spec, [5]).randomKeys.map(({ path }) => path)).toEqual(["0", "2"]);
  const { inputs, output, randomKeys } = built(spec, [5], "inference");
  expect(randomKeys).toEqual([]);
  expect(output.node?.op.name).toBe("Relu");
  expect(output.node?.inputs).toEqual(inputs);
});
