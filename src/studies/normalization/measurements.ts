// What the claims and figures read from the trials: last evaluations, paired by seed.
import type { Estimate } from "../../core/statistics/intervals.js";
import { meanEstimate, pairedDifferenceEstimate } from "../../core/statistics/intervals.js";
import type { TrialResult } from "../../study/study.js";
import type { Form } from "./design.js";

export interface Measurement {
  readonly seed: number;
  readonly value: number;
}

/** Trials of one form and variant, by ascending seed. */
export function trialsOf(results: readonly TrialResult[], form: Form, variant: string): TrialResult[] {
  return results
    .filter(({ factors }) => factors.form === form && factors.variant === variant)
    .sort((a, b) => Number(a.factors.seed) - Number(b.factors.seed));
}

/** The last value of a metric in each trial; diverged trials have none and are left out. */
export function lastValues(
  results: readonly TrialResult[],
  form: Form,
  variant: string,
  phase: string,
  metric: string,
): Measurement[] {
  return trialsOf(results, form, variant).flatMap((result) => {
    const rows = result.rows.filter((row) => row.phase === phase && row.metric === metric && row.path === "");
    const last = rows.at(-1);
    return last === undefined || result.status === "diverged"
      ? []
      : [{ seed: Number(result.factors.seed), value: last.value }];
  });
}

export const percent = (share: number): number => 100 * share;

/** Validation accuracy in percent after the last epoch. */
export function accuracies(results: readonly TrialResult[], form: Form, variant: string): Measurement[] {
  return lastValues(results, form, variant, "validation", "accuracy").map(({ seed, value }) => ({
    seed,
    value: percent(value),
  }));
}

/** Mean difference `a - b` over the seeds that both have, or undefined without such seeds. */
export function pairedDifference(a: readonly Measurement[], b: readonly Measurement[]): Estimate | undefined {
  const pairs = a.flatMap(({ seed, value }) => {
    const other = b.find((candidate) => candidate.seed === seed);
    return other === undefined ? [] : [[value, other.value] as const];
  });
  if (pairs.length === 0) return undefined;
  if (pairs.length === 1) return meanEstimate([pairs[0][0] - pairs[0][1]]);
  return pairedDifferenceEstimate(
    pairs.map(([, value]) => value),
    pairs.map(([value]) => value),
  );
}

/** `98.31 [98.02, 98.60]`, or the value alone where one seed gives no interval. */
export function estimateText({ value, interval }: Pick<Estimate, "value" | "interval">, digits = 2): string {
  const shown = value.toFixed(digits);
  return interval === undefined ? shown : `${shown} [${interval[0].toFixed(digits)}, ${interval[1].toFixed(digits)}]`;
}

/** `98.31 ± 0.29`, or the value alone where one seed gives no interval. */
export function meanText({ value, interval }: Pick<Estimate, "value" | "interval">, digits: number): string {
  const shown = value.toFixed(digits);
  return interval === undefined ? shown : `${shown} ± ${((interval[1] - interval[0]) / 2).toFixed(digits)}`;
}
