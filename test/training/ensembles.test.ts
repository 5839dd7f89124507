// An ensemble against its networks trained one by one: the same losses, evaluations and parameters.
import { afterAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random/rng.js";
import type { MetricRow } from "../../src/core/rows.js";
import type { Dataset } from "../../src/data/dataset.js";
import { layerNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { optimizers } from "../../src/optim/optimizers/index.js";
import { gainsFromLanes } from "../../src/train/program/ensemble-form.js";
import type { KindSpec, TrialSpec } from "../../src/train/spec/trial-spec.js";
import { train } from "../../src/train/train.js";
import { shareExtents } from "../../src/train/trial/ensemble/ensemble-share.js";
import type { TrialEvent } from "../../src/train/trial/events.js";
import { openTrial, type Trial, type TrialRequest } from "../../src/train/trial/trial.js";
import { patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const networks = 5;
const many = 37;
const kind = (name: string, options: object = {}) => ({ kind: name, ...options }) as KindSpec;
const layersOf = (...layers: KindSpec[]) => ({ kind: "sequential", layers }) as unknown as KindSpec;
const classes = patches(50);
// Few enough inputs for groups of lanes.
const coarse = patches(50, { extent: 5 });
const narrow = layersOf(kind("flatten"), kind("dense", { units: 3 }), kind("relu"), kind("dense", { units: 4 }));

/** Sums of sines of two inputs: targets that are numbers. */
function curve(count: number): Dataset {
  const stream = randomStream(3, "curve");
  const values = (width: number, value: (i: number) => number) => ({
    dtype: "float32" as const,
    shape: [count, width],
    data: Float32Array.from({ length: count * width }, (_, i) => value(i)),
  });
  const inputs = values(2, (i) => 4 * stream.uniform(i) - 2);
  const targets = values(1, (i) => Math.sin(3 * inputs.data[2 * i]) + inputs.data[2 * i + 1]);
  const split = { inputs, targets };
  const { normalization: _, classes: __, test: ___, ...rest } = classes;
  return { ...rest, id: "curve", title: "curve", inputShape: [2], train: split, test: split };
}

interface Together {
  readonly trial: Trial;
  readonly events: TrialEvent[];
}

type Options = Partial<Pick<TrialRequest, "resumeFrom" | "threads">>;

async function together(data: Dataset, spec: TrialSpec, options: Options = {}): Promise<Together> {
  const trial = openTrial({ spec, data, runtime, threads: 1, now: () => 0, ...options });
  const events: TrialEvent[] = [];
  for await (const event of trial.run()) events.push(event);
  return { trial, events };
}

async function alone(data: Dataset, { ensemble: _, learningRates, ...spec }: TrialSpec, network: number) {
  const optimizer =
    learningRates === undefined ? spec.optimizer : { ...spec.optimizer, learningRate: learningRates[network] };
  // A shared order is that of the first network.
  const trial = openTrial({
    spec: { ...spec, optimizer, seed: spec.seed + network },
    data,
    runtime,
    threads: 1,
    now: () => 0,
  });
  for await (const _ of trial.run());
  const { history } = trial;
  const result = {
    losses: history.lossesOf(),
    evaluations: history.evaluations,
    tensors: await trial.tensors(),
  };
  await trial.dispose();
  return result;
}

function expectNear(received: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(received.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i])) expect(received[i]).toBeNaN();
    else expect(Math.abs(received[i] - expected[i])).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected[i])));
  }
}

/** Compares first, middle and last network with the same trained alone. */
async function expectSameAsAlone(data: Dataset, spec: TrialSpec): Promise<void> {
  const { trial } = await together(data, spec);
  for (const network of [0, 2, trial.networks - 1]) {
    const own = await alone(data, spec, network);
    expect(own.losses.every(Number.isFinite)).toBe(true);
    expectNear(trial.history.lossesOf(network), own.losses);
    expect(trial.history.evaluations).toHaveLength(own.evaluations.length);
    for (const [i, { loss, accuracy, ...place }] of own.evaluations.entries()) {
      const evaluation = trial.history.evaluations[i];
      expect(evaluation).toMatchObject(place);
      expectNear([evaluation.loss[network]], loss);
      expectNear([evaluation.accuracy?.[network] ?? -1], accuracy ?? [-1]);
    }
    const tensors = await trial.tensors(network);
    expect([...tensors.keys()].sort()).toEqual([...own.tensors.keys()].sort());
    for (const [path, { shape, data: values }] of own.tensors) {
      expect(tensors.get(path)?.shape).toEqual(shape);
      expectNear(tensors.get(path)?.data as Float32Array, values as Float32Array);
    }
  }
  await trial.dispose();
}

// 50 examples in batches of 16: the last one has 2.
const classSpec = (changes: Partial<TrialSpec>, data = classes): TrialSpec =>
  trialSpec(data, { model: narrow, batchSize: 16, epochs: 2, seed: 11, ensemble: networks, ...changes });

function curveSpec(changes: Partial<TrialSpec>): TrialSpec {
  const model = layersOf(
    kind("dense", { units: 2 }),
    kind("relu"),
    kind("dense", { units: 3 }),
    kind("relu"),
    kind("dense", { units: 1 }),
  );
  const data = { ...classSpec({}).data, scaling: "raw" as const };
  return classSpec({ model, loss: kind("meanSquaredError"), data, ...changes });
}

describe("every network is what it is alone", () => {
  test.each(Object.values(optimizers).map((definition) => definition.kind))("with %s", async (name) => {
    const decay = { weightDecay: 0.05 };
    await expectSameAsAlone(classes, classSpec({ optimizer: kind(name, { learningRate: 0.01, ...decay }) }));
  });

  const variants: [string, Partial<TrialSpec>][] = [
    [
      "wide layers, as batched matrix products",
      {
        model: layersOf(
          kind("flatten"),
          kind("dense", { units: 24 }),
          kind("tanh"),
          kind("dense", { units: 12 }),
          kind("sigmoid"),
          kind("dense", { units: 4 }),
        ),
      },
    ],
    [
      "dropout",
      {
        model: layersOf(
          kind("flatten"),
          kind("dense", { units: 8 }),
          kind("dropout", { rate: 0.4 }),
          kind("leakyRelu"),
          kind("dropout", { rate: 0.2 }),
          kind("dense", { units: 4 }),
        ),
      },
    ],
    [
      "batch normalization",
      {
        // The bias before it has a gradient of 0 but for rounding, which Adam would scale up to whole steps; and the
        // statistics of a last batch of two examples magnify rounding.
        optimizer: kind("sgd", { learningRate: 0.05 }),
        batchSize: 20,
        model: layersOf(
          kind("flatten"),
          kind("dense", { units: 6 }),
          kind("batchNorm"),
          kind("relu"),
          kind("dense", { units: 4 }),
        ),
      },
    ],
    ["frozen parameters and clipped gradients", { freeze: ["1.bias"], clip: { norm: 0.5, value: 0.1 } }],
    ["the order of the file", { order: "sequential" }],
    ["the order of the file, wrapping round", { order: "wrapping" }],
    ["micro-batches and a schedule", { microBatchSize: 6, schedule: kind("cosine") }],
    ["learning rates of their own", { learningRates: [0.001, 0.003, 0.01, 0.03, 0.1] }],
    ["without the last batch", { dropLast: true }],
  ];

  test.each(variants)("with %s", async (_name, changes) => {
    await expectSameAsAlone(classes, classSpec(changes));
  });

  test("with targets that are numbers", async () => {
    await expectSameAsAlone(curve(40), curveSpec({}));
  });

  // So many narrow networks lie in groups, where the runtime has convolutions over blocks; the last group is not full.
  test.each(variants)("with %s, in groups", async (_name, { learningRates, ...changes }) => {
    const own = learningRates === undefined ? {} : { learningRates: Array.from({ length: many }, (_, i) => 0.002 * i) };
    await expectSameAsAlone(coarse, classSpec({ ...changes, ...own, ensemble: many }, coarse));
  });

  test("with targets that are numbers, in groups", async () => {
    await expectSameAsAlone(curve(40), curveSpec({ ensemble: many }));
  });
});

test("groups of lanes are for many narrow networks", () => {
  const built = (units: number) =>
    layerNetwork(layersOf(kind("dense", { units }), kind("dense", { units: 1 }))).build({
      mode: "inference",
      batchSize: 1,
      inputShapes: [[2]],
    });
  expect([gainsFromLanes(built(8), many), gainsFromLanes(built(8), networks)]).toEqual([true, false]);
  expect(gainsFromLanes(built(64), many)).toBe(false);
});

test("an ensemble is divided into shares of whole groups, as equal as can be", () => {
  const built = (units: number) =>
    layerNetwork(layersOf(kind("dense", { units }), kind("dense", { units: 1 }))).build({
      mode: "inference",
      batchSize: 1,
      inputShapes: [[2]],
    });
  const extents = (units: number, count: number, threads: number) =>
    shareExtents(built(units), count, threads).map(({ first, networks: own }) => [first, own]);
  expect(extents(2, 1000, 1)).toEqual([[0, 1000]]);
  expect(extents(2, 1000, 2)).toEqual([
    [0, 496],
    [496, 504],
  ]);
  expect(extents(2, 400, 8)).toEqual([
    [0, 128],
    [128, 128],
    [256, 144],
  ]);
  expect([extents(2, 255, 2), extents(64, 1000, 2)]).toEqual([[[0, 255]], [[0, 1000]]]);
});

test("a share that diverges, and one that fails", async () => {
  const rates = Array.from({ length: 275 }, (_, i) => (i === 200 ? 1e30 : 0.01));
  const optimizer = kind("sgd", { learningRate: 0.01 });
  const spec = classSpec({ ensemble: 275, optimizer, learningRates: rates }, coarse);
  const { trial, events } = await together(coarse, spec, { threads: 2 });
  expect(events.find((event) => event.kind === "steps")).toMatchObject({ threads: 2 });
  expect(events.at(-1)).toMatchObject({ kind: "done", diverged: [{ network: 200 }] });
  expect(trial.history.lossesOf(199).every(Number.isFinite)).toBe(true);
  await trial.dispose();

  const other = nodeRuntime({ cores: 2 });
  const fork = other.fork?.(1);
  if (fork === undefined) throw new Error("two runtimes of one kind are expected");
  const broken = { ...other, fork: () => ({ ...fork, load: () => Promise.reject(new Error("no memory")) }) };
  const failing = openTrial({ spec, data: coarse, runtime: broken, threads: 2, now: () => 0 });
  await expect(failing.run().next()).rejects.toThrow("no memory");
  await other.dispose();
  await expect(fork.get("x")).rejects.toThrow("disposed");
});

test("a shared order is the first network's", async () => {
  const { trial } = await together(classes, classSpec({ order: "shared" }));
  const first = await alone(classes, classSpec({ order: "shuffle" }), 0);
  expectNear(trial.history.lossesOf(0), first.losses);
  expect(trial.history.lossesOf(1)).not.toEqual(trial.history.lossesOf(0));
  await trial.dispose();
});

// The last of them trains in two shares where there are two threads.
test.each([networks, many, 275])("threads and interruptions change no bit of %i networks", async (ensemble) => {
  const spec = classSpec(
    {
      ensemble,
      model: layersOf(
        kind("flatten"),
        kind("dense", { units: 24 }),
        kind("relu"),
        kind("dropout"),
        kind("dense", { units: 4 }),
      ),
    },
    coarse,
  );
  const whole = await together(coarse, spec);
  const two = await together(coarse, spec, { threads: 2 });
  const signal = { aborted: false };
  const stopped = openTrial({ spec, data: coarse, runtime, threads: 2, now: () => 0 });
  let bytes = new Uint8Array();
  for await (const event of stopped.run(signal)) {
    if (event.kind === "steps") signal.aborted = event.first + event.steps >= 5;
    if (event.kind === "checkpoint") bytes = event.bytes as Uint8Array<ArrayBuffer>;
  }
  const resumeFrom = { where: "state", bytes };
  const resumed = await together(coarse, spec, { resumeFrom });
  const resumedByTwo = await together(coarse, spec, { resumeFrom, threads: 2 });
  expect(resumed.events[0]).toMatchObject({ kind: "ready", step: 7 });
  for (const { trial } of [two, resumed, resumedByTwo]) {
    expect(trial.history.arrays()).toEqual(whole.trial.history.arrays());
    expect(trial.history.evaluations).toEqual(whole.trial.history.evaluations);
    expect(await trial.allTensors()).toEqual(await whole.trial.allTensors());
    await trial.dispose();
  }
  await stopped.dispose();
  await whole.trial.dispose();
});

test("a network that diverges leaves the others alone", async () => {
  const rates = [0.01, 1e30, 0.01, 0.01, 0.01];
  const optimizer = kind("sgd", { learningRate: 0.01 });
  const { trial, events } = await together(classes, classSpec({ optimizer, learningRates: rates }));
  const calm = await together(classes, classSpec({ optimizer }));
  expect(events.at(-1)).toMatchObject({ kind: "done", diverged: [{ network: 1 }] });
  const { step } = trial.history.diverged[0];
  const own = trial.history.lossesOf(1);
  expect(own.slice(0, step).every(Number.isFinite)).toBe(true);
  expect(own.slice(step + 1).every(Number.isNaN)).toBe(true);
  expect(trial.history.evaluations.at(-1)?.accuracy?.[1]).toBeNaN();
  for (const network of [0, 2, 3, 4]) expectNear(trial.history.lossesOf(network), calm.trial.history.lossesOf(network));
  await trial.dispose();
  await calm.trial.dispose();
});

describe("what cannot be is refused before anything runs", () => {
  const make = (changes: Partial<TrialSpec>) => () =>
    openTrial({ spec: classSpec(changes), data: classes, runtime, now: () => 0 });

  test("a number of networks that is none", () => {
    expect(make({ ensemble: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: trial.ensemble: expected a number above 0, received 0]`,
    );
  });

  test("learning rates that do not fit", () => {
    expect(make({ learningRates: [1, 2] })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: trial.learningRates: learning rates do not fit the ensemble: expected 5, one for each network, received 2]`,
    );
  });

  test("a network that does not exist", async () => {
    const trial = make({})();
    await expect(trial.tensors(networks)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: ensemble: there is no such network: expected 0 to 4, received 5]`,
    );
  });
});

describe("train with an ensemble", () => {
  const optimizer = kind("sgd", { learningRate: 0.01 });
  const options = { model: narrow, data: classes, optimizer, runtime, batchSize: 16, threads: 1 };

  test("yields a row for every network where there is one otherwise", async () => {
    const rows: MetricRow[] = [];
    for await (const row of train({ ...options, ensemble: 3, seed: 5 })) rows.push(row);
    for (const network of [0, 1, 2]) {
      const own: MetricRow[] = [];
      for await (const row of train({ ...options, seed: 5 + network })) own.push(row);
      const received = rows.filter((row) => row.network === network);
      const place = ({ trial: _, network: __, value: ___, ...rest }: MetricRow) => rest;
      expect(received.map(place)).toEqual(own.map(place));
      expectNear(
        received.map(({ value }) => value),
        own.map(({ value }) => value),
      );
    }
  });

  test("takes as many networks as there are learning rates", async () => {
    const last = new Map<number, number>();
    for await (const { network, metric, value } of train({ ...options, learningRates: [0.001, 0.1] }))
      if (metric === "loss") last.set(network as number, value);
    expect([...last.keys()]).toEqual([0, 1]);
    expect(last.get(0)).not.toBe(last.get(1));
  });
});
