// Comma-separated values as RFC 4180 describes them.
import type { Cell, Row } from "../rows.js";

/**
 * Writes rows with a header line. Columns are those of all rows in order of first appearance, unless given. Lines end
 * in CRLF; a cell is quoted when it holds a comma, a quote or a line break. `null` and missing cells are empty;
 * numbers keep all their digits (`NaN`, `Infinity` as such).
 */
export function writeCsv(rows: readonly Row[], columns: readonly string[] = columnsOf(rows)): string {
  const lines = [columns.map(field), ...rows.map((row) => columns.map((column) => field(row[column] ?? null)))];
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function field(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
