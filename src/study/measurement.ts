// The measurements that a study keeps from a trial. They are not part of the trial's spec and do not change the training.
import * as z from "zod";
import { parseOptions } from "../core/definition.js";
import { greatestCommonDivisor } from "../core/numbers/integers.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { patternCovers } from "../nn/path-patterns.js";
import { haveSameInputs, joinedProbes, type ProbeSpec, probeOptions, probesCover } from "../probes/probe-spec.js";
import { stepMetrics } from "../train/metric-rows.js";

/** A path of a parameter or buffer; `*` matches any text and `?` one character. See `pathMatcher`. */
export type PathPattern = string;

/** Options of a plan, complete after parsing. */
export const measurementOptions = z.strictObject({
  /** Metrics of every step whose number is a multiple of `every`; none by default. */
  steps: z
    .strictObject({
      every: z.int().positive().default(1),
      metrics: z.array(z.enum(stepMetrics)).default(["loss"]),
    })
    .readonly()
    .optional(),
  /** Loss and accuracy over whole splits, after every epoch and at the end. */
  evaluations: z.boolean().default(true),
  /** Probes inside the network; none by default. */
  probes: probeOptions.readonly().optional(),
  /** Parameters and buffers to keep whole, before the first update or after the last. */
  tensors: z
    .array(z.strictObject({ of: z.string().min(1), at: z.enum(["start", "end"]) }).readonly())
    .readonly()
    .default([]),
});

/** A plan with every default written out. */
export type MeasurementPlan = Readonly<z.output<typeof measurementOptions>>;
export type MeasurementInput = z.input<typeof measurementOptions>;

/** Completes a plan with defaults. @throws InvalidInputError that names an invalid option. */
export function measurementPlan(given: MeasurementInput = {}): MeasurementPlan {
  return parseOptions("measurements", measurementOptions, given) as MeasurementPlan;
}

/**
 * Whether the measurements of plan `had` include all of plan `wanted`; only then is a finished trial a result.
 * Reflexive and transitive; plans that cover each other have the same measurements.
 */
export function covers(had: MeasurementPlan, wanted: MeasurementPlan): boolean {
  return (
    stepsCover(had.steps, wanted.steps) &&
    (had.evaluations || !wanted.evaluations) &&
    (wanted.probes === undefined || (had.probes !== undefined && probesCover(had.probes, wanted.probes))) &&
    wanted.tensors.every((tensor) => had.tensors.some((kept) => tensorCovers(kept, tensor)))
  );
}

/**
 * The smallest plan that covers both, so that a trial that runs again keeps the measurements of earlier studies. No plan
 * covers probes on different inputs; the result then has those of `b`.
 */
export function joined(a: MeasurementPlan, b: MeasurementPlan): MeasurementPlan {
  const steps = a.steps === undefined ? b.steps : b.steps === undefined ? a.steps : joinedSteps(a.steps, b.steps);
  const probes = joinedLooks(a.probes, b.probes);
  const missing = b.tensors.filter((tensor) => !a.tensors.some((kept) => tensorCovers(kept, tensor)));
  return {
    ...(steps === undefined ? {} : { steps }),
    evaluations: a.evaluations || b.evaluations,
    ...(probes === undefined ? {} : { probes }),
    tensors: [...a.tensors.filter((tensor) => !missing.some((more) => tensorCovers(more, tensor))), ...missing],
  };
}

/** A whole parameter or buffer of one network. */
export interface KeptTensor {
  readonly at: "start" | "end";
  /** Index of the network, from 0; 0 for a single training. */
  readonly network: number;
  readonly path: string;
  readonly tensor: TensorData;
}

type StepPlan = NonNullable<MeasurementPlan["steps"]>;
type TensorPlan = MeasurementPlan["tensors"][number];

function stepsCover(had: StepPlan | undefined, wanted: StepPlan | undefined): boolean {
  if (wanted === undefined || wanted.metrics.length === 0) return true;
  if (had === undefined || wanted.every % had.every !== 0) return false;
  return wanted.metrics.every((metric) => had.metrics.includes(metric));
}

function joinedSteps(a: StepPlan, b: StepPlan): StepPlan {
  if (stepsCover(a, b)) return a;
  if (stepsCover(b, a)) return b;
  return {
    every: greatestCommonDivisor(a.every, b.every),
    metrics: stepMetrics.filter((metric) => a.metrics.includes(metric) || b.metrics.includes(metric)),
  };
}

function joinedLooks(a: ProbeSpec | undefined, b: ProbeSpec | undefined): ProbeSpec | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return haveSameInputs(a, b) ? joinedProbes(a, b) : b;
}

function tensorCovers(had: TensorPlan, wanted: TensorPlan): boolean {
  return had.at === wanted.at && patternCovers(had.of, wanted.of);
}
