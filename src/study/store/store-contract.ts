// What every run store must do, as a test suite that each adapter runs. It imports no test framework: pass one in.
import type { MetricRow } from "../../core/rows.js";
import { type TrialSpec, trialId } from "../../train/spec/trial-spec.js";
import type { NewRun, RunStore, StudyTrial, TrialOutcome } from "./store.js";
import { readTrialResults } from "./store.js";

/** The two functions of the test framework that the suite needs (vitest's fit). */
export interface ContractTools {
  test(name: string, body: () => Promise<void>): void;
  expect(actual: unknown): { toEqual(expected: unknown): void };
}

/** Several openings of one store, as by several processes. The suite asks for a fresh world in each test. */
export interface StoreWorld {
  open(): Promise<RunStore>;
  /** Makes the process behind an open store count as dead, without closing the store. */
  kill(store: RunStore): void;
  dispose(): Promise<void>;
}

/** A complete spec that differs by seed; the model is not meant to be built. */
export function exampleTrial(seed: number, variant = "plain"): StudyTrial {
  const spec: TrialSpec = {
    schema: 1,
    model: { kind: "mlp", variant },
    data: { dataset: "mnist", fingerprint: "f00d", scaling: "unit" },
    loss: { kind: "crossEntropy" },
    optimizer: { kind: "sgd", learningRate: 0.1 },
    schedule: { kind: "constant" },
    batchSize: 64,
    steps: 4,
    order: "shuffle",
    dropLast: false,
    seed,
  };
  return { factors: { variant, seed }, spec };
}

export const exampleRun: NewRun = {
  study: "normalization",
  preset: "quick",
  settings: { epochs: 2 },
  command: "trainscope study run normalization --preset quick",
  startedAt: "2026-11-22T20:25:01.500Z",
  versions: { trainscope: "0.1.0" },
  machine: "2 cores",
};

/** Rows at steps 0 to `values.length - 1`, one number each. */
export function exampleRows(trial: string, values: readonly number[]): MetricRow[] {
  return values.map((value, step) => ({
    trial,
    phase: "train",
    step,
    epoch: step / 3,
    metric: "loss",
    path: "",
    value,
  }));
}

/** The hardest numbers: shortest and longest, signed zeros, what JSON and SQL lack. */
const hardNumbers = [0.1 + 0.2, -0, 0, Number.NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 2 ** 53, -7];

function outcome(trial: string, values: readonly number[] = hardNumbers): TrialOutcome {
  return {
    status: "done",
    rows: exampleRows(trial, values),
    tensors: { "layers.0.weight": hardNumbers, "layers.1.bias": [] },
    timings: { train: 12.5 },
  };
}

/** Registers the tests. `makeWorld` is called once a test. */
export function testStoreContract({ test, expect }: ContractTools, makeWorld: () => Promise<StoreWorld>): void {
  const inWorld = (name: string, body: (world: StoreWorld, store: RunStore) => Promise<void>): void =>
    test(name, async () => {
      const world = await makeWorld();
      try {
        await body(world, await world.open());
      } finally {
        await world.dispose();
      }
    });
  const first = exampleTrial(0);
  const id = trialId(first.spec);
  const withTrial = async (store: RunStore): Promise<string> => {
    const run = await store.createRun(exampleRun);
    await store.addTrials(run.id, [first]);
    return run.id;
  };
  const message = (action: Promise<unknown>): Promise<string> =>
    action.then(
      () => "no error",
      (cause: unknown) => (cause instanceof Error ? cause.message.replace(/^.*?: /, "") : String(cause)),
    );

  inWorld("a run keeps everything it was made with, and two of one second have two names", async (world, store) => {
    const a = await store.createRun(exampleRun);
    const { preset: _, ...training } = { ...exampleRun, study: "train", startedAt: "2026-11-22T20:25:02.000Z" };
    const b = await store.createRun(exampleRun);
    const c = await store.createRun(training);
    expect([a.id, b.id, c.id]).toEqual([
      "normalization-20261122-202501",
      "normalization-20261122-202501-2",
      "train-20261122-202502",
    ]);
    expect(a).toEqual({ ...exampleRun, id: a.id, status: "running" });
    expect(await (await world.open()).listRuns()).toEqual([c, b, a]);
    expect(await store.findRun(c.id)).toEqual(c);
    expect(await store.findRun("none")).toEqual(undefined);
  });

  inWorld("the status of a run changes, and running again drops the end", async (_, store) => {
    const run = await store.createRun(exampleRun);
    await store.setRunStatus(run.id, "interrupted", "2026-11-22T21:00:00.000Z");
    expect(await store.findRun(run.id)).toEqual({
      ...run,
      status: "interrupted",
      finishedAt: "2026-11-22T21:00:00.000Z",
    });
    await store.setRunStatus(run.id, "running", "2026-11-22T22:00:00.000Z");
    expect(await store.findRun(run.id)).toEqual(run);
    expect(await message(store.setRunStatus("none", "done", "2026"))).toEqual('unknown run "none"');
  });

  inWorld(
    "trials keep their order and factors; adding them twice is as once; twins share one trial",
    async (_, store) => {
      const run = await store.createRun(exampleRun);
      const twin: StudyTrial = { ...first, factors: { variant: "twin", seed: 0 } };
      const design = [exampleTrial(1), first, twin];
      await store.addTrials(run.id, design);
      await store.addTrials(run.id, [...design, exampleTrial(2)]);
      const trials = await store.listTrials(run.id);
      expect(trials.map(({ factors }) => factors)).toEqual([
        ...design.map(({ factors }) => factors),
        exampleTrial(2).factors,
      ]);
      expect(trials[1]).toEqual({ id, spec: first.spec, status: "pending", timings: {}, factors: first.factors });
      expect([trials[2].id, trials[0].id === id]).toEqual([id, false]);
    },
  );

  inWorld(
    "a finished trial comes back bit for bit, to every later run, and is never leased again",
    async (world, store) => {
      await withTrial(store);
      expect(await store.leaseTrial(id)).toEqual({ kind: "leased" });
      await store.finishTrial(id, outcome(id));
      const later = await world.open();
      const run = await later.createRun(exampleRun);
      await later.addTrials(run.id, [exampleTrial(1), first]);
      expect(await later.leaseTrial(id)).toEqual({ kind: "finished" });
      // Only the finished one is a result.
      expect(await readTrialResults(later, run.id)).toEqual([
        {
          ...{
            id,
            stage: "",
            factors: { variant: "plain" },
            replicate: 0,
            spec: first.spec,
            networks: 1,
            diverged: [],
          },
          ...{ status: "done", rows: outcome(id).rows, tensors: outcome(id).tensors },
        },
      ]);
      expect((await later.findTrial(id))?.timings).toEqual({ train: 12.5 });
    },
  );

  inWorld("the first end of a trial counts", async (_, store) => {
    await withTrial(store);
    await store.finishTrial(id, {
      ...outcome(id, [1]),
      status: "diverged",
      divergence: { step: 3, tensor: "layers.0.weight" },
    });
    await store.finishTrial(id, outcome(id, [2]));
    const trial = await store.findTrial(id);
    expect([trial?.status, trial?.divergence]).toEqual(["diverged", { step: 3, tensor: "layers.0.weight" }]);
    expect((await store.readRows(id)).map(({ value }) => value)).toEqual([1]);
    expect(await message(store.finishTrial("feedface", outcome(id)))).toEqual('unknown trial "feedface"');
  });

  inWorld("a trial is leased to one process at a time", async (world, store) => {
    await withTrial(store);
    const other = await world.open();
    expect(await store.leaseTrial(id)).toEqual({ kind: "leased" });
    expect(await store.leaseTrial(id)).toEqual({ kind: "leased" });
    expect((await other.leaseTrial(id)).kind).toEqual("busy");
    expect((await other.findTrial(id))?.status).toEqual("running");
    await other.releaseTrial(id);
    await other.failTrial(id, "not mine");
    expect((await other.leaseTrial(id)).kind).toEqual("busy");
    expect(await message(other.saveRows(id, [], 0)).then((text) => text.slice(0, 33))).toEqual(
      "another process has taken it over",
    );
    await store.releaseTrial(id);
    expect((await store.findTrial(id))?.status).toEqual("pending");
    expect(await other.leaseTrial(id)).toEqual({ kind: "leased" });
    await other.close();
    expect(await store.leaseTrial(id)).toEqual({ kind: "leased" });
    expect(await message(store.leaseTrial("feedface"))).toEqual('unknown trial "feedface"');
  });

  inWorld("the lease of a dead process is taken over, with the rows that it saved", async (world, store) => {
    await withTrial(store);
    await store.leaseTrial(id);
    await store.saveRows(id, exampleRows(id, [1, 2]), 0);
    world.kill(store);
    const other = await world.open();
    expect((await other.findTrial(id))?.status).toEqual("pending");
    expect(await other.leaseTrial(id)).toEqual({ kind: "leased" });
    expect(await other.readRows(id)).toEqual(exampleRows(id, [1, 2]));
    expect(await message(store.saveRows(id, [], 0)).then((text) => text.slice(0, 33))).toEqual(
      "another process has taken it over",
    );
  });

  inWorld("rows on the way are replaced from a step on, and all of them at the end", async (_, store) => {
    await withTrial(store);
    await store.leaseTrial(id);
    await store.saveRows(id, exampleRows(id, [0, 1, 2, 3]), 0);
    const redone = exampleRows(id, [0, 1, 22, 33, 44]).slice(2);
    const accuracy: MetricRow = {
      trial: id,
      phase: "test",
      step: 5,
      epoch: 2,
      metric: "accuracy",
      path: "layers.1",
      value: 0.5,
    };
    await store.saveRows(id, [...redone, accuracy], 2);
    expect(await store.readRows(id)).toEqual([...exampleRows(id, [0, 1, 22, 33, 44]), accuracy]);
    await store.finishTrial(id, outcome(id, [7]));
    expect(await store.readRows(id)).toEqual(exampleRows(id, [7]));
  });

  inWorld("a failed trial says why and can be tried again", async (_, store) => {
    await withTrial(store);
    await store.leaseTrial(id);
    await store.failTrial(id, "out of memory");
    const failed = await store.findTrial(id);
    expect([failed?.status, failed?.failure]).toEqual(["failed", "out of memory"]);
    expect(await store.leaseTrial(id)).toEqual({ kind: "leased" });
    expect((await store.findTrial(id))?.failure).toEqual(undefined);
  });

  inWorld("findings and claims come back, and are replaced whole", async (_, store) => {
    const run = await store.createRun(exampleRun);
    expect(await store.readAnalysis(run.id)).toEqual(undefined);
    const finding = {
      id: "loss",
      title: "Loss",
      value: Number.NaN,
      level: 0.95,
      method: "t",
      n: 3,
      unit: "nats",
      variant: "plain",
    };
    const bounded = { ...finding, id: "accuracy", value: 0.5, interval: [0.25, Infinity] as const };
    const claim = { id: "c1", source: "report", text: "t", rule: "r", verdict: "erratum", evidence: "e" } as const;
    await store.saveAnalysis(run.id, { findings: [finding, bounded], claims: [claim] });
    expect(await store.readAnalysis(run.id)).toEqual({ findings: [finding, bounded], claims: [claim] });
    await store.saveAnalysis(run.id, { findings: [], claims: [] });
    expect(await store.readAnalysis(run.id)).toEqual({ findings: [], claims: [] });
  });

  inWorld("removing a run removes the trials that are its alone, unless one is running", async (world, store) => {
    const runA = await store.createRun(exampleRun);
    const runB = await store.createRun(exampleRun);
    await store.addTrials(runA.id, [first, exampleTrial(1)]);
    await store.addTrials(runB.id, [first]);
    const own = trialId(exampleTrial(1).spec);
    await store.finishTrial(own, outcome(own));
    const other = await world.open();
    await other.leaseTrial(id);
    expect(await store.removeRun(runA.id)).toEqual([own]);
    expect(await store.findTrial(own)).toEqual(undefined);
    expect(await store.readRows(own)).toEqual([]);
    expect(await message(store.removeRun(runB.id)).then((text) => text.slice(0, 17))).toEqual("cannot be removed");
    await other.releaseTrial(id);
    expect(await store.removeRun(runB.id)).toEqual([id]);
    expect(await store.listRuns()).toEqual([]);
    expect(await message(store.removeRun(runB.id))).toEqual(`unknown run "${runB.id}"`);
  });
}
