// What holds for every trial, of one network or of many: events, checkpoints, divergence, the stop rule, refusals.
import { afterAll, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/core/formats/safetensors.js";
import type { Dataset } from "../../src/data/dataset.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, StopRule, TrialSpec } from "../../src/train/spec/trial-spec.js";
import type { TrialEvent } from "../../src/train/trial/events.js";
import { openSeal, seal, sealKey } from "../../src/train/trial/seal.js";
import { openTrial } from "../../src/train/trial/trial.js";
import { type Finished, finish, patches, type SmallRequest, trialSpec, watched } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(50, { extent: 5 });
const kind = (name: string, options: object = {}) => ({ kind: name, ...options }) as KindSpec;
const layersOf = (...layers: KindSpec[]) => ({ kind: "sequential", layers }) as unknown as KindSpec;
const model = layersOf(kind("flatten"), kind("dense", { units: 3 }), kind("relu"), kind("dense", { units: 4 }));

/** 50 examples in batches of 16: four steps an epoch, the last one of 2 examples. */
const request = (changes: Partial<TrialSpec> = {}, more: Partial<SmallRequest> = {}): SmallRequest => ({
  spec: trialSpec(data, { model, ...changes }),
  data,
  runtime,
  threads: 1,
  ...more,
});

const ofKind = <Kind extends TrialEvent["kind"]>(events: readonly TrialEvent[], wanted: Kind) =>
  events.filter((event): event is Extract<TrialEvent, { kind: Kind }> => event.kind === wanted);

/** Everything about a trial that must not depend on segments, threads and interruptions. */
async function resultOf({ trial, tensors, events }: Finished) {
  return {
    losses: trial.history.arrays(),
    evaluations: trial.history.evaluations,
    tensors: [...tensors].map(([path, { data: values }]) => [path, [...(values as Float32Array)]]),
    end: events.at(-1),
  };
}

describe.each([
  ["one network", {}],
  ["an ensemble of one", { ensemble: 1 }],
  ["an ensemble of three", { ensemble: 3 }],
])("%s", (_name, form: Partial<TrialSpec>) => {
  const networks = form.ensemble ?? 1;

  test("tells the same things in the same order", async () => {
    const { events } = await finish(
      request({ ...form, schedule: kind("cosine") }, { runtime: watched(runtime, 250).runtime, probes: { every: 4 } }),
    );
    expect(events.map(({ kind: what }) => what)).toEqual([
      "ready",
      ...["probes", "steps", "steps", "steps", "epoch"],
      ...["probes", "steps", "steps", "steps", "trained", "epoch"],
      ...["checkpoint", "done"],
    ]);
    expect(events[0]).toMatchObject({ step: 0, totalSteps: 8, stepsPerEpoch: 4, networks });
    for (const event of ofKind(events, "steps")) {
      expect([event.losses.length, event.correct.length]).toEqual([event.steps * networks, event.steps * networks]);
      expect([event.examples.length, event.learningRates.length]).toEqual([event.steps, event.steps]);
      expect([...(event.momenta ?? [])]).toEqual(new Array(event.steps).fill(0.9));
    }
    expect(ofKind(events, "steps").flatMap(({ examples }) => [...examples])).toEqual([16, 16, 16, 2, 16, 16, 16, 2]);
    const rates = ofKind(events, "steps").flatMap(({ learningRates }) => [...learningRates]);
    expect(rates[0]).toBe(0.003);
    expect(rates.every((rate, i) => i === 0 || rate < rates[i - 1])).toBe(true);
    const [first] = ofKind(events, "probes");
    expect(first.readings.map(({ network, step }) => [network, step])).toEqual(
      Array.from({ length: networks }, (_, i) => [i, 0]),
    );
    const [epoch] = ofKind(events, "epoch");
    expect(
      epoch.measured.map(({ phase, step, loss, accuracy }) => [phase, step, loss.length, accuracy?.length]),
    ).toEqual([
      ["train", 4, networks, networks],
      ["validation", 4, networks, networks],
    ]);
    expect(events.at(-1)).toEqual({ kind: "done", step: 8, diverged: [] });
  });

  test("writes its first checkpoint after a second, and goes on from any of them as if nothing had happened", async () => {
    let clock = 0;
    const seconds = await finish(request(form, { now: () => (clock += 300), checkpointEveryMs: 1e6 }));
    const kinds = seconds.events.map(({ kind: what }) => what);
    expect(kinds.filter((what) => what === "checkpoint")).toHaveLength(2);
    expect(kinds.indexOf("checkpoint")).toBeLessThan(kinds.lastIndexOf("steps"));
    const [early] = ofKind(seconds.events, "checkpoint");
    const resumed = await finish(request(form, { resumeFrom: { where: "state", bytes: early.bytes } }));
    expect(resumed.events[0]).toMatchObject({ kind: "ready", step: early.step });
    expect(await resultOf(resumed)).toEqual(await resultOf(seconds));
    expect(Buffer.from(resumed.checkpoint).equals(Buffer.from(seconds.checkpoint))).toBe(true);
  });

  test("ends at the divergence of its last network, wherever segments end", async () => {
    const optimizer = kind("sgd", { learningRate: 1e30 });
    const ends = await Promise.all(
      [1000, 1].map((stepMs) => finish(request({ ...form, optimizer }, { runtime: watched(runtime, stepMs).runtime }))),
    );
    for (const { events, trial, losses } of ends) {
      const diverged = ofKind(events, "diverged");
      expect(diverged).toHaveLength(networks);
      const last = Math.max(...diverged.map(({ step }) => step));
      expect(last).toBeLessThan(4);
      for (const { network, step, epoch, loss } of diverged) {
        expect(epoch).toBe(step / 4);
        expect(Number.isFinite(loss)).toBe(false);
        expect(trial.history.lossesOf(network).slice(0, step).every(Number.isFinite)).toBe(true);
      }
      expect(losses).toHaveLength(last + 1);
      const done = diverged.map(({ kind: _, ...divergence }) => divergence);
      expect(events.at(-1)).toEqual({ kind: "done", step: last, diverged: done.sort((a, b) => a.network - b.network) });
      expect(ofKind(events, "checkpoint")).toEqual([]);
    }
    expect(await resultOf(ends[0])).toEqual(await resultOf(ends[1]));
  });

  test("notices that the very last update went wrong", async () => {
    // More than float32 can hold.
    const optimizer = kind("sgd", { learningRate: 1e39 });
    const { events, trial } = await finish(request({ ...form, optimizer, batchSize: 50, epochs: 1 }));
    expect(trial.history.lossesAt(0).every(Number.isFinite)).toBe(true);
    const diverged = Array.from({ length: networks }, (_, network) => ({
      ...{ network, step: 1, epoch: 1, loss: Number.NaN },
      tensor: "parameter 1.weight",
    }));
    expect(ofKind(events, "diverged").map(({ kind: _, ...divergence }) => divergence)).toEqual(diverged);
    expect(events.at(-1)).toEqual({ kind: "done", step: 1, diverged });
  });

  test("refuses what does not fit before anything runs", async () => {
    const { test: _, ...plain } = data;
    const trial = openTrial({ ...request(form), data: plain, now: () => 0 });
    await expect(trial.evaluate("test")).rejects.toThrow("data (patches): no examples are held out");
    await expect(trial.tensors(networks)).rejects.toThrow(
      `there is no such network: expected 0 to ${networks - 1}, received ${networks}`,
    );
    const words = layersOf(
      kind("embedding", { count: 100, features: 2 }),
      kind("flatten"),
      kind("dense", { units: 4 }),
    );
    const raw = { ...trialSpec(data).data, scaling: "raw" as const };
    const refused =
      (changes: Partial<TrialSpec>, more: Partial<SmallRequest> = {}) =>
      () =>
        openTrial({ ...request({ ...form, ...changes }, more), now: () => 0 });
    expect(refused({ model: words, data: raw })).toThrow("not a token");
    expect(
      refused({}, { runtime: { ...runtime, capabilities: { ...runtime.capabilities, memoryBytes: 1000 } } }),
    ).toThrow("too large to be trained here");
    expect(refused({ batchSize: 0 })).toThrow("trial.batchSize: expected a number above 0");
  });
});

test("what many networks cannot be given is refused", () => {
  const refused =
    (changes: Partial<TrialSpec>, more: Partial<SmallRequest> = {}) =>
    () =>
      openTrial({ ...request(changes, more), now: () => 0 });
  expect(refused({ ensemble: 2 }, { rows: new Int32Array(16) })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: rows: an ensemble takes its examples and initial weights by the seeds of its networks. Leave it out, or train the networks one by one]`,
  );
  expect(refused({ ensemble: 2 }, { initial: new Map() })).toThrow("initial: an ensemble takes");
  expect(refused({ ensemble: 2, learningRates: [0.1] })).toThrow("trial.learningRates: learning rates do not fit");
});

test("learning rates of their own are told for every network", async () => {
  const learningRates = [0.1, 0.01];
  const { events } = await finish(request({ ensemble: 2, learningRates, steps: 2, optimizer: kind("sgd") }));
  const [first] = ofKind(events, "steps");
  expect([...first.learningRates]).toEqual(learningRates);
  expect(first.momenta).toBeUndefined();
});

describe("the stop rule", () => {
  const stop = { kind: "lossAbove", factor: 1.5, smoothing: 0.5 } as const satisfies StopRule;
  // The rate grows from step to step, as in a range test.
  const rising: Partial<TrialSpec> = {
    ...{ steps: 40, stop, optimizer: kind("sgd", { learningRate: 0.01 }) },
    schedule: kind("exponential", { factor: 1.5, unit: "step" }),
  };

  /** The step at which one network's losses meet the rule, by its definition. */
  function expectedStop(losses: readonly number[]): number {
    const smoothed = losses.map((_, t) => {
      let [sum, weights] = [0, 0];
      for (let i = 0; i <= t; i++) {
        sum += losses[i] * stop.smoothing ** (t - i);
        weights += stop.smoothing ** (t - i);
      }
      return sum / weights;
    });
    return smoothed.findIndex((value, t) => value > stop.factor * Math.min(...smoothed.slice(0, t + 1)));
  }

  test.each([{}, { ensemble: 1 }, { ensemble: 3 }])(
    "ends %j at one step, whatever segments and threads",
    async (form) => {
      const whole = await finish(request({ ...rising, ...form }, { runtime: watched(runtime, 1).runtime }));
      const { stop: _, ...unstopped } = rising;
      const free = await finish(request({ ...unstopped, ...form }));
      const networks = whole.trial.networks;
      const expected = Array.from({ length: networks }, (_, i) => expectedStop(free.trial.history.lossesOf(i)));
      const last = Math.max(...expected);
      expect(last).toBeGreaterThan(3);
      expect(last).toBeLessThan(39);
      const { stopped } = whole.trial.history;
      expect(stopped?.map(({ step, epoch }) => [step, epoch])).toEqual(expected.map((step) => [step, step / 4]));
      expect(whole.events.at(-1)).toEqual({ kind: "done", step: last, diverged: [], stopped });
      expect(whole.losses).toEqual(free.losses.slice(0, last + 1));
      for (const changes of [
        { runtime: watched(runtime, 1000).runtime },
        { runtime: watched(runtime, 170).runtime },
        { threads: 2 },
      ])
        expect(await resultOf(await finish(request({ ...rising, ...form }, changes)))).toEqual(await resultOf(whole));
      // Its state is the one whose loss met the rule, and a checkpoint of it stops again at once.
      const bytes = whole.checkpoint;
      const again = await finish(request({ ...rising, ...form }, { resumeFrom: { where: "state", bytes } }));
      expect(again.events.map(({ kind: what }) => what)).toEqual(["ready", "steps", "trained", "checkpoint", "done"]);
      expect(await resultOf(again)).toEqual(await resultOf(whole));
      const cut = await finish(request({ ...unstopped, ...form, steps: last }));
      expect(cut.tensors).toEqual(whole.tensors);
    },
  );

  test("waits for every network, of which some diverge", async () => {
    const learningRates = [0.01, 1e30, 0.02];
    const { events } = await finish(request({ ...rising, ensemble: 3, learningRates }));
    const done = ofKind(events, "done")[0];
    expect(done.diverged.map(({ network }) => network)).toEqual([1]);
    expect(done.stopped?.map(({ network }) => network)).toEqual([0, 2]);
    expect(done.step).toBe(Math.max(...(done.stopped ?? []).map(({ step }) => step)));
  });

  test("ends a network for good: it is not said to diverge while the others go on", async () => {
    // Network 1 stops, and its rate goes on growing until it computes NaN. Network 0 never moves.
    const learningRates = [0, 0.01];
    const late = { stop: { ...stop, factor: 4 }, steps: 240, ensemble: 2, learningRates } as const;
    const { events, trial } = await finish(request({ ...rising, ...late }));
    expect(trial.history.lossesOf(1).some((loss) => !Number.isFinite(loss))).toBe(true);
    const done = ofKind(events, "done")[0];
    expect(done.stopped?.map(({ network }) => network)).toEqual([1]);
    expect([done.diverged, ofKind(events, "diverged")]).toEqual([[], []]);
  });

  test("tells the reading of a step once, also where that step turns out to be the end", async () => {
    const probes: SmallRequest["probes"] = { every: 1, at: ["end"], of: ["weights"], histogramBins: 0 };
    const { events } = await finish(request(rising, { probes }));
    const steps = ofKind(events, "probes").map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)]);
    expect(steps.at(-1)).toBe(ofKind(events, "done")[0].step);
  });

  test("that is never met changes nothing", async () => {
    const steady = await finish(request());
    const watchful = await finish(request({ stop: { ...stop, factor: 1e6 } }));
    expect(watchful.losses).toEqual(steady.losses);
    expect(watchful.tensors).toEqual(steady.tensors);
    expect(watchful.events.at(-1)).toEqual({ kind: "done", step: 8, diverged: [], stopped: [] });
  });
});

/** The same data, whose training rows are read when they are wanted. */
function streamed(whole: Dataset): Dataset {
  const { inputs } = whole.train;
  if (!("data" in inputs)) throw new Error("rows in memory are expected");
  const size = inputs.data.length / inputs.shape[0];
  const read = async (rows: Int32Array) => {
    const values = new Uint8Array(rows.length * size);
    for (const [i, row] of rows.entries())
      values.set((inputs.data as Uint8Array).subarray(row * size, (row + 1) * size), i * size);
    return { ...inputs, shape: [rows.length, ...inputs.shape.slice(1)], data: values };
  };
  const empty = { ...inputs, shape: [0, ...inputs.shape.slice(1)], data: new Uint8Array(0) };
  const source = { dtype: inputs.dtype, shape: inputs.shape, read };
  return { ...whole, train: { ...whole.train, inputs: empty, source } };
}

test.each([
  { ensemble: 3 },
  { ensemble: 3, order: "shared" as const },
  // In groups of lanes, and in two shares.
  { ensemble: 275 },
])("rows that are streamed give the bits of those in memory: %j", async (form) => {
  const changes = { ...form, epochs: 1 };
  const resident = await finish(request(changes, { threads: 2 }));
  const onDisk = await finish(request(changes, { threads: 2, data: streamed(data), probes: { of: ["weights"] } }));
  expect(await resultOf(onDisk)).toEqual(await resultOf(resident));
});

test("a checkpoint of before, with numbers outside of lists, is read", async () => {
  const { checkpoint, trial } = await finish(request());
  const file = readSafetensors(checkpoint, "test");
  const old = trial.history.evaluations.map(({ loss: [loss], accuracy: [accuracy] = [], ...place }) => ({
    ...place,
    loss,
    accuracy,
  }));
  const metadata = new Map(file.metadata).set("evaluations", JSON.stringify(old)).set(sealKey, openSeal);
  const bytes = writeSafetensors(file.tensors, metadata);
  seal(bytes);
  const again = await finish(request({}, { resumeFrom: { where: "state", bytes } }));
  expect(again.trial.history.evaluations).toEqual(trial.history.evaluations);
});

test("a checkpoint is continued with the probes that it was made with", async () => {
  const { checkpoint } = await finish(request({}, { probes: { every: 4 } }));
  const resumeFrom = { where: "state", bytes: checkpoint };
  await expect(finish(request({}, { probes: { every: 2 }, resumeFrom }))).rejects.toThrow(
    "state: the checkpoint was made with another set of probes",
  );
});
