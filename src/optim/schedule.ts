// Defines schedules: the learning rate, and optionally the momentum, as a function of the step.
import * as z from "zod";
import { type Definition, type Described, define } from "../core/definition.js";
import { type Fraction, fractionOf, quotient } from "../core/numbers/fraction.js";
import { roundedSteps, type StepPlace, type TimeUnit } from "./schedule-time.js";

/** What was measured after an epoch: of the validation split, or of the training split where nothing is held out. */
export interface MeasuredEpoch {
  /** Updates done, counted as `step` is. */
  readonly step: number;
  readonly loss: number;
  /** Absent where there are no right answers. */
  readonly accuracy?: number;
}

/** A quantity that epochs are compared by. */
export type Monitor = "loss" | "accuracy";

/** The state of a training. */
export interface ScheduleContext extends StepPlace {
  /** Updates of the whole training. */
  readonly totalSteps: number;
  /** The optimizer's own learning rate. */
  readonly learningRate: number;
  /** The epochs that are over, for schedules that watch them. The same list as long as there are no others. */
  readonly measured?: readonly MeasuredEpoch[];
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
  /** What values depend on, where they depend on what the epochs measured. */
  monitored(spec: S): Monitor | undefined;
  /** Steps of the rise before the schedule proper; absent for schedules without. */
  warmUpSteps?(spec: S, length: Pick<ScheduleContext, "totalSteps" | "stepsPerEpoch">): number;
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
    monitored: () => undefined,
    ...parts,
  });
}

/** The option `unit`. */
export const timeUnit = (preset: TimeUnit) => z.enum(["step", "epoch", "wholeEpoch"]).default(preset);

/** The options that say how long a schedule takes. */
export interface Span {
  readonly length?: number | undefined;
  readonly unit: TimeUnit;
}

/** How long a schedule takes, in its unit: its option, or else the whole training. */
export function lengthOf({ length, unit }: Span, { totalSteps, stepsPerEpoch }: ScheduleContext): number {
  return length ?? (unit === "step" ? totalSteps : totalSteps / stepsPerEpoch);
}

/** The whole training in a unit of time, without rounding. */
export function wholeTraining(unit: TimeUnit, { totalSteps, stepsPerEpoch }: ScheduleContext): Fraction {
  return unit === "step" ? fractionOf(totalSteps) : quotient(fractionOf(totalSteps), fractionOf(stepsPerEpoch));
}

/** A length in steps. */
export function stepsOf({ length, unit }: Span, { totalSteps, stepsPerEpoch }: ScheduleContext): number {
  if (length === undefined) return totalSteps;
  return roundedSteps(length, unit === "step" ? 1 : stepsPerEpoch);
}

/** The options of a momentum that moves against the learning rate. Off unless asked for: PyTorch's is on. */
export const cycledMomentum = (base: number, max: number) => ({
  cycleMomentum: z.boolean().default(false).describe("momentum moves opposite to the rate"),
  baseMomentum: z.number().min(0).lt(1).default(base).describe("momentum at the highest rate"),
  maxMomentum: z.number().min(0).lt(1).default(max).describe("momentum at the lowest rate"),
});
