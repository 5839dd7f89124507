// Runs of studies: one that computes, and one that trains in two stages.
import { expect, test } from "vitest";
import * as z from "zod";
import { memoryStore } from "../../test/support/memory-store.js";
import { patches, trialSpec } from "../../test/support/small-trials.js";
import { exactEstimate } from "../core/statistics/intervals.js";
import { type Analysis, type ComputedStudy, defineStudy, type StudyDefinition } from "./definition.js";
import { runStudy, type StudyRequest } from "./run-study.js";

const analysis: Analysis = {
  answer: "Seven.",
  findings: [{ id: "count", title: "Count", unit: "", variant: "all", ...exactEstimate(7) }],
  claims: [],
  figures: [],
  tables: [],
  notes: [],
};

const text = {
  id: "counting",
  title: "Counting",
  question: "How many?",
  expectation: "Seven.",
  refutedBy: "Eight.",
  source: "Nobody",
  factors: [],
};

const computed: ComputedStudy = { ...text, kind: "computed", compute: () => analysis };

const never = (what: string) => () => {
  throw new Error(`${what} is not needed`);
};

function request(study: StudyDefinition): StudyRequest {
  return {
    study,
    data: {},
    settings: {},
    seeds: [],
    store: memoryStore(),
    run: { command: "trainscope study run counting", versions: {}, machine: "" },
    executor: { run: never("an executor") },
    clock: () => "2026-11-23T06:00:00Z",
  };
}

test("a study that trains nothing ends with exact findings in the store, without data and runtime", async () => {
  const asked = request(computed);
  const { run, trials, execution, facts, analysis: made } = await runStudy(asked);
  expect(run).toMatchObject({ status: "done", settings: {} });
  expect(run.preset).toBeUndefined();
  expect(trials).toEqual([]);
  expect(execution).toEqual({ interrupted: false, found: 0 });
  expect(facts).toEqual({ settings: {}, seeds: [], data: {} });
  expect(made?.findings).toMatchObject([{ value: 7, interval: [7, 7], level: 1, method: "exact", n: 1 }]);
  expect((await asked.store.readAnalysis(run.id))?.findings).toEqual(made?.findings);
});

const preset = { settings: {}, seeds: 1, about: "one" };
const data = patches(64);
const spec = trialSpec(data, { seed: 0, epochs: 1 });
const plan = { evaluations: true, tensors: [] };

function trained(factors: Readonly<Record<string, string>>[], replicate = 0): StudyDefinition {
  return defineStudy({
    ...text,
    kind: "trained",
    factors: [
      {
        id: "variant",
        title: "Variant",
        levels: [
          { id: "plain", title: "Plain" },
          { id: "other", title: "Other" },
        ],
      },
    ],
    settings: z.object({}),
    presets: { quick: preset },
    smoke: preset,
    data: { patches: "patches" },
    stages: [
      {
        id: "training",
        design: (context) => {
          context.data("patches");
          return factors.map((levels) => ({ factors: levels, replicate, spec, measure: plan }));
        },
      },
    ],
    analyze: () => analysis,
  });
}

test.each([
  ["no data in the role", trained([{ variant: "plain" }]), {}, 'unknown role of data "patches"'],
  [
    "a factor that the study does not name",
    trained([{ varient: "plain" }]),
    { patches: data },
    'study "counting" > stage "training" > trials[0]: unknown factor "varient". Did you mean "variant"? Valid: variant',
  ],
  [
    "a level that the factor does not have",
    trained([{ variant: "plane" }]),
    { patches: data },
    'trials[0].variant: unknown level "plane". Did you mean "plain"? Valid: plain, other',
  ],
  [
    "two trials in one place",
    trained([{ variant: "plain" }, { variant: "plain" }]),
    { patches: data },
    "trials[1]: two trials have the same place",
  ],
])("a design with %s is refused, and the run is marked as failed", async (_, study, sets, message) => {
  const asked = { ...request(study), data: sets };
  await expect(runStudy(asked)).rejects.toThrow(message);
  expect((await asked.store.listRuns()).map(({ status }) => status)).toEqual(["failed"]);
});

const otherDesigns: readonly (readonly [string, Readonly<Record<string, string>>[], number, string])[] = [
  ["fewer trials", [{ variant: "plain" }], 0, "1 trial"],
  ["a trial in another place", [{ variant: "plain" }, {}], 0, "2 trials, among them another one at replicate 0"],
  [
    "other replicates",
    [{ variant: "plain" }, { variant: "other" }],
    1,
    "2 trials, among them another one at variant plain, replicate 1",
  ],
];

test.each(otherDesigns)(
  "a run is not resumed with %s, and its own design stays as it was",
  async (_, factors, replicate, received) => {
    const asked = {
      ...request(trained([{ variant: "plain" }, { variant: "other" }])),
      data: { patches: data },
    };
    await expect(runStudy(asked)).rejects.toThrow("an executor is not needed");
    const [resumeRun] = await asked.store.listRuns();
    expect(resumeRun).toMatchObject({
      status: "failed",
      stages: [{ id: "training", trials: [{}, {}].map(() => expect.any(String)) }],
    });
    await expect(runStudy({ ...asked, study: trained(factors, replicate), resumeRun })).rejects.toThrow(
      `run "${resumeRun.id}" > stage "training": the study's design has changed since the run was started: expected the run's 2 trials, received ${received}. Start a new run: trainscope study run counting. Finished trials are taken from the store`,
    );
    const refused = await asked.store.findRun(resumeRun.id);
    expect(refused?.stages).toEqual(resumeRun.stages);
    await expect(runStudy({ ...asked, resumeRun })).rejects.toThrow("an executor is not needed");
  },
);

test("a trial on data outside of the roles is refused with the roles", async () => {
  const study = trained([{ variant: "plain" }]);
  const without = { ...request(study), data: { patches: { ...data, fingerprint: "other" } } };
  await expect(runStudy(without)).rejects.toThrow(
    'study "counting": a trial uses data outside of the study\'s roles: expected the data of patches',
  );
});
