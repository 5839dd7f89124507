// The part of an axis that the data need: no forced zero, a little air, and no band that squeezes the lines flat.
import type { Json } from "../core/formats/json.js";

export interface RangeOptions {
  readonly scale: "linear" | "log";
  /** What the quantity can be at all, such as 0 to 100 for a percentage. */
  readonly bounds?: readonly [number, number] | undefined;
  /** Values that carry a label, which needs more room where they are the lowest or highest. */
  readonly labelled?: readonly number[];
}

/** Air at either end, and at an end that carries a label, as a part of the extent. */
const air = { plain: 0.05, label: 0.12 } as const;

/**
 * Domain of an axis that holds all `core` values (means, references), and the `extra` values (ends of intervals) as far
 * as they reach no more than once the extent of the core beyond it: the t interval of two seeds would else leave the
 * lines no room. 0.1 to 1, good for any scale, when there is nothing to show.
 */
export function axisDomain(core: readonly number[], extra: readonly number[], options: RangeOptions): [number, number] {
  if (core.length === 0) return [0.1, 1];
  const isLog = options.scale === "log";
  const to = (value: number): number => (isLog ? Math.log10(value) : value);
  const from = (value: number): number => (isLog ? 10 ** value : value);
  let low = Math.min(...core.map(to));
  let high = Math.max(...core.map(to));
  // A single value gets a neighborhood of a tenth of its size.
  const extent = high > low ? high - low : Math.abs(high) * 0.1 || 1;
  const [lowest, highest] = [low - extent, high + extent];
  for (const value of extra) {
    if (isLog && value <= 0) continue;
    low = Math.max(lowest, Math.min(low, to(value)));
    high = Math.min(highest, Math.max(high, to(value)));
  }
  const labelled = (options.labelled ?? []).map(to);
  const room = high > low ? high - low : extent;
  const below = room * (labelled.includes(low) ? air.label : air.plain);
  const above = room * (labelled.includes(high) ? air.label : air.plain);
  const [least, most] = options.bounds ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [Math.max(least, from(low - below)), Math.min(most, from(high + above))];
}

/** Ticks of an axis: Vega's own on a linear one; 1, 2 and 5 or whole powers of ten on a logarithmic one. */
export function axisTicks([low, high]: readonly [number, number], scale: "linear" | "log"): { [key: string]: Json } {
  if (scale === "linear") return { tickCount: 6 };
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const steps = Math.log10(high / low) > 3 ? [1] : [1, 2, 5];
  const values: number[] = [];
  for (let power = first; power <= last; power++) {
    // Through text, because 2 * 10 ** -2 is not 0.02 in every digit.
    for (const step of steps) values.push(Number(`${step}e${power}`));
  }
  return { values: values.filter((value) => value >= low && value <= high), format: high >= 1000 ? ",~f" : "~g" };
}
