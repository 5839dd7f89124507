// Comma-separated values as RFC 4180 describes them.
import type { Cell, Row } from "../rows.js";

/**
 * Writes rows with a header line. By default, columns are those of all rows in order of first appearance. Lines end in
 * CRLF; a cell is quoted if it contains a comma, a quote or a line break. `null` and missing cells are empty; numbers
 * keep all their digits (also `NaN` and `Infinity`).
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
