// What every position of an axis sees of the input, as periodic intervals: the exact form of a receptive field.
//
// After upsampling, neighboring positions see the same pixels, or move by several pixels: they differ by their phase. A
// window over them sees more or fewer pixels depending on where it starts, so no single size and stride describe it.
import type { AxisReach, RepeatedReads } from "../../graph/accounting/axis-reach.js";
import { mostPhases } from "../../graph/accounting/reach.js";

/**
 * Position `u` sees the pixels from `low[u mod P] + floor(u / P) advance` to `high[u mod P] + floor(u / P) advance`,
 * where P is the length of both lists. All are integers. A phase that sees nothing (between the windows of a transposed
 * convolution whose stride exceeds its kernel) has `low` Infinity and `high` -Infinity. The axis counts as unbounded:
 * fields extend beyond the ends of the input, as in Araujo et al.
 *
 * At most `mostPhases` phases are tracked. Beyond that, and after upsampling that is not periodic, there is one phase
 * whose ends are lines over the positions with fractional coefficients: an upper bound, since some positions may see
 * less.
 */
export interface FieldPhases {
  readonly advance: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

type WindowReach = Extract<AxisReach, { kind: "window" }>;
type BetweenReach = Extract<AxisReach, { kind: "between" }>;

/** The same interval everywhere, moving by `stride` from one position to the next. */
export const evenPhases = (low: number, high: number, stride: number): FieldPhases => ({
  advance: stride,
  low: [low],
  high: [high],
});

/** Mean distance in pixels between neighboring positions. */
export const strideOf = ({ advance, low }: FieldPhases): number => advance / low.length;

/** First and last pixel that a position sees. */
export function rangeAt({ advance, low, high }: FieldPhases, place: number): readonly [number, number] {
  const count = low.length;
  const rounds = Math.floor(place / count);
  const phase = place - rounds * count;
  return [low[phase] + rounds * advance, high[phase] + rounds * advance];
}

/** Number of pixels seen by the widest phase. */
export function widestOf({ low, high }: FieldPhases): number {
  const width = low.reduce((most, first, phase) => Math.max(most, high[phase] - first + 1), 0);
  // Ends that are not integers carry rounding errors.
  return Math.max(0, Math.ceil(width - 1e-6));
}

/** Center of the field of position 0, as the mean over phases. */
export function centerOf(phases: FieldPhases): number {
  const stride = strideOf(phases);
  const centers = phases.low.flatMap((low, phase) =>
    Number.isFinite(low) ? [(low + phases.high[phase]) / 2 - phase * stride] : [],
  );
  return centers.reduce((sum, center) => sum + center, 0) / Math.max(1, centers.length);
}

/** The union of the fields of all positions that a window or an interpolation reads. */
export function phasesBehind(phases: FieldPhases, reach: WindowReach | BetweenReach): FieldPhases {
  if (reach.kind === "window") return behindWindow(phases, reach);
  const { reads } = reach;
  const next = reads === undefined ? undefined : behindReads(phases, reads);
  return next ?? behindLine(lineOf(phases), reach);
}

/** The union of two branches; `undefined` if their fields advance differently. */
export function phasesTogether(a: FieldPhases, b: FieldPhases): FieldPhases | undefined {
  const [strideA, strideB] = [strideOf(a), strideOf(b)];
  if (Math.abs(strideA - strideB) > 1e-9 * Math.abs(strideA)) return undefined;
  const count = (a.low.length / greatestDivisor(a.low.length, b.low.length)) * b.low.length;
  if (count > mostPhases) return phasesTogether(lineOf(a), lineOf(b));
  return unions(count, (a.advance * count) / a.low.length, (place) => [rangeAt(a, place), rangeAt(b, place)]);
}

/** For each of `count` phases, the union of several intervals. */
function unions(
  count: number,
  advance: number,
  parts: (place: number) => readonly (readonly [number, number])[],
): FieldPhases {
  const low = Array<number>(count).fill(Number.POSITIVE_INFINITY);
  const high = Array<number>(count).fill(Number.NEGATIVE_INFINITY);
  for (let place = 0; place < count; place++) {
    for (const [first, last] of parts(place)) {
      low[place] = Math.min(low[place], first);
      high[place] = Math.max(high[place], last);
    }
  }
  return { advance, low, high };
}

function behindWindow(phases: FieldPhases, { kernel, stride, dilation, pad }: WindowReach): FieldPhases {
  const before = phases.low.length;
  const count = before / greatestDivisor(before, stride);
  // The first and the last taps cover every phase; the taps between reach no further.
  const taps: number[] = [];
  for (let tap = 0; tap < kernel; tap++) {
    if (tap === before && kernel > 2 * before) tap = kernel - before;
    taps.push(tap);
  }
  return unions(count, phases.advance * ((stride * count) / before), (place) =>
    taps.map((tap) => rangeAt(phases, place * stride - pad + tap * dilation)),
  );
}

function behindReads(phases: FieldPhases, { advance, places }: RepeatedReads): FieldPhases | undefined {
  const before = phases.low.length;
  const rounds = before / greatestDivisor(before, advance);
  const count = places.length * rounds;
  if (count > mostPhases) return undefined;
  return unions(count, phases.advance * ((advance * rounds) / before), (place) => {
    const first = Math.floor(place / places.length) * advance;
    return places[place % places.length].map((read) => rangeAt(phases, first + read));
  });
}

/** The lines that bound all positions, as one phase. */
function lineOf(phases: FieldPhases): FieldPhases {
  if (phases.low.length === 1) return phases;
  const stride = strideOf(phases);
  const least = phases.low.reduce(
    (least, low, phase) => Math.min(least, low - phase * stride),
    Number.POSITIVE_INFINITY,
  );
  const most = phases.high.reduce(
    (most, high, phase) => Math.max(most, high - phase * stride),
    Number.NEGATIVE_INFINITY,
  );
  return evenPhases(least, most, stride);
}

/** The bound after interpolation, whose elements are at most half the taps away from the central position. */
function behindLine({ advance, low, high }: FieldPhases, { taps, step, start }: BetweenReach): FieldPhases {
  const ends = [start - taps / 2, start + taps / 2].map((read) => read * advance);
  return evenPhases(low[0] + Math.min(...ends), high[0] + Math.max(...ends), advance * step);
}

function greatestDivisor(a: number, b: number): number {
  let [larger, smaller] = [Math.abs(a), Math.abs(b)];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
