// Schedules that only lower the learning rate, in stages or smoothly.
import * as z from "zod";
import { fractionOf } from "../core/numbers/fraction.js";
import { defineSchedule, lengthOf, type ScheduleContext, timeUnit, wholeTraining } from "./schedule.js";
import { cycleAt, growingCycleAt, isReached, momentOf, timeOf } from "./schedule-time.js";

/** The optimizer's learning rate, unchanged. */
export const constant = defineSchedule({
  kind: "constant",
  about: "the same learning rate throughout",
  lookalikes: {
    ConstantLR: "PyTorch's ConstantLR lowers the rate for its first steps. Write constant for the same rate throughout",
  },
  options: z.object({}),
  plan:
    () =>
    ({ learningRate }) => ({ learningRate }),
});

/** `learningRate * factor^floor(time / every)`, as PyTorch's StepLR. */
export const step = defineSchedule({
  kind: "step",
  about: "multiplied by a factor every few epochs or steps",
  aliases: ["StepLR"],
  options: z.object({
    every: z
      .number()
      .positive()
      .default(10)
      .describe("length of a stage")
      .meta({ aliases: ["step_size"] }),
    factor: z
      .number()
      .positive()
      .default(0.1)
      .describe("factor of the rate")
      .meta({ aliases: ["gamma"] }),
    unit: timeUnit("epoch").describe("unit of time"),
  }),
  plan: ({ every, factor, unit }) => {
    const length = fractionOf(every);
    return (context) => ({
      learningRate: context.learningRate * factor ** cycleAt(momentOf(unit, context), length, every).ended,
    });
  },
});

/** `learningRate * factor^(number of milestones reached)`, as PyTorch's MultiStepLR. */
export const multiStep = defineSchedule({
  kind: "multiStep",
  about: "multiplied by a factor at given epochs or steps",
  aliases: ["MultiStepLR"],
  options: z.object({
    milestones: z.array(z.number().positive()).default([30, 60, 80]).describe("times at which the rate changes"),
    factor: z
      .number()
      .positive()
      .default(0.1)
      .describe("factor of the rate")
      .meta({ aliases: ["gamma"] }),
    unit: timeUnit("epoch").describe("unit of time"),
  }),
  plan:
    ({ milestones, factor, unit }) =>
    (context) => {
      const now = momentOf(unit, context);
      const reached = milestones.filter((milestone) => isReached(now, milestone)).length;
      return { learningRate: context.learningRate * factor ** reached };
    },
});

/** `learningRate * factor^time`, as PyTorch's ExponentialLR with `unit: "wholeEpoch"`. */
export const exponential = defineSchedule({
  kind: "exponential",
  about: "multiplied by a factor every epoch or step",
  aliases: [{ name: "ExponentialLR", options: { unit: "wholeEpoch" } }],
  lookalikes: {
    ExponentialDecay:
      "Keras's has a rate and the steps it takes: write exponential with unit step and factor decay_rate^(1 / decay_steps)",
  },
  options: z.object({
    factor: z
      .number()
      .positive()
      .default(0.95)
      .describe("factor of the rate")
      .meta({ aliases: ["gamma"] }),
    unit: timeUnit("epoch").describe("unit of time"),
  }),
  plan:
    ({ factor, unit }) =>
    (context) => ({ learningRate: context.learningRate * factor ** timeOf(unit, context) }),
});

/** `low + (learningRate - low) * (1 - time / length)^power`, then `low`; with `low` 0 as PyTorch's PolynomialLR. */
export const polynomial = defineSchedule({
  kind: "polynomial",
  about: "falls to a lowest rate as a power of the remaining time",
  aliases: [
    { name: "PolynomialLR", options: { length: 5, unit: "wholeEpoch" } },
    { name: "PolynomialDecay", options: { low: 0.0001 } },
  ],
  options: z.object({
    power: z.number().positive().default(1).describe("power of the remaining time"),
    low: z
      .number()
      .nonnegative()
      .default(0)
      .describe("lowest rate")
      .meta({ aliases: ["end_learning_rate"] }),
    length: z
      .number()
      .positive()
      .optional()
      .describe("duration; default: the whole training")
      .meta({ aliases: ["total_iters", "decay_steps"] }),
    unit: timeUnit("step").describe("unit of time"),
  }),
  plan:
    ({ power, low, ...span }) =>
    (context) => {
      const rest = Math.max(0, 1 - timeOf(span.unit, context) / lengthOf(span, context));
      return { learningRate: low + (context.learningRate - low) * rest ** power };
    },
});

/**
 * `low + (learningRate - low) * (1 + cos(pi time / length)) / 2` (Loshchilov and Hutter, "SGDR", ICLR 2017), as
 * PyTorch's CosineAnnealingLR within `length`; it stays at `low` after that, where PyTorch's rises again. With
 * `restarts` it starts over instead, each time `growth` times as long, as CosineAnnealingWarmRestarts.
 */
export const cosine = defineSchedule({
  kind: "cosine",
  about: "falls along half a cosine, once or with restarts",
  aliases: [
    { name: "CosineAnnealingLR", options: { unit: "wholeEpoch" } },
    { name: "CosineAnnealingWarmRestarts", options: { restarts: true, unit: "wholeEpoch" } },
    "CosineDecay",
    { name: "CosineDecayRestarts", options: { restarts: true, growth: 2 } },
  ],
  differs: {
    PyTorch: "CosineAnnealingLR rises again after T_max; this one stays at low",
    Keras: "alpha is a fraction of the first rate; low is a rate",
  },
  options: z.object({
    low: z
      .number()
      .nonnegative()
      .default(0)
      .describe("lowest rate")
      .meta({ aliases: ["eta_min"] }),
    length: z
      .number()
      .positive()
      .optional()
      .describe("duration; default: the whole training")
      .meta({ aliases: ["T_max", "T_0", "decay_steps", "first_decay_steps"] }),
    restarts: z.boolean().default(false).describe("starts over after each length"),
    growth: z
      .number()
      .min(1)
      .default(1)
      .describe("factor of the length at every restart")
      .meta({ aliases: ["T_mult", "t_mul"] }),
    unit: timeUnit("step").describe("unit of time"),
  }),
  plan: ({ low, restarts, growth, ...span }) => {
    const given = span.length === undefined ? undefined : fractionOf(span.length);
    /** Progress of the current cycle, from 0 to 1. */
    const shareOfCycle = (context: ScheduleContext): number => {
      const first = given ?? wholeTraining(span.unit, context);
      const { rest, length } = growingCycleAt(momentOf(span.unit, context), first, growth, span.length);
      return rest / length;
    };
    return (context) => {
      const share = restarts
        ? shareOfCycle(context)
        : Math.min(1, timeOf(span.unit, context) / lengthOf(span, context));
      return { learningRate: low + (context.learningRate - low) * (0.5 * (1 + Math.cos(Math.PI * share))) };
    };
  },
});
