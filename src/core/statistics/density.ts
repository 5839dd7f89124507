// Gaussian kernel density estimates, for violins.
import { quantileOfSorted, sampleStandardDeviation } from "./statistics.js";

/** A density on an evenly spaced grid from the smallest to the largest value. */
export interface Density {
  readonly positions: readonly number[];
  readonly densities: readonly number[];
  readonly bandwidth: number;
}

/**
 * Silverman's rule of thumb `0.9 min(s, IQR / 1.34) n^(-1/5)` (Silverman 1986, eq. 3.31). Uses `s` alone if the
 * quartiles coincide. 0 for equal values.
 */
export function silvermanBandwidth(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const deviation = sampleStandardDeviation(values);
  const robust = (quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25)) / 1.34;
  const spread = robust > 0 ? Math.min(deviation, robust) : deviation;
  return Number.isNaN(spread) ? 0 : 0.9 * spread * values.length ** -0.2;
}

/**
 * Gaussian kernel density `sum_i phi((x - x_i) / h) / (n h)`, truncated to the range of the data, so there are no tails
 * where nothing was observed. It integrates to less than 1, because the mass beyond the ends is not redistributed.
 * @returns `undefined` for fewer than two different values.
 */
export function kernelDensity(values: readonly number[], points = 64): Density | undefined {
  const bandwidth = silvermanBandwidth(values);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(bandwidth > 0 && high > low)) return undefined;
  const positions = Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1));
  const scale = 1 / (values.length * bandwidth * Math.sqrt(2 * Math.PI));
  const densities = positions.map((position) => {
    let sum = 0;
    for (const value of values) sum += Math.exp(-0.5 * ((position - value) / bandwidth) ** 2);
    return sum * scale;
  });
  return { positions, densities, bandwidth };
}
