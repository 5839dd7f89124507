// A trial as a job: plain JSON with everything that a process on any host needs to run it.
import * as z from "zod";
import { parseOptions } from "../../core/definition.js";
import { InvalidInputError } from "../../core/errors.js";
import type { Dataset } from "../../data/dataset.js";
import { type TrialSpec, type TrialSpecInput, trialId, trialSpec } from "../../train/spec/trial-spec.js";
import type { PlannedTrial } from "../definition.js";
import { covers, joined, type MeasurementPlan, measurementOptions } from "../measurement.js";
import { type JobNeeds, needsEstimator } from "./needs.js";

export interface TrialJob {
  readonly schema: 1;
  /** Hash of the spec. */
  readonly trial: string;
  readonly spec: TrialSpec;
  readonly measure: MeasurementPlan;
  /** SHA-256 of the artifacts that it reads. */
  readonly artifacts: readonly string[];
  readonly needs: JobNeeds;
}

/** The schema of a job. `trialSpec` reads the spec. */
export const trialJobSchema = z.strictObject({
  schema: z.literal(1),
  trial: z.string(),
  spec: z.looseObject({}),
  measure: measurementOptions,
  artifacts: z.array(z.string().regex(/^[0-9a-f]{64}$/, { error: "64 hexadecimal digits" })),
  needs: z.strictObject({
    memoryBytes: z.number().min(0),
    threads: z.int().positive(),
    provider: z.enum(["cpu", "wasm", "webgpu", "cuda"]).optional(),
  }),
});

/** Reads a job from another process. @throws InvalidInputError | UnknownNameError that names the fault. */
export function readTrialJob(given: unknown): TrialJob {
  const job = parseOptions("job", trialJobSchema, given) as z.output<typeof trialJobSchema>;
  const spec = trialSpec(job.spec as unknown as TrialSpecInput, "job.spec");
  const name = trialId(spec);
  if (name !== job.trial) {
    throw new InvalidInputError("the spec is not that of the trial", {
      where: "job",
      expected: `trial ${job.trial}`,
      received: `trial ${name}`,
      remedy: "Send it again from a process of the same version",
    });
  }
  return { ...job, spec } as TrialJob;
}

/**
 * The jobs of a design. If two places of a design have the same trial, it is one job with the measurements of both.
 * @param dataOf returns the data set of a trial.
 * @throws ShapeError | InvalidInputError for a model that cannot be built for its data, and for two places with the same
 * trial whose measurements cannot be taken together.
 */
export function trialJobs(
  trials: readonly Pick<PlannedTrial, "spec" | "measure">[],
  dataOf: (spec: TrialSpec) => Dataset,
): TrialJob[] {
  const needs = needsEstimator();
  const jobs = new Map<string, TrialJob>();
  for (const { spec, measure } of trials) {
    const trial = trialId(spec);
    const known = jobs.get(trial);
    const { source } = spec.data;
    jobs.set(trial, {
      ...{ schema: 1, trial, spec },
      measure: known === undefined ? measure : measuredForBoth(trial, known.measure, measure),
      artifacts: source.kind === "artifact" ? [source.sha256] : [],
      needs: known?.needs ?? needs(spec, dataOf(spec)),
    });
  }
  return [...jobs.values()];
}

/** One plan for both places. A trial has probes on one kind of inputs, so one place would be left without its readings. */
function measuredForBoth(trial: string, first: MeasurementPlan, second: MeasurementPlan): MeasurementPlan {
  const both = joined(first, second);
  if (covers(both, first) && covers(both, second)) return both;
  throw new InvalidInputError("two places of the design have the same trial with probes on different inputs", {
    where: `trial ${trial}`,
    expected: "the same probes.inputs at both places",
    received: `${JSON.stringify(first.probes?.inputs)} and ${JSON.stringify(second.probes?.inputs)}`,
    remedy: "Give one of the two trials another seed",
  });
}
