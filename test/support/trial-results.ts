// Made-up results of trials, for tests of analyses.
import { type Phase, rowsOf, type SeriesBlock } from "../../src/core/rows.js";
import type { PlannedTrial, TrialResult } from "../../src/study/definition.js";
import { measurementPlan } from "../../src/study/measurement.js";

export interface MadeSeries {
  readonly metric: string;
  /** Default `validation`. */
  readonly phase?: Phase;
  readonly path?: string;
  /** `[rows][networks]`, or a number per row for one network. */
  readonly values: readonly (number | readonly number[])[];
  /** Updates at the rows; default 0, 1, 2, ... */
  readonly steps?: readonly number[];
}

export interface MadeResult extends Pick<PlannedTrial, "factors" | "replicate" | "spec"> {
  readonly stage?: string;
  readonly diverged?: readonly number[];
  readonly series: readonly MadeSeries[];
  readonly tensors?: TrialResult["tensors"];
}

/** The result of a trial with these series. */
export function madeResult({ stage = "training", diverged = [], tensors = {}, ...made }: MadeResult): TrialResult {
  const { factors, replicate, spec } = made;
  const id = `${stage} ${JSON.stringify(factors)} ${replicate}`;
  const series = made.series.map((one) => block(id, one));
  const networks = series[0]?.networks ?? 1;
  return {
    ...{ id, stage, factors, replicate, spec, measure: measurementPlan(), networks, diverged, series, tensors },
    status: diverged.length === networks ? "diverged" : "done",
    // Made when asked for, as those of real results: thousands of networks have millions of them.
    get rows() {
      return series.flatMap((one) => [...rowsOf(one)]);
    },
    kept: [],
  };
}

function block(trial: string, { metric, phase = "validation", path = "", values, steps }: MadeSeries): SeriesBlock {
  const rows = values.map((row) => (typeof row === "number" ? [row] : row));
  const numbers = steps ?? rows.map((_, index) => index);
  return {
    ...{ trial, phase, metric, path, networks: rows[0]?.length ?? 1 },
    steps: Int32Array.from(numbers),
    epochs: Float64Array.from(numbers),
    values: Float64Array.from(rows.flat()),
  };
}
