// Leases: the right to run a trial and to write its measurements.
import { InvalidInputError, StaleLeaseError } from "../../core/errors.js";
import { covers, joined, type MeasurementPlan } from "../../study/measurement.js";
import { checkPart } from "../../study/store/check-part.js";
import type { Lease, LeaseToken, MeasuredPart, TrialEnd } from "../../study/store/store.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import type { Liveness, ProcessIdentity } from "./process-identity.js";
import { appendSeries, dropSeriesAfter } from "./series-table.js";
import { numberText, storedPlan } from "./stored-json.js";
import { appendTensors, dropTensorsAfter } from "./tensor-table.js";

/** One open store as a holder of leases. */
export interface LeaseHolder {
  /** Unique to this open store. */
  readonly owner: string;
  readonly identity: ProcessIdentity;
  livenessOf(other: ProcessIdentity): Liveness;
  /** Whether this owner's heartbeat has stopped for too long, by a monotonic clock. */
  isSilent(trial: string, owner: string, beat: number): boolean;
}

/** The columns of leases in a SELECT, for `isLeased`. */
export const leaseColumns = `${texts("leases.owner", "leases.host", "leases.process_start")}, leases.pid, leases.beat`;

/** Whether a live process holds the trial of a row with `id` and `leaseColumns`. */
export function isLeased(row: SqlRow, holder: LeaseHolder): boolean {
  if (row.owner === null) return false;
  if (row.owner === holder.owner) return true;
  const liveness = holder.livenessOf(processOf(row));
  if (liveness !== "unknown") return liveness === "alive";
  return !holder.isSilent(String(row.id), String(row.owner), Number(row.beat));
}

/** Columns `host`, `pid` and `process_start` of a table. */
export function processOf(row: SqlRow): ProcessIdentity {
  return {
    host: String(row.host),
    pid: Number(row.pid),
    start: row.process_start === null ? null : String(row.process_start),
  };
}

interface TrialState {
  readonly key: number;
  readonly measured: MeasurementPlan | undefined;
  /** The plan that is being measured, or was measured before the trial was released. */
  readonly draft: MeasurementPlan | undefined;
  readonly through: number;
  /** Number of leases so far. */
  readonly leases: number;
  readonly row: SqlRow;
}

/** @throws InvalidInputError if the trial is unknown. */
function requireTrial(connection: Connection, id: string): TrialState {
  const row = connection.get(
    `SELECT trials.key, through, leases, ${texts("trials.id", "measured", "draft")}, leases.number, ${leaseColumns}
     FROM trials LEFT JOIN leases ON leases.trial = trials.key WHERE trials.id = ?`,
    [id],
  );
  if (row === undefined)
    throw new InvalidInputError(`unknown trial "${id}"`, { where: `run store ${connection.path}` });
  return {
    key: Number(row.key),
    measured: storedPlan(connection, row.measured),
    draft: storedPlan(connection, row.draft),
    through: Number(row.through),
    leases: Number(row.leases),
    row,
  };
}

export function leaseTrial(connection: Connection, id: string, wanted: MeasurementPlan, holder: LeaseHolder): Lease {
  const trial = requireTrial(connection, id);
  const { key, measured, row } = trial;
  if (measured !== undefined && covers(measured, wanted)) return { kind: "finished" };
  if (isLeased(row, holder)) return { kind: "busy", holder: `process ${row.pid} on ${String(row.host).split(" ")[0]}` };
  const number = trial.leases + 1;
  const { host, pid, start } = holder.identity;
  connection.run(
    "INSERT OR REPLACE INTO leases (trial, number, owner, host, pid, process_start) VALUES (?, ?, ?, ?, ?, ?)",
    [key, number, holder.owner, host, pid, start],
  );
  connection.run("UPDATE trials SET leases = ?, failure = NULL WHERE key = ?", [number, key]);
  connection.run("UPDATE trials SET status = 'pending' WHERE key = ? AND status = 'failed'", [key]);
  const token = { trial: id, number };
  if (trial.draft !== undefined && covers(trial.draft, wanted))
    return { kind: "leased", token, measure: trial.draft, through: trial.through };
  const measure = measured === undefined ? wanted : joined(measured, wanted);
  connection.run("DELETE FROM series WHERE trial = ? AND is_result = 0", [key]);
  connection.run("DELETE FROM tensors WHERE trial = ? AND is_result = 0", [key]);
  connection.run("UPDATE trials SET draft = ?, through = 0 WHERE key = ?", [JSON.stringify(measure), key]);
  return { kind: "leased", token, measure, through: 0 };
}

/** The trial of a valid token. @throws StaleLeaseError */
function leasedTrial(connection: Connection, token: LeaseToken): TrialState {
  const trial = requireTrial(connection, token.trial);
  if (trial.row.number !== token.number) throw new StaleLeaseError(token.trial);
  return trial;
}

export function renewLease(connection: Connection, token: LeaseToken): void {
  const { key } = leasedTrial(connection, token);
  connection.run("UPDATE leases SET beat = beat + 1 WHERE trial = ?", [key]);
}

/** Adds measurements of a leased trial. */
export function append(connection: Connection, token: LeaseToken, part: MeasuredPart): void {
  const { key, through } = leasedTrial(connection, token);
  checkPart(token.trial, part, through);
  appendSeries(connection, key, part.through, part.series);
  appendTensors(connection, key, part.through, part.tensors ?? []);
  connection.run("UPDATE trials SET through = ? WHERE key = ?", [part.through, key]);
}

export function dropAfter(connection: Connection, token: LeaseToken, step: number): void {
  const { key } = leasedTrial(connection, token);
  dropSeriesAfter(connection, key, step);
  dropTensorsAfter(connection, key, step);
  connection.run("UPDATE trials SET through = max(0, min(through, ?)) WHERE key = ?", [step, key]);
}

/** Ends a trial: the new measurements replace those of an earlier end. */
export function finishTrial(connection: Connection, token: LeaseToken, end: TrialEnd): void {
  const { key } = leasedTrial(connection, token);
  for (const table of ["series", "tensors"]) {
    connection.run(`DELETE FROM ${table} WHERE trial = ? AND is_result = 1`, [key]);
    connection.run(`UPDATE ${table} SET is_result = 1 WHERE trial = ?`, [key]);
  }
  connection.run(
    `UPDATE trials SET status = ?, failure = NULL, measured = draft, ending = ?, draft = NULL, through = 0
     WHERE key = ?`,
    [end.status, numberText(end), key],
  );
  connection.run("DELETE FROM leases WHERE trial = ?", [key]);
}

/** Ends a lease without a result. The trial stays unchanged, or fails with the reason if it has no result. */
export function endLease(connection: Connection, token: LeaseToken, failure: string | null): void {
  const { key, row } = requireTrial(connection, token.trial);
  if (row.number !== token.number) return;
  connection.run("DELETE FROM leases WHERE trial = ?", [key]);
  if (failure === null) return;
  connection.run("UPDATE trials SET status = 'failed', failure = ? WHERE key = ? AND status = 'pending'", [
    failure,
    key,
  ]);
}
