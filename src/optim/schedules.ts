// The table of schedules, and the function that a spec stands for. Schedules are fed to a program, never compiled in.
import * as z from "zod";
import { readSpec } from "../core/definition.js";
import { InvalidInputError } from "../core/errors.js";
import { bareSchema } from "../core/names.js";
import {
  expRange,
  oneCycle,
  rangeTestExponential,
  rangeTestLinear,
  triangular,
  triangular2,
} from "./cyclic-schedules.js";
import { constant, cosine, exponential, multiStep, polynomial, step } from "./decay-schedules.js";
import type { OptimizerPart } from "./optimizer.js";
import { reduceOnPlateau } from "./plateau-schedules.js";
import {
  defineSchedule,
  type MeasuredEpoch,
  type Monitor,
  type ScheduleContext,
  type ScheduleFunction,
  type SchedulePart,
  stepsOf,
} from "./schedule.js";

/** A schedule within another one: `{ kind: "cosine", low: 1e-5 }`. */
const nested = z.custom<{ readonly kind: string; readonly [option: string]: unknown }>(
  (value) => typeof value === "object" && value !== null && "kind" in value,
  {
    error: "a schedule",
  },
);

/**
 * A linear rise from `from * rate` to `rate`, the first rate of another schedule, which
 * starts when the warm-up ends: PyTorch's SequentialLR of a LinearLR and another schedule.
 */
export const warmUp = defineSchedule({
  kind: "warmUp",
  about: "a linear rise before another schedule",
  options: z.object({
    length: z.number().positive().default(1).describe("how long the warm-up takes"),
    unit: z.enum(["step", "epoch"]).default("epoch").describe("unit of time"),
    from: z.number().min(0).max(1).default(0.01).describe("first rate, as a fraction of the rate after the warm-up"),
    next: nested.default({ kind: "constant" }).describe("the schedule after the warm-up"),
  }),
  dependsOnLength: ({ next }): boolean => dependsOnLength(next),
  monitored: ({ next }): Monitor | undefined => monitoredBy(next),
  warmUpSteps: ({ next, ...span }, length): number =>
    stepsOf(span, { ...length, step: 0, learningRate: 1 }) + warmUpSteps(next, length),
  plan: ({ from, next, ...span }, where): ScheduleFunction => {
    const later = scheduleFunction(next, `${where}.next`);
    const shifted = new WeakMap<readonly MeasuredEpoch[], readonly MeasuredEpoch[]>();
    return (context) => {
      const steps = stepsOf(span, context);
      const value = later({
        ...context,
        step: Math.max(0, context.step - steps),
        totalSteps: Math.max(1, context.totalSteps - steps),
        ...(context.measured === undefined ? {} : { measured: epochsAfter(steps, context.measured, shifted) }),
      });
      if (context.step >= steps) return value;
      return { ...value, learningRate: value.learningRate * (from + (1 - from) * (context.step / steps)) };
    };
  },
});

/** The epochs that ended after so many steps, as if these had not been. The same list for the same list. */
function epochsAfter(
  steps: number,
  measured: readonly MeasuredEpoch[],
  known: WeakMap<readonly MeasuredEpoch[], readonly MeasuredEpoch[]>,
): readonly MeasuredEpoch[] {
  const found = known.get(measured);
  if (found !== undefined) return found;
  const after = measured.filter(({ step }) => step > steps).map((epoch) => ({ ...epoch, step: epoch.step - steps }));
  known.set(measured, after);
  return after;
}

export const schedules = {
  constant,
  step,
  multiStep,
  exponential,
  polynomial,
  cosine,
  warmUp,
  oneCycle,
  triangular,
  triangular2,
  expRange,
  rangeTestLinear,
  rangeTestExponential,
  reduceOnPlateau,
} as const;

export type ScheduleKind = keyof typeof schedules;

function readSchedule(spec: unknown, where: string): { part: SchedulePart<unknown>; spec: unknown } {
  const { definition, spec: complete } = readSpec(where, "schedule", schedules, spec);
  return { part: definition as unknown as SchedulePart<unknown>, spec: complete };
}

/**
 * A schedule spec in our own names with every default written out, those of the schedules inside it as well.
 * @throws InvalidInputError | UnknownNameError
 */
export function completeSchedule(spec: unknown, where = "schedule"): { readonly kind: string } {
  const { definition, spec: complete } = readSpec(where, "schedule", schedules, spec);
  const shape: Readonly<Record<string, z.ZodType>> = definition.options.shape;
  const options = Object.entries(complete).map(([option, value]): [string, unknown] => {
    const isSchedule = Object.hasOwn(shape, option) && bareSchema(shape[option]).def === nested.def;
    return [option, isSchedule ? completeSchedule(value, `${where}.${option}`) : value];
  });
  return Object.fromEntries(options) as { kind: string };
}

/**
 * The function that a schedule spec stands for.
 * @throws InvalidInputError | UnknownNameError
 */
export function scheduleFunction(spec: unknown, where = "schedule"): ScheduleFunction {
  const { part, spec: complete } = readSchedule(spec, where);
  return part.plan(complete, `${where} (${(complete as { kind: string }).kind})`);
}

/** Whether a schedule's values depend on the length of the training. */
export function dependsOnLength(spec: unknown): boolean {
  const { part, spec: complete } = readSchedule(spec, "schedule");
  return part.dependsOnLength(complete);
}

/** What a schedule watches, where it goes by what the epochs measured. */
export function monitoredBy(spec: unknown): Monitor | undefined {
  const { part, spec: complete } = readSchedule(spec, "schedule");
  return part.monitored(complete);
}

/** Steps of the warm-up that a schedule begins with; 0 for one without. */
export function warmUpSteps(spec: unknown, length: Pick<ScheduleContext, "totalSteps" | "stepsPerEpoch">): number {
  const { part, spec: complete } = readSchedule(spec, "schedule");
  return part.warmUpSteps?.(complete, length) ?? 0;
}

/**
 * Checks that an optimizer can follow a schedule's momentum. PyTorch adds momentum to an optimizer that was created
 * without it; that would silently change the training, so it is an error here.
 */
export function checkMomentum(
  schedule: ScheduleFunction,
  { part, spec }: { readonly part: OptimizerPart<unknown>; readonly spec: { readonly kind: string } },
): void {
  const { momentum } = schedule({ step: 0, stepsPerEpoch: 1, totalSteps: 1, learningRate: 1 });
  if (momentum === undefined) return;
  const where = `optimizer (${spec.kind})`;
  const option = part.momentumOption;
  if (option === undefined) {
    throw new InvalidInputError("it has no momentum that the schedule could change", {
      where,
      remedy: "Use a schedule without cycleMomentum, or an optimizer with momentum such as sgd or adam",
    });
  }
  if ((spec as Readonly<Record<string, unknown>>)[option] !== 0) return;
  throw new InvalidInputError("the schedule changes its momentum", {
    where: `${where}.${option}`,
    expected: "above 0",
    received: "0",
    remedy: `Set ${option} to ${momentum}, with which the schedule starts, or omit cycleMomentum`,
  });
}
