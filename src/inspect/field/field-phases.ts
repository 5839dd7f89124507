// What every place of an axis sees of the input, as intervals that repeat: the exact form of a receptive field.
//
// Behind an enlargement neighbors see the same pixels, or steps of several: places differ by their phase. A window over
// them then sees more or less by where it begins, so that no single size and stride would give its extent.
import { type AxisReach, mostPhases, type RepeatedReads } from "../../graph/accounting/reach.js";

/**
 * Place `u` sees the pixels from `low[u mod P] + floor(u / P) advance` to `high[u mod P] + floor(u / P) advance`, where P
 * is the length of both. Whole numbers; a phase that sees nothing (between the windows of a transposed convolution whose
 * stride exceeds its kernel) has `low` Infinity and `high` -Infinity. The axis counts as unbounded: fields go on beyond
 * the ends of the input, as those of Araujo et al. do.
 *
 * At most `mostPhases` phases are followed. Beyond them, and behind enlargements that do not repeat, there is one phase
 * whose ends are lines over the places, no whole numbers: no place sees more than they say, but some may see less.
 */
export interface FieldPhases {
  readonly advance: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

type WindowReach = Extract<AxisReach, { kind: "window" }>;
type BetweenReach = Extract<AxisReach, { kind: "between" }>;

/** The same interval everywhere, moving by `stride` from place to place. */
export const evenPhases = (low: number, high: number, stride: number): FieldPhases => ({
  advance: stride,
  low: [low],
  high: [high],
});

/** Pixels from place to place, in the mean over phases. */
export const strideOf = ({ advance, low }: FieldPhases): number => advance / low.length;

/** First and last pixel that a place sees. */
export function rangeAt({ advance, low, high }: FieldPhases, place: number): readonly [number, number] {
  const count = low.length;
  const rounds = Math.floor(place / count);
  const phase = place - rounds * count;
  return [low[phase] + rounds * advance, high[phase] + rounds * advance];
}

/** Pixels that the phase that sees most of them sees. */
export function widestOf({ low, high }: FieldPhases): number {
  const width = low.reduce((most, first, phase) => Math.max(most, high[phase] - first + 1), 0);
  // Of lines that are no whole numbers, rounding errors aside.
  return Math.max(0, Math.ceil(width - 1e-6));
}

/** The center of the field of place 0, in the mean over phases. */
export function centerOf(phases: FieldPhases): number {
  const stride = strideOf(phases);
  const centers = phases.low.flatMap((low, phase) =>
    Number.isFinite(low) ? [(low + phases.high[phase]) / 2 - phase * stride] : [],
  );
  return centers.reduce((sum, center) => sum + center, 0) / Math.max(1, centers.length);
}

/** What all those places see that a place behind a window, or behind an enlargement, reads. */
export function phasesBehind(phases: FieldPhases, reach: WindowReach | BetweenReach): FieldPhases {
  if (reach.kind === "window") return behindWindow(phases, reach);
  const { reads } = reach;
  const next = reads === undefined ? undefined : behindReads(phases, reads);
  return next ?? behindLine(lineOf(phases), reach);
}

/** What the places of two branches see together; `undefined` where they do not move alike. */
export function phasesTogether(a: FieldPhases, b: FieldPhases): FieldPhases | undefined {
  const [strideA, strideB] = [strideOf(a), strideOf(b)];
  if (Math.abs(strideA - strideB) > 1e-9 * Math.abs(strideA)) return undefined;
  const count = (a.low.length / greatestDivisor(a.low.length, b.low.length)) * b.low.length;
  if (count > mostPhases) return phasesTogether(lineOf(a), lineOf(b));
  return unions(count, (a.advance * count) / a.low.length, (place) => [rangeAt(a, place), rangeAt(b, place)]);
}

/** For every one of `count` phases the union of some intervals. */
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
  // Every phase is met in the first taps, and in the last ones: those between reach no further.
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

/** The lines that no place exceeds, as one phase. */
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

/** Elements lie at most half the taps from the place that they are taken around. */
function behindLine({ advance, low, high }: FieldPhases, { taps, step, start }: BetweenReach): FieldPhases {
  const ends = [start - taps / 2, start + taps / 2].map((read) => read * advance);
  return evenPhases(low[0] + Math.min(...ends), high[0] + Math.max(...ends), advance * step);
}

function greatestDivisor(a: number, b: number): number {
  let [larger, smaller] = [Math.abs(a), Math.abs(b)];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
