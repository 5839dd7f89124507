// Many networks at once against each network alone, for every case of every operator with a rule.

import { describe, expect, it } from "vitest";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import { randomStream } from "../../core/random/rng.js";
import { input, scalar, withScope } from "../build.js";
import { graph } from "../graph.js";
import type { NdArray, Op } from "../op.js";
import { buildCase, type OpCase } from "../ops/cases/case.js";
import { opCases } from "../ops/cases/cases.js";
import { mul } from "../ops/elementwise/arithmetic.js";
import { greater } from "../ops/elementwise/comparison.js";
import { neg } from "../ops/elementwise/unary.js";
import { type OpName, ops } from "../ops/index.js";
import { loop } from "../ops/loop.js";
import { batchedProduct } from "../ops/network-axis/batched-products.js";
import { LaneImage } from "../ops/network-axis/lane-image.js";
import { isForEnsembles, ruledOperators } from "../ops/network-axis/rules.js";
import { gemm } from "../ops/products/matmul.js";
import { maxPool } from "../ops/windows/pooling.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { onnxruntimeCpu } from "../targets/onnxruntime-cpu/index.js";
import type { Graph, Tensor } from "../tensor.js";
import { batchGraph, withNetworkAxis } from "./batching.js";
import { laneOutputs } from "./lanes.js";

const networks = 3;
const table = Object.entries(ops) as [OpName, Op][];

/** Input values of every network, drawn as the case says. */
function drawn({ inputs }: OpCase, op: Op): NdArray[][] {
  return Array.from({ length: networks }, (_, network) =>
    inputs.flatMap((given, i): NdArray[] => {
      if (given === null || given.constant === true) return [];
      const dtype = given.dtype === "float" ? "float64" : given.dtype;
      const values = given.sample(sizeOf(given.shape), randomStream(10 * network + i, op.name));
      return [{ dtype, shape: given.shape, data: Float64Array.from(values) }];
    }),
  );
}

/** Stacks arrays of one shape along a new last axis. */
function stacked(arrays: readonly NdArray[]): NdArray {
  const [{ dtype, shape }] = arrays;
  const data = Float64Array.from(
    { length: sizeOf(shape) * arrays.length },
    (_, i) => arrays[i % arrays.length].data[Math.floor(i / arrays.length)],
  );
  return { dtype, shape: [...shape, arrays.length], data };
}

function ofNetwork({ dtype, shape, data }: NdArray, network: number): NdArray {
  const count = shape[shape.length - 1];
  return { dtype, shape: shape.slice(0, -1), data: data.filter((_, i) => i % count === network) };
}

/** Runs all networks at once and each alone. Varying inputs differ per network; the others are those of the first network. */
function expectSame(single: Graph, values: readonly (readonly NdArray[])[], varies: readonly boolean[]): void {
  const many = batchGraph(single, new Set(single.inputs.filter((_, i) => varies[i])), networks);
  const together = evaluateGraph(
    many.graph,
    single.inputs.map((_, i) => (varies[i] ? stacked(values.map((of) => of[i])) : values[0][i])),
  );
  for (let network = 0; network < networks; network++) {
    const own = single.inputs.map((_, i) => values[varies[i] ? network : 0][i]);
    for (const [i, alone] of evaluateGraph(single, own).entries()) {
      const result = many.batched[i] ? ofNetwork(together[i], network) : together[i];
      expectEqual(result, alone);
    }
  }
}

/** The same in groups of two lanes, with one unused lane in the last group. */
function expectSameInLanes(single: Graph, values: readonly (readonly NdArray[])[], varies: readonly boolean[]): void {
  const form = { networks, lanes: 2 };
  const images = new Map<Tensor, LaneImage>();
  const inputs = single.inputs.map((x, i) => {
    if (!varies[i]) return x;
    const last = withNetworkAxis(x, networks);
    images.set(x, new LaneImage(x, form, { last }));
    return last;
  });
  const results = laneOutputs(single, images, form, onnxruntimeCpu);
  const outputs = results.map((result) => (result instanceof LaneImage ? result.last : result));
  const together = evaluateGraph(
    graph(inputs, named(outputs)),
    single.inputs.map((_, i) => (varies[i] ? stacked(values.map((of) => of[i])) : values[0][i])),
  );
  for (let network = 0; network < networks; network++) {
    const own = single.inputs.map((_, i) => values[varies[i] ? network : 0][i]);
    for (const [i, alone] of evaluateGraph(single, own).entries()) {
      const result = results[i] instanceof LaneImage ? ofNetwork(together[i], network) : together[i];
      expectEqual(result, alone);
    }
  }
}

function expectEqual(result: NdArray, alone: NdArray): void {
  expect([result.dtype, ...result.shape]).toEqual([alone.dtype, ...alone.shape]);
  for (const [j, value] of alone.data.entries()) {
    if (Number.isNaN(value)) expect(result.data[j]).toBeNaN();
    else expect(Math.abs(result.data[j] - value)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(value)));
  }
}

const named = (outputs: readonly Tensor[]) => Object.fromEntries(outputs.map((y, i) => [`y${i}`, y]));

for (const [name, op] of table) {
  if (!isForEnsembles(op)) continue;
  describe(`${name} for many networks`, () => {
    for (const opCase of opCases[name]) {
      const { inputs, outputs } = buildCase(op, opCase, "float64");
      const values = drawn(opCase, op);
      const single = graph(inputs, named(outputs));
      it(`${opCase.name}: equals the networks one by one, whichever input varies`, () => {
        // A loop has one trip count for all networks, so its cases share the inputs that determine it; see below.
        const everything = inputs.map((x) => name !== "Loop" || x.dtype === "float64");
        expectSame(single, values, everything);
        expectSameInLanes(single, values, everything);
        for (const [i, isFree] of everything.entries()) {
          if (!isFree) continue;
          const varies = inputs.map((_, j) => j === i);
          if (inputs.length === 1) continue;
          expectSame(single, values, varies);
          expectSameInLanes(single, values, varies);
        }
      });
    }
  });
}

describe("matrix products for many networks", () => {
  const [rows, inner, columns] = [4, 3, 2];
  const flips = [false, true];
  for (const form of ["elements", "matrices"] as const) {
    for (const [flippedA, flippedB] of flips.flatMap((a) => flips.map((b) => [a, b]))) {
      it(`by ${form}${flippedA ? ", left transposed" : ""}${flippedB ? ", right transposed" : ""}: the product of each`, () => {
        const sample = (shape: Shape, name: string): NdArray => ({
          dtype: "float64",
          shape: [...shape, networks],
          data: Float64Array.from({ length: sizeOf(shape) * networks }, (_, i) => randomStream(i, name).normal(0)),
        });
        const values = [
          sample(flippedA ? [inner, rows] : [rows, inner], "a"),
          sample(flippedB ? [columns, inner] : [inner, columns], "b"),
        ];
        const [a, b] = values.map(({ shape }, i) => input(`x${i}`, "float64", shape));
        const y = batchedProduct(
          { matrix: a, shared: false, flipped: flippedA },
          { matrix: b, shared: false, flipped: flippedB },
          form,
        );
        const [together] = evaluateGraph(graph([a, b], { y }), values);
        const [x, w] = values.map(({ shape }, i) => input(`x${i}`, "float64", shape.slice(0, -1)));
        const one = graph([x, w], { y: gemm(x, w, null, { transA: flippedA ? 1 : 0, transB: flippedB ? 1 : 0 }) });
        for (let network = 0; network < networks; network++) {
          const [alone] = evaluateGraph(
            one,
            values.map((value) => ofNetwork(value, network)),
          );
          const difference = ofNetwork(together, network).data.map((value, i) => Math.abs(value - alone.data[i]));
          expect(Math.max(...difference)).toBeLessThan(1e-12);
        }
      });
    }
  }
});

describe("an ensemble's graph", () => {
  it("shares values that do not depend on varying inputs", () => {
    const [x, w] = [input("x", "float32", [2, 3]), input("w", "float32", [3])];
    const source = graph([x, w], { shared: neg(x), own: mul(x, w) });
    const { graph: many, batched } = batchGraph(source, new Set([w]), 5);
    expect(batched).toEqual([false, true]);
    expect(many.outputs.map(({ tensor }) => tensor.shape)).toEqual([
      [2, 3],
      [2, 3, 5],
    ]);
    expect(many.outputs[0].tensor).toBe(source.outputs[0].tensor);
  });

  it("refuses an operator without a rule by its name and layer", () => {
    const x = input("x", "float32", [1, 1, 4, 4]);
    const y = withScope("model.layers[2] (maxPool2d)", () => maxPool(x, { kernel_shape: [2, 2] }));
    expect(() => batchGraph(graph([x], { y }), new Set([x]), 2)).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: model.layers[2] (maxPool2d) > MaxPool: this operator cannot be in an ensemble: expected an operator with a batching rule, as in dense and element-wise layers. Train the networks one by one, each with its own seed]`,
    );
  });

  it("refuses a loop whose length varies", () => {
    const count = input("count", "float32", []);
    const { carried } = loop({ tripCount: 10, carried: [count] }, (_, [value]) => ({
      condition: greater(value, scalar(0)),
      carried: [neg(value)],
    }));
    const source = graph([count], { y: carried[0] });
    expect(() => batchGraph(source, new Set([count]), 2)).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: Loop: networks of an ensemble cannot run a loop a different number of times: expected a trip count and a condition that are the same for all networks]`,
    );
  });
});

it("every rule is for an operator of the table", () => {
  expect(ruledOperators.filter((name) => !Object.hasOwn(ops, name))).toEqual([]);
});
