// Metric rows and kept tensors: numbers that come back bit for bit.
import type { MetricRow, Phase } from "../../core/rows.js";
import { type Connection, texts } from "./connection.js";
import { damagedStore } from "./store-errors.js";

/** Replaces the rows of a trial with `step >= fromStep`. Call inside a transaction. */
export function replaceRows(
  connection: Connection,
  trialKey: number,
  rows: readonly MetricRow[],
  fromStep: number,
): void {
  connection.run("DELETE FROM metric_rows WHERE step >= ? AND series IN (SELECT key FROM series WHERE trial = ?)", [
    fromStep,
    trialKey,
  ]);
  const keys = new Map<string, number>();
  for (const row of rows) {
    const name = JSON.stringify([row.phase, row.metric, row.path]);
    const series = keys.get(name) ?? seriesKey(connection, trialKey, row);
    keys.set(name, series);
    const special = specialOf(row.value);
    connection.run("INSERT INTO metric_rows (series, step, epoch, value, special) VALUES (?, ?, ?, ?, ?)", [
      series,
      row.step,
      row.epoch,
      special === null ? row.value : 0,
      special,
    ]);
  }
}

function seriesKey(connection: Connection, trialKey: number, { phase, metric, path }: MetricRow): number {
  const values = [trialKey, phase, metric, path];
  connection.run("INSERT OR IGNORE INTO series (trial, phase, metric, path) VALUES (?, ?, ?, ?)", values);
  return Number(
    connection.get("SELECT key FROM series WHERE trial = ? AND phase = ? AND metric = ? AND path = ?", values)?.key,
  );
}

/** Rows of a trial in the order in which they were inserted. */
export function readRows(connection: Connection, trial: string): MetricRow[] {
  // Texts are read once a series: a long training has a million rows and a few dozen series.
  const series = new Map(
    connection
      .all(
        `SELECT series.key, ${texts("phase", "metric", "series.path")}
         FROM series JOIN trials ON trials.key = series.trial WHERE trials.id = ?`,
        [trial],
      )
      .map(({ key, phase, metric, path }) => [
        Number(key),
        { trial, phase: phase as Phase, metric: String(metric), path: String(path) },
      ]),
  );
  return connection
    .all(
      `SELECT series, step, epoch, value, CASE special WHEN 'NaN' THEN 1 WHEN '-0' THEN 2 ELSE 0 END AS special
       FROM metric_rows JOIN series ON series.key = series JOIN trials ON trials.key = series.trial
       WHERE trials.id = ? ORDER BY metric_rows.key`,
      [trial],
    )
    .map((row) => {
      const of = series.get(Number(row.series));
      if (of === undefined) throw damagedStore(connection.path, "rows of no series");
      const value = specials[Number(row.special)] ?? Number(row.value);
      return { ...of, step: Number(row.step), epoch: Number(row.epoch), value };
    });
}

/** SQLite stores NaN as NULL, and negative zero in a REAL column as the integer 0. */
function specialOf(value: number): string | null {
  if (Number.isNaN(value)) return "NaN";
  return Object.is(value, -0) ? "-0" : null;
}

const specials = [undefined, Number.NaN, -0];

/** Replaces the kept tensors of a trial. Call inside a transaction. */
export function replaceTensors(
  connection: Connection,
  trialKey: number,
  tensors: Readonly<Record<string, readonly number[]>>,
): void {
  connection.run("DELETE FROM tensors WHERE trial = ?", [trialKey]);
  for (const [path, elements] of Object.entries(tensors)) {
    const bytes = Buffer.alloc(elements.length * 8);
    for (const [index, element] of elements.entries()) bytes.writeDoubleLE(element, index * 8);
    connection.run("INSERT INTO tensors (trial, path, elements) VALUES (?, ?, ?)", [trialKey, path, bytes]);
  }
}

/** Kept tensors of a trial by path, paths in alphabetical order. */
export function readTensors(connection: Connection, trial: string): Record<string, number[]> {
  const rows = connection.all(
    `SELECT ${texts("path")}, elements FROM tensors JOIN trials ON trials.key = trial WHERE trials.id = ? ORDER BY path`,
    [trial],
  );
  return Object.fromEntries(rows.map(({ path, elements }) => [String(path), doubles(elements as Buffer)]));
}

function doubles(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readDoubleLE(index * 8));
}
