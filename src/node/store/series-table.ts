// Series of measurements: numbers in blobs, stored bit for bit.
//
//   block -> pieces of at most 65,536 numbers -> steps int32 | epochs float64 | values float32 or float64, little-endian
import { elementBytes, elementsFromBytes } from "../../core/numbers/element-bytes.js";
import type { Phase, SeriesBlock, SeriesKey } from "../../core/rows.js";
import { checkNetworks } from "../../study/store/check-part.js";
import { selectBlock, seriesMatcher } from "../../study/store/select-block.js";
import type { SeriesQuery } from "../../study/store/store.js";
import { type Connection, texts } from "./connection.js";
import { damagedStore } from "./store-errors.js";

/**
 * Values per blob. 1,000 networks x 940 steps took 0.08 s to write and 0.02 s to read with this size, and 0.08 s and 0.03 s
 * with 4,096. Larger blobs gain nothing, and a reader of one network would load more than it needs.
 */
const mostValues = 65_536;

const phases: readonly Phase[] = ["train", "validation", "test"];

/** Adds blocks to the measurements of a trial. Call inside a transaction. */
export function appendSeries(
  connection: Connection,
  trialKey: number,
  through: number,
  blocks: readonly SeriesBlock[],
): void {
  for (const block of blocks) {
    const series = seriesKey(connection, trialKey, block);
    const rows = Math.max(1, Math.floor(mostValues / block.networks));
    for (let at = 0; at < block.steps.length; at += rows) {
      const { dtype, count, bytes } = packed(block, at, Math.min(at + rows, block.steps.length));
      connection.run("INSERT INTO blocks (series, through, row_count, dtype, numbers) VALUES (?, ?, ?, ?, ?)", [
        ...[series, through, count],
        ...[dtype, bytes],
      ]);
    }
  }
}

function seriesKey(connection: Connection, trialKey: number, block: SeriesBlock): number {
  const { trial, phase, metric, path, networks } = block;
  connection.run("INSERT OR IGNORE INTO series (trial, phase, metric, path, networks) VALUES (?, ?, ?, ?, ?)", [
    ...[trialKey, phase, metric],
    ...[path, networks],
  ]);
  const found = connection.get(
    "SELECT key, networks FROM series WHERE trial = ? AND is_result = 0 AND phase = ? AND metric = ? AND path = ?",
    [trialKey, phase, metric, path],
  );
  checkNetworks(`trial ${trial} > ${metric}`, Number(found?.networks), networks);
  return Number(found?.key);
}

type Columns = Pick<SeriesBlock, "steps" | "epochs" | "values">;

function packed({ networks, ...columns }: SeriesBlock, from: number, to: number) {
  const values = columns.values.subarray(from * networks, to * networks);
  // Trainings compute in float32, so values that it holds exactly are stored in half the bytes.
  const isSingle = values.every((value) => Object.is(Math.fround(value), value));
  const parts = [columns.steps.subarray(from, to), columns.epochs.subarray(from, to)];
  const bytes = Buffer.concat([...parts, isSingle ? Float32Array.from(values) : values].map(elementBytes));
  return { dtype: isSingle ? "float32" : "float64", count: to - from, bytes };
}

function unpacked(dtype: unknown, rows: number, networks: number, bytes: Buffer): Columns | undefined {
  const size = dtype === "float32" ? 4 : dtype === "float64" ? 8 : Number.NaN;
  if (bytes.length !== rows * (12 + size * networks)) return undefined;
  const values = elementsFromBytes(dtype === "float32" ? "float32" : "float64", bytes.subarray(12 * rows));
  return {
    steps: elementsFromBytes("int32", bytes.subarray(0, 4 * rows)) as Int32Array,
    epochs: elementsFromBytes("float64", bytes.subarray(4 * rows, 12 * rows)) as Float64Array,
    values: values instanceof Float64Array ? values : Float64Array.from(values as Float32Array),
  };
}

/** The blocks of a trial for a query, series by series. Call inside a transaction for a consistent snapshot. */
export function readSeries(connection: Connection, trial: string, query: SeriesQuery): SeriesBlock[] {
  const isWanted = seriesMatcher(query);
  return storedSeries(connection, trial)
    .filter(isWanted)
    .flatMap(({ key, ...series }) => blocksOf(connection, key, series))
    .flatMap((block) => selectBlock(block, query) ?? []);
}

type Series = SeriesKey & Pick<SeriesBlock, "networks">;

/** The results of a trial that has ended, or the measurements so far. */
function storedSeries(connection: Connection, trial: string): (Series & { readonly key: number })[] {
  return connection
    .all(
      `SELECT series.key, networks, ${texts("phase", "metric", "series.path")}
       FROM series JOIN trials ON trials.key = series.trial
       WHERE trials.id = ? AND is_result = (trials.ending IS NOT NULL) ORDER BY series.key`,
      [trial],
    )
    .map(({ key, networks, phase: name, metric, path }) => {
      const phase = phases.find((known) => known === name);
      if (phase === undefined) throw damagedStore(connection.path, "an unknown phase");
      return { key: Number(key), trial, phase, metric: String(metric), path: String(path), networks: Number(networks) };
    });
}

function blocksOf(connection: Connection, key: number, series: Series): SeriesBlock[] {
  return connection
    .all(`SELECT row_count, ${texts("dtype")}, numbers FROM blocks WHERE series = ? ORDER BY key`, [key])
    .map(({ row_count: rows, dtype, numbers }) => {
      const columns = unpacked(dtype, Number(rows), series.networks, Buffer.from(numbers as Buffer));
      if (columns === undefined) throw damagedStore(connection.path, "numbers of another length");
      return { ...series, ...columns };
    });
}

/** Drops blocks with a larger `through`. Call inside a transaction. */
export function dropSeriesAfter(connection: Connection, trialKey: number, step: number): void {
  const draft = "SELECT key FROM series WHERE trial = ? AND is_result = 0";
  connection.run(`DELETE FROM blocks WHERE through > ? AND series IN (${draft})`, [step, trialKey]);
}
