// Events as series and as rows.
import { expect, test } from "vitest";
import { rowsOf } from "../core/rows.js";
import { rowsOfEvent, seriesOf } from "./metric-rows.js";
import type { EventOf } from "./trial/events.js";

const steps: EventOf<"steps"> = {
  kind: "steps",
  first: 14,
  steps: 3,
  // Of a schedule of batch sizes: epochs differ in length.
  epoch: { number: 2, first: 12, steps: 8 },
  losses: Float32Array.of(4, 40, 3, 30, 2, Number.NaN),
  correct: Float32Array.of(1, 2, 3, 4, 5, 0),
  examples: Int32Array.of(8, 8, 8),
  learningRates: Float64Array.of(0.3, 0.2, 0.1),
  durationMs: 1,
  threads: 1,
};

test("losses of steps are rows of each network, at the epoch before their update", () => {
  expect([...rowsOfEvent("t", steps)].map(({ step, epoch, network, value }) => [step, epoch, network, value])).toEqual([
    [14, 2.25, 0, 4],
    [14, 2.25, 1, 40],
    [15, 2.375, 0, 3],
    [15, 2.375, 1, 30],
    [16, 2.5, 0, 2],
    [16, 2.5, 1, Number.NaN],
  ]);
});

test("of every fifth step what was asked for is kept, and what there is not is left out", () => {
  const metrics = ["loss", "accuracy", "learningRate", "momentum", "batchSize"] as const;
  const series = seriesOf("t", steps, { metrics, every: 5 });
  expect(series.map(({ metric, steps: at, epochs, values }) => [metric, [...at], [...epochs], [...values]])).toEqual([
    ["loss", [15], [2.375], [3, 30]],
    ["accuracy", [15], [2.375], [3 / 8, 4 / 8]],
    ["learningRate", [15], [2.375], [0.2, 0.2]],
    ["batchSize", [15], [2.375], [8, 8]],
  ]);
  expect(seriesOf("t", steps, { every: 100 })).toEqual([]);
  const own = { ...steps, learningRates: Float64Array.of(1, 2, 3, 4, 5, 6), momenta: Float64Array.of(0.9, 0.8, 0.7) };
  const drives = seriesOf("t", own, { metrics: ["learningRate", "momentum"], every: 15 });
  expect(drives.map(({ values }) => [...values])).toEqual([
    [3, 4],
    [0.8, 0.8],
  ]);
});

test("an epoch is two measurements of each split", () => {
  const event: EventOf<"epoch"> = {
    ...{ kind: "epoch", epoch: 1, step: 4 },
    measured: [
      { phase: "train", step: 4, epoch: 1, loss: [0.5], accuracy: [0.75] },
      { phase: "validation", step: 4, epoch: 1, loss: [0.25], accuracy: [1] },
    ],
  };
  expect([...rowsOfEvent("t", event)]).toEqual([
    { trial: "t", phase: "train", step: 4, epoch: 1, metric: "loss", path: "", value: 0.5 },
    { trial: "t", phase: "train", step: 4, epoch: 1, metric: "accuracy", path: "", value: 0.75 },
    { trial: "t", phase: "validation", step: 4, epoch: 1, metric: "loss", path: "", value: 0.25 },
    { trial: "t", phase: "validation", step: 4, epoch: 1, metric: "accuracy", path: "", value: 1 },
  ]);
});

test("rows of probes go through one network after the other, their series through all at once", () => {
  const reading = (network: number) => ({
    ...{ network, step: 2, examples: 8 },
    values: [
      { of: "weights" as const, path: "0.weight", statistic: "norm", value: network },
      { of: "weights" as const, path: "0.bias", statistic: "norm", value: 10 + network },
    ],
    histograms: [],
    samples: [],
  });
  const event: EventOf<"probes"> = {
    ...{ kind: "probes", step: 2, epoch: { number: 0, first: 0, steps: 4 } },
    readings: [reading(0), reading(1)],
  };
  expect([...rowsOfEvent("t", event)].map(({ epoch, path, network, value }) => [epoch, path, network, value])).toEqual([
    [0.5, "0.weight", 0, 0],
    [0.5, "0.bias", 0, 10],
    [0.5, "0.weight", 1, 1],
    [0.5, "0.bias", 1, 11],
  ]);
  const series = seriesOf("t", event);
  expect(series.map(({ path, values }) => [path, ...values])).toEqual([
    ["0.weight", 0, 1],
    ["0.bias", 10, 11],
  ]);
  expect(series.flatMap((block) => [...rowsOf(block)])).toHaveLength(4);
});

test("samples of a tensor are rows of one step, in the order of the elements", () => {
  const reading = (network: number): EventOf<"probes">["readings"][number] => ({
    ...{ network, step: 2, examples: 8, values: [], histograms: [] },
    samples: [{ of: "weights", path: "0.weight", stride: 3, values: Float32Array.of(network, 10 + network) }],
  });
  const event: EventOf<"probes"> = {
    ...{ kind: "probes", step: 2, epoch: { number: 0, first: 0, steps: 4 } },
    readings: [reading(0), reading(1)],
  };
  const rows = [...rowsOfEvent("t", event)];
  expect(rows.map(({ metric, step, network, value }) => [metric, step, network, value])).toEqual([
    ["weights.sample", 2, 0, 0],
    ["weights.sample", 2, 0, 10],
    ["weights.sample", 2, 1, 1],
    ["weights.sample", 2, 1, 11],
  ]);
  expect(seriesOf("t", event)).toEqual([
    {
      ...{ trial: "t", phase: "train", metric: "weights.sample", path: "0.weight", networks: 2 },
      steps: Int32Array.of(2, 2),
      epochs: Float64Array.of(0.5, 0.5),
      values: Float64Array.of(0, 1, 10, 11),
    },
  ]);
});
