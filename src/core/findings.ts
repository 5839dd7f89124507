// Results with their uncertainty, and the claims that they support or refute.
import type { Row } from "./rows.js";

/** The `method` of findings without uncertainty. */
export const exactMethod = "exact";

/** A number with its uncertainty and its sample size. */
export interface Finding {
  /** Unique within its study: `testAccuracy`. */
  readonly id: string;
  /** For people: `Test accuracy after the last epoch`. */
  readonly title: string;
  readonly value: number;
  /** Lower and upper bound. Absent for a measurement with `n` = 1; both bounds equal the value if it is exact. */
  readonly interval?: readonly [number, number];
  /** Confidence level of the interval, 0.95 by default. */
  readonly level: number;
  /** The method of the interval: `t`, `wilson`, `bootstrap`; `exact` for values that are counted or computed. */
  readonly method: string;
  /** Number of seeds, or of networks for a proportion. */
  readonly n: number;
  /** How many there would have been, where some of them diverged; absent where the number rests on all. */
  readonly of?: number;
  /** `%`, `s`, `nats`, or "" for a pure number. */
  readonly unit: string;
  /** Which level of the design: `batchNormHidden`. */
  readonly variant: string;
  /** Which hidden layer, from 1, for numbers that belong to one. */
  readonly layer?: number;
}

export const verdicts = ["supported", "not supported", "inconclusive", "erratum"] as const;
export type Verdict = (typeof verdicts)[number];

/** A statement from a source, judged against findings. */
export interface Claim {
  readonly id: string;
  /** Who makes the statement: report and figure, or paper. */
  readonly source: string;
  /** The statement, in our words. */
  readonly text: string;
  /** The rule that decides from findings, in words. */
  readonly rule: string;
  readonly verdict: Verdict;
  /** The numbers that decided, in one or two sentences. */
  readonly evidence: string;
}

/** A table of a report: named columns, one row per line. */
export interface Table {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly { readonly key: string; readonly title: string }[];
  readonly rows: readonly Row[];
}
