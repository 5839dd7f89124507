// The units that dead fractions count: those of the product before a non-linearity, whatever moved them since.
import { afterAll, describe, expect, test } from "vitest";
import { sizeOf } from "../../src/core/numbers/shape.js";
import { constant, filled, input, scalar } from "../../src/graph/build.js";
import * as ops from "../../src/graph/builders.js";
import { graph } from "../../src/graph/graph.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import type { Tensor } from "../../src/graph/tensor.js";
import { activations, gelu, relu } from "../../src/nn/activations.js";
import type { LayerSpec } from "../../src/nn/layer.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { embedding } from "../../src/nn/layers/embedding.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { batchNorm } from "../../src/nn/layers/normalization/batch-norm.js";
import { groupNorm } from "../../src/nn/layers/normalization/group-norm.js";
import { layerNorm } from "../../src/nn/layers/normalization/layer-norm.js";
import { maxPool2d } from "../../src/nn/layers/pooling.js";
import { reshape, transpose } from "../../src/nn/layers/rearrangement.js";
import { transformerEncoderBlock } from "../../src/nn/layers/transformer-encoder-block.js";
import { upsample } from "../../src/nn/layers/upsample.js";
import { buildNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { sitesOf } from "../../src/probes/sites.js";
import { onnxNetwork } from "../../src/train/imported/onnx-network.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const axesOf = (layers: readonly LayerSpec[], inputShape: readonly number[]) => {
  const spec = sequential([...layers]);
  const network = buildNetwork(spec, { batchSize: 4, inputShape, mode: "training" });
  const sites = sitesOf(network.output, network.inputs).slice(0, -1);
  return sites.map(({ unitAxes }) => unitAxes);
};

test.each<[string, readonly LayerSpec[], readonly number[], readonly (readonly number[])[]]>([
  ["a dense layer", [dense({ units: 5 }), relu(), dense({ units: 2 })], [3], [[1]]],
  ["a dense layer of a sequence", [dense({ units: 5 }), relu(), dense({ units: 2 })], [7, 3], [[2]]],
  ["a convolution", [conv2d({ filters: 5, kernel: 3 }), batchNorm(), relu(), flatten()], [1, 8, 8], [[1]]],
  [
    "a convolution, pooled, normalized and upsampled",
    [
      conv2d({ filters: 4, kernel: 3 }),
      maxPool2d({ kernel: 2 }),
      groupNorm({ groups: 2 }),
      upsample({ scale: 2 }),
      relu(),
      flatten(),
    ],
    [1, 8, 8],
    [[1]],
  ],
  [
    "a convolution whose places became a sequence",
    [
      conv2d({ filters: 5, kernel: 2, stride: 2 }),
      reshape({ shape: [5, -1] }),
      transpose({ axes: [2, 1] }),
      relu(),
      flatten(),
    ],
    [1, 8, 8],
    [[2]],
  ],
  [
    "a flattened convolution",
    [conv2d({ filters: 5, kernel: 3 }), flatten(), relu(), dense({ units: 2 })],
    [1, 8, 8],
    [[1]],
  ],
  [
    "a product over places, moved back",
    [transpose({ axes: [2, 1] }), dense({ units: 9 }), gelu(), transpose({ axes: [2, 1] }), relu(), flatten()],
    [7, 3],
    [[2], [1]],
  ],
  ["a normalized sequence", [dense({ units: 5 }), layerNorm(), relu(), flatten()], [7, 3], [[2]]],
  ["an embedding", [embedding({ count: 9, features: 3 }), relu(), flatten(), dense({ units: 2 })], [6], [[2]]],
  [
    "a transformer",
    [transformerEncoderBlock({ heads: 2, hidden: 8, activation: relu() }), relu(), flatten(), dense({ units: 2 })],
    [7, 4],
    [[2], [2]],
  ],
])("the units of %s are found", (_, layers, inputShape, wanted) => {
  expect(axesOf(layers, inputShape)).toEqual(wanted);
});

describe("in graphs of files", () => {
  const weight = (...shape: number[]): Tensor => filled("float32", shape, 0.5);
  const given = (...shape: number[]): Tensor => input("x", "float32", shape);

  test.each<[string, Tensor, (x: Tensor) => Tensor, readonly number[]]>([
    ["weights on the left", given(2, 3, 7), (x) => ops.matMul(weight(5, 3), x), [1]],
    ["a transposed Gemm", given(4, 3), (x) => ops.gemm(x, weight(5, 3), weight(5), { transB: 1 }), [1]],
    ["an Einsum of several axes", given(2, 7, 3), (x) => ops.einsum("btd,dhe->bhte", [x, weight(3, 4, 5)]), [1, 3]],
    [
      "channels last around a Conv",
      given(2, 8, 8, 3),
      (x) => {
        const inner = ops.conv(ops.transpose(x, [0, 3, 1, 2]), weight(5, 3, 3, 3));
        return ops.add(ops.transpose(inner, [0, 2, 3, 1]), weight(5));
      },
      [3],
    ],
    [
      "rows of a sequence as one batch",
      given(2, 7, 3),
      (x) => {
        const rows = ops.gemm(ops.reshape(x, [14, 3]), weight(3, 5));
        return ops.reshape(rows, [2, 7, 5]);
      },
      [2],
    ],
    [
      "a channel shuffle",
      given(2, 3, 8, 8),
      (x) => {
        const grouped = ops.reshape(ops.conv(x, weight(6, 3, 1, 1)), [2, 2, 3, 8, 8]);
        return ops.reshape(ops.transpose(grouped, [0, 2, 1, 3, 4]), [2, 6, 8, 8]);
      },
      [1],
    ],
    [
      "a sequence with a class token",
      given(2, 7, 3),
      (x) => {
        const tokens = ops.matMul(x, weight(3, 5));
        return ops.concat([ops.expand(weight(1, 1, 5), [2, 1, 5]), tokens], { axis: 1 });
      },
      [2],
    ],
    ["looked-up rows", input("x", "int64", [2, 7]), (x) => ops.gather(weight(9, 3), x, { axis: 0 }), [2]],
    [
      "a residual sum with a bias of channels",
      given(2, 3, 8, 8),
      (x) => ops.add(ops.conv(x, weight(3, 3, 1, 1)), ops.add(x, weight(3, 1, 1))),
      [1],
    ],
    ["a convolution over time", given(2, 3, 9), (x) => ops.conv(x, weight(5, 3, 3)), [1]],
    ["channels moved to places", given(2, 3, 8, 8), (x) => ops.depthToSpace(ops.conv(x, weight(8, 3, 1, 1)), 2), [1]],
    ["places moved to channels", given(2, 3, 8, 8), (x) => ops.spaceToDepth(ops.conv(x, weight(5, 3, 1, 1)), 2), [1]],
    ["the mean of all channels", given(2, 3, 8, 8), (x) => ops.reduceMean(ops.conv(x, weight(5, 3, 1, 1)), [1]), []],
    ["pooled places", given(2, 3, 8, 8), (x) => ops.globalAveragePool(ops.conv(x, weight(5, 3, 1, 1))), [1]],
    [
      "a gate that is expanded",
      given(2, 3, 8, 8),
      (x) => {
        const features = ops.conv(x, weight(5, 3, 1, 1));
        return ops.mul(features, ops.expand(ops.globalAveragePool(features), [2, 5, 8, 8]));
      },
      [1],
    ],
    [
      "attention with heads",
      given(2, 7, 4),
      (x) => {
        const head = (): Tensor => ops.transpose(ops.reshape(ops.matMul(x, weight(4, 6)), [2, 7, 2, 3]), [0, 2, 1, 3]);
        const scores = ops.softmax(ops.matMul(head(), ops.transpose(head(), [0, 1, 3, 2])));
        return ops.reshape(ops.transpose(ops.matMul(scores, head()), [0, 2, 1, 3]), [2, 7, 6]);
      },
      [2],
    ],
    [
      "the sum of two branches",
      given(2, 3, 8, 8),
      (x) => ops.concat([ops.conv(x, weight(5, 3, 1, 1)), x], { axis: 1 }),
      [1],
    ],
    [
      "part of the places",
      given(2, 7, 3),
      (x) => ops.slice(ops.matMul(x, weight(3, 5)), { starts: [1], ends: [4], axes: [1] }),
      [2],
    ],
    ["nothing before it", given(2, 3, 8, 8), (x) => x, [1]],
  ])("the units of %s are found", (_, x, build, wanted) => {
    const output = ops.reduceMean(ops.relu(build(x)));
    expect(sitesOf(output, [x])[0].unitAxes).toEqual(wanted);
  });
});

test("a function of parameters alone has no units, and so no dead ones", () => {
  const x = input("x", "float32", [2, 3]);
  const scale = ops.softplus(input("scale", "float32", [3, 4]));
  expect(sitesOf(ops.matMul(x, scale), [x])[0].unitAxes).toBeUndefined();
});

const found = (trial: Awaited<ReturnType<typeof finish>>["trial"], path: string, statistic: string) =>
  trial.probed[0][0].values.find((one) => one.of === "activations" && one.path === path && one.statistic === statistic)
    ?.value;

test("dead units of a transformer are counted as features, not as tokens", async () => {
  const data = patches(16);
  const model = sequential([
    reshape({ shape: [12, 12] }),
    transformerEncoderBlock({ heads: 2, hidden: 8, activation: relu() }),
    flatten(),
    dense({ units: 4 }),
  ]) as unknown as KindSpec;
  const bias = Float32Array.from({ length: 8 }, (_, unit) => (unit < 2 ? -1000 : 0));
  const spec = trialSpec(data, { model, steps: 1 });
  const { trial } = await finish({
    ...{ spec, data, runtime, threads: 1, probes: {} },
    initial: new Map([["1.linear1.bias", bias]]),
  });
  const path = trial.probed[0][0].values.find(({ path: own }) => own.includes("activation"))!.path;
  expect(found(trial, path, "deadFraction")).toBe(2 / 8);
});

test("dead units of a sequence model from a file are counted as features, too", async () => {
  const data = patches(16);
  const x = input("x", "float32", [16, 1, 12, 12]);
  const first = Array.from({ length: 12 * 8 }, (_, i) => Math.sin(i));
  const weight = constant({ dtype: "float32", shape: [12, 8], data: Float32Array.from(first) });
  const bias = constant({ dtype: "float32", shape: [8], data: Float32Array.from([-900, -900, -900, 0, 0, 0, 0, 0]) });
  const hidden = ops.relu(ops.add(ops.matMul(ops.reshape(x, [16, 12, 12]), weight), bias));
  const last = constant({
    dtype: "float32",
    shape: [96, 4],
    data: Float32Array.from({ length: 384 }, (_, i) => Math.cos(i)),
  });
  const network = onnxNetwork(writeOnnx(graph([x], { y: ops.matMul(ops.reshape(hidden, [16, 96]), last) })), "m.onnx");
  const spec = trialSpec(data, { model: network.spec as KindSpec, steps: 1, batchSize: 16 });
  const { trial } = await finish({ spec, network, data, runtime, threads: 1, probes: {} });
  const path = trial.probed[0][0].values.find(({ statistic }) => statistic === "deadFraction")!.path;
  expect(found(trial, path, "deadFraction")).toBe(3 / 8);
});

/** As exporters write functions that their version of ONNX lacks. */
const writtenByExporters: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ["relu6 as Clip", (x) => ops.clip(x, scalar(0), scalar(6))],
  ["relu6 as Relu and Clip", (x) => ops.clip(ops.relu(x), null, scalar(6))],
  ["gelu", (x) => ops.mul(ops.mul(x, ops.add(ops.erf(ops.div(x, scalar(Math.SQRT2))), scalar(1))), scalar(0.5))],
  ["silu", (x) => ops.mul(x, ops.sigmoid(x))],
  ["mish", (x) => ops.mul(x, ops.tanh(ops.softplus(x)))],
  ["hard-swish", (x) => ops.div(ops.mul(x, ops.clip(ops.add(x, scalar(3)), scalar(0), scalar(6))), scalar(6))],
  ["softplus", (x) => ops.log(ops.add(ops.exp(x), scalar(1)))],
];

test.each(writtenByExporters)("in a file, %s is probed once, at its last node", async (_, write) => {
  const data = patches(16);
  const x = input("x", "float32", [16, 1, 12, 12]);
  const values = (shape: readonly number[], value: (i: number) => number): Tensor =>
    constant({ dtype: "float32", shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)) });
  const weight = values([144, 8], (i) => 0.05 * Math.sin(i));
  // The first three units are off for all examples; the others are not.
  const bias = values([8], (i) => (i < 3 ? -60 : 0));
  const before = ops.gemm(ops.flatten(x), weight, bias);
  const y = ops.matMul(write(before), values([8, 4], Math.cos));
  const network = onnxNetwork(writeOnnx(graph([x], { y })), "m.onnx");
  const spec = trialSpec(data, { model: network.spec as KindSpec, steps: 1, batchSize: 16 });
  const { trial } = await finish({ spec, network, data, runtime, threads: 1, probes: { samples: 1000 } });
  const [look] = trial.probed[0];
  const dead = look.values.filter(({ statistic }) => statistic === "deadFraction");
  expect(dead.map(({ value }) => value)).toEqual([3 / 8]);
  const [{ path }] = dead;
  const sites = look.samples.filter(({ of }) => of === "activations").map((one) => one.path);
  expect(sites).toEqual([path, "output"]);
  const samples = (of: string): Float32Array =>
    look.samples.find((one) => one.of === of && one.path === path && one.stride === 1)!.values;
  const [given, made] = [samples("preActivations"), samples("activations")];
  const z = input("z", "float32", [given.length]);
  const array = { dtype: "float32" as const, shape: [given.length], data: Float64Array.from(given) };
  const wanted = evaluateGraph(graph([z], { y: write(z) }), [array])[0].data;
  for (const [i, value] of made.entries()) expect(value).toBeCloseTo(wanted[i], 4);
});

test.each(Object.entries(activations))("the layer %s is one non-linearity in training", (kind, layer) => {
  const spec = sequential([dense({ units: 5 }), (layer as () => LayerSpec)(), dense({ units: 2 })]);
  const network = buildNetwork(spec, { batchSize: 4, inputShape: [3], mode: "training" });
  const paths = sitesOf(network.output, network.inputs).map(({ path }) => path);
  // Softmax acts on all classes together, not on units.
  const isOne = !["softmax", "logSoftmax"].includes(kind);
  expect(paths).toEqual([...(isOne ? [`model.layers[1] (${kind})`] : []), "output"]);
});
