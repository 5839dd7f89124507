// Samples from results: one number per replicate, and the number of replicates without one.

import type { Finding } from "../../core/findings.js";
import type { Phase } from "../../core/rows.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { meanEstimate, pairedDifferenceEstimate, proportionEstimate } from "../../core/statistics/intervals.js";
import type { Factors, StudyResults, TrialResult } from "../definition.js";

/** The number of one replicate: a trial, or one network of an ensemble. */
export interface Sample {
  readonly replicate: number;
  /** Index of the network, from 0; 0 for a single training. */
  readonly network: number;
  readonly value: number;
}

/** The numbers of all replicates that have one, by ascending replicate and network. */
export interface Samples {
  readonly values: readonly Sample[];
  /** Number of replicates, including diverged ones, which have no number. */
  readonly of: number;
  /** The range of the quantity, where it has one: 0 to 100 for percentages. Intervals of its mean end there. */
  readonly bounds?: readonly [low: number, high: number];
}

/** Selects a measurement of a trial. */
export interface Quantity {
  readonly phase: Phase;
  readonly metric: string;
  /** Default "", the whole network. */
  readonly path?: string;
}

/** Trials at the given levels of their factors, by ascending replicate. Other factors may have any level. */
export function select(results: StudyResults, factors: Factors): TrialResult[] {
  const wanted = Object.entries(factors);
  return results
    .filter((result) => wanted.every(([factor, level]) => result.factors[factor] === level))
    .sort((a, b) => a.replicate - b.replicate);
}

/** The last value of a quantity in every network. Networks that diverged or never measured it have none. */
export function lastOf(results: StudyResults, quantity: Quantity): Samples {
  return samplesOf(results, quantity, (values) => values.at(-1));
}

/**
 * The best value of a quantity over the whole training. Choose by the validation split and report the test split, since the
 * best of many values is biased on the split by which it was chosen.
 */
export function bestOf(results: StudyResults, quantity: Quantity, best: "highest" | "lowest"): Samples {
  const pick = best === "highest" ? Math.max : Math.min;
  // Not `pick(...values)`: a long training has more values than a call takes arguments.
  return samplesOf(results, quantity, (values) =>
    values.length === 0 ? undefined : values.reduce((found, value) => pick(found, value)),
  );
}

/** A number per network, computed from the values of a quantity in step order. */
export function samplesOf(
  results: StudyResults,
  quantity: Quantity,
  read: (values: readonly number[]) => number | undefined,
): Samples {
  const values: Sample[] = [];
  let of = 0;
  for (const result of [...results].sort((a, b) => a.replicate - b.replicate)) {
    of += result.networks;
    for (const [network, measured] of valuesByNetwork(result, quantity).entries()) {
      const value = isDiverged(result, network) ? undefined : read(measured);
      if (value !== undefined && Number.isFinite(value)) values.push({ replicate: result.replicate, network, value });
    }
  }
  return { values, of };
}

function isDiverged({ status, diverged }: TrialResult, network: number): boolean {
  return status === "diverged" || diverged.includes(network);
}

function valuesByNetwork({ series, networks }: TrialResult, { phase, metric, path = "" }: Quantity): number[][] {
  const found = series.find((one) => one.phase === phase && one.metric === metric && one.path === path);
  return Array.from({ length: networks }, (_, network) =>
    found === undefined ? [] : Array.from(found.steps, (_step, row) => found.values[row * networks + network]),
  );
}

/** Converts the numbers of a sample: to percent, to logarithms. */
export function mapSamples({ values, of }: Samples, change: (value: number) => number): Samples {
  return { values: values.map((sample) => ({ ...sample, value: change(sample.value) })), of };
}

/** Fractions from 0 to 1 in percent. */
export function inPercent(samples: Samples): Samples {
  return { ...mapSamples(samples, (share) => 100 * share), bounds: [0, 100] };
}

/**
 * Mean over the replicates with a number, with its t interval; undefined if none has one. The interval ends at the bounds
 * of the quantity: a mean cannot lie beyond them, so what is cut off never covered it, and the level stays.
 */
export function meanOf({ values, of, bounds }: Samples): Estimate | undefined {
  if (values.length === 0) return undefined;
  return within(bounds, counted(meanEstimate(values.map(({ value }) => value)), of));
}

function within(bounds: Samples["bounds"], estimate: Estimate): Estimate {
  if (bounds === undefined || estimate.interval === undefined) return estimate;
  const [low, high] = estimate.interval;
  return { ...estimate, interval: [Math.max(low, bounds[0]), Math.min(high, bounds[1])] };
}

/** Mean of the differences `a - b` over the replicates with both numbers; undefined if there are none. */
export function paired(a: Samples, b: Samples): Estimate | undefined {
  const pairs = pairsOf(a, b);
  if (pairs.length === 0) return undefined;
  const of = Math.max(a.of, b.of);
  const [first, second] = [pairs.map(({ other }) => other), pairs.map(({ value }) => value)];
  if (pairs.length === 1) return counted(meanEstimate([second[0] - first[0]]), of);
  return counted(pairedDifferenceEstimate(first, second), of);
}

/** `a - b` of every replicate with both numbers. */
export function differences(a: Samples, b: Samples): Samples {
  const values = pairsOf(a, b).map(({ other, ...sample }) => ({ ...sample, value: sample.value - other }));
  return { values, of: Math.max(a.of, b.of) };
}

/** The samples of a, each with the value of the same replicate and network in b. */
function pairsOf(a: Samples, b: Samples): (Sample & { readonly other: number })[] {
  const others = new Map(b.values.map((sample) => [keyOf(sample), sample.value]));
  return a.values.flatMap((sample) => {
    const other = others.get(keyOf(sample));
    return other === undefined ? [] : [{ ...sample, other }];
  });
}

const keyOf = ({ replicate, network }: Sample): string => `${replicate} ${network}`;

/** The fraction `hits / n` with Wilson's interval. @throws InvalidInputError unless 0 <= hits <= n */
export function proportion(hits: number, n: number): Estimate {
  return proportionEstimate(hits, n);
}

/** The fraction of replicates with a number for which `holds` is true; undefined if none has a number. */
export function proportionOf({ values, of }: Samples, holds: (value: number) => boolean): Estimate | undefined {
  if (values.length === 0) return undefined;
  return counted(proportion(values.filter(({ value }) => holds(value)).length, values.length), of);
}

/** A list with the finding of an estimate; empty without an estimate. */
export function findingsOf(
  about: Pick<Finding, "id" | "title" | "unit" | "variant" | "layer">,
  estimate: Estimate | undefined,
): Finding[] {
  return estimate === undefined ? [] : [{ ...about, ...estimate }];
}

/** Adds the total number of replicates to an estimate if some have no number. */
function counted(estimate: Estimate, of: number): Estimate {
  return estimate.n === of ? estimate : { ...estimate, of };
}
