// Migrates schema 1, with one row per number, to schema 2, with series of blobs.
import { groupBy } from "../../core/group-by.js";
import { tensorData } from "../../core/numbers/tensor-data.js";
import type { Phase, SeriesBlock } from "../../core/rows.js";
import { identityOf } from "../../data/published/definition.js";
import { datasetTable } from "../../data/published/index.js";
import { sourceText } from "../../data/source.js";
import type { DataIdentity } from "../../study/definition.js";
import { type MeasurementPlan, measurementPlan } from "../../study/measurement.js";
import type { TrialEnd } from "../../study/store/store.js";
import { type TrialSpec, trialId } from "../../train/spec/trial-spec.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import { appendSeries } from "./series-table.js";
import { damagedStore } from "./store-errors.js";
import { numberText, storedJson } from "./stored-json.js";
import { appendTensors } from "./tensor-table.js";

/** Children before their parents, since a table can be dropped only if nothing refers to it. */
const oldTables = ["metric_rows", "series", "tensors", "leases", "run_trials", "findings", "claims", "trials", "runs"];

/** A trial of the old file under its new name. */
interface Moved {
  readonly oldKey: number;
  readonly id: string;
  readonly spec: TrialSpec;
  /** The plan that its measurements cover; undefined unless it has ended. */
  readonly measured?: MeasurementPlan;
}

/**
 * Moves everything into the tables of schema 2. Unfinished trials start over, since nothing was saved of them.
 * @param tables statements that create the new tables.
 * @returns the new names of trials by their old names.
 */
export function fromSchema1(connection: Connection, tables: string): Map<string, string> {
  connection.exec("DROP INDEX run_trials_by_trial; DROP INDEX metric_rows_by_series");
  for (const table of oldTables) connection.exec(`ALTER TABLE ${table} RENAME TO old_${table}`);
  connection.exec(tables);
  const renamed = new Map<string, string>();
  const trials = new Map<number, Moved>();
  for (const row of oldTrials(connection)) {
    const moved = moveTrial(connection, row);
    trials.set(moved.oldKey, moved);
    renamed.set(String(row.id), moved.id);
  }
  moveRuns(connection, trials);
  connection.exec("INSERT INTO findings SELECT * FROM old_findings; INSERT INTO claims SELECT * FROM old_claims");
  for (const table of oldTables) connection.exec(`DROP TABLE old_${table}`);
  return renamed;
}

function oldTrials(connection: Connection): SqlRow[] {
  // Finished trials come first, so that the result stays if two trials become one.
  return connection.all(
    `SELECT key, diverged_step, ${texts("id", "spec", "status", "failure", "diverged_tensor", "timings")}
     FROM old_trials ORDER BY status NOT IN ('done', 'diverged'), key`,
  );
}

function moveTrial(connection: Connection, row: SqlRow): Moved {
  const oldKey = Number(row.key);
  const spec = storedJson<TrialSpec>(connection, "spec", row.spec);
  const id = trialId(spec);
  const known = connection.get("SELECT key FROM trials WHERE id = ?", [id]);
  const isEnded = row.status === "done" || row.status === "diverged";
  // Older versions trained a single network for an ensemble and stored it as the result.
  const isResult = isEnded && spec.ensemble === undefined && spec.learningRates === undefined;
  if (known !== undefined) return { oldKey, id, spec };
  if (!isResult) {
    const failure = row.status === "failed" ? String(row.failure) : null;
    connection.run("INSERT INTO trials (id, spec, status, failure) VALUES (?, ?, ?, ?)", [
      ...[id, JSON.stringify(spec), failure === null ? "pending" : "failed", failure],
    ]);
    return { oldKey, id, spec };
  }
  const tensors = keptTensors(connection, oldKey);
  const measured = measurementPlan({ tensors: tensors.map(({ path }) => ({ of: path, at: "end" })) });
  const series = oldSeries(connection, oldKey, id);
  connection.run("INSERT INTO trials (id, spec, status, measured, ending) VALUES (?, ?, ?, ?, ?)", [
    ...[id, JSON.stringify(spec), row.status],
    ...[JSON.stringify(measured), numberText(endOf(connection, row, series))],
  ]);
  const key = Number(connection.get("SELECT key FROM trials WHERE id = ?", [id])?.key);
  appendSeries(connection, key, 0, series);
  appendTensors(connection, key, 0, tensors);
  for (const table of ["series", "tensors"]) connection.run(`UPDATE ${table} SET is_result = 1 WHERE trial = ?`, [key]);
  return { oldKey, id, spec, measured };
}

/** Older versions did not time evaluations, which make up nearly all of the remaining time. */
function endOf(connection: Connection, row: SqlRow, series: readonly SeriesBlock[]): TrialEnd {
  const {
    compileMs = 0,
    trainMs = 0,
    totalMs = 0,
  } = storedJson<Record<string, number>>(connection, "oldTimings", row.timings);
  const timings = { compileMs, trainMs, evaluateMs: Math.max(0, totalMs - compileMs - trainMs), totalMs };
  if (row.status === "done") return { status: "done", diverged: [], timings };
  const [step, tensor] = [Number(row.diverged_step), String(row.diverged_tensor)];
  const losses = series.find(({ phase, metric }) => phase === "train" && metric === "loss");
  const at = losses?.steps.lastIndexOf(step) ?? -1;
  const [epoch, loss] = at < 0 ? [Number.NaN, Number.NaN] : [losses?.epochs[at], losses?.values[at]];
  const divergence = { network: 0, step, epoch: Number(epoch), loss: Number(loss), tensor };
  return { status: "diverged", diverged: [divergence], timings };
}

/** The series of a trial, each in one block. */
function oldSeries(connection: Connection, oldKey: number, trial: string): SeriesBlock[] {
  return connection
    .all(`SELECT key, ${texts("phase", "metric", "path")} FROM old_series WHERE trial = ? ORDER BY key`, [oldKey])
    .map(({ key, phase, metric, path }) => {
      const rows = connection.all(
        `SELECT step, epoch, value, CASE special WHEN 'NaN' THEN 1 WHEN '-0' THEN 2 ELSE 0 END AS special
         FROM old_metric_rows WHERE series = ? ORDER BY key`,
        [key],
      );
      return {
        ...{ trial, phase: phase as Phase, metric: String(metric), path: String(path), networks: 1 },
        steps: Int32Array.from(rows, ({ step }) => Number(step)),
        epochs: Float64Array.from(rows, ({ epoch }) => Number(epoch)),
        values: Float64Array.from(rows, ({ value, special }) => [Number(value), Number.NaN, -0][Number(special)]),
      };
    });
}

/** Kept tensors had no shape, and float32 numbers were stored in eight bytes. */
function keptTensors(connection: Connection, oldKey: number) {
  return connection
    .all(`SELECT ${texts("path")}, elements FROM old_tensors WHERE trial = ? ORDER BY path`, [oldKey])
    .map(({ path, elements }) => {
      const bytes = Buffer.from(elements as Buffer);
      const data = Float32Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
      return { at: "end", network: 0, path: String(path), tensor: tensorData("float32", [data.length], data) } as const;
    });
}

type OldFactors = Readonly<Record<string, string | number>>;

interface OldPlace {
  readonly trial: Moved;
  readonly factors: OldFactors;
  /** The seed was one of the factors; NaN if there was none. */
  readonly seed: number;
}

function moveRuns(connection: Connection, trials: ReadonlyMap<number, Moved>): void {
  const rows = connection.all(`SELECT trial, ${texts("run", "factors")} FROM old_run_trials ORDER BY run, position`);
  const places = groupBy(rows, ({ run }) => String(run));
  for (const row of connection.all(`SELECT ${texts("id", "settings")} FROM old_runs`)) {
    const id = String(row.id);
    const design = (places.get(id) ?? []).map(({ trial, factors }): OldPlace => {
      const moved = trials.get(Number(trial));
      if (moved === undefined) throw damagedStore(connection.path, "an entry of a run without its trial");
      const { seed, ...levels } = storedJson<OldFactors>(connection, "factors", factors);
      return { trial: moved, factors: levels, seed: Number(seed ?? Number.NaN) };
    });
    moveRun(connection, id, design, storedJson(connection, "settings", row.settings));
  }
}

/** Older runs did not store their seeds and data, which are in the design. */
function moveRun(
  connection: Connection,
  id: string,
  design: readonly OldPlace[],
  settings: Readonly<Record<string, unknown>>,
): void {
  const named = design.map(({ seed }) => seed).filter(Number.isSafeInteger);
  const own = design.length === 0 && Number.isSafeInteger(settings.seed) ? [Number(settings.seed)] : [];
  const seeds = [...new Set([...named, ...own])].sort((a, b) => a - b);
  const roles = new Map(design.map(({ trial: { spec } }) => [sourceText(spec.data.source), identityIn(spec)]));
  const data = Object.fromEntries(roles);
  connection.run(
    `INSERT INTO runs (id, study, preset, settings, seeds, data, command, started_at, finished_at, status, versions,
       machine, is_analyzed, host, pid, process_start)
     SELECT id, study, preset, settings, ?, ?, command, started_at, finished_at, status, versions,
       machine, is_analyzed, host, pid, process_start FROM old_runs WHERE id = ?`,
    [JSON.stringify(seeds), JSON.stringify(data), id],
  );
  for (const { trial, factors, seed } of design) {
    const replicate = Math.max(0, seeds.indexOf(seed));
    connection.run(
      `INSERT OR IGNORE INTO run_trials (run, position, stage, trial, factors, replicate, measure)
       VALUES (?, (SELECT count(*) FROM run_trials WHERE run = ?), 'training', (SELECT key FROM trials WHERE id = ?), ?, ?, ?)`,
      [id, id, trial.id, JSON.stringify(factors), replicate, JSON.stringify(trial.measured ?? measurementPlan())],
    );
  }
}

function identityIn({ data: { source } }: TrialSpec): DataIdentity {
  const [name, { fingerprint }] = [sourceText(source), source];
  return Object.hasOwn(datasetTable, name)
    ? identityOf(datasetTable[name], fingerprint)
    : { title: name, isSample: false, fingerprint };
}
