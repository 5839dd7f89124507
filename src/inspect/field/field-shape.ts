// Converts sums of gradients to a map, and computes its widths.
import { InvalidInputError } from "../../core/errors.js";
import { type Shape, stridesOf } from "../../core/numbers/shape.js";

/**
 * The fraction of the mass that defines the field; on a line, two standard deviations of a normal distribution contain
 * it.
 */
export const fieldMass = 0.95;

/** Luo et al. count pixels above this fraction of the largest, which excludes those beyond two standard deviations. */
const luoThreshold = 1 - 0.9545;

export interface FieldShape {
  /** Sizes of the input along its spatial axes. */
  readonly shape: Shape;
  /** Row-major over `shape`; sums to 1. */
  readonly map: readonly number[];
  /** Mean position on every axis, in pixels from the center of the first pixel. */
  readonly center: readonly number[];
  /** Standard deviation on every axis, in pixels. */
  readonly deviation: readonly number[];
  /** First and last position of the theoretical field on every axis, including padding; `"all"` for the whole input. */
  readonly theory: readonly (readonly [number, number])[] | "all";
  /** Number of input pixels in the theoretical field. */
  readonly theoryPixels: number;
  /** Fraction of the mass inside the theoretical field: below 1 if gates or statistics see the whole input. */
  readonly inside: number;
  /** The smallest number of pixels that contain 95 % of the mass. */
  readonly pixels95: number;
  /** `pixels95 / theoryPixels`. */
  readonly part95: number;
  /** Side of a square (cube, ...) with as many pixels as exceed 4.55 % of the largest value (Luo et al. 2016). */
  readonly side: number;
}

interface Expectation {
  readonly extents: Shape;
  readonly theory: readonly (readonly [number, number] | null)[];
}

/** @throws InvalidInputError if the mass is zero or not finite. */
export function describeField(sums: Float64Array, { extents, theory }: Expectation, where: string): FieldShape {
  const total = sums.reduce((sum, value) => sum + value, 0);
  if (!(total > 0 && Number.isFinite(total))) {
    throw new InvalidInputError(total === 0 ? "the gradient is 0 everywhere" : "the gradient is not finite", {
      where,
      expected: "gradients that reach the input",
      received: `a sum of ${total}`,
      remedy: "Use more examples, another seed or another layer: units that are off pass no gradient",
    });
  }
  const map = Array.from(sums, (value) => value / total);
  const profiles = extents.map((_, axis) => profileOf(map, extents, axis));
  const moments = profiles.map(momentsOf);
  const bounds = extents.map((extent, axis): readonly [number, number] => theory[axis] ?? [0, extent - 1]);
  const theoryPixels = bounds.reduce((count, [low, high], axis) => {
    return count * Math.max(0, Math.min(extents[axis] - 1, Math.floor(high)) - Math.max(0, Math.ceil(low)) + 1);
  }, 1);
  const pixels95 = fewestPixels(map, fieldMass);
  const largest = map.reduce((most, value) => Math.max(most, value), 0);
  return {
    ...{ shape: extents, map },
    center: moments.map(({ mean }) => mean),
    deviation: moments.map(({ deviation }) => deviation),
    theory: theory.every((one) => one === null) ? "all" : bounds,
    theoryPixels,
    inside: massInside(map, extents, bounds),
    pixels95,
    part95: pixels95 / theoryPixels,
    side: map.filter((value) => value > luoThreshold * largest).length ** (1 / extents.length),
  };
}

/** The mass along one axis, summed over the others. */
export function profileOf(map: readonly number[], shape: Shape, axis: number): number[] {
  const stride = stridesOf(shape)[axis];
  const profile = Array<number>(shape[axis]).fill(0);
  for (const [i, value] of map.entries()) profile[Math.floor(i / stride) % shape[axis]] += value;
  return profile;
}

function momentsOf(profile: readonly number[]): { mean: number; deviation: number } {
  const mean = profile.reduce((sum, value, place) => sum + value * place, 0);
  const variance = profile.reduce((sum, value, place) => sum + value * (place - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(variance) };
}

function fewestPixels(map: readonly number[], mass: number): number {
  const sorted = Float64Array.from(map).sort();
  let held = 0;
  for (let count = 1; count <= sorted.length; count++) {
    held += sorted[sorted.length - count];
    // The map sums to 1 only up to rounding.
    if (held >= mass - 1e-12) return count;
  }
  return sorted.length;
}

/** Computed from the mass outside, so that the result is exactly 1 if nothing is outside. */
function massInside(map: readonly number[], shape: Shape, bounds: readonly (readonly [number, number])[]): number {
  const strides = stridesOf(shape);
  const isInside = (i: number): boolean =>
    bounds.every(([low, high], axis) => {
      const place = Math.floor(i / strides[axis]) % shape[axis];
      return place >= low && place <= high;
    });
  return 1 - map.reduce((sum, value, i) => sum + (isInside(i) ? 0 : value), 0);
}
