// Formats results: numbers, durations and tables for people, JSON for programs.
import type { Cell, Row } from "../core/rows.js";

/**
 * A number for people: integers whole with thousands separators, others with 4 significant digits,
 * very small and very large ones with an exponent.
 */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString("en-US");
  if (size < 1e-4 || size >= 1e15)
    return value
      .toExponential(3)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

/** A time span for people: `0.41 s`, `12.3 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds < 59.95) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours} h ${two(minutes)} min` : `${minutes} min ${two(whole % 60)} s`;
}

/** How often in a second, for people: whole from 10 on, with two digits below. */
export function formatRate(perSecond: number): string {
  return formatNumber(perSecond >= 10 ? Math.round(perSecond) : Number(perSecond.toPrecision(2)));
}

/** Bytes for people: `11.6 MB` (powers of 1000, as disks count). */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/**
 * One line of JSON, newline included. Numbers that JSON lacks become the strings "NaN", "Infinity" and "-Infinity",
 * which `Number()` and Python's `float()` read back.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    typeof member === "number" && !Number.isFinite(member) ? String(member) : member,
  );
  return `${text}\n`;
}

export interface TableColumn {
  readonly key: string;
  readonly title: string;
  /** For texts that contain numbers: right-aligned and never truncated, as columns of numbers are anyway. */
  readonly isNumeric?: boolean;
  /** Where texts are truncated if lines do not fit: at the end (default), at the start (paths), or never (shapes). */
  readonly cutAt?: "end" | "start" | "never";
  /** Minimum width of truncated texts. Default 8. */
  readonly narrowest?: number;
  /** Truncated to the minimum width before other columns are truncated. */
  readonly isCutFirst?: boolean;
}

const gap = "  ";
/** Texts that begin with a number, such as "90.4 % [87.7, 92.5]": half an interval says something else. */
const measured = /^(?:$|[-−+]?\d)/;
const leastWidth = 8;

/**
 * An aligned table: numbers on the right, texts on the left, the widest texts truncated if lines do not fit, except in
 * columns whose texts all begin with a number.
 * @param footer rows of sums, below a second rule.
 */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly Row[],
  width: number,
  footer: readonly Row[] = [],
): string {
  const all = [...rows, ...footer];
  const cells = all.map((row) => columns.map(({ key }) => cellText(row[key])));
  const isNumeric = columns.map(
    ({ key, isNumeric: isText = false }) => isText || all.some((row) => typeof row[key] === "number"),
  );
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...cells.map((line) => line[index].length)));
  const isMeasured = columns.map((_, index) => cells.every((line) => measured.test(line[index])));
  for (let excess = sum(widths) + gap.length * (columns.length - 1) - width; excess > 0; excess--) {
    const open = columns.flatMap(({ cutAt, narrowest = leastWidth }, index) =>
      isNumeric[index] || isMeasured[index] || cutAt === "never" || widths[index] <= narrowest ? [] : [index],
    );
    const first = open.filter((index) => columns[index].isCutFirst === true);
    const pool = first.length > 0 ? first : open;
    if (pool.length === 0) break;
    widths[pool.reduce((widest, index) => (widths[index] > widths[widest] ? index : widest))]--;
  }
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) =>
        isNumeric[index]
          ? text.padStart(widths[index])
          : cut(text, widths[index], columns[index].cutAt).padEnd(widths[index]),
      )
      .join(gap)
      .trimEnd();
  const rule = widths.map((count) => "-".repeat(count)).join(gap);
  const lines = cells.map(line);
  const sums = footer.length === 0 ? [] : [rule, ...lines.slice(rows.length)];
  return `${[line(columns.map(({ title }) => title)), rule, ...lines.slice(0, rows.length), ...sums].join("\n")}\n`;
}

/** Matches gaps between words, but not between a number and its unit. */
const breaks = / (?!(?:[kMGTPE]|[kMGT]B|bytes)(?:[^\w]|$))/;

/** Wraps a text between words into lines of at most `width` characters; all lines except the first are indented. */
export function wrapText(text: string, width: number, indent: number): string {
  const lines = [""];
  for (const word of text.split(breaks)) {
    const line = lines[lines.length - 1];
    if (line.trim() !== "" && line.length + 1 + word.length > width) lines.push(" ".repeat(indent) + word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return formatNumber(cell);
  return typeof cell === "boolean" ? (cell ? "yes" : "no") : cell;
}

function cut(text: string, width: number, at: TableColumn["cutAt"]): string {
  if (text.length <= width) return text;
  return at === "start" ? `…${text.slice(text.length - width + 1)}` : `${text.slice(0, width - 1)}…`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
