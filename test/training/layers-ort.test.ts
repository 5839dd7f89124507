// Layers on ONNX Runtime against PyTorch: outputs and gradients of every fixture, as networks have them, in float32.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { sizeOf } from "../../src/core/numbers/shape.js";
import { input } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { mul } from "../../src/graph/ops/elementwise/arithmetic.js";
import { reduceSum } from "../../src/graph/ops/reduction/reduction.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import type { Graph } from "../../src/graph/tensor.js";
import type { LayerSpec } from "../../src/nn/layer.js";
import { buildNetwork } from "../../src/nn/network.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { inLoop } from "../random-operators/check.js";

interface StoredArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Fixture {
  readonly spec: LayerSpec;
  readonly name: string;
  readonly input: StoredArray;
  readonly parameters: Readonly<Record<string, StoredArray>>;
  readonly output: StoredArray;
  readonly cotangent: StoredArray;
  readonly inputGradient: StoredArray | null;
  readonly gradients: Readonly<Record<string, StoredArray>>;
}
const fixtures = ["layers", "layers-sequences", "layers-windows"].flatMap((name) => {
  const file = new URL(`../../tools/oracle/fixtures/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { fixtures: readonly Fixture[] }).fixtures;
});

/** Outputs by name; what the graph reads and nobody gives is filled with `others`. */
async function runOnRuntime(graph: Graph, given: ReadonlyMap<string, StoredArray>, others: (name: string) => number) {
  const session = await ort.InferenceSession.create(writeOnnx(graph), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feeds = graph.inputs
    .filter(({ name }) => session.inputNames.includes(name!))
    .map(({ name, shape }): [string, ort.Tensor] => {
      const data = given.get(name!)?.data ?? new Array<number>(sizeOf(shape)).fill(others(name!));
      return [name!, new ort.Tensor("float32", Float32Array.from(data), [...shape])];
    });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return results;
}

/** Largest error, relative to the largest element. */
function relativeError({ data }: StoredArray, received: ort.Tensor): number {
  const values = received.data as Float32Array;
  expect(values.length).toBe(data.length);
  const size = data.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1e-3);
  return data.reduce((worst, x, i) => Math.max(worst, Math.abs(x - values[i]) / size), 0);
}

test.each(fixtures)("$spec.kind, $name: ONNX Runtime gives PyTorch's output and gradients", async (fixture) => {
  const [batchSize, ...inputShape] = fixture.input.shape;
  const network = buildNetwork(fixture.spec, { mode: "training", batchSize, inputShape });
  const { inputs, parameters, buffers, output } = network;
  const cotangent = input("cotangent", "float32", output.shape);
  const expected = [
    ...(fixture.inputGradient === null ? [] : [{ tensor: inputs[0], values: fixture.inputGradient }]),
    ...parameters.map(({ path, tensor }) => ({ tensor, values: fixture.gradients[path] })),
  ];
  const slopes = gradients({
    of: reduceSum(mul(output, cotangent)),
    withRespectTo: expected.map(({ tensor }) => tensor),
  });
  const graph: Graph = simplify({
    inputs: [...inputs, cotangent, ...[...parameters, ...buffers].map(({ tensor }) => tensor)],
    outputs: [{ name: "y", tensor: output }, ...slopes.map((tensor, i) => ({ name: `slope ${i}`, tensor }))],
  });
  const given = new Map([
    ["input", fixture.input],
    ["cotangent", fixture.cotangent],
    ...Object.entries(fixture.parameters),
  ]);
  const others = (path: string): number => Number(buffers.find((one) => one.path === path)?.initial);
  const results = await runOnRuntime(graph, given, others);
  // float32 has 6e-8; the longest chains here, a block of attention, lose two digits to sums and normalizations.
  expect(relativeError(fixture.output, results.y)).toBeLessThan(1e-5);
  for (const [i, { values }] of expected.entries())
    expect(relativeError(values, results[`slope ${i}`]), `slope ${i}`).toBeLessThan(1e-5);
  // The body of a loop is checked against the shapes that were inferred; elsewhere ONNX Runtime only warns.
  const looped = await runOnRuntime(inLoop(graph), given, others);
  for (const name of Object.keys(results)) {
    const once = [...(results[name].data as Float32Array)];
    expect([...(looped[name].data as Float32Array)], `${name} in a loop`).toEqual([...once, ...once]);
  }
});
