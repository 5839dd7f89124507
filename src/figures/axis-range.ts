// Chooses axis ranges from the data: not forced to include zero, with some padding, and without letting wide bands
// flatten the lines.
import type { Json } from "../core/formats/json.js";

export interface RangeOptions {
  readonly scale: "linear" | "log";
  /** Possible range of the quantity, such as 0 to 100 for a percentage. */
  readonly bounds?: readonly [number, number] | undefined;
  /** Values with a label, which needs more room if they are the lowest or highest. */
  readonly labeled?: readonly number[];
}

/** Padding at each end, as a fraction of the range; larger at an end with a label. */
const air = { plain: 0.05, label: 0.12 } as const;

/**
 * Domain of an axis that contains all `core` values (means, references). The `extra` values (ends of intervals) extend
 * it by at most the range of the core on each side, because the t interval of two seeds would otherwise flatten the
 * lines. Without data, 0.1 to 1, which suits any scale.
 */
export function axisDomain(core: readonly number[], extra: readonly number[], options: RangeOptions): [number, number] {
  if (core.length === 0) return [0.1, 1];
  const isLog = options.scale === "log";
  const to = (value: number): number => (isLog ? Math.log10(value) : value);
  const from = (value: number): number => (isLog ? 10 ** value : value);
  let low = Math.min(...core.map(to));
  let high = Math.max(...core.map(to));
  // A single value gets a range of a tenth of its magnitude.
  const extent = high > low ? high - low : Math.abs(high) * 0.1 || 1;
  const [lowest, highest] = [low - extent, high + extent];
  for (const value of extra) {
    if (isLog && value <= 0) continue;
    low = Math.max(lowest, Math.min(low, to(value)));
    high = Math.min(highest, Math.max(high, to(value)));
  }
  const labeled = (options.labeled ?? []).map(to);
  const room = high > low ? high - low : extent;
  const below = room * (labeled.includes(low) ? air.label : air.plain);
  const above = room * (labeled.includes(high) ? air.label : air.plain);
  const [least, most] = options.bounds ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [Math.max(least, from(low - below)), Math.min(most, from(high + above))];
}

/**
 * Ticks of an axis: Vega's defaults on a linear axis; 1, 2 and 5 times powers of ten, or only powers, on a logarithmic
 * one.
 */
export function axisTicks([low, high]: readonly [number, number], scale: "linear" | "log"): { [key: string]: Json } {
  if (scale === "linear") return { tickCount: 6 };
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const steps = Math.log10(high / low) > 3 ? [1] : [1, 2, 5];
  const values: number[] = [];
  for (let power = first; power <= last; power++) {
    // Parsed from text, because 2 * 10 ** -2 is not exactly 0.02.
    for (const step of steps) values.push(Number(`${step}e${power}`));
  }
  return { values: values.filter((value) => value >= low && value <= high), format: high >= 1000 ? ",~f" : "~g" };
}
