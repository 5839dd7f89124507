// The validation split: a fraction of each class, drawn by a seed, independent of the test split.
import { expect, it } from "vitest";
import { TrainscopeError } from "../core/errors.js";
import { tensorFrom, toNumbers, zeros } from "../core/numbers/tensor-data.js";
import type { Dataset, RowSource, Split } from "./dataset.js";
import { takeRows } from "./rows.js";
import { localData } from "./source.js";
import { takeExamples, validationRows, withValidation } from "./splits.js";

const labels = Array.from({ length: 60 }, (_, i) => (i % 6 === 0 ? 2 : i % 2));
const split = (rows: readonly number[]): Split => ({
  inputs: tensorFrom("float32", [rows.length, 1], rows),
  targets: tensorFrom(
    "int32",
    [rows.length],
    rows.map((row) => labels[row]),
  ),
});
const all = Array.from({ length: 60 }, (_, i) => i);
const data: Dataset = {
  ...localData("rows", "0123456789abcdef"),
  train: split(all),
  test: split([3, 4]),
  inputShape: [1],
};

const rowsOf = (part: Split | undefined): number[] => toNumbers((part as Split).inputs);
const countOf = (rows: readonly number[], label: number): number => rows.filter((row) => labels[row] === label).length;

it("takes the same fraction of every class, in the order of the examples, and leaves the others", () => {
  const { train, validation, test } = withValidation(data, { fraction: 0.2, seed: 0 });
  const [kept, held] = [rowsOf(train), rowsOf(validation)];
  expect([0, 1, 2].map((label) => countOf(held, label))).toEqual([4, 6, 2]);
  expect([...kept, ...held].sort((a, b) => a - b)).toEqual(all);
  expect(held).toEqual([...held].sort((a, b) => a - b));
  expect(toNumbers((validation as Split).targets)).toEqual(held.map((row) => labels[row]));
  expect(test).toBe(data.test);
});

it("depends only on its seed, not on the test split", () => {
  const share = { fraction: 0.2, seed: 7 };
  const { test: _, ...withoutTest } = data;
  expect(rowsOf(withValidation(withoutTest, share).validation)).toEqual(rowsOf(withValidation(data, share).validation));
  expect(rowsOf(withValidation(data, { ...share, seed: 8 }).validation)).not.toEqual(
    rowsOf(withValidation(data, share).validation),
  );
  // All trainings on the same part share one copy.
  expect(withValidation(data, { ...share })).toBe(withValidation(data, share));
});

it("draws every example with the same probability if targets are not classes", () => {
  const targets = zeros("float32", [50, 1]);
  const counts = new Int32Array(50);
  for (let seed = 0; seed < 400; seed++)
    for (const row of validationRows(targets, { fraction: 0.3, seed }, "data")) counts[row]++;
  expect(counts.reduce((a, b) => a + b)).toBe(400 * 15);
  // Each is expected 120 times, with a deviation of 9.2; the worst of 50 is within 4.5 deviations.
  expect(Math.max(...counts.map((count) => Math.abs(count - 120)))).toBeLessThan(4.5 * 9.2);
});

it("reads streamed rows by their indices in the whole array", async () => {
  const stored = tensorFrom("float32", [5, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const source: RowSource = { dtype: "float32", shape: [5, 2], read: async (rows) => takeRows(stored, rows) };
  const part = takeExamples(
    { inputs: zeros("float32", [0, 2]), source, targets: tensorFrom("int32", [5], [0, 1, 2, 3, 4]) },
    Int32Array.of(1, 4),
  );
  expect([part.source?.shape, part.inputs.shape, toNumbers(part.targets)]).toEqual([
    [2, 2],
    [0, 2],
    [1, 4],
  ]);
  expect(toNumbers((await part.source?.read(Int32Array.of(1, 0, 1)))!)).toEqual([8, 9, 2, 3, 8, 9]);
});

it("is refused if the data has a validation split already, or if a part would be empty", () => {
  const messageOf = (set: Dataset, fraction: number): string => {
    try {
      withValidation(set, { fraction, seed: 0 });
    } catch (error) {
      if (error instanceof TrainscopeError) return error.message;
      throw error;
    }
    return "no error";
  };
  expect([messageOf({ ...data, validation: split([1]) }, 0.5), messageOf(data, 0.01), messageOf(data, 0.99)]).toEqual([
    "data (rows): held-out examples are given twice: expected either a validation split of the data set's own or a share of its training examples, received both. Leave out the share",
    "data (rows), validation split: a split without rows: expected at least one example on both sides, received 0 of 60 held out",
    "data (rows), validation split: a split without rows: expected at least one example on both sides, received 60 of 60 held out",
  ]);
});
