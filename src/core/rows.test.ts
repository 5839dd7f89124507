import { expect, test } from "vitest";
import { rowsOf, type SeriesBlock } from "./rows.js";

const key = { trial: "t", phase: "train", metric: "loss", path: "layers.0" } as const;

test("a block of a single training gives one row per step, without a network", () => {
  const block: SeriesBlock = {
    ...key,
    networks: 1,
    steps: Int32Array.of(0, 5, 10),
    epochs: Float64Array.of(0, 0.5, Number.NaN),
    values: Float64Array.of(0.1, -0, Number.NaN),
  };
  expect([...rowsOf(block)]).toEqual([
    { ...key, step: 0, epoch: 0, value: 0.1 },
    { ...key, step: 5, epoch: 0.5, value: -0 },
    { ...key, step: 10, epoch: Number.NaN, value: Number.NaN },
  ]);
});

test("a block of an ensemble gives the networks of a step one after the other", () => {
  const block: SeriesBlock = {
    ...key,
    networks: 3,
    steps: Int32Array.of(7, 8),
    epochs: Float64Array.of(1, 1.25),
    values: Float64Array.of(10, 11, 12, 20, Infinity, 22),
  };
  expect([...rowsOf(block)]).toEqual([
    { ...key, step: 7, epoch: 1, network: 0, value: 10 },
    { ...key, step: 7, epoch: 1, network: 1, value: 11 },
    { ...key, step: 7, epoch: 1, network: 2, value: 12 },
    { ...key, step: 8, epoch: 1.25, network: 0, value: 20 },
    { ...key, step: 8, epoch: 1.25, network: 1, value: Infinity },
    { ...key, step: 8, epoch: 1.25, network: 2, value: 22 },
  ]);
});

test("a block without measurements gives no rows", () => {
  const empty = { steps: new Int32Array(0), epochs: new Float64Array(0), values: new Float64Array(0) };
  expect([...rowsOf({ ...key, networks: 1000, ...empty })]).toEqual([]);
});
