// The time that schedules count, and decisions about it that rounding must not touch.
//
// A length of 0.1 epochs is no double, and neither is the time of step 3 in epochs of 10 steps. Their quotient is a double,
// but on which side of a whole number it falls is chance. Where it is close to one, fractions decide.
import {
  difference,
  type Fraction,
  fractionOf,
  isAtLeast,
  numberOf,
  product,
  quotient,
  rounded,
  sum,
} from "../core/numbers/fraction.js";

/**
 * What time is counted in: `step`; `epoch`, which goes on within an epoch, `step / stepsPerEpoch`; or `wholeEpoch`,
 * which stays the same throughout an epoch, as when PyTorch's `scheduler.step()` is called once an epoch.
 */
export type TimeUnit = "step" | "epoch" | "wholeEpoch";

/** The place of a step in a training. */
export interface StepPlace {
  /** Number of updates before it. Where batch sizes change, a share of the data in steps of the first epoch. */
  readonly step: number;
  readonly stepsPerEpoch: number;
}

/** Updates done, in a unit of time. */
export function timeOf(unit: TimeUnit, { step, stepsPerEpoch }: StepPlace): number {
  if (unit === "step") return step;
  return unit === "epoch" ? step / stepsPerEpoch : Math.floor(step / stepsPerEpoch);
}

/** A time in its unit. */
export interface Moment {
  readonly number: number;
  /** The same without rounding. */
  exact(): Fraction;
}

export function momentOf(unit: TimeUnit, place: StepPlace): Moment {
  const number = timeOf(unit, place);
  if (unit !== "epoch") return { number, exact: () => fractionOf(number) };
  return { number, exact: () => quotient(fractionOf(place.step), fractionOf(place.stepsPerEpoch)) };
}

// Rounding moves a quotient by some 1e-16 of itself; fractions are asked long before that.
const closeness = 1e-9;

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= closeness * Math.max(1, a, b);

/** Whether a time has come. */
export function isReached(moment: Moment, time: number): boolean {
  return isClose(moment.number, time) ? isAtLeast(moment.exact(), fractionOf(time)) : moment.number >= time;
}

/** So many epochs in steps, rounded to the nearest; halves are rounded up. */
export function roundedSteps(epochs: number, stepsPerEpoch: number): number {
  const steps = epochs * stepsPerEpoch;
  if (!isClose(steps, Math.floor(steps) + 0.5)) return Math.round(steps);
  return rounded(product(fractionOf(epochs), fractionOf(stepsPerEpoch)));
}

/** A place in a row of cycles. */
export interface CyclePlace {
  /** Cycles that ended before it. */
  readonly ended: number;
  /** Time since the last of them ended: from 0, below `length` but for rounding. */
  readonly rest: number;
  /** Of the cycle that goes on. */
  readonly length: number;
}

/** The place of a moment in cycles of equal length. @param length their length as a double. */
export function cycleAt(moment: Moment, exactLength: Fraction, length = numberOf(exactLength)): CyclePlace {
  const time = moment.number;
  const passed = time / length;
  const nearest = Math.round(passed);
  const rest = time % length;
  if (!isClose(passed, nearest)) return { ended: Math.floor(passed), rest, length };
  const ended = isAtLeast(moment.exact(), product(fractionOf(nearest), exactLength)) ? nearest : nearest - 1;
  // The remainder of rounded numbers may be that of the cycle before, or of the one after.
  if (Math.round((time - rest) / length) === ended) return { ended, rest, length };
  return { ended, rest: timeSince(moment, product(fractionOf(ended), exactLength)), length };
}

/**
 * The place of a moment in cycles that are each `growth` times as long as the one before.
 * @param firstLength of the first cycle, as a double.
 */
export function growingCycleAt(
  moment: Moment,
  first: Fraction,
  growth: number,
  firstLength = numberOf(first),
): CyclePlace {
  if (growth === 1) return cycleAt(moment, first, firstLength);
  const time = moment.number;
  let [ended, rest, length] = [0, time, firstLength];
  while (rest >= length) {
    rest -= length;
    length *= growth;
    ended++;
  }
  const isAtEdge = Math.min(rest, length - rest) <= closeness * Math.max(1, time);
  if (!isAtEdge || time === 0) return { ended, rest, length };
  const edge = rest < length - rest ? ended : ended + 1;
  const now = isAtLeast(moment.exact(), endOf(edge, first, growth)) ? edge : edge - 1;
  if (now === ended) return { ended, rest, length };
  return { ended: now, rest: timeSince(moment, endOf(now, first, growth)), length: firstLength * growth ** now };
}

/** When so many cycles have ended: `first (1 + growth (1 + growth (...)))`. */
function endOf(cycles: number, first: Fraction, growth: number): Fraction {
  const factor = fractionOf(growth);
  let end = fractionOf(0);
  for (let i = 0; i < cycles; i++) end = sum(fractionOf(1), product(factor, end));
  return product(first, end);
}

const timeSince = (moment: Moment, start: Fraction): number => numberOf(difference(moment.exact(), start));
