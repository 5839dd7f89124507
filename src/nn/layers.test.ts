// Every layer of the table: shapes, parameters, initial values, JSON round trip, and gradients for every parameter.
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { sizeOf } from "../core/numbers/shape.js";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { randomStream } from "../core/random/rng.js";
import { constant } from "../graph/build.js";
import { gradients } from "../graph/gradient.js";
import { graph } from "../graph/graph.js";
import type { NdArray, Op } from "../graph/op.js";
import { mul } from "../graph/ops/elementwise/arithmetic.js";
import { ops } from "../graph/ops/index.js";
import { reduceSum } from "../graph/ops/reduction/reduction.js";
import { printGraph } from "../graph/print.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { fromTensorData, ndFill } from "../graph/reference/nd-array.js";
import type { Tensor } from "../graph/tensor.js";
import { activations } from "./activations.js";
import * as nn from "./index.js";
import { initialValues } from "./initializers.js";
import type { LayerSpec, Mode } from "./layer.js";
import { layerCases } from "./layer-cases.js";
import { type LayerKind, layers } from "./layers/index.js";
import { buildNetwork, type Network, parameterCount } from "./network.js";

const image = [3, 8, 6];
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

for (const [kind, kindCases] of Object.entries(layerCases)) {
  describe(kind, () => {
    test.each(kindCases)("$name: has its shapes and number of parameters", ({ spec, from, to, parameters }) => {
      expect(spec.kind).toBe(kind);
      for (const mode of ["training", "inference"] as const) {
        const network = built(spec, from, mode);
        expect(network.output.shape).toEqual([batchSize, ...to]);
        expect(parameterCount(network)).toBe(parameters);
      }
    });

    test.each(kindCases)("$name: has a complete spec, and gives the same graph from JSON", ({ spec, from }) => {
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
      "$name: has the same initial values for the same seed, with the stated variance",
      ({ spec, from, variance }) => {
        for (const { path, tensor, initializer, fans } of built(spec, from).parameters) {
          const values = initialValues(path, initializer, tensor.shape, fans, 3);
          expect(initialValues(path, initializer, tensor.shape, fans, 3)).toEqual(values);
          if (initializer === "torchDefault")
            expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(fans.fanIn ** -0.5);
          if (path !== "weight" || variance === undefined) continue;
          const found = values.reduce((sum, value) => sum + value * value, 0) / values.length;
          // The variance of n values has a standard error of about sqrt(2 / n); four of them.
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

test("batchNorm's running statistics follow the batch, with the unbiased variance, and inference uses them", () => {
  const network = built(nn.batchNorm({ momentum: 0.3 }), image);
  const nexts = Object.fromEntries(network.buffers.map(({ path, next }) => [path, next]));
  const values = valuesOf(network, 1);
  const [mean, variance] = evaluateGraph(graph(inputsOf(network), nexts), values);
  const channel = [...values[0].data].filter((_, i) => Math.floor(i / 48) % 3 === 1);
  const average = channel.reduce((sum, x) => sum + x, 0) / channel.length;
  const unbiased = channel.reduce((sum, x) => sum + (x - average) ** 2, 0) / (channel.length - 1);
  expect(mean.data[1]).toBeCloseTo(0.3 * average, 7);
  expect(variance.data[1]).toBeCloseTo(0.7 + 0.3 * unbiased, 6);

  const inference = built(nn.batchNorm(), image, "inference");
  const [y] = evaluateGraph(graph(inputsOf(inference), { y: inference.output }), [
    ...values.slice(0, 3),
    mean,
    variance,
  ]);
  expect(y.data[50]).toBeCloseTo((values[0].data[50] - mean.data[1]) / Math.sqrt(variance.data[1] + 1e-5), 6);
});

test("dropout draws a key per layer in training and does nothing in inference", () => {
  const spec = nn.sequential([nn.dropout({ rate: 0.2 }), nn.relu(), nn.dropout()]);
  expect(built(spec, [5]).randomKeys.map(({ path }) => path)).toEqual(["0", "2"]);
  const { inputs, output, randomKeys } = built(spec, [5], "inference");
  expect(randomKeys).toEqual([]);
  expect(output.node?.op.name).toBe("Relu");
  expect(output.node?.inputs).toEqual(inputs);
});

test("every non-linearity among the operators is an activation, and every layer is available as nn.<kind>", () => {
  const emitted = Object.values(activations).map((make) => built(make(), image).output.node?.op.name);
  const marked = Object.values(ops as Readonly<Record<string, Op>>).filter(
    ({ activation }) => activation !== undefined,
  );
  expect(marked.map(({ name }) => name).filter((name) => !emitted.includes(name))).toEqual([]);
  for (const kind of Object.keys(layers)) expect(typeof (nn as Record<string, unknown>)[kind], kind).toBe("function");
});
