// One trial that two stages probe on different inputs: the run says so, and analyzes nothing that lacks results.
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { nn, optim, trialSpec } from "../../src/index.js";
import { defineStudy, type MeasurementInput, measurementPlan, type StageContext } from "../../src/studies/index.js";
import { type StudyPlace, studyPlace } from "./run-on-store.js";

let place: StudyPlace;
beforeEach(() => {
  place = studyPlace();
});
afterEach(() => place.dispose());

const size = { settings: {}, seeds: 1, about: "one network" };
const analysis = { answer: "", findings: [], claims: [], figures: [], tables: [], notes: [] };

function stage(id: string, inputs: NonNullable<MeasurementInput["probes"]>["inputs"]) {
  return {
    id,
    design: ({ data }: StageContext<object>) => [
      {
        factors: {},
        replicate: 0,
        spec: trialSpec({
          model: nn.sequential([nn.dense({ units: 2 }), nn.relu(), nn.dense({ units: 1 })]),
          data: { ...data("line"), scaling: "raw" },
          loss: { kind: "meanSquaredError" },
          optimizer: optim.sgd({ learningRate: 0.01 }),
          steps: 2,
        }),
        measure: measurementPlan({ probes: { of: ["activations"], inputs } }),
      },
    ],
  };
}

const grid = { kind: "grid", low: -1, high: 1, points: 5 } as const;
const rows = { kind: "rows", split: "train", rows: [0, 1] } as const;

const study = (second: typeof grid | typeof rows) =>
  defineStudy({
    ...{ kind: "trained", id: "two-inputs", title: "Two inputs", question: "?", expectation: ".", refutedBy: "." },
    source: "a test",
    factors: [],
    settings: z.object({}),
    presets: { quick: size },
    smoke: size,
    data: { line: "absolute-value:points=64" },
    stages: [stage("first", grid), stage("second", second)],
    analyze: () => analysis,
  });

test("is refused where the second stage takes the place of the first one's readings", async () => {
  await expect(place.run(study(rows))).rejects.toThrow("some trials no longer have the measurements of this run");
});

test("is one trial with both results where the inputs are the same", async () => {
  const { run, trials } = await place.run(study(grid));
  expect([run.status, trials.length]).toEqual(["done", 2]);
});
