// Verdicts from intervals, the rule for most claims.
import type { Verdict } from "../../core/findings.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { estimateText, survivorsText } from "./number-text.js";

/** The region that must contain the whole interval for the statement to hold. */
export type Region =
  | { readonly above: number }
  | { readonly below: number }
  | { readonly within: readonly [number, number] };

export interface JudgeOptions {
  /** The estimated quantity, in the words of the evidence: `Batch norm minus dropout, same seeds`. */
  readonly what: string;
  /** The unit after the number: `percentage points`. Default none. */
  readonly unit?: string;
  /** The unit of replication over which the number is a mean; default `seed`. */
  readonly replicates?: string;
  /** The number with its interval as text; default `estimateText` with 2 decimals. */
  readonly text?: (estimate: Pick<Estimate, "value" | "interval">) => string;
  /** The evidence if there is no estimate. */
  readonly missing?: string;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly evidence: string;
}

/**
 * `supported` if the whole interval is inside the region, `not supported` if none of it is, otherwise `inconclusive`, also
 * without an interval, as for a single replicate.
 */
export function judge(estimate: Estimate | undefined, region: Region, options: JudgeOptions): Judgement {
  const { what, unit = "", replicates = "seed", text = estimateText } = options;
  if (estimate === undefined)
    return { verdict: "inconclusive", evidence: options.missing ?? "No finished trials to compare." };
  const { value, interval } = estimate;
  const number = text({ value, ...(interval === undefined ? {} : { interval }) });
  const noun = estimate.n === 1 && estimate.of === undefined ? replicates : `${replicates}s`;
  const evidence = `${what}: ${number}${unit === "" ? "" : ` ${unit}`} over ${survivorsText(estimate)} ${noun}.`;
  if (interval === undefined)
    return { verdict: "inconclusive", evidence: `${evidence} One ${replicates} gives no interval.` };
  return { verdict: verdictOf(interval, region), evidence };
}

function verdictOf([low, high]: readonly [number, number], region: Region): Verdict {
  const [from, to] =
    "above" in region
      ? [region.above, Number.POSITIVE_INFINITY]
      : "below" in region
        ? [Number.NEGATIVE_INFINITY, region.below]
        : region.within;
  if (low > from && high < to) return "supported";
  return high < from || low > to ? "not supported" : "inconclusive";
}
