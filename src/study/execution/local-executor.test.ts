// The executor on the real store: stored results, and trials that survive interruptions.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  checkpointsIn,
  data,
  ExecutorPlace,
  idOf,
  kinds,
  longTrial,
  planned,
  trials,
} from "../../../test/support/executions.js";
import { trialSpec } from "../../../test/support/small-trials.js";
import { EnvironmentError, InterruptedError } from "../../core/errors.js";
import { writeSafetensors } from "../../core/formats/safetensors.js";
import type { Dataset } from "../../data/dataset.js";
import { loadedData } from "../../data/resolver.js";
import { relu } from "../../nn/activations.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";
import { flatten } from "../../nn/layers/flatten.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import type { KindSpec } from "../../train/spec/trial-spec.js";
import type { PlannedTrial } from "../definition.js";
import { measurementPlan } from "../measurement.js";
import type { RunStore } from "../store/store.js";
import type { CheckpointPort } from "./trial-host.js";

let place: ExecutorPlace;
beforeEach(() => {
  place = new ExecutorPlace();
});
afterEach(() => place.dispose());

const model = sequential([flatten(), dense({ units: 8 }), relu(), dense({ units: 4 })]) as KindSpec;

describe("results in the store", () => {
  test("a finished trial has its evaluations and is found the next time", async () => {
    const { store, events, series } = await place.execute();
    expect(kinds(events)).toEqual(trials.flatMap(() => ["started", "ended"]));
    expect(series.map((all) => all.map(({ phase, metric, steps }) => [phase, metric, ...steps]))).toEqual(
      trials.map(() => [
        ["train", "loss", 4],
        ["train", "accuracy", 4],
        ["validation", "loss", 4],
        ["validation", "accuracy", 4],
      ]),
    );
    const ended = events.find((event) => event.kind === "ended");
    const { compileMs = 0, trainMs = 0, evaluateMs = 0, totalMs = 0 } = ended?.timings ?? {};
    expect([compileMs, trainMs, evaluateMs].every((ms) => ms > 0)).toBe(true);
    expect(compileMs + trainMs + evaluateMs).toBeLessThanOrEqual(totalMs);
    expect(kinds((await place.execute({ store })).events)).toEqual(["found", "found", "found"]);
  });

  test("everything in the plan is stored: steps, probes, tensors at the start and the end", async () => {
    const measure = measurementPlan({
      steps: { every: 2, metrics: ["loss", "accuracy", "learningRate", "momentum", "batchSize"] },
      probes: { every: 3, of: ["weights"], statistics: ["norm"], histogramBins: 4 },
      tensors: [
        { of: "0.bias", at: "start" },
        { of: "0.*", at: "end" },
      ],
    });
    const optimizer = { kind: "sgd", learningRate: 0.1, momentum: 0.9 };
    const spec = trialSpec(data, { seed: 0, epochs: 1, optimizer });
    const momentum: PlannedTrial = { ...planned(0, measure), spec };
    const { store, series } = await place.execute({ trials: [momentum] });
    const steps = (metric: string, path = ""): unknown => {
      const block = series[0].find((one) => one.metric === metric && one.path === path);
      return block === undefined ? undefined : [[...block.steps], [...block.values]];
    };
    expect(steps("batchSize")).toEqual([
      [0, 2],
      [16, 16],
    ]);
    expect(steps("learningRate")).toEqual([
      [0, 2],
      [0.1, 0.1],
    ]);
    expect(steps("batchLoss")).toEqual([
      [0, 2],
      [expect.any(Number), expect.any(Number)],
    ]);
    expect(steps("batchAccuracy")).toEqual([
      [0, 2],
      [expect.any(Number), expect.any(Number)],
    ]);
    expect(steps("loss")).toEqual([[4], [expect.any(Number)]]);
    expect(steps("weights.norm", "0.weight")).toEqual([
      [0, 3],
      [expect.any(Number), expect.any(Number)],
    ]);
    const bins = series[0].filter(({ metric, path }) => path === "0.weight" && metric.startsWith("weights.histogram["));
    expect(bins.map(({ values }) => values[0]).reduce((sum, count) => sum + count, 0)).toBe(4 * 9);
    expect(steps("weights.histogram.stride", "0.weight")).toEqual([
      [0, 3],
      [1, 1],
    ]);
    const kept = await store.readTensors(idOf(momentum));
    expect(kept.map(({ at, path }) => [at, path])).toEqual([
      ["start", "0.bias"],
      ["end", "0.bias"],
      ["end", "0.weight"],
    ]);
    const untrained = { ...momentum, spec: trialSpec(data, { ...spec, epochs: undefined, steps: 0 }) };
    const begun = await place.execute({ trials: [untrained] });
    const [start, end] = await begun.store.readTensors(idOf(untrained));
    expect([start.tensor, end.tensor]).toEqual([kept[0].tensor, kept[0].tensor]);
    expect(kept[1].tensor).not.toEqual(kept[0].tensor);
  });

  test("a diverged trial is stored as a result, and the others continue", async () => {
    const wild: PlannedTrial = {
      ...trials[0],
      spec: trialSpec(data, { epochs: 1, optimizer: { kind: "sgd", learningRate: 1e30 } }),
    };
    const all = [wild, trials[1]];
    const { store, events, series, remarks } = await place.execute({ trials: all });
    expect([kinds(events), remarks]).toEqual([["started", "ended", "started", "ended"], []]);
    const [diverged, done] = await Promise.all(all.map((trial) => store.findTrial(idOf(trial))));
    expect([diverged?.status, done?.status]).toEqual(["diverged", "done"]);
    const [{ step, loss, tensor }] = diverged?.end?.diverged ?? [];
    expect([Number.isFinite(loss), typeof tensor]).toEqual([false, "string"]);
    const rows = series[0].map(({ metric, steps, epochs, values }) => [metric, ...steps, ...epochs, ...values]);
    expect(rows).toEqual([["loss", step, step / 4, loss]]);
    // One that diverges in its last update, or in the first of an epoch, has the row of that epoch alone.
    for (const [steps, learningRate] of [
      [1, 1e38],
      [2, 1e18],
    ]) {
      const spec = trialSpec(data, { steps, batchSize: 64, optimizer: { kind: "sgd", learningRate } });
      const late = await place.execute({ trials: [{ ...wild, spec }] });
      expect(late.events.at(-1)).toMatchObject({ kind: "ended", status: "diverged" });
      const losses = late.series[0].find(({ phase, metric }) => phase === "train" && metric === "loss");
      expect([...(losses?.steps ?? [])]).toEqual([1]);
    }
    expect(kinds((await place.execute({ trials: all, store })).events)).toEqual(["found", "found"]);
  });

  const many: PlannedTrial = {
    ...{ factors: {}, replicate: 0, spec: trialSpec(data, { model, ensemble: 3, epochs: 1, seed: 5 }) },
    measure: measurementPlan({ steps: {}, tensors: [{ of: "*.bias", at: "end" }] }),
  };

  test("an ensemble trains all of its networks and stores their numbers separately", async () => {
    const { store, series } = await place.execute({ trials: [many] });
    expect(
      series[0].map(({ phase, metric, networks, values }) => [phase, metric, networks, new Set(values).size > 1]),
    ).toEqual([
      ["train", "batchLoss", 3, true],
      ["train", "loss", 3, true],
      ["train", "accuracy", 3, true],
      ["validation", "loss", 3, true],
      ["validation", "accuracy", 3, true],
    ]);
    const kept = await store.readTensors(idOf(many));
    expect(kept.map(({ network, path, tensor }) => [network, path, ...tensor.shape])).toEqual(
      [0, 1, 2].flatMap((network) => [
        [network, "1.bias", 8],
        [network, "3.bias", 4],
      ]),
    );
  });

  test("an ensemble gets the threads that it can use, single trials one each", async () => {
    const cores: number[] = [];
    await place.execute({
      trials: [trials[0], many, trials[1]],
      workers: 4,
      threads: 2,
      openRuntime: (count) => {
        cores.push(count);
        return nodeRuntime({ cores: count });
      },
    });
    // The runtime of the first single trial serves the second.
    expect(cores).toEqual([1, 2]);
  });

  test("a finished trial with too few measurements runs again and then has those of both plans", async () => {
    const { store } = await place.execute({ trials: [trials[0]] });
    const tensors = [{ of: "*.bias", at: "end" as const }];
    const wanting = planned(0, measurementPlan({ tensors }));
    const again = await place.execute({ trials: [wanting], store });
    expect(kinds(again.events)).toEqual(["started", "ended"]);
    expect((await store.readTensors(idOf(wanting))).length).toBeGreaterThan(2);
    expect((await store.findTrial(idOf(wanting)))?.measured).toEqual(wanting.measure);
    expect(kinds((await place.execute({ trials: [trials[0]], store })).events)).toEqual(["found"]);
  });
});

/** The same for an ensemble. */
const longEnsemble: PlannedTrial = {
  ...longTrial,
  spec: trialSpec(data, { model, ensemble: 3, epochs: 6, seed: 9 }),
  measure: measurementPlan({
    ...longTrial.measure,
    tensors: [
      { of: "1.*", at: "start" },
      { of: "1.*", at: "end" },
    ],
  }),
};

describe("an interrupted trial", () => {
  test.each([
    ["a single training", longTrial],
    ["an ensemble", longEnsemble],
  ])(
    "%s that is interrupted again and again ends with the rows of an undisturbed one, bit for bit",
    async (_, long) => {
      const whole = await place.execute({ trials: [long] });
      const store = await place.storeWith([long]);
      const checkpoints = checkpointsIn(new Map());
      const all: string[] = [];
      for (let round = 0; round < 40 && all.at(-1) !== "ended"; round++) {
        const controller = new AbortController();
        let segments = 0;
        const { events } = await place.execute({
          ...{ trials: [long], store, checkpoints, signal: controller.signal },
          onEvent: ({ kind }) => {
            // The first event only reports that the programs are loaded.
            if (kind === "progress" && segments++ > 0) controller.abort();
          },
        });
        all.push(...kinds(events));
      }
      expect(all.filter((kind) => kind === "interrupted").length).toBeGreaterThan(1);
      expect(all.at(-1)).toBe("ended");
      const parts = await place.execute({ trials: [long], store });
      expect(parts.series).toEqual(whole.series);
      expect(await store.readTensors(idOf(long))).toEqual(await whole.store.readTensors(idOf(long)));
    },
  );

  test("measures everything after the last checkpoint again, without duplicates", async () => {
    const whole = await place.execute({ trials: [longTrial] });
    const store = await place.storeWith([longTrial]);
    const files = new Map<string, Uint8Array>();
    // As after a kill between the rows and the checkpoint: only the first one ever reaches the disk.
    const checkpoints: CheckpointPort = {
      ...checkpointsIn(files),
      write: async (trial, bytes) => void (files.has(trial) || files.set(trial, bytes)),
    };
    const controller = new AbortController();
    let segments = 0;
    await place.execute({
      ...{ trials: [longTrial], store, checkpoints, checkpointEveryMs: 0, signal: controller.signal },
      onEvent: ({ kind }) => {
        if (kind === "progress" && segments++ > 3) controller.abort();
      },
    });
    expect((await place.execute({ trials: [longTrial], store, checkpoints })).series).toEqual(whole.series);
  });

  test("measures nothing twice if it was killed between its last measurements and its end", async () => {
    // With a validation split, the test split is measured after the last checkpoint.
    const { test: held } = data;
    const three: Dataset = { ...data, ...(held === undefined ? {} : { validation: held }) };
    const split: PlannedTrial = { ...longTrial, spec: trialSpec(three, { seed: 9, epochs: 2 }) };
    const from = { trials: [split], data: loadedData([three]) };
    const whole = await place.execute(from);
    expect(whole.series[0].filter(({ phase }) => phase === "test").map(({ steps }) => [...steps])).toEqual([[8], [8]]);
    const store = await place.storeWith([split]);
    const checkpoints = checkpointsIn(new Map());
    const dying: RunStore = {
      ...store,
      finishTrial: () => Promise.reject(new Error("killed")),
      failTrial: (token) => store.releaseTrial(token),
    };
    await expect(place.execute({ ...from, checkpoints, store: dying })).rejects.toThrow("killed");
    const parts = await place.execute({ ...from, checkpoints, store });
    expect(parts.events.flatMap((event) => (event.kind === "progress" ? [event.step] : []))).toEqual([8]);
    expect(parts.series).toEqual(whole.series);
    expect(await store.readTensors(idOf(split))).toEqual(await whole.store.readTensors(idOf(split)));
  });

  test("does not continue from a checkpoint whose measurements are in another store", async () => {
    const files = new Map<string, Uint8Array>();
    const controller = new AbortController();
    await place.execute({
      ...{ trials: [longTrial], checkpoints: checkpointsIn(files), checkpointEveryMs: 0, signal: controller.signal },
      onEvent: ({ kind }) => {
        if (kind === "progress") controller.abort();
      },
    });
    expect(files.size).toBe(1);
    const { remarks, series } = await place.execute({ trials: [longTrial], checkpoints: checkpointsIn(files) });
    expect(remarks.map(({ code, where }) => [code, where])).toEqual([
      ["checkpoint-not-usable", `trial ${idOf(longTrial)}`],
    ]);
    expect(remarks[0].text).toMatch(
      /^begins anew because its checkpoint cannot be used: what was measured before step/,
    );
    expect(series).toEqual((await place.execute({ trials: [longTrial] })).series);
  });

  test("has the same results with any workers and with damaged or unwritable checkpoints", async () => {
    const plain = await place.execute();
    const removed: string[] = [];
    const [first, second] = trials.map(idOf);
    const bad: CheckpointPort = {
      read: async (trial) => {
        if (trial === second) return { where: "b.safetensors", bytes: new Uint8Array(8) };
        return trial === first ? { where: "a.safetensors", bytes: new Uint8Array(100) } : undefined;
      },
      write: async () => {
        throw new EnvironmentError("cannot write because the disk is full", { where: "c" });
      },
      remove: async (trial) => void removed.push(trial),
    };
    const { series, remarks } = await place.execute({ checkpoints: bad, workers: 2, threads: 2, checkpointEveryMs: 0 });
    expect(series).toEqual(plain.series);
    const codes = remarks.map(({ code }) => code).sort();
    expect(codes).toEqual(["checkpoint-not-saved", "checkpoint-not-usable", "checkpoint-not-usable"]);
    // One removal as damaged, one as finished; the other worker's removals may come in between at any time.
    expect(removed.filter((trial) => trial === first)).toHaveLength(2);
  });

  test("keeps a checkpoint that the disk cannot read now, or that a newer version wrote", async () => {
    const [{ spec }] = trials;
    const where = `${idOf(trials[0])}.safetensors`;
    const metadata = { format: "trainscope-checkpoint", version: "99", spec: JSON.stringify(spec) };
    const newer = writeSafetensors(new Map(), new Map(Object.entries(metadata)));
    const cannotRead = new EnvironmentError("cannot read because the disk reports an error", { where });
    const reads: [() => Uint8Array, RegExp][] = [
      [
        () => {
          throw cannotRead;
        },
        /the disk reports an error/,
      ],
      [() => newer, /written by a newer Trainscope/],
    ];
    for (const [read, message] of reads) {
      const removed: string[] = [];
      const checkpoints: CheckpointPort = {
        ...checkpointsIn(new Map()),
        read: async () => ({ where, bytes: read() }),
        remove: async (trial) => void removed.push(trial),
      };
      const store = await place.storeWith([trials[0]]);
      await expect(place.execute({ store, trials: [trials[0]], checkpoints })).rejects.toThrow(message);
      expect(removed).toEqual([]);
      expect((await store.findTrial(idOf(trials[0])))?.failure).toMatch(message);
    }
  });

  test("a trial whose data was still opening at the interruption is interrupted, not failed", async () => {
    const controller = new AbortController();
    const opening = new InterruptedError("data set", "Run it again");
    const { store, events } = await place.execute({
      ...{ trials: [trials[0]], signal: controller.signal },
      data: {
        open: async () => {
          controller.abort();
          throw opening;
        },
      },
    });
    expect(kinds(events)).toEqual(["started", "interrupted"]);
    expect((await store.findTrial(idOf(trials[0])))?.status).toBe("pending");
    const unasked = { open: () => Promise.reject(opening) };
    await expect(place.execute({ trials: [trials[0]], data: unasked })).rejects.toThrow(opening);
  });
});
