// Numbers as text, for the sentences and tables of studies and for the report page.
import type { Estimate } from "../../core/statistics/intervals.js";

/** `62,378.50`: a given number of decimals, groups of three digits, and a hyphen as minus sign. */
export function decimalText(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return `${value}`;
  const [whole, fraction] = value.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `62,378,344`; with a noun `1 seed`, `5 seeds`, `2 studies`. */
export function countText(count: number, noun?: string, plural = `${noun}s`): string {
  const text = decimalText(count, 0);
  return noun === undefined ? text : `${text} ${count === 1 ? noun : plural}`;
}

/** `34,944 + 614,656 = 649,600`: an addition with its result. */
export function sumText(terms: readonly number[]): string {
  const sum = terms.reduce((total, term) => total + term, 0);
  return `${terms.map((term) => countText(term)).join(" + ")} = ${countText(sum)}`;
}

/** The printed parts of an estimate, with the number of replicates if some have no number. */
type Printed = Pick<Estimate, "value" | "interval"> & Partial<Pick<Estimate, "n" | "of">>;

/** The number of replicates of an estimate: `5`, or `4 of 5` if some diverged. */
export function survivorsText({ n, of }: Pick<Estimate, "n" | "of">): string {
  return of === undefined ? countText(n) : `${countText(n)} of ${countText(of)}`;
}

const lossText = ({ n = 0, of }: Printed): string => (of === undefined ? "" : ` (${survivorsText({ n, of })})`);

/** `98.31 [98.02, 98.60]`, or the value alone without an interval. */
export function estimateText(estimate: Printed, decimals = 2): string {
  const { value, interval } = estimate;
  const ends = interval === undefined ? "" : ` [${interval.map((end) => decimalText(end, decimals)).join(", ")}]`;
  return `${decimalText(value, decimals)}${ends}${lossText(estimate)}`;
}

/** A fraction as `64.3 % [61.3, 67.2]`, or the percentage alone without an interval. */
export function percentText(estimate: Printed, decimals = 1): string {
  const { value, interval } = estimate;
  const ends = interval?.map((end) => decimalText(100 * end, decimals)).join(", ");
  return `${decimalText(100 * value, decimals)} %${ends === undefined ? "" : ` [${ends}]`}${lossText(estimate)}`;
}

/** Decimals that give the smallest interval of a column two significant digits, so that its ends differ. */
export function decimalsFor(halfWidths: readonly number[], values: readonly number[]): number {
  const widths = halfWidths.filter((width) => width > 0 && Number.isFinite(width));
  if (widths.length > 0) return clampDecimals(1 - Math.floor(Math.log10(median(widths))));
  const sizes = values.filter((value) => value !== 0 && Number.isFinite(value)).map(Math.abs);
  if (sizes.length === 0) return 0;
  return values.every(Number.isInteger) ? 0 : clampDecimals(3 - Math.floor(Math.log10(Math.max(...sizes))));
}

function clampDecimals(decimals: number): number {
  return Math.min(8, Math.max(0, decimals));
}

/** The median, so that a single very narrow interval does not determine the digits of a whole column. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** `1,234.50` with a true minus sign, or `not a number` and `∞` for diverged values. */
export function fixedText(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : `${value < 0 ? "−" : ""}∞`;
  const rounded = value.toFixed(decimals);
  // Numbers that round to zero have no sign.
  const sign = value < 0 && Number(rounded) !== 0 ? "−" : "";
  return `${sign}${decimalText(value, decimals).replace("-", "")}`;
}

/** A single number to six significant digits; very large and very small ones as powers of ten. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || Number.isInteger(value)) return fixedText(value, 0);
  if (size < 1e-4 || size >= 1e9) {
    const [digits, exponent] = value.toExponential(2).split("e");
    return `${digits.replace("-", "−")} × 10^${exponent.replace("+", "").replace("-", "−")}`;
  }
  const decimals = Math.max(0, 5 - Math.floor(Math.log10(size)));
  return fixedText(value, decimals)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}

/** `45 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `batchNormHidden` as `batch norm hidden`, for ids without a title. */
export function wordsOf(id: string): string {
  return id
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[-_.]+/g, " ")
    .toLowerCase();
}

/** `0 to 4` for consecutive integers, otherwise `0, 3, 7`. */
export function listText(numbers: readonly number[]): string {
  const isRange = numbers.length > 2 && numbers.every((number, index) => number === numbers[0] + index);
  return isRange ? `${numbers[0]} to ${numbers.at(-1)}` : numbers.join(", ");
}
