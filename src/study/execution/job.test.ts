import { expect, test } from "vitest";
import { patches, smallNet, trialSpec } from "../../../test/support/small-trials.js";
import { inspect } from "../../inspect/inspect.js";
import type { LayerSpec } from "../../nn/layer.js";
import { sequential } from "../../nn/layers/containers/sequential.js";
import { dense } from "../../nn/layers/dense.js";
import { flatten } from "../../nn/layers/flatten.js";
import { type KindSpec, type TrialSpec, trialId } from "../../train/spec/trial-spec.js";
import { measurementPlan } from "../measurement.js";
import { readTrialJob, trialJobs } from "./job.js";

const data = patches(64);
const model = sequential([flatten(), dense({ units: 4 })]) as KindSpec;
const dataBytes = (64 + 32) * (144 + 4);
const jobOf = (spec: TrialSpec, measure = measurementPlan()) => trialJobs([{ spec, measure }], () => data)[0];

test("a job survives JSON and names its trial", () => {
  const measure = measurementPlan({ steps: {}, probes: { every: 7 }, tensors: [{ of: "*", at: "start" }] });
  const job = jobOf(trialSpec(data, { model }), measure);
  expect(job.trial).toBe(trialId(job.spec));
  expect(readTrialJob(JSON.parse(JSON.stringify(job)))).toEqual(job);
});

test("an invalid job is refused with the fault", () => {
  const job = jobOf(trialSpec(data, { model }));
  const other = trialSpec(data, { model, seed: 99 });
  expect(() => readTrialJob({ ...job, spec: other })).toThrow(
    `job: the spec is not that of the trial: expected trial ${job.trial}, received trial ${trialId(other)}`,
  );
  expect(() => readTrialJob({ ...job, schema: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: job.schema: expected one of 1, received 2]`,
  );
  expect(() => readTrialJob({ ...job, measure: { steps: { every: 0 } } })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: job.measure.steps.every: expected a number above 0, received 0]`,
  );
  expect(() => readTrialJob({ ...job, spec: { ...job.spec, batchSize: -1 } })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: job.spec.batchSize: expected a number above 0, received -1]`,
  );
});

test("two places with the same trial are one job, measured for both", () => {
  const spec = trialSpec(data, { model });
  const trials = [{ steps: { every: 4 } }, { steps: { every: 6 } }].map((plan) => ({
    spec,
    measure: measurementPlan(plan),
  }));
  expect(trialJobs(trials, () => data).map(({ measure }) => measure.steps?.every)).toEqual([2]);
});

test("two places with the same trial and probes on different inputs are refused, not measured for one of them", () => {
  const spec = trialSpec(data, { model });
  const rows = { kind: "rows", split: "train", rows: [0] } as const;
  const trials = [{}, { inputs: rows }].map((probes) => ({ spec, measure: measurementPlan({ probes }) }));
  const message = "two places of the design have the same trial with probes on different inputs";
  expect(() => trialJobs(trials, () => data)).toThrow(message);
  expect(() => trialJobs([...trials].reverse(), () => data)).toThrow(message);
});

test("a trial needs the memory of its accounting, and an ensemble that of all its networks", () => {
  const single = jobOf(trialSpec(data, {}));
  const { training } = inspect(smallNet as LayerSpec, { inputShape: [1, 12, 12], batchSize: 16 }).memory;
  expect(single.needs).toEqual({ memoryBytes: training.total + dataBytes, threads: 1 });
  const alone = jobOf(trialSpec(data, { model })).needs.memoryBytes - dataBytes;
  expect(jobOf(trialSpec(data, { model, ensemble: 20 })).needs).toEqual({
    memoryBytes: 20 * alone + dataBytes,
    threads: 20,
  });
});

test("micro-batches and optimizers without slots need less memory", () => {
  const bytes = (changes: Parameters<typeof trialSpec>[1]) =>
    jobOf(trialSpec(data, { model, ...changes })).needs.memoryBytes;
  expect(bytes({ microBatchSize: 4 })).toBeLessThan(bytes({}));
  expect(bytes({ optimizer: { kind: "sgd", learningRate: 0.1 } })).toBeLessThan(bytes({}));
});
