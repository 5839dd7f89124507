// Runs of studies that train nothing: no data, no trials, no runtime, and findings all the same.
import { expect, test } from "vitest";
import { patches, trialSpec } from "../../test/support/small-trials.js";
import { exactEstimate } from "../core/statistics/intervals.js";
import { runStudy, type StudyRequest } from "./run-study.js";
import { memoryStore } from "./store/memory-store.js";
import type { AnalysisContext, StudyDefinition } from "./study.js";

const preset = { settings: {}, seeds: 0, about: "computed" };

const computed: StudyDefinition = {
  id: "computed",
  title: "Counting",
  question: "How many?",
  expectation: "Seven.",
  source: "Nobody",
  variants: [],
  presets: { quick: preset, standard: preset, paper: preset },
  settings: {},
  keepTensors: () => [],
  design: () => [],
  analyze: () => ({
    findings: [{ id: "count", title: "Count", unit: "", variant: "all", ...exactEstimate(7) }],
    claims: [],
    figures: [],
    tables: [],
    notes: [],
  }),
};

const never = (what: string) => () => {
  throw new Error(`${what} is not needed`);
};

function request(study: StudyDefinition): StudyRequest {
  return {
    study,
    preset: "quick",
    settings: {},
    seeds: [],
    store: memoryStore(),
    run: { command: "trainscope study run computed", versions: {}, machine: "" },
    checkpoints: { read: never("a checkpoint"), write: never("a checkpoint"), remove: never("a checkpoint") },
    openRuntime: never("a runtime"),
    workers: 2,
    now: () => 0,
    wait: never("waiting"),
    clock: () => "2026-11-23T06:00:00Z",
  };
}

test("a study that trains nothing ends with exact findings in the store, without data and runtime", async () => {
  const contexts: AnalysisContext[] = [];
  const study: StudyDefinition = {
    ...computed,
    analyze: (results, context) => {
      contexts.push(context);
      return computed.analyze(results, context);
    },
  };
  const asked = request(study);
  const { run, trials, execution, analysis } = await runStudy(asked);
  expect(run.status).toBe("done");
  expect(trials).toEqual([]);
  expect(execution).toEqual({ interrupted: false, found: 0 });
  expect(contexts).toMatchObject([{ seeds: [], fingerprint: "", dataTitle: "", isSample: false }]);
  expect(analysis?.findings).toMatchObject([{ value: 7, interval: [7, 7], level: 1, method: "exact", n: 1 }]);
  expect((await asked.store.readAnalysis(run.id))?.findings).toEqual(analysis?.findings);
});

test("a design with trials needs a data set, and the run is marked as failed", async () => {
  const spec = trialSpec(patches(64), { seed: 0, epochs: 1 });
  const asked = request({ ...computed, design: () => [{ factors: { seed: 0 }, spec }] });
  await expect(runStudy(asked)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: study "computed": the design has trials, but the study names no data set: expected a data set, or an empty design, received 1 trials without data]`,
  );
  expect((await asked.store.listRuns()).map(({ status }) => status)).toEqual(["failed"]);
});
