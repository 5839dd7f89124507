// What a study survives: checkpoints that cannot be used or written, workers that fail, trials of other processes.
import { expect, test } from "vitest";
import { patches, trialSpec } from "../../../test/support/small-trials.js";
import { CorruptFileError, EnvironmentError } from "../../core/errors.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { trialId } from "../../train/spec/trial-spec.js";
import { memoryShelf, memoryStore } from "../store/memory-store.js";
import type { RunStore, StudyTrial } from "../store/store.js";
import { type CheckpointPort, type ExecutorRequest, executeTrials } from "./executor.js";

const data = patches(64);
const trials: StudyTrial[] = [0, 1, 2].map((seed) => ({
  factors: { seed },
  spec: trialSpec(data, { seed, epochs: 1 }),
}));

const noCheckpoints: CheckpointPort = {
  read: async () => undefined,
  write: async () => undefined,
  remove: async () => undefined,
};

async function storeWith(store: RunStore): Promise<RunStore> {
  const run = await store.createRun({
    study: "test",
    settings: {},
    command: "",
    startedAt: "2026-11-22T00:00:00Z",
    versions: {},
    machine: "",
  });
  await store.addTrials(run.id, trials);
  return store;
}

async function execute(changes: Partial<ExecutorRequest>) {
  const remarks: string[] = [];
  const store = changes.store ?? (await storeWith(memoryStore()));
  const result = await executeTrials({
    trials,
    data,
    store,
    checkpoints: noCheckpoints,
    openRuntime: () => nodeRuntime({ cores: 1 }),
    workers: 1,
    keepTensors: () => [],
    now: () => performance.now(),
    wait: async () => undefined,
    onRemark: (remark) => remarks.push(remark),
    ...changes,
  });
  const rows = await Promise.all(trials.map(({ spec }) => store.readRows(trialId(spec))));
  return { ...result, remarks, rows };
}

test("results depend on neither the workers nor checkpoints that are damaged, unreadable or unwritable", async () => {
  const plain = await execute({});
  expect(plain).toMatchObject({ interrupted: false, found: 0, remarks: [] });
  expect(plain.rows.every((rows) => rows.length === 4)).toBe(true);
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
  const { rows, remarks } = await execute({ checkpoints: bad, workers: 2, checkpointEveryMs: 0 });
  expect(rows).toEqual(plain.rows);
  expect(remarks.filter((remark) => remark.startsWith("a trial starts anew because"))).toHaveLength(2);
  expect(
    remarks.filter((remark) => remark.startsWith("training goes on, but a checkpoint was not saved")),
  ).toHaveLength(1);
  // Once as damaged, once as finished; the other worker's removals come in between at any time.
  expect(removed.filter((trial) => trial === first)).toHaveLength(2);
});

test("a worker that fails stops the others, and its own error is thrown, although the store fails too", async () => {
  const store = await storeWith(memoryStore());
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
  const shelf = memoryShelf();
  const other = await storeWith(memoryStore(shelf, "process 7"));
  const [busy] = trials.map(({ spec }) => trialId(spec));
  await other.leaseTrial(busy);
  let waits = 0;
  const order: string[] = [];
  const { found, remarks } = await execute({
    store: memoryStore(shelf, "process 8"),
    wait: async () => {
      waits++;
      await other.finishTrial(busy, { status: "done", rows: [], tensors: {}, timings: {} });
    },
    onProgress: ({ ended }) => {
      if (ended !== undefined) order.push(ended.status);
    },
  });
  expect([found, waits, order]).toEqual([1, 1, ["done", "done", "found"]]);
  expect(remarks).toEqual(["process 7 works on some of these trials; its results are used"]);
});

test("a trial that diverges ends with the loss that was none, at its own epoch, and the others go on", async () => {
  const store = memoryStore();
  const wild: StudyTrial = {
    factors: { seed: 3 },
    spec: trialSpec(data, { epochs: 1, optimizer: { kind: "sgd", learningRate: 1e30 } }),
  };
  const run = await store.createRun({
    study: "test",
    settings: {},
    command: "",
    startedAt: "2026-11-22T00:00:00Z",
    versions: {},
    machine: "",
  });
  await store.addTrials(run.id, [wild, trials[0]]);
  await execute({ store, trials: [wild, trials[0]] });
  const [diverged, calm] = await Promise.all([wild, trials[0]].map(({ spec }) => store.findTrial(trialId(spec))));
  expect([diverged?.status, calm?.status]).toEqual(["diverged", "done"]);
  const [last] = (await store.readRows(trialId(wild.spec))).slice(-1);
  expect(last).toMatchObject({ phase: "train", metric: "loss", step: diverged?.divergence?.step });
  expect(Number.isFinite(last.value)).toBe(false);
  expect(last.epoch).toBe(last.step / 4);
});

test("a design of ensembles is refused before anything runs", async () => {
  const many = { factors: {}, spec: trialSpec(data, { ensemble: 3 }) };
  await expect(execute({ trials: [many] })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: ensemble: a study cannot train an ensemble: expected trials of one network. Design a trial for every network, with the seeds seed, seed + 1, ...]`,
  );
});
