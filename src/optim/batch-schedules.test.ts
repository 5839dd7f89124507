// Batch sizes epoch by epoch, and the numbers of updates that published runs of them took.
import { expect, test } from "vitest";
import { batchSchedules, batchSizeFunction, cyclicalBatch, growingBatch, milestoneBatch } from "./batch-schedules.js";

const sizes = (spec: unknown, batchSize: number, epochs: number): number[] =>
  Array.from({ length: epochs }, (_, epoch) => batchSizeFunction(spec)({ epoch, batchSize }));

test("doubling from 32 every 5 epochs takes 18,755 updates in 50 epochs of 60,000 examples", () => {
  const found = sizes(growingBatch(), 32, 50);
  expect([...new Set(found)]).toEqual([32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]);
  const updates = found.map((size) => Math.ceil(60_000 / size));
  expect([...new Set(updates)]).toEqual([1875, 938, 469, 235, 118, 59, 30, 15, 8, 4]);
  expect(updates.reduce((total, count) => total + count)).toBe(18_755);
});

test("growth stops at the largest size", () => {
  expect(sizes(growingBatch({ every: 1, most: 100 }), 16, 5)).toEqual([16, 32, 64, 100, 100]);
});

test("milestones are those of Smith and others for a wide residual network", () => {
  const found = sizes(milestoneBatch({ factor: 5 }), 128, 200);
  expect([0, 59, 60, 119, 120, 159, 160, 199].map((epoch) => found[epoch])).toEqual([
    128, 128, 640, 640, 3200, 3200, 16_000, 16_000,
  ]);
});

test("cycles go up and down through few sizes", () => {
  expect(sizes(cyclicalBatch({ levels: 2 }), 32, 9)).toEqual([32, 64, 128, 64, 32, 64, 128, 64, 32]);
  expect(sizes(cyclicalBatch({ levels: 1, every: 2, factor: 1.5 }), 10, 5)).toEqual([10, 10, 15, 15, 10]);
  expect(sizes(cyclicalBatch({ levels: 1, factor: 0.01 }), 10, 2)).toEqual([10, 1]);
});

test("specs survive JSON, and the default is every kind's own", () => {
  for (const definition of Object.values(batchSchedules)) {
    const spec = definition();
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(sizes({ kind: definition.kind }, 32, 12)).toEqual(sizes(spec, 32, 12));
    expect(batchSchedules[spec.kind]).toBe(definition);
  }
});

test("a kind that does not exist is refused", () => {
  expect(() => batchSizeFunction({ kind: "doubling" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: batchSchedule: unknown batch schedule "doubling". Valid: constant, growing, milestones, cyclical]`,
  );
});
