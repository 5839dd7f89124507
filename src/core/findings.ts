// Results with their uncertainty, and what they say about the statements of a source.
import type { Row } from "./rows.js";

/** The `method` of findings without uncertainty. */
export const exactMethod = "exact";

/** A number with its uncertainty and what it rests on. */
export interface Finding {
  /** Unique within its study: `testAccuracy`. */
  readonly id: string;
  /** For people: `Test accuracy after the last epoch`. */
  readonly title: string;
  readonly value: number;
  /** Lower and upper bound; absent when `n` is 1 and the number was measured; both the value where it is exact. */
  readonly interval?: readonly [number, number];
  /** Confidence level of the interval, 0.95 by default. */
  readonly level: number;
  /** How the interval was made: `t`, `wilson`, `bootstrap`; `exact` for what is counted or computed, not estimated. */
  readonly method: string;
  /** Number of seeds, or of networks for a proportion. */
  readonly n: number;
  /** `%`, `s`, `nats`, or "" for a pure number. */
  readonly unit: string;
  /** Which level of the design: `batchNormHidden`. */
  readonly variant: string;
}

export const verdicts = ["supported", "not supported", "inconclusive", "erratum"] as const;
export type Verdict = (typeof verdicts)[number];

/** A statement from a source, judged against findings. */
export interface Claim {
  readonly id: string;
  /** Who says so: report and figure, or paper. */
  readonly source: string;
  /** The statement, in our words. */
  readonly text: string;
  /** The rule on findings that decides, in words. */
  readonly rule: string;
  readonly verdict: Verdict;
  /** The numbers that decided, in one or two sentences. */
  readonly evidence: string;
}

/** A table of a report: named columns, one row a line. */
export interface Table {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly { readonly key: string; readonly title: string }[];
  readonly rows: readonly Row[];
}
