// Schedules: the learning rate as a function of the step. They are inputs of the program, never compiled in.
import * as z from "zod";
import { define, readSpec } from "../core/definition.js";

export interface ScheduleContext {
  /** Updates done before this one, from 0. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** The optimizer's own learning rate. */
  readonly learningRate: number;
}

interface SchedulePart<S> {
  rate(spec: S, context: ScheduleContext): number;
}

/** The optimizer's learning rate, unchanged. */
export const constant = define({
  kind: "constant",
  about: "the same learning rate throughout",
  options: z.object({}),
  rate: (_spec: object, { learningRate }: ScheduleContext) => learningRate,
});

/** `learningRate * factor^floor(time / every)`, time in epochs (as PyTorch's StepLR) or in steps. */
export const step = define({
  kind: "step",
  about: "multiplied by a factor every so many epochs or steps",
  options: z.object({
    every: z.int().positive().default(10),
    factor: z.number().positive().default(0.1),
    unit: z.enum(["epoch", "step"]).default("epoch"),
  }),
  rate: (spec: { every: number; factor: number; unit: "epoch" | "step" }, context: ScheduleContext) => {
    const time = spec.unit === "step" ? context.step : Math.floor(context.step / context.stepsPerEpoch);
    return context.learningRate * spec.factor ** Math.floor(time / spec.every);
  },
});

export const schedules = { constant, step } as const;

export type ScheduleKind = keyof typeof schedules;

/** The function that a schedule spec stands for. Throws InvalidInputError | UnknownNameError. */
export function scheduleFunction(spec: unknown): (context: ScheduleContext) => number {
  const { definition, spec: complete } = readSpec("schedule", "schedule", schedules, spec);
  const part = definition as unknown as SchedulePart<unknown>;
  return (context) => part.rate(complete, context);
}
