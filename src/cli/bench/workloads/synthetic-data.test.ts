import { expect, test } from "vitest";
import { syntheticData } from "./synthetic-data.js";
import type { Workload } from "./workload.js";

test("synthetic images are bytes, four in five of them background and the rest uniform", () => {
  const workload: Workload = {
    peerModel: "lenet5",
    model: { kind: "sequential" },
    inputShape: [1, 28, 28],
    examples: 1300,
    classes: 10,
    batchSize: 64,
    optimizer: { kind: "adam" },
    peerOptimizer: { name: "Adam", options: {} },
    normalization: { scale: 1 / 255, mean: [0.1307], deviation: [0.3081] },
  };
  const { inputs, targets } = syntheticData(workload).train;
  expect([inputs.dtype, inputs.shape, targets.shape]).toEqual(["uint8", [1300, 1, 28, 28], [1300]]);
  const pixels = inputs.data as Uint8Array;
  const zeros = pixels.reduce((count, pixel) => count + (pixel === 0 ? 1 : 0), 0);
  expect(zeros / pixels.length).toBeCloseTo(0.8, 2);
  expect(new Set(pixels).size).toBe(256);
  // The repetition continues to the end.
  expect(pixels.subarray(-784).some((pixel) => pixel > 0)).toBe(true);
  expect(new Set(targets.data as Int32Array)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
});
