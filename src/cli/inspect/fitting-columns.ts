// Chooses the columns of a table that fit the terminal: the least important are dropped first, and numbers are never
// truncated.
import type { Row } from "../../core/rows.js";
import type { TableColumn } from "../output.js";

export interface OptionalColumn extends TableColumn {
  /** How dispensable the column is: the largest is dropped first; 0 is never dropped. */
  readonly dispensable: number;
}

export interface FittingColumns<Column> {
  readonly kept: readonly Column[];
  /** Titles of the columns that did not fit, except empty ones. */
  readonly left: readonly string[];
}

/** Columns above this are printed only if the others leave room. */
const lastWorthCutting = 5;

/** As many columns as the width allows. */
export function fittingColumns<Column extends OptionalColumn>(
  columns: readonly Column[],
  rows: readonly Row[],
  width: number,
): FittingColumns<Column> {
  const used = columns.filter(({ key }) => rows.some((row) => (row[key] ?? "") !== ""));
  const widthOf = ({ key, title, isNumeric, cutAt, narrowest = 8 }: Column, factor: number): number => {
    const longest = Math.max(title.length, ...rows.map((row) => String(row[key] ?? "").length));
    return isNumeric === true || cutAt === "never"
      ? longest
      : Math.min(longest, Math.max(factor * narrowest, title.length));
  };
  let kept = used;
  while (kept.some(({ dispensable }) => dispensable > 0)) {
    const most = Math.max(...kept.map(({ dispensable }) => dispensable));
    const factor = most > lastWorthCutting ? 2 : 1;
    if (kept.reduce((sum, column) => sum + widthOf(column, factor) + 2, -2) <= width) break;
    kept = kept.filter(({ dispensable }) => dispensable !== most);
  }
  return { kept, left: used.filter((column) => !kept.includes(column)).map(({ title }) => title) };
}
