// What a study survives: checkpoints that cannot be used or written, workers that fail, trials of other processes.
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { patches, trialSpec } from "../../../test/support/small-trials.js";
import { CorruptFileError, EnvironmentError } from "../../core/errors.js";
import type { SeriesBlock } from "../../core/rows.js";
import { relu } from "../../nn/activations.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";
import { flatten } from "../../nn/layers/flatten.js";
import { trainscopePaths } from "../../node/files/paths.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { openRunStore } from "../../node/store/open-store.js";
import { type KindSpec, trialId } from "../../train/spec/trial-spec.js";
import type { PlannedTrial } from "../definition.js";
import { measurementPlan } from "../measurement.js";
import { seriesIn, tokenOf } from "../store/contract/contract-case.js";
import { exampleEnd, exampleRun } from "../store/contract/store-examples.js";
import type { RunStore } from "../store/store.js";
import { type CheckpointPort, type ExecutorRequest, executeTrials } from "./executor.js";

const data = patches(64);
const trials: PlannedTrial[] = [0, 1, 2].map((seed) => ({
  factors: {},
  replicate: seed,
  spec: trialSpec(data, { seed, epochs: 1 }),
  measure: measurementPlan(),
}));

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

const noCheckpoints: CheckpointPort = {
  read: async () => undefined,
  write: async () => undefined,
  remove: async () => undefined,
};

async function openStore(): Promise<RunStore> {
  opened.push(await openRunStore(trainscopePaths({ environment: { TRAINSCOPE_HOME: home } })));
  return opened[opened.length - 1];
}

/** A store of its own in which the trials are planned. */
async function storeWith(planned: readonly PlannedTrial[] = trials): Promise<RunStore> {
  home = await mkdtemp(join(home, "store-"));
  const store = await openStore();
  await store.addTrials((await store.createRun(exampleRun)).id, "main", planned);
  return store;
}

async function execute(changes: Partial<ExecutorRequest>) {
  const remarks: string[] = [];
  const planned = changes.trials ?? trials;
  const store = changes.store ?? (await storeWith(planned));
  const result = await executeTrials({
    trials: planned,
    data,
    store,
    checkpoints: noCheckpoints,
    openRuntime: () => nodeRuntime({ cores: 1 }),
    workers: 1,
    now: () => performance.now(),
    wait: async () => undefined,
    onRemark: (remark) => remarks.push(remark),
    ...changes,
  });
  const series: SeriesBlock[][] = [];
  for (const { spec } of planned) series.push(await seriesIn(store, trialId(spec)));
  return { ...result, store, remarks, series };
}

test("results depend on neither the workers nor checkpoints that are damaged, unreadable or unwritable", async () => {
  const plain = await execute({});
  expect(plain).toMatchObject({ interrupted: false, found: 0, remarks: [] });
  expect(plain.series.map((all) => all.map(({ phase, metric, steps }) => [phase, metric, ...steps]))).toEqual(
    trials.map(() => [
      ["train", "loss", 4],
      ["train", "accuracy", 4],
      ["validation", "loss", 4],
      ["validation", "accuracy", 4],
    ]),
  );
  const removed: string[] = [];
  const [first, second] = trials.map(({ spec }) => trialId(spec));
  const bad: CheckpointPort = {
    read: async (trial) => {
      if (trial === second) throw new EnvironmentError("cannot read because the disk reports an error", { where: "b" });
      return trial === first ? { where: "a.safetensors", bytes: new Uint8Array(100) } : undefined;
    },
    write: async () => {
      throw new EnvironmentError("cannot write because the disk is full", { where: "c" });
    },
    remove: async (trial) => void removed.push(trial),
  };
  const { series, remarks } = await execute({ checkpoints: bad, workers: 2, checkpointEveryMs: 0 });
  expect(series).toEqual(plain.series);
  expect(remarks.filter((remark) => remark.startsWith("a trial starts anew because"))).toHaveLength(2);
  expect(
    remarks.filter((remark) => remark.startsWith("training goes on, but a checkpoint was not saved")),
  ).toHaveLength(1);
  // Once as damaged, once as finished; the other worker's removals come in between at any time.
  expect(removed.filter((trial) => trial === first)).toHaveLength(2);
});

test("a worker that fails stops the others, and its own error is thrown, although the store fails too", async () => {
  const store = await storeWith();
  let opened = 0;
  const failing: ExecutorRequest["openRuntime"] = () => {
    if (opened++ === 0) throw new CorruptFileError("the library is damaged", { where: "runtime" });
    return nodeRuntime({ cores: 1 });
  };
  const broken: RunStore = { ...store, failTrial: () => Promise.reject(new Error("the store is gone")) };
  await expect(execute({ store: broken, openRuntime: failing, workers: 2 })).rejects.toThrow("the library is damaged");
  const done = await Promise.all(trials.map(async ({ spec }) => (await store.findTrial(trialId(spec)))?.status));
  expect(done.filter((status) => status === "done").length).toBeLessThan(2);
});

test("a trial of another process is left for later, and its result is taken over", async () => {
  const other = await storeWith();
  const token = await tokenOf(other, trialId(trials[0].spec));
  let waits = 0;
  const order: string[] = [];
  const { found, remarks } = await execute({
    store: await openStore(),
    wait: async () => {
      waits++;
      await other.finishTrial(token, exampleEnd);
    },
    onProgress: ({ ended }) => {
      if (ended !== undefined) order.push(ended.status);
    },
  });
  expect([found, waits, order]).toEqual([1, 1, ["done", "done", "found"]]);
  expect(remarks).toEqual([
    `process ${process.pid} on ${hostname()} works on some of these trials; its results are used`,
  ]);
});

test("a trial that diverges is a result: it is stored, and the others go on", async () => {
  const wild: PlannedTrial = {
    ...trials[0],
    spec: trialSpec(data, { epochs: 1, optimizer: { kind: "sgd", learningRate: 1e30 } }),
  };
  const planned = [wild, trials[1]];
  const { interrupted, store, series, remarks } = await execute({ trials: planned });
  expect([interrupted, remarks]).toEqual([false, []]);
  const [diverged, done] = await Promise.all(planned.map(({ spec }) => store.findTrial(trialId(spec))));
  expect([diverged?.status, done?.status]).toEqual(["diverged", "done"]);
  const [{ step, loss, tensor }] = diverged?.end?.diverged ?? [];
  expect([Number.isFinite(loss), typeof tensor]).toEqual([false, "string"]);
  const rows = series[0].map(({ metric, steps, epochs, values }) => [metric, ...steps, ...epochs, ...values]);
  expect(rows).toEqual([["loss", step, step / 4, loss]]);
  // The next run finds it.
  expect(await execute({ trials: planned, store })).toMatchObject({ found: 2 });
});

test("an ensemble in a study trains all of its networks, and their numbers stay apart", async () => {
  const model = sequential([flatten(), dense({ units: 8 }), relu(), dense({ units: 4 })]) as KindSpec;
  const spec = trialSpec(data, { model, ensemble: 3, epochs: 1, seed: 5 });
  const measure = measurementPlan({ tensors: [{ of: "*.bias", at: "end" }] });
  const many: PlannedTrial = { factors: {}, replicate: 0, spec, measure };
  const { store, series } = await execute({ trials: [many] });
  expect(
    series[0].map(({ phase, metric, networks, values }) => [phase, metric, networks, new Set(values).size > 1]),
  ).toEqual([
    ["train", "loss", 3, true],
    ["train", "accuracy", 3, true],
    ["validation", "loss", 3, true],
    ["validation", "accuracy", 3, true],
  ]);
  const kept = await store.readTensors(trialId(spec));
  expect(kept.map(({ network, path, tensor }) => [network, path, ...tensor.shape])).toEqual(
    [0, 1, 2].flatMap((network) => [
      [network, "1.bias", 8],
      [network, "3.bias", 4],
    ]),
  );
});

test("a trial that was finished for less is measured again, and then holds what both wanted", async () => {
  const { store } = await execute({ trials: [trials[0]] });
  const tensors = [{ of: "*.bias", at: "end" as const }];
  const wanting = { ...trials[0], measure: measurementPlan({ tensors }) };
  const again = await execute({ trials: [wanting], store });
  expect(again.found).toBe(0);
  const id = trialId(trials[0].spec);
  expect((await store.readTensors(id)).map(({ path }) => path)).toEqual([
    "0.bias",
    "1.bias",
    "10.bias",
    "13.bias",
    "5.bias",
    "9.bias",
  ]);
  expect((await store.findTrial(id))?.measured).toEqual(wanting.measure);
  expect(await execute({ trials: [trials[0]], store })).toMatchObject({ found: 1, series: again.series });
});
