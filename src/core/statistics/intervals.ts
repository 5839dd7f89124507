// Estimates with their uncertainty: t, Wilson, bootstrap and paired-difference intervals.

import { InvalidInputError } from "../errors.js";
import { exactMethod, type Finding } from "../findings.js";
import { randomStream } from "../random/rng.js";
import { normalQuantile, studentQuantile } from "./special-functions.js";
import { mean, quantileOfSorted, sampleStandardDeviation } from "./statistics.js";

/** The part of a finding that statistics compute. */
export type Estimate = Pick<Finding, "value" | "interval" | "level" | "method" | "n" | "of">;

/** Default confidence level of all intervals. */
export const defaultLevel = 0.95;

/**
 * Mean of independent values (one per seed) with Student's t interval `mean ± t(n-1) s / sqrt(n)`.
 * A single value has no interval. Equal values give an interval of width 0.
 * @throws InvalidInputError for an empty list or non-finite values: exclude those first, and say so.
 */
export function meanEstimate(values: readonly number[], level = defaultLevel): Estimate {
  requireSample("meanEstimate", values, level);
  const n = values.length;
  const value = mean(values);
  if (n === 1) return { value, level, method: "t", n };
  const halfWidth = (studentQuantile((1 + level) / 2, n - 1) * sampleStandardDeviation(values)) / Math.sqrt(n);
  return { value, interval: [value - halfWidth, value + halfWidth], level, method: "t", n };
}

/**
 * Mean of the differences `second[i] - first[i]` with its t interval, where index `i` is the same seed in both. Pairing
 * removes the variation that both share through the seed, so the interval is narrower than for unpaired values.
 * @throws InvalidInputError for lists of different lengths, and as `meanEstimate`.
 */
export function pairedDifferenceEstimate(
  first: readonly number[],
  second: readonly number[],
  level = defaultLevel,
): Estimate {
  if (first.length !== second.length) {
    throw new InvalidInputError("pairs need as many first as second values", {
      where: "pairedDifferenceEstimate",
      expected: `${first.length}`,
      received: `${second.length}`,
    });
  }
  const differences = second.map((value, index) => value - first[index]);
  return { ...meanEstimate(differences, level), method: "paired t" };
}

/**
 * Proportion `successes / n` with the score interval of Wilson (1927), which stays inside [0, 1] and is valid at 0 and
 * 1, where the textbook interval has width 0.
 * @throws InvalidInputError unless `0 <= successes <= n` and `n >= 1`, both integers.
 */
export function proportionEstimate(successes: number, n: number, level = defaultLevel): Estimate {
  if (!Number.isInteger(successes) || !Number.isInteger(n) || n < 1 || successes < 0 || successes > n) {
    throw new InvalidInputError("not a proportion", {
      where: "proportionEstimate",
      expected: "integers with 0 <= successes <= n and n >= 1",
      received: `${successes} of ${n}`,
    });
  }
  requireLevel("proportionEstimate", level);
  const z = normalQuantile((1 + level) / 2);
  const value = successes / n;
  const shrink = 1 + (z * z) / n;
  const center = (value + (z * z) / (2 * n)) / shrink;
  const halfWidth = (z / shrink) * Math.sqrt((value * (1 - value)) / n + (z * z) / (4 * n * n));
  // At 0 and 1, the bound equals the proportion exactly; rounding must not move it outside.
  const low = successes === 0 ? 0 : center - halfWidth;
  const high = successes === n ? 1 : center + halfWidth;
  return { value, interval: [low, high], level, method: "wilson", n };
}

/** A counted or computed number: the interval is the value itself, at any level. */
export function exactEstimate(value: number): Estimate {
  return { value, interval: [value, value], level: 1, method: exactMethod, n: 1 };
}

export interface BootstrapOptions {
  readonly level?: number;
  /** Number of resamples; 2,000 makes the ends stable to a few percent of the width. */
  readonly resamples?: number;
  /** The same seed gives the same interval. */
  readonly seed?: number;
}

/**
 * A statistic with its percentile bootstrap interval (Efron 1979): the quantiles of the statistic over samples drawn
 * from the values with replacement. For statistics without a formula, such as a median. One value has no interval.
 * @throws InvalidInputError as `meanEstimate`.
 */
export function bootstrapEstimate(
  values: readonly number[],
  statistic: (sample: readonly number[]) => number,
  { level = defaultLevel, resamples = 2000, seed = 0 }: BootstrapOptions = {},
): Estimate {
  requireSample("bootstrapEstimate", values, level);
  const n = values.length;
  const value = statistic(values);
  if (n === 1) return { value, level, method: "bootstrap", n };
  const stream = randomStream(seed, "bootstrap");
  const statistics = new Float64Array(resamples);
  const sample = new Array<number>(n);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < n; i++) sample[i] = values[Math.floor(stream.uniform(resample * n + i) * n)];
    statistics[resample] = statistic(sample);
  }
  statistics.sort();
  const tail = (1 - level) / 2;
  const interval = [quantileOfSorted(statistics, tail), quantileOfSorted(statistics, 1 - tail)] as const;
  return { value, interval, level, method: "bootstrap", n };
}

function requireSample(where: string, values: readonly number[], level: number): void {
  requireLevel(where, level);
  const bad = values.find((value) => !Number.isFinite(value));
  if (values.length > 0 && bad === undefined) return;
  throw new InvalidInputError("cannot estimate", {
    where,
    expected: "at least one value, all finite",
    received: values.length === 0 ? "none" : `${bad}`,
    remedy: "Leave out diverged trials first, and say how many",
  });
}

function requireLevel(where: string, level: number): void {
  if (level > 0 && level < 1) return;
  throw new InvalidInputError("not a confidence level", { where, expected: "0 < level < 1", received: `${level}` });
}
