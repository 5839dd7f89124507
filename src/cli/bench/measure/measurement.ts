// The result of a benchmark task: our time, the peer's, their ratio, and the budget.
import { quantile } from "../../../core/statistics/statistics.js";

/** Several measurements of one thing. */
export interface Spread {
  /** The median. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A measured time (or size) and the setting under which it was taken: `2 threads, fused`. */
export interface Figure extends Spread {
  readonly setting: string;
}

/** A budget: a bound on the ratio, or on our measurement. */
export interface Budget {
  readonly of: "ratio" | "ours";
  readonly bound: "at least" | "at most";
  readonly value: number;
}

export interface Measurement {
  readonly task: string;
  /** The unit of `ours`: `ms/step`. */
  readonly unit: string;
  readonly ours: Figure;
  /** The peer at its best, in the same unit. Absent when there is none. */
  readonly peer?: Figure;
  /** The meaning depends on the task; in a race against a peer, above 1 is better. */
  readonly ratio?: Spread;
  readonly must?: Budget;
  /** Remarks for the reader: how many settings were tried, what was omitted and why. */
  readonly remarks: readonly string[];
}

/** A task that could not be measured, and why. */
export interface Unmeasured {
  readonly task: string;
  readonly reason: string;
}

/** Median, least and greatest. */
export function spreadOf(values: readonly number[]): Spread {
  return { value: quantile(values, 0.5), low: Math.min(...values), high: Math.max(...values) };
}

/**
 * How many times faster `ours` is: the ratio of medians, with the range of ratios of neighboring rounds. Pairing
 * neighbors shows how much fluctuations of the machine, which affect both sides, influence the comparison.
 * @param ours times, round by round; @param theirs times of the same rounds.
 */
export function ratioOfMedians(ours: readonly number[], theirs: readonly number[]): Spread {
  const pairs = spreadOf(ours.map((time, round) => theirs[round] / time));
  return { value: quantile(theirs, 0.5) / quantile(ours, 0.5), low: pairs.low, high: pairs.high };
}

/** Whether the budget is kept; undefined if it cannot be judged. */
export function isMet({ must, ours, ratio }: Pick<Measurement, "must" | "ours" | "ratio">): boolean | undefined {
  const judged = must?.of === "ratio" ? ratio?.value : ours.value;
  if (must === undefined || judged === undefined) return undefined;
  return must.bound === "at least" ? judged >= must.value : judged <= must.value;
}
