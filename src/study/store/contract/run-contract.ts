// Contract of runs, their designs and their findings.
import { trialId } from "../../../train/spec/trial-spec.js";
import type { PlannedTrial } from "../../definition.js";
import { measurementPlan } from "../../measurement.js";
import type { NewRun } from "../store.js";
import { refusal, type StoreContract, tokenOf } from "./contract-case.js";
import { exampleEnd, exampleRun, exampleTrial } from "./store-examples.js";

export const runContract: StoreContract = {
  async "a run keeps everything it was made with, and two of one second have two names"({ world, store, run, expect }) {
    const { preset: _, ...training } = { ...exampleRun, study: "train", startedAt: "2026-11-22T20:25:02.000Z" };
    const a = await store.createRun(exampleRun);
    const b = await store.createRun(training);
    expect([run, a.id, b.id]).toEqual([
      "normalization-20261122-202501",
      "normalization-20261122-202501-2",
      "train-20261122-202502",
    ]);
    expect(a).toEqual({ ...exampleRun, id: a.id, status: "running", stages: [] });
    expect((await (await world.open()).listRuns()).map(({ id }) => id)).toEqual([b.id, a.id, run]);
    expect(await store.findRun(b.id)).toEqual(b);
    expect(await store.findRun("none")).toEqual(undefined);
  },

  async "settings are any JSON, and a run without seeds and data has none"({ store, expect }) {
    const settings = {
      ...{ rates: [0.1, 1e-5], activation: "relu", nested: { on: true, off: false, none: null } },
      ...{ text: 'a "quoted" line\nand ünïcödé', empty: {}, list: [] },
    };
    const plain: NewRun = { ...exampleRun, settings, seeds: [], data: {} };
    const { id } = await store.createRun(plain);
    expect(await store.findRun(id)).toEqual({ ...plain, id, status: "running", stages: [] });
  },

  async "the status of a run changes, and running again drops the end"({ store, expect }) {
    const run = await store.createRun(exampleRun);
    const finishedAt = "2026-11-22T21:00:00.000Z";
    await store.setRunStatus(run.id, "interrupted", finishedAt);
    expect(await store.findRun(run.id)).toEqual({ ...run, status: "interrupted", finishedAt });
    await store.setRunStatus(run.id, "running", "2026-11-22T22:00:00.000Z");
    expect(await store.findRun(run.id)).toEqual(run);
    expect(await refusal(store.setRunStatus("none", "done", "2026"))).toEqual('invalid-input: unknown run "none"');
  },

  async "trials keep their order and place; adding them twice is as once; twins share one trial"({
    store,
    id,
    expect,
  }) {
    const run = await store.createRun(exampleRun);
    const first = exampleTrial(0);
    const twin: PlannedTrial = { ...first, factors: { variant: "twin" }, replicate: 5 };
    const design = [exampleTrial(1), first, twin];
    await store.addTrials(run.id, "main", design);
    await store.addTrials(run.id, "main", [...design, exampleTrial(2)]);
    const trials = await store.listTrials(run.id);
    expect(trials.map(({ factors, replicate }) => [factors, replicate])).toEqual(
      [...design, exampleTrial(2)].map(({ factors, replicate }) => [factors, replicate]),
    );
    expect(trials[1]).toEqual({ ...first, id, stage: "main", status: "pending" });
    expect([trials[2].id, trials[0].id === id]).toEqual([id, false]);
  },

  async "the order in which a design lists its factors does not matter"({ store, expect }) {
    const run = await store.createRun(exampleRun);
    const trial = { ...exampleTrial(0), factors: { variant: "plain", rate: 0.1 } };
    await store.addTrials(run.id, "main", [trial]);
    await store.addTrials(run.id, "main", [{ ...trial, factors: { rate: 0.1, variant: "plain" } }]);
    expect((await store.listTrials(run.id)).map(({ factors }) => factors)).toEqual([trial.factors]);
  },

  async "stages list their trials in design order"({ store, expect }) {
    const run = await store.createRun(exampleRun);
    const [a, b, c] = [0, 1, 2].map((seed) => trialId(exampleTrial(seed).spec));
    await store.addTrials(run.id, "range", [exampleTrial(1), exampleTrial(0)]);
    await store.addTrials(run.id, "final", [exampleTrial(2), exampleTrial(1)]);
    const stages = [
      { id: "range", trials: [b, a] },
      { id: "final", trials: [c, b] },
    ];
    expect((await store.findRun(run.id))?.stages).toEqual(stages);
    expect((await store.listRuns()).find(({ id }) => id === run.id)?.stages).toEqual(stages);
    expect((await store.listTrials(run.id)).map(({ stage }) => stage)).toEqual(["range", "range", "final", "final"]);
    expect(await refusal(store.addTrials("none", "main", []))).toEqual('invalid-input: unknown run "none"');
  },

  async "a design that is added again wants what it wants now"({ store, run, expect }) {
    const measure = measurementPlan({ steps: { every: 10 } });
    await store.addTrials(run, "main", [{ ...exampleTrial(0), measure }]);
    expect((await store.listTrials(run)).map((trial) => trial.measure)).toEqual([measure]);
  },

  async "findings and claims come back, and are replaced whole"({ store, run, expect }) {
    expect(await store.readAnalysis(run)).toEqual(undefined);
    const finding = {
      ...{ id: "loss", title: "Loss", value: Number.NaN, level: 0.95 },
      ...{ method: "t", n: 3, unit: "nats", variant: "plain" },
    };
    const bounded = { ...finding, id: "accuracy", value: 0.5, interval: [0.25, Infinity] as const };
    const claim = { id: "c1", source: "report", text: "t", rule: "r", verdict: "erratum", evidence: "e" } as const;
    await store.saveAnalysis(run, { findings: [finding, bounded], claims: [claim] });
    expect(await store.readAnalysis(run)).toEqual({ findings: [finding, bounded], claims: [claim] });
    await store.saveAnalysis(run, { findings: [], claims: [] });
    expect(await store.readAnalysis(run)).toEqual({ findings: [], claims: [] });
  },

  async "removing a run removes the trials that are its alone, unless one is running"({
    world,
    store,
    run,
    id,
    expect,
  }) {
    const other = await store.createRun(exampleRun);
    const own = trialId(exampleTrial(1).spec);
    await store.addTrials(other.id, "main", [exampleTrial(0), exampleTrial(1)]);
    await store.finishTrial(await tokenOf(store, own), exampleEnd);
    const elsewhere = await world.open();
    const token = await tokenOf(elsewhere, id);
    expect(await store.removeRun(other.id)).toEqual([own]);
    expect(await store.findTrial(own)).toEqual(undefined);
    expect(await store.readTensors(own)).toEqual([]);
    expect((await refusal(store.removeRun(run))).slice(0, 32)).toEqual("invalid-input: cannot be removed");
    await elsewhere.releaseTrial(token);
    expect(await store.removeRun(run)).toEqual([id]);
    expect(await store.listRuns()).toEqual([]);
    expect(await refusal(store.removeRun(run))).toEqual(`invalid-input: unknown run "${run}"`);
  },
};
