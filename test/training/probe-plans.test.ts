// When probes look, on what, and the values that they keep: against the same numbers by loops.
import { afterAll, describe, expect, test } from "vitest";
import { tensorData } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { relu } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { dense } from "../../src/nn/layers/dense.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { ProbeSpec } from "../../src/probes/probe-spec.js";
import { sampleStride } from "../../src/probes/samples.js";
import type { KindSpec, TrialSpec } from "../../src/train/spec/trial-spec.js";
import type { ProbeReading } from "../../src/train/trial/events.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const layers = sequential([dense({ units: 6 }), relu(), dense({ units: 1 })]) as unknown as KindSpec;

/** 20 examples of a curve; the last batch of an epoch of batches of 8 has 4. */
const line: Dataset = {
  ...localData("curve", "curve 20"),
  train: curve(20, 0),
  test: curve(9, 0.03),
  inputShape: [1],
};

function curve(count: number, shift: number) {
  const xs = Float32Array.from({ length: count }, (_, i) => (2 * i) / count - 1 + shift);
  return {
    inputs: tensorData("float32", [count, 1], xs),
    targets: tensorData(
      "float32",
      [count, 1],
      xs.map((x) => x * x),
    ),
  };
}

const specOf = (changes: Partial<TrialSpec> = {}): TrialSpec => {
  const spec = trialSpec(line, {
    model: layers,
    loss: { kind: "meanSquaredError" },
    optimizer: { kind: "sgd", learningRate: 0.05 },
    batchSize: 8,
    ...(changes.epochs === undefined ? { steps: 7 } : {}),
    ...changes,
  });
  return { ...spec, data: { ...spec.data, scaling: "raw" } };
};
const run = (probes: Partial<ProbeSpec> | undefined, changes: Partial<TrialSpec> = {}, request: object = {}) =>
  finish({
    ...{ spec: specOf(changes), data: line, runtime, threads: 1 },
    ...(probes === undefined ? {} : { probes }),
    ...request,
  });

const stepsOf = (looks: readonly (readonly ProbeReading[])[]): number[] => looks.map(([{ step }]) => step);
const found = ([reading]: readonly ProbeReading[], of: string, path: string, statistic: string) =>
  reading.values.find((one) => one.of === of && one.path === path && one.statistic === statistic)?.value;
const samplesOf = ([reading]: readonly ProbeReading[], of: string, path: string) =>
  reading.samples.find((one) => one.of === of && one.path === path)!;
const hidden = "model.layers[1] (relu)";

/** Runs until some steps are done, and gives what was saved then. */
async function interrupted(probes: Partial<ProbeSpec>, changes: Partial<TrialSpec>, steps: number) {
  const signal = { aborted: false };
  const first = await finish({ spec: specOf(changes), data: line, runtime, threads: 1, probes, signal }, (event) => {
    if (event.kind === "steps" && event.first + event.steps >= steps) signal.aborted = true;
  });
  expect(first.events.at(-1)?.kind).toBe("interrupted");
  return { where: "state", bytes: first.checkpoint };
}

describe("when", () => {
  test("probes look at the start and at the end, beside a cadence or without one, and change nothing", async () => {
    const plain = await run(undefined);
    const ends = await run({ every: null, at: ["start", "end"] });
    expect(stepsOf(ends.trial.probed)).toEqual([0, 7]);
    expect(bitsOf(ends)).toEqual(bitsOf(plain));
    expect(stepsOf((await run({ every: 3, at: ["end"] })).trial.probed)).toEqual([0, 3, 6, 7]);
    expect(stepsOf((await run({ every: 7, at: ["start"] })).trial.probed)).toEqual([0]);
    expect(stepsOf((await run({ every: null })).trial.probed)).toEqual([]);
    const kinds = ends.events.map(({ kind }) => kind);
    expect(kinds.indexOf("probes")).toBeLessThan(kinds.indexOf("steps"));
    expect(kinds.lastIndexOf("probes")).toBeLessThan(kinds.lastIndexOf("checkpoint"));
  });

  test.each([{ at: ["start" as const] }, { at: ["start" as const, "end" as const] }, { every: 5 }])(
    "a training of no steps has one look, at its initial state: %j",
    async (when) => {
      const [untrained] = (await run({ every: null, ...when, samples: 100 }, { steps: 0 })).trial.probed;
      const trained = (await run({ every: null, at: ["start"], samples: 100 })).trial.probed;
      expect([untrained]).toEqual(trained);
    },
  );

  test("the last look is at the state that is left, on the batch that would come next", async () => {
    const { trial, tensors } = await run({ every: null, at: ["end"], samples: 100 });
    for (const path of ["0.weight", "0.bias", "2.weight", "2.bias"])
      expect(samplesOf(trial.probed[0], "weights", path).values).toEqual(tensors.get(path)!.data);
    // A training that is longer by a step has the loss of that batch.
    const longer = await run(undefined, { steps: 8 });
    expect(found(trial.probed[0], "loss", "", "loss")).toBeCloseTo(longer.losses[7], 6);
  });

  test("a trial that goes on has every look once", async () => {
    const probes = { every: 3, at: ["start" as const, "end" as const], samples: 5 };
    const whole = await run(probes);
    const resumed = await run(probes, {}, { resumeFrom: await interrupted(probes, {}, 4) });
    expect(resumed.trial.probed).toEqual(whole.trial.probed);
    expect(resumed.checkpoint).toEqual(whole.checkpoint);
    const after = await run(probes, {}, { resumeFrom: { where: "state", bytes: whole.checkpoint } });
    expect(after.trial.probed).toEqual(whole.trial.probed);
    expect(after.events.flatMap((event) => (event.kind === "probes" ? [event.step] : []))).toEqual([7]);
  });

  test("a training that is made longer has no look from its former end", async () => {
    const probes = { every: null, at: ["start" as const, "end" as const] };
    const short = await run(probes, { steps: 4 });
    const longer = await run(probes, {}, { resumeFrom: { where: "state", bytes: short.checkpoint } });
    expect(longer.trial.probed).toEqual((await run(probes)).trial.probed);
  });
});

describe("samples", () => {
  test("are the values at a fixed stride, at the same places of every look", async () => {
    const probes = { every: 1, samples: 4 };
    const few = (await run(probes)).trial.probed;
    const all = (await run({ ...probes, samples: 1000 })).trial.probed;
    expect(few).toHaveLength(7);
    for (const [look, [{ samples }]] of few.entries()) {
      for (const { of, path, stride, values } of samples) {
        const whole = samplesOf(all[look], of, path);
        expect(whole.stride).toBe(1);
        expect(stride).toBe(sampleStride(whole.values.length, 4));
        expect([...values]).toEqual([...whole.values].filter((_, i) => i % stride === 0));
      }
      const norm = Math.hypot(...samplesOf(all[look], "activations", hidden).values);
      expect(found(all[look], "activations", hidden, "norm")).toBeCloseTo(norm, 5);
    }
    // Of the smaller last batch there are fewer activations.
    const lengths = all.map((look) => samplesOf(look, "activations", hidden).values.length);
    expect(lengths).toEqual([48, 48, 24, 48, 48, 24, 48]);
  });

  test("are kept over an interruption, also where batches differ in size", async () => {
    const probes = { every: 1, samples: 30 };
    const whole = await run(probes);
    const resumed = await run(probes, {}, { resumeFrom: await interrupted(probes, {}, 4) });
    expect(resumed.trial.probed).toEqual(whole.trial.probed);
    expect(resumed.checkpoint).toEqual(whole.checkpoint);
  });
});

describe("chosen inputs", () => {
  const grid = { kind: "grid" as const, low: -2, high: 3, points: 11 };
  const of: ProbeSpec["of"] = ["preActivations", "activations", "weights"];
  const numbers = Array.from({ length: 11 }, (_, i) => -2 + i / 2);
  const at: ProbeSpec["at"] = ["start", "end"];

  /** Hidden activations and output of the network at a number, unit by unit. */
  function forward(look: readonly ProbeReading[], x: number): { hidden: number[]; output: number } {
    const [w0, b0, w2, b2] = ["0.weight", "0.bias", "2.weight", "2.bias"].map((path) => [
      ...samplesOf(look, "weights", path).values,
    ]);
    const units = w0.map((weight, unit) => Math.max(0, weight * x + b0[unit]));
    return { hidden: units, output: units.reduce((sum, value, unit) => sum + value * w2[unit], b2[0]) };
  }

  const statistics: ProbeSpec["statistics"] = ["mean", "maximum", "deadFraction", "isConstant"];
  const probes = { every: 3, at, of, inputs: grid, statistics, samples: 1000 };

  test("a grid gives the network as a function, and its dead units over the grid", async () => {
    const initial = new Map([["0.bias", Float32Array.of(-10, 0.1, -10, 0.2, 0.3, -0.1)]]);
    const { trial } = await run(probes, {}, { initial });
    expect(stepsOf(trial.probed)).toEqual([0, 3, 6, 7]);
    for (const look of trial.probed) {
      const slow = numbers.map((x) => forward(look, x));
      const outputs = slow.map(({ output }) => output);
      const kept = [...samplesOf(look, "activations", "output").values];
      expect(kept).toHaveLength(11);
      for (const [i, value] of kept.entries()) expect(value).toBeCloseTo(outputs[i], 5);
      expect(found(look, "activations", "output", "maximum")).toBeCloseTo(Math.max(...outputs), 5);
      const dead = [0, 1, 2, 3, 4, 5].filter((unit) => slow.every((point) => point.hidden[unit] === 0));
      expect(dead.length).toBeGreaterThanOrEqual(2);
      expect(found(look, "activations", hidden, "deadFraction")).toBeCloseTo(dead.length / 6, 6);
      expect(found(look, "activations", "output", "isConstant")).toBe(0);
      expect(found(look, "activations", hidden, "isConstant")).toBeUndefined();
      expect(look[0].values.some(({ statistic }) => statistic === "loss")).toBe(false);
    }
  });

  test("a network whose units are all dead is constant over the grid", async () => {
    const initial = new Map([["0.bias", new Float32Array(6).fill(-100)]]);
    const [look] = (await run(probes, {}, { initial })).trial.probed;
    const outputs = numbers.map((x) => forward(look, x).output);
    expect(Math.max(...outputs)).toBe(Math.min(...outputs));
    expect(found(look, "activations", "output", "isConstant")).toBe(1);
    expect(found(look, "activations", hidden, "deadFraction")).toBe(1);
  });

  test("a grid is not scaled, and an interruption loses no look", async () => {
    const scaled = { ...line, normalization: { scale: 1, mean: [5], deviation: [3] } };
    const spec = { ...specOf(), data: { ...specOf().data, scaling: "standardize" as const } };
    const [look] = (await run(probes, {}, { spec, data: scaled })).trial.probed;
    for (const [i, value] of samplesOf(look, "activations", "output").values.entries())
      expect(value).toBeCloseTo(forward(look, numbers[i]).output, 5);
    const whole = await run(probes);
    const resumed = await run(probes, {}, { resumeFrom: await interrupted(probes, {}, 4) });
    expect(resumed.trial.probed).toEqual(whole.trial.probed);
  });

  test("rows of a batch give what the batch gives, and those of a held-out split their own", async () => {
    const order = { order: "sequential" as const };
    const [batch] = (await run({ every: null, at: ["start"], samples: 100 }, order)).trial.probed;
    const rows = (split: "train" | "test", chosen: readonly number[]) => ({
      ...{ every: null, at: ["start" as const], samples: 100 },
      inputs: { kind: "rows" as const, split, rows: chosen },
    });
    const [same] = (await run(rows("train", [0, 1, 2, 3, 4, 5, 6, 7]), order)).trial.probed;
    expect(same).toEqual(batch);
    const [held] = (await run({ ...rows("test", [8, 0, 4]) })).trial.probed;
    const xs = line.test!.inputs.data as Float32Array;
    const outputs = [8, 0, 4].map((row) => forward(held, xs[row]).output);
    for (const [i, value] of samplesOf(held, "activations", "output").values.entries())
      expect(value).toBeCloseTo(outputs[i], 5);
    const squares = [8, 0, 4].map((row, i) => (outputs[i] - xs[row] ** 2) ** 2);
    expect(found(held, "loss", "", "loss")).toBeCloseTo((squares[0] + squares[1] + squares[2]) / 3, 5);
  });

  test.each([{ inputs: grid, of }, { inputs: "batch" as const }])(
    "every network of an ensemble shows what it shows alone: %j",
    async (chosen) => {
      const plan = { ...probes, ...chosen };
      const many = (await run(plan, { ensemble: 3 })).trial.probed;
      expect(stepsOf(many)).toEqual([0, 3, 6, 7]);
      for (const network of [0, 1, 2]) {
        const alone = (await run(plan, { seed: 7 + network })).trial.probed;
        for (const [look, readings] of many.entries()) {
          const [own, wanted] = [readings[network], alone[look][0]];
          expect(own.values.map(({ path, statistic }) => `${path} ${statistic}`)).toEqual(
            wanted.values.map(({ path, statistic }) => `${path} ${statistic}`),
          );
          for (const [i, { value }] of own.values.entries()) expect(value).toBeCloseTo(wanted.values[i].value, 4);
          for (const [i, { values, path, stride }] of own.samples.entries()) {
            expect([path, stride, values.length]).toEqual([
              wanted.samples[i].path,
              wanted.samples[i].stride,
              wanted.samples[i].values.length,
            ]);
            for (const [j, value] of values.entries()) expect(value).toBeCloseTo(wanted.samples[i].values[j], 4);
          }
        }
      }
    },
  );

  test.each([
    [{ inputs: grid }, /missing option "of": expected some of preActivations, .*: a grid has no right answers/],
    [{ inputs: grid, of: ["weights", "updates"] }, /probes\.of: expected some of .*: a grid has no right answers/],
    [{ inputs: grid, of, noiseScale: true }, /probes\.noiseScale: .*a grid has no right answers/],
    [{ inputs: { ...grid, low: 4 }, of }, /probes\.inputs.*low < high/],
    [{ inputs: { ...grid, points: 1 }, of }, /probes\.inputs\.points: expected a number at least 2/],
    [{ inputs: "grid" }, /probes\.inputs.*"batch"/],
    [{ inputs: { kind: "rows", split: "validation", rows: [0] } }, /no such split.*train, test/],
    [{ inputs: { kind: "rows", split: "test", rows: [0, 9] } }, /row number out of range.*0 to 8.*9/],
    [{ at: ["middle"] }, /probes\.at\[0\]/],
    [{ samples: -1 }, /probes\.samples: expected a number at least 0/],
  ])("what does not fit is refused: %j", async (given, message) => {
    await expect(run(given as never)).rejects.toThrow(message);
  });

  test("a grid is refused where the model takes more than a number", async () => {
    const images = patches(32);
    const request = { spec: trialSpec(images), data: images, probes: { inputs: grid, of } };
    await expect(run(undefined, {}, request)).rejects.toThrow(/one number as their input.*\[batch, 1\]/);
  });
});
