// The executor on the real store: every way in which trials end, are interrupted, fail, or are somebody else's.
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { patches, trialSpec } from "../../../test/support/small-trials.js";
import { CorruptFileError, EnvironmentError, RuntimeCrashError } from "../../core/errors.js";
import type { SeriesBlock } from "../../core/rows.js";
import type { Dataset } from "../../data/dataset.js";
import { loadedData } from "../../data/resolver.js";
import { relu } from "../../nn/activations.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";
import { flatten } from "../../nn/layers/flatten.js";
import { trainscopePaths } from "../../node/files/paths.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { openRunStore, type StoreOptions } from "../../node/store/open-store.js";
import { currentProcess } from "../../node/store/process-identity.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import { type KindSpec, trialId } from "../../train/spec/trial-spec.js";
import type { PlannedTrial } from "../definition.js";
import { type MeasurementPlan, measurementPlan } from "../measurement.js";
import { seriesIn, tokenOf } from "../store/contract/contract-case.js";
import { exampleEnd, exampleRun } from "../store/contract/store-examples.js";
import type { RunStore } from "../store/store.js";
import type { ExecutionEvent } from "./executor.js";
import { trialJobs } from "./job.js";
import { type LocalExecutorOptions, localExecutor } from "./local-executor.js";
import type { CheckpointPort } from "./trial-host.js";

const data = patches(64);
const planned = (seed: number, measure: MeasurementPlan = measurementPlan()): PlannedTrial => ({
  ...{ factors: {}, replicate: seed, measure },
  spec: trialSpec(data, { seed, epochs: 1 }),
});
const trials = [0, 1, 2].map((seed) => planned(seed));
const idOf = ({ spec }: PlannedTrial): string => trialId(spec);

let home: string;
let opened: RunStore[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-executor-"));
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close();
  await rm(home, { recursive: true, force: true });
});

async function openStore(options: StoreOptions = {}): Promise<RunStore> {
  opened.push(await openRunStore(trainscopePaths({ environment: { TRAINSCOPE_HOME: home } }), options));
  return opened[opened.length - 1];
}

/** A store of its own in which the trials are planned. */
async function storeWith(all: readonly PlannedTrial[] = trials): Promise<RunStore> {
  home = await mkdtemp(join(home, "store-"));
  const store = await openStore();
  await store.addTrials((await store.createRun(exampleRun)).id, "main", all);
  return store;
}

/** Checkpoints in memory. */
function checkpointsIn(files: Map<string, Uint8Array>): CheckpointPort {
  return {
    read: async (trial) => {
      const bytes = files.get(trial);
      return bytes === undefined ? undefined : { where: `${trial}.safetensors`, bytes };
    },
    write: async (trial, bytes) => void files.set(trial, bytes),
    remove: async (trial) => void files.delete(trial),
  };
}

interface Asked extends Partial<LocalExecutorOptions> {
  readonly trials?: readonly PlannedTrial[];
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ExecutionEvent) => void;
}

async function execute({ trials: all = trials, signal, onEvent, ...changes }: Asked = {}) {
  const store = changes.store ?? (await storeWith(all));
  const events: ExecutionEvent[] = [];
  const executor = localExecutor({
    ...{ store, data: loadedData([data]), checkpoints: checkpointsIn(new Map()), workers: 1, threads: 1 },
    openRuntime: (cores) => nodeRuntime({ cores }),
    now: () => performance.now(),
    timer: { every: () => () => undefined },
    wait: async () => undefined,
    ...changes,
  });
  const jobs = trialJobs(all, () => data);
  for await (const event of executor.run(jobs, signal ?? new AbortController().signal)) {
    events.push(event);
    onEvent?.(event);
  }
  const series: SeriesBlock[][] = [];
  for (const trial of all) series.push(await seriesIn(store, idOf(trial)));
  return { store, events, series, remarks: events.flatMap((event) => (event.kind === "remark" ? [event.remark] : [])) };
}

const kinds = (events: readonly ExecutionEvent[]): string[] =>
  events.flatMap(({ kind }) => (kind === "progress" || kind === "remark" ? [] : [kind]));

const model = sequential([flatten(), dense({ units: 8 }), relu(), dense({ units: 4 })]) as KindSpec;

describe("what a trial leaves", () => {
  test("a finished trial has its evaluations, and is found the next time", async () => {
    const { store, events, series } = await execute();
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
    expect(kinds((await execute({ store })).events)).toEqual(["found", "found", "found"]);
  });

  test("everything that the plan wants is stored: steps, probes, tensors at the start and the end", async () => {
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
    const { store, series } = await execute({ trials: [momentum] });
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
    const kept = await store.readTensors(idOf(momentum));
    expect(kept.map(({ at, path }) => [at, path])).toEqual([
      ["start", "0.bias"],
      ["end", "0.bias"],
      ["end", "0.weight"],
    ]);
    const untrained = { ...momentum, spec: trialSpec(data, { ...spec, epochs: undefined, steps: 0 }) };
    const begun = await execute({ trials: [untrained] });
    const [start, end] = await begun.store.readTensors(idOf(untrained));
    expect([start.tensor, end.tensor]).toEqual([kept[0].tensor, kept[0].tensor]);
    expect(kept[1].tensor).not.toEqual(kept[0].tensor);
  });

  test("a trial that diverges is a result: it is stored, and the others go on", async () => {
    const wild: PlannedTrial = {
      ...trials[0],
      spec: trialSpec(data, { epochs: 1, optimizer: { kind: "sgd", learningRate: 1e30 } }),
    };
    const all = [wild, trials[1]];
    const { store, events, series, remarks } = await execute({ trials: all });
    expect([kinds(events), remarks]).toEqual([["started", "ended", "started", "ended"], []]);
    const [diverged, done] = await Promise.all(all.map((trial) => store.findTrial(idOf(trial))));
    expect([diverged?.status, done?.status]).toEqual(["diverged", "done"]);
    const [{ step, loss, tensor }] = diverged?.end?.diverged ?? [];
    expect([Number.isFinite(loss), typeof tensor]).toEqual([false, "string"]);
    const rows = series[0].map(({ metric, steps, epochs, values }) => [metric, ...steps, ...epochs, ...values]);
    expect(rows).toEqual([["loss", step, step / 4, loss]]);
    expect(kinds((await execute({ trials: all, store })).events)).toEqual(["found", "found"]);
  });

  const many: PlannedTrial = {
    ...{ factors: {}, replicate: 0, spec: trialSpec(data, { model, ensemble: 3, epochs: 1, seed: 5 }) },
    measure: measurementPlan({ steps: {}, tensors: [{ of: "*.bias", at: "end" }] }),
  };

  test("an ensemble trains all of its networks, and their numbers stay apart", async () => {
    const { store, series } = await execute({ trials: [many] });
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
    await execute({
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

  test("a trial that was finished for less is measured again, and then holds what both wanted", async () => {
    const { store } = await execute({ trials: [trials[0]] });
    const tensors = [{ of: "*.bias", at: "end" as const }];
    const wanting = planned(0, measurementPlan({ tensors }));
    const again = await execute({ trials: [wanting], store });
    expect(kinds(again.events)).toEqual(["started", "ended"]);
    expect((await store.readTensors(idOf(wanting))).length).toBeGreaterThan(2);
    expect((await store.findTrial(idOf(wanting)))?.measured).toEqual(wanting.measure);
    expect(kinds((await execute({ trials: [trials[0]], store })).events)).toEqual(["found"]);
  });
});

/** A long trial that measures everything that is measured by the step. */
const long: PlannedTrial = {
  ...{ factors: {}, replicate: 0, spec: trialSpec(data, { seed: 9, epochs: 6 }) },
  measure: measurementPlan({
    steps: { metrics: ["loss", "accuracy", "learningRate"] },
    probes: { every: 5, at: ["end"], of: ["weights"], histogramBins: 2 },
    tensors: [
      { of: "0.*", at: "start" },
      { of: "0.*", at: "end" },
    ],
  }),
};

/** The same of an ensemble. */
const longEnsemble: PlannedTrial = {
  ...long,
  spec: trialSpec(data, { model, ensemble: 3, epochs: 6, seed: 9 }),
  measure: measurementPlan({
    ...long.measure,
    tensors: [
      { of: "1.*", at: "start" },
      { of: "1.*", at: "end" },
    ],
  }),
};

describe("what a trial survives", () => {
  test.each([
    ["a single training", long],
    ["an ensemble", longEnsemble],
  ])(
    "%s that is interrupted again and again ends with the rows of an undisturbed one, bit for bit",
    async (_, long) => {
      const whole = await execute({ trials: [long] });
      const store = await storeWith([long]);
      const checkpoints = checkpointsIn(new Map());
      const all: string[] = [];
      for (let round = 0; round < 40 && all.at(-1) !== "ended"; round++) {
        const controller = new AbortController();
        let segments = 0;
        const { events } = await execute({
          ...{ trials: [long], store, checkpoints, signal: controller.signal },
          onEvent: ({ kind }) => {
            // The first tells only that the programs are loaded.
            if (kind === "progress" && segments++ > 0) controller.abort();
          },
        });
        all.push(...kinds(events));
      }
      expect(all.filter((kind) => kind === "interrupted").length).toBeGreaterThan(1);
      expect(all.at(-1)).toBe("ended");
      const parts = await execute({ trials: [long], store });
      expect(parts.series).toEqual(whole.series);
      expect(await store.readTensors(idOf(long))).toEqual(await whole.store.readTensors(idOf(long)));
    },
  );

  test("what was saved after the last checkpoint is measured again, and not twice", async () => {
    const whole = await execute({ trials: [long] });
    const store = await storeWith([long]);
    const files = new Map<string, Uint8Array>();
    // As after a kill between the rows and the checkpoint: only the first one ever reaches the disk.
    const checkpoints: CheckpointPort = {
      ...checkpointsIn(files),
      write: async (trial, bytes) => void (files.has(trial) || files.set(trial, bytes)),
    };
    const controller = new AbortController();
    let segments = 0;
    await execute({
      ...{ trials: [long], store, checkpoints, checkpointEveryMs: 0, signal: controller.signal },
      onEvent: ({ kind }) => {
        if (kind === "progress" && segments++ > 3) controller.abort();
      },
    });
    expect((await execute({ trials: [long], store, checkpoints })).series).toEqual(whole.series);
  });

  test("killed between its last measurements and its end, it measures nothing twice", async () => {
    // With a validation split, the test split is measured behind the last checkpoint.
    const { test: held } = data;
    const three: Dataset = { ...data, ...(held === undefined ? {} : { validation: held }) };
    const split: PlannedTrial = { ...long, spec: trialSpec(three, { seed: 9, epochs: 2 }) };
    const from = { trials: [split], data: loadedData([three]) };
    const whole = await execute(from);
    expect(whole.series[0].filter(({ phase }) => phase === "test").map(({ steps }) => [...steps])).toEqual([[8], [8]]);
    const store = await storeWith([split]);
    const checkpoints = checkpointsIn(new Map());
    const dying: RunStore = {
      ...store,
      finishTrial: () => Promise.reject(new Error("killed")),
      failTrial: (token) => store.releaseTrial(token),
    };
    await expect(execute({ ...from, checkpoints, store: dying })).rejects.toThrow("killed");
    const parts = await execute({ ...from, checkpoints, store });
    expect(parts.events.flatMap((event) => (event.kind === "progress" ? [event.step] : []))).toEqual([8]);
    expect(parts.series).toEqual(whole.series);
    expect(await store.readTensors(idOf(split))).toEqual(await whole.store.readTensors(idOf(split)));
  });

  test("a checkpoint whose measurements are elsewhere is not gone on from", async () => {
    const files = new Map<string, Uint8Array>();
    const controller = new AbortController();
    await execute({
      ...{ trials: [long], checkpoints: checkpointsIn(files), checkpointEveryMs: 0, signal: controller.signal },
      onEvent: ({ kind }) => {
        if (kind === "progress") controller.abort();
      },
    });
    expect(files.size).toBe(1);
    const { remarks, series } = await execute({ trials: [long], checkpoints: checkpointsIn(files) });
    expect(remarks.map(({ code, where }) => [code, where])).toEqual([["checkpoint-not-usable", `trial ${idOf(long)}`]]);
    expect(remarks[0].text).toMatch(
      /^begins anew because its checkpoint cannot be used: what was measured before step/,
    );
    expect(series).toEqual((await execute({ trials: [long] })).series);
  });

  test("results depend on neither the workers nor checkpoints that are damaged, unreadable or unwritable", async () => {
    const plain = await execute();
    const removed: string[] = [];
    const [first, second] = trials.map(idOf);
    const bad: CheckpointPort = {
      read: async (trial) => {
        if (trial === second)
          throw new EnvironmentError("cannot read because the disk reports an error", { where: "b" });
        return trial === first ? { where: "a.safetensors", bytes: new Uint8Array(100) } : undefined;
      },
      write: async () => {
        throw new EnvironmentError("cannot write because the disk is full", { where: "c" });
      },
      remove: async (trial) => void removed.push(trial),
    };
    const { series, remarks } = await execute({ checkpoints: bad, workers: 2, threads: 2, checkpointEveryMs: 0 });
    expect(series).toEqual(plain.series);
    const codes = remarks.map(({ code }) => code).sort();
    expect(codes).toEqual(["checkpoint-not-saved", "checkpoint-not-usable", "checkpoint-not-usable"]);
    // Once as damaged, once as finished; the other worker's removals come in between at any time.
    expect(removed.filter((trial) => trial === first)).toHaveLength(2);
  });
});

/** A runtime whose worker dies in its n-th run. */
function dying(runtime: Runtime, runs: number): Runtime {
  let left = runs;
  return {
    ...runtime,
    async load(model, options) {
      const session = await runtime.load(model, options);
      return {
        ...session,
        run: (request) => (left-- > 0 ? session.run(request) : Promise.reject(new RuntimeCrashError("it exited"))),
      };
    },
  };
}

describe("workers that fail", () => {
  test("a trial whose runtime dies goes on once more from its checkpoint, in another runtime", async () => {
    const whole = await execute({ trials: [long] });
    let runtimes = 0;
    const { events, series } = await execute({
      ...{ trials: [long], checkpointEveryMs: 0 },
      openRuntime: (cores) => (runtimes++ === 0 ? dying(nodeRuntime({ cores }), 6) : nodeRuntime({ cores })),
    });
    expect(kinds(events)).toEqual(["started", "failed", "ended"]);
    expect(events.find((event) => event.kind === "failed")).toMatchObject({
      willRetry: true,
      reason: expect.stringContaining("its worker thread died (it exited)"),
    });
    expect([runtimes, series]).toEqual([2, whole.series]);
  });

  test("a trial whose runtime dies twice has failed with the reason, and stops the others", async () => {
    const store = await storeWith();
    const told: ExecutionEvent[] = [];
    const failing = execute({
      store,
      openRuntime: (cores) => dying(nodeRuntime({ cores }), 1),
      onEvent: (event) => told.push(event),
    });
    await expect(failing).rejects.toThrow(RuntimeCrashError);
    expect(told.flatMap((event) => (event.kind === "failed" ? [event.willRetry] : []))).toEqual([true, false]);
    const found = await Promise.all(trials.map((trial) => store.findTrial(idOf(trial))));
    expect(found.map((trial) => trial?.status)).toEqual(["failed", "pending", "pending"]);
    expect(found[0]?.failure).toContain("its worker thread died");
  });

  test("a worker that fails stops the others, and its own error is thrown, although the store fails too", async () => {
    const store = await storeWith();
    let count = 0;
    const failing: LocalExecutorOptions["openRuntime"] = (cores) => {
      if (count++ === 0) throw new CorruptFileError("the library is damaged", { where: "runtime" });
      return nodeRuntime({ cores });
    };
    const broken: RunStore = { ...store, failTrial: () => Promise.reject(new Error("the store is gone")) };
    await expect(execute({ store: broken, openRuntime: failing, workers: 2, threads: 2 })).rejects.toThrow(
      "the library is damaged",
    );
    const done = await Promise.all(trials.map(async (trial) => (await store.findTrial(idOf(trial)))?.status));
    expect(done.filter((status) => status === "done").length).toBeLessThan(2);
  });
});

describe("trials of several processes", () => {
  test("a trial of another process is left for later, and its result is taken over", async () => {
    const other = await storeWith();
    const token = await tokenOf(other, idOf(trials[0]));
    let waits = 0;
    const { events, remarks } = await execute({
      store: await openStore(),
      wait: async () => {
        waits++;
        await other.finishTrial(token, exampleEnd);
      },
    });
    expect([waits, kinds(events)]).toEqual([1, ["started", "ended", "started", "ended", "found"]]);
    expect(remarks).toEqual([
      {
        code: "trial-elsewhere",
        where: `process ${process.pid} on ${hostname()}`,
        text: "works on some of these trials; its results are used",
      },
    ]);
  });

  /** Two stores as of two hosts, which cannot look at each other's processes. */
  const strangers = async (nowMs: () => number): Promise<RunStore[]> => {
    const options = { silenceMs: 60_000, monotonicMs: nowMs };
    const open = (host: string) => openStore({ ...options, identity: { ...currentProcess(), host } });
    const here = await open("here");
    await here.addTrials((await here.createRun(exampleRun)).id, "main", [trials[0]]);
    return [here, await open("there")];
  };

  test("a compilation that takes minutes does not lose the lease", async () => {
    let nowMs = 0;
    const [here, there] = await strangers(() => nowMs);
    const ticks = new Set<() => void>();
    const seen: string[] = [];
    const slow = (runtime: Runtime): Runtime => ({
      ...runtime,
      async load(model, options) {
        for (let minute = 0; minute < 3; minute++) {
          seen.push((await there.leaseTrial(idOf(trials[0]), trials[0].measure)).kind);
          nowMs += 60_000;
          for (const tick of ticks) tick();
          // The beat is written before the other one looks.
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
        return runtime.load(model, options);
      },
    });
    const { events } = await execute({
      ...{ trials: [trials[0]], store: here },
      openRuntime: (cores) => slow(nodeRuntime({ cores })),
      timer: {
        every: (_, tick) => {
          ticks.add(tick);
          return () => ticks.delete(tick);
        },
      },
    });
    expect(kinds(events)).toEqual(["started", "ended"]);
    expect(new Set(seen)).toEqual(new Set(["busy"]));
    expect(ticks.size).toBe(0);
  });

  test("a trial that another host took over is not written to any more, and its result is used", async () => {
    let nowMs = 0;
    const [here, there] = await strangers(() => nowMs);
    const id = idOf(trials[0]);
    const stealing = (runtime: Runtime): Runtime => ({
      ...runtime,
      async load(model, options) {
        // Nobody renews the lease: the timer of this test never ticks.
        await there.leaseTrial(id, trials[0].measure);
        nowMs += 61_000;
        const lease = await there.leaseTrial(id, trials[0].measure);
        if (lease.kind === "leased") await there.finishTrial(lease.token, exampleEnd);
        return runtime.load(model, options);
      },
    });
    const { events, series, remarks } = await execute({
      ...{ trials: [trials[0]], store: here },
      openRuntime: (cores) => stealing(nodeRuntime({ cores })),
    });
    expect(kinds(events)).toEqual(["started", "found"]);
    expect(remarks.map(({ code }) => code)).toEqual(["trial-elsewhere"]);
    expect(series).toEqual([[]]);
  });
});
