// Defines schedules: the learning rate, and optionally the momentum, as a function of the step.
import * as z from "zod";
import { type Definition, type Described, define } from "../core/definition.js";

/** The state of a training. */
export interface ScheduleContext {
  /** Number of updates before this one. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Updates of the whole training. */
  readonly totalSteps: number;
  /** The optimizer's own learning rate. */
  readonly learningRate: number;
}

/** The values of a schedule at a step. */
export interface ScheduleValue {
  readonly learningRate: number;
  /** Absent if the optimizer keeps its own momentum. */
  readonly momentum?: number;
}

export type ScheduleFunction = (context: ScheduleContext) => ScheduleValue;

export interface SchedulePart<S> {
  /** Whether values depend on the length of the training, which then cannot be extended once it has started. */
  dependsOnLength(spec: S): boolean;
  /** The function of the step. @param where the schedule's path in the user's words. */
  plan(spec: S, where: string): ScheduleFunction;
}

export type ScheduleDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  SchedulePart<Readonly<z.output<Options>>>;

/** Defines a schedule. One with an option `length` depends on the training's length where that is left out. */
export function defineSchedule<Kind extends string, Options extends z.ZodObject>(
  parts: Described<Kind, Options> & {
    plan(spec: Readonly<z.output<Options>>, where: string): ScheduleFunction;
  } & Partial<SchedulePart<Readonly<z.output<Options>>>>,
): ScheduleDefinition<Kind, Options> {
  const hasLength = "length" in parts.options.shape;
  return define({
    dependsOnLength: (spec: Readonly<z.output<Options>>) =>
      hasLength && (spec as { readonly length?: number }).length === undefined,
    ...parts,
  });
}

/**
 * What time is counted in: `step`; `epoch`, which goes on within an epoch, `step / stepsPerEpoch`; or `wholeEpoch`,
 * which stays the same throughout an epoch, as when PyTorch's `scheduler.step()` is called once an epoch.
 */
export type TimeUnit = "step" | "epoch" | "wholeEpoch";

/** The option `unit`. */
export const timeUnit = (preset: TimeUnit) => z.enum(["step", "epoch", "wholeEpoch"]).default(preset);

/** Updates done, in a unit of time. */
export function timeOf(unit: TimeUnit, { step, stepsPerEpoch }: ScheduleContext): number {
  if (unit === "step") return step;
  return unit === "epoch" ? step / stepsPerEpoch : Math.floor(step / stepsPerEpoch);
}

/** How long a schedule takes, in its unit: its option, or else the whole training. */
export function lengthOf(
  { length, unit }: { readonly length?: number | undefined; readonly unit: TimeUnit },
  { totalSteps, stepsPerEpoch }: ScheduleContext,
): number {
  return length ?? (unit === "step" ? totalSteps : totalSteps / stepsPerEpoch);
}

/** A length in steps. */
export function stepsOf(
  { length, unit }: { readonly length?: number | undefined; readonly unit: TimeUnit },
  { totalSteps, stepsPerEpoch }: ScheduleContext,
): number {
  if (length === undefined) return totalSteps;
  return Math.round(unit === "step" ? length : length * stepsPerEpoch);
}

/** The options of a momentum that moves against the learning rate. Off unless asked for: PyTorch's is on. */
export const cycledMomentum = (base: number, max: number) => ({
  cycleMomentum: z.boolean().default(false).describe("momentum moves opposite to the rate"),
  baseMomentum: z.number().min(0).lt(1).default(base).describe("momentum at the highest rate"),
  maxMomentum: z.number().min(0).lt(1).default(max).describe("momentum at the lowest rate"),
});
