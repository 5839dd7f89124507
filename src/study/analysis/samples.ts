// What an analysis reads from results: one number of each replicate, and how many replicates have none.

import type { Finding } from "../../core/findings.js";
import type { Phase } from "../../core/rows.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { meanEstimate, pairedDifferenceEstimate, proportionEstimate } from "../../core/statistics/intervals.js";
import type { Factors, StudyResults, TrialResult } from "../definition.js";

/** One number of one replicate: of a trial, or of one network of an ensemble. */
export interface Sample {
  readonly replicate: number;
  /** From 0; 0 for a single training. */
  readonly network: number;
  readonly value: number;
}

/** Numbers of all replicates that have one, by ascending replicate and network. */
export interface Samples {
  readonly values: readonly Sample[];
  /** Replicates, those without a number included: what diverged counts here. */
  readonly of: number;
}

/** Which measurement of a trial. */
export interface Quantity {
  readonly phase: Phase;
  readonly metric: string;
  /** "" for the whole network, unless told otherwise. */
  readonly path?: string;
}

/** Trials at these levels of their factors, whatever the others are, by ascending replicate. */
export function select(results: StudyResults, factors: Factors): TrialResult[] {
  const wanted = Object.entries(factors);
  return results
    .filter((result) => wanted.every(([factor, level]) => result.factors[factor] === level))
    .sort((a, b) => a.replicate - b.replicate);
}

/** The last value of a quantity in every network. Networks that diverged, or never measured it, have none. */
export function lastOf(results: StudyResults, quantity: Quantity): Samples {
  return samplesOf(results, quantity, (values) => values.at(-1));
}

/**
 * The best value of a quantity over the whole training. Choose by what was not trained on, and report another split: the
 * best of many looks is too good a number for the split that it was chosen on.
 */
export function bestOf(results: StudyResults, quantity: Quantity, best: "highest" | "lowest"): Samples {
  const pick = best === "highest" ? Math.max : Math.min;
  return samplesOf(results, quantity, (values) => (values.length === 0 ? undefined : pick(...values)));
}

/** A number of every network, made from the values of a quantity in the order of its steps. */
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

/** The same replicates with other numbers: percent, logarithms. */
export function mapSamples({ values, of }: Samples, change: (value: number) => number): Samples {
  return { values: values.map((sample) => ({ ...sample, value: change(sample.value) })), of };
}

/** Shares in percent. */
export function inPercent(samples: Samples): Samples {
  return mapSamples(samples, (share) => 100 * share);
}

/** Mean over the replicates that have a number, with its t interval; undefined where none has. */
export function meanOf({ values, of }: Samples): Estimate | undefined {
  return values.length === 0 ? undefined : counted(meanEstimate(values.map(({ value }) => value)), of);
}

/** Mean of the differences `a - b` over the replicates that have both numbers; undefined where none has. */
export function paired(a: Samples, b: Samples): Estimate | undefined {
  const others = new Map(b.values.map((sample) => [keyOf(sample), sample.value]));
  const pairs = a.values.flatMap((sample) => {
    const other = others.get(keyOf(sample));
    return other === undefined ? [] : [{ first: other, second: sample.value }];
  });
  if (pairs.length === 0) return undefined;
  const of = Math.max(a.of, b.of);
  if (pairs.length === 1) return counted(meanEstimate([pairs[0].second - pairs[0].first]), of);
  return counted(
    pairedDifferenceEstimate(
      pairs.map(({ first }) => first),
      pairs.map(({ second }) => second),
    ),
    of,
  );
}

/** `a - b` of every replicate that has both numbers. */
export function differences(a: Samples, b: Samples): Samples {
  const others = new Map(b.values.map((sample) => [keyOf(sample), sample.value]));
  const values = a.values.flatMap((sample) => {
    const other = others.get(keyOf(sample));
    return other === undefined ? [] : [{ ...sample, value: sample.value - other }];
  });
  return { values, of: Math.max(a.of, b.of) };
}

const keyOf = ({ replicate, network }: Sample): string => `${replicate} ${network}`;

/** The share `hits / n` with Wilson's interval: how many of so many networks. @throws InvalidInputError unless 0 <= hits <= n */
export function proportion(hits: number, n: number): Estimate {
  return proportionEstimate(hits, n);
}

/** The share of the replicates with a number for which something holds; undefined where none has a number. */
export function proportionOf({ values, of }: Samples, holds: (value: number) => boolean): Estimate | undefined {
  if (values.length === 0) return undefined;
  return counted(proportion(values.filter(({ value }) => holds(value)).length, values.length), of);
}

/** An estimate as a finding; none where nothing was estimated. */
export function findingsOf(
  about: Pick<Finding, "id" | "title" | "unit" | "variant">,
  estimate: Estimate | undefined,
): Finding[] {
  return estimate === undefined ? [] : [{ ...about, ...estimate }];
}

/** Says of an estimate how many replicates there would have been, if not all of them have a number. */
function counted(estimate: Estimate, of: number): Estimate {
  return estimate.n === of ? estimate : { ...estimate, of };
}
