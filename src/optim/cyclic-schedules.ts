// Cyclical learning rates, the one-cycle policy and range tests, with momentum that moves opposite to the rate.
import * as z from "zod";
import { fractionOf, sum } from "../core/numbers/fraction.js";
import {
  cycledMomentum,
  defineSchedule,
  type ScheduleContext,
  type ScheduleFunction,
  type ScheduleValue,
  type Span,
  stepsOf,
  timeUnit,
} from "./schedule.js";
import { cycleAt, momentOf, type TimeUnit } from "./schedule-time.js";

const triangle = {
  low: z
    .number()
    .nonnegative()
    .optional()
    .describe("lowest rate")
    .meta({ aliases: ["base_lr"] }),
  high: z
    .number()
    .nonnegative()
    .optional()
    .describe("highest rate")
    .meta({ aliases: ["max_lr"] }),
  rise: z
    .number()
    .positive()
    .default(2000)
    .describe("time from the lowest rate to the highest")
    .meta({ aliases: ["step_size_up"] }),
  fall: z
    .number()
    .positive()
    .optional()
    .describe("time from the highest rate to the lowest; default: the rise")
    .meta({ aliases: ["step_size_down"] }),
  unit: timeUnit("step").describe("unit of time"),
  ...cycledMomentum(0.8, 0.9),
};

interface TriangleSpec {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly rise: number;
  readonly fall?: number | undefined;
  readonly unit: TimeUnit;
  readonly cycleMomentum: boolean;
  readonly baseMomentum: number;
  readonly maxMomentum: number;
}

/**
 * `low + (high - low) * height * scale`, where `height` goes from 0 to 1 in `rise` and back to 0 in `fall`; momentum,
 * if enabled, is `maxMomentum - (maxMomentum - baseMomentum) * height * scale`.
 * @param scale a function of the cycle number, from 1, and the time.
 */
function cyclical(spec: TriangleSpec, scale: (cycle: number, time: number) => number): ScheduleFunction {
  const { rise, fall = rise } = spec;
  const period = sum(fractionOf(rise), fractionOf(fall));
  return (context) => {
    const now = momentOf(spec.unit, context);
    const { ended, rest, length } = cycleAt(now, period, rise + fall);
    const height = rest <= rise ? rest / rise : (length - rest) / fall;
    return triangleValue(spec, context, height * scale(ended + 1, now.number));
  };
}

function triangleValue(spec: TriangleSpec, context: ScheduleContext, height: number): ScheduleValue {
  const { cycleMomentum, baseMomentum, maxMomentum } = spec;
  const high = spec.high ?? context.learningRate;
  const low = spec.low ?? high / 4;
  const learningRate = low + (high - low) * height;
  return cycleMomentum
    ? { learningRate, momentum: maxMomentum - (maxMomentum - baseMomentum) * height }
    : { learningRate };
}

/**
 * Linear up and down between two rates (Smith, "Cyclical learning rates", WACV 2017), as PyTorch's CyclicLR,
 * whose `step_size_up` is `rise`. `high` defaults to the optimizer's rate, `low` to a quarter of it (the paper's
 * section 3.3: a third or a fourth).
 */
export const triangular = defineSchedule({
  kind: "triangular",
  about: "up and down between two rates",
  aliases: [{ name: "CyclicLR", options: { cycleMomentum: true } }],
  options: z.object(triangle),
  plan: (spec) => cyclical(spec, () => 1),
});

/** As `triangular`, each cycle half as high as the one before. */
export const triangular2 = defineSchedule({
  kind: "triangular2",
  about: "up and down between two rates, half as high in every cycle",
  differs: { PyTorch: "the momentum cycles (cycleMomentum)" },
  options: z.object(triangle),
  plan: (spec) => cyclical(spec, (cycle) => 0.5 ** (cycle - 1)),
});

/** As `triangular`, with a height that falls as `gamma^time`. PyTorch's default gamma is 1, a plain triangle. */
export const expRange = defineSchedule({
  kind: "expRange",
  about: "up and down between two rates, with a decaying height",
  differs: { PyTorch: "gamma 1, and the momentum cycles (cycleMomentum)" },
  options: z.object({
    ...triangle,
    gamma: z.number().positive().max(1).default(0.99994).describe("factor of the height per unit of time"),
  }),
  plan: (spec) => cyclical(spec, (_cycle, time) => spec.gamma ** time),
});

type Anneal = (from: number, to: number, share: number) => number;

const anneals: Readonly<Record<"cosine" | "linear", Anneal>> = {
  cosine: (from, to, share) => to + ((from - to) / 2) * (Math.cos(Math.PI * share) + 1),
  linear: (from, to, share) => (to - from) * share + from,
};

/**
 * One cycle (Smith and Topin, arXiv 1708.07120), as PyTorch's OneCycleLR: from `high / initialDivisor` up to `high`,
 * the optimizer's rate, in `riseShare` of the time, then down to `high / initialDivisor / finalDivisor`. `threePhase`
 * falls to the initial rate in the time of the rise, and then to the lowest. After the end, the rate stays at the
 * lowest. Momentum, if enabled, goes from `maxMomentum` to `baseMomentum` and back. `length` is in steps or epochs.
 */
export const oneCycle = defineSchedule({
  kind: "oneCycle",
  about: "up and down once, then far below the start",
  aliases: [{ name: "OneCycleLR", options: { cycleMomentum: true } }],
  differs: { PyTorch: "max_lr is the optimizer's learning rate here" },
  options: z.object({
    length: z
      .number()
      .positive()
      .optional()
      .describe("duration; default: the whole training")
      .meta({ aliases: ["total_steps"] }),
    unit: z.enum(["step", "epoch"]).default("step").describe("unit of time"),
    riseShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe("fraction of the time in which the rate rises")
      .meta({ aliases: ["pct_start"] }),
    anneal: z
      .enum(["cosine", "linear"])
      .default("cosine")
      .describe("shape of the curve between two rates")
      .meta({ aliases: ["anneal_strategy"], values: { cosine: ["cos"] } }),
    initialDivisor: z
      .number()
      .positive()
      .default(25)
      .describe("highest rate divided by the first")
      .meta({ aliases: ["div_factor"] }),
    finalDivisor: z
      .number()
      .positive()
      .default(1e4)
      .describe("first rate divided by the last")
      .meta({ aliases: ["final_div_factor"] }),
    threePhase: z
      .boolean()
      .default(false)
      .describe("falls to the first rate in the time of the rise, then to the last"),
    ...cycledMomentum(0.85, 0.95),
  }),
  plan: (spec) => (context) => {
    const { riseShare, baseMomentum, maxMomentum } = spec;
    const high = context.learningRate;
    const initial = high / spec.initialDivisor;
    const total = Math.max(1, stepsOf(spec, context));
    const points = [
      { end: 0, rate: initial, momentum: maxMomentum },
      { end: riseShare * total - 1, rate: high, momentum: baseMomentum },
      ...(spec.threePhase ? [{ end: 2 * riseShare * total - 2, rate: initial, momentum: maxMomentum }] : []),
      { end: total - 1, rate: initial / spec.finalDivisor, momentum: maxMomentum },
    ];
    const step = Math.min(context.step, total - 1);
    const next = Math.max(
      1,
      points.findIndex(({ end }, i) => i > 0 && step <= end),
    );
    const [from, to] = [points[next - 1], points[next]];
    const share = to.end > from.end ? (step - from.end) / (to.end - from.end) : 1;
    const anneal = anneals[spec.anneal];
    const value: ScheduleValue = { learningRate: anneal(from.rate, to.rate, share) };
    return spec.cycleMomentum ? { ...value, momentum: anneal(from.momentum, to.momentum, share) } : value;
  },
});

const range = {
  low: z.number().positive().default(1e-7).describe("lowest rate"),
  high: z.number().positive().default(10).describe("highest rate"),
  length: z.number().positive().optional().describe("duration; default: the whole training"),
  unit: z.enum(["step", "epoch"]).default("step").describe("unit of time"),
};

/** Progress of a range test: 0 at its first step, 1 at its last. */
function shareOfTest(span: Span, context: ScheduleContext): number {
  const total = stepsOf(span, context);
  return total <= 1 ? 0 : Math.min(1, context.step / (total - 1));
}

/** `low + (high - low) * step / (n - 1)` for a test of n steps (Smith, WACV 2017); the optimizer's rate is not used. */
export const rangeTestLinear = defineSchedule({
  kind: "rangeTestLinear",
  about: "a range test: linear from a low to a high rate",
  options: z.object(range),
  plan:
    ({ low, high, ...span }) =>
    (context) => ({ learningRate: low + (high - low) * shareOfTest(span, context) }),
});

/** `low * (high / low)^(step / (n - 1))` for a test of n steps, as in fastai; the optimizer's rate is not used. */
export const rangeTestExponential = defineSchedule({
  kind: "rangeTestExponential",
  about: "a range test: exponential from a low to a high rate",
  options: z.object(range),
  plan:
    ({ low, high, ...span }) =>
    (context) => ({ learningRate: low * (high / low) ** shareOfTest(span, context) }),
});
