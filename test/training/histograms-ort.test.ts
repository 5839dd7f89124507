// Histograms on ONNX Runtime, in float32: spans at both ends of its range, and large tensors.
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { randomStream } from "../../src/core/random/rng.js";
import { input } from "../../src/graph/build.js";
import { graph } from "../../src/graph/graph.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { countedStride, histogram, mostCounted } from "../../src/probes/histogram.js";

async function counted(values: Float32Array, bins: number) {
  const x = input("x", "float32", [values.length]);
  const { counts, low, high } = histogram(x, bins);
  const session = await ort.InferenceSession.create(writeOnnx(graph([x], { counts, low, high })), {
    intraOpNumThreads: 1,
    graphOptimizationLevel: "basic",
  });
  const found = await session.run({ x: new ort.Tensor("float32", values, [values.length]) });
  await session.release();
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...(data as Float32Array)]]));
}

/** By a loop in float64. */
function expected(values: Float32Array, bins: number) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const counts = new Array<number>(bins).fill(0);
  for (const value of values)
    counts[high === low ? 0 : Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]++;
  return { counts, low: [low], high: [high] };
}

const stream = randomStream(11, "histograms");
// At the centers of 128 cells, so that no rounding of float32 decides on the bin.
const spread = (low: number, high: number): Float32Array =>
  Float32Array.from({ length: 500 }, (_, i) => {
    const share = i < 2 ? i : (Math.floor(stream.uniform(i) * 128) + 0.5) / 128;
    return low * (1 - share) + high * share;
  });

test.each([
  ["the whole range", -3e38, 3e38],
  ["more than half of it", -3.4e38, 1e37],
  ["a span at its limit", 0, 3.4e38],
  ["large numbers of one sign", 2e38, 3.4e38],
  ["numbers of 1", -1, 1],
  ["numbers of 1 and large ones", -1, 3e38],
  ["small numbers", -3e-37, 2e-37],
])("the bins of %s are those of a loop", async (_, low, high) => {
  const values = spread(low, high);
  expect(await counted(values, 8)).toEqual(expected(values, 8));
});

test("a large tensor is counted at a stride that reaches all columns", async () => {
  const columns = 512;
  const values = Float32Array.from({ length: 256 * columns }, (_, i) => i % columns);
  const { counts } = await counted(values, columns);
  expect(countedStride(values.length)).toBe(3);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Math.ceil(values.length / 3));
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(mostCounted);
});
