// Trials, their place in runs, and the leases that keep two processes from running one of them.
import { InvalidInputError } from "../../core/errors.js";
import type { Lease, RunTrial, StudyTrial, TrialOutcome, TrialRecord } from "../../study/store/store.js";
import { type TrialSpec, trialId } from "../../train/spec/trial-spec.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import type { Liveness, ProcessIdentity } from "./process-identity.js";
import { replaceRows, replaceTensors } from "./row-table.js";
import { damagedStore } from "./store-errors.js";
import { storedJson } from "./stored-json.js";

/** One open store as a holder of leases. */
export interface LeaseHolder {
  /** Unique to this open store. */
  readonly owner: string;
  readonly identity: ProcessIdentity;
  livenessOf(other: ProcessIdentity): Liveness;
  /** Whether this beat of this owner has been the same for too long; compares by a clock that nobody can set. */
  isSilent(trial: string, owner: string, beat: number): boolean;
}

const trialStatuses: readonly TrialRecord["status"][] = ["pending", "done", "diverged", "failed"];
const trialTexts = ["trials.id", "spec", "trials.status", "failure", "diverged_tensor", "timings"];
const leaseTexts = ["leases.owner", "leases.host", "leases.process_start"];
const trialColumns = `trials.key, ${texts(...trialTexts, ...leaseTexts)}, diverged_step, leases.pid, leases.beat`;
const trialJoin = "trials LEFT JOIN leases ON leases.trial = trials.key";

/** Adds trials to a run in order; those it has already are left alone. */
export function addTrials(connection: Connection, runId: string, trials: readonly StudyTrial[]): void {
  for (const { spec, factors } of trials) {
    const id = trialId(spec);
    connection.run("INSERT OR IGNORE INTO trials (id, spec, status) VALUES (?, ?, 'pending')", [
      id,
      JSON.stringify(spec),
    ]);
    connection.run(
      `INSERT OR IGNORE INTO run_trials (run, position, trial, factors)
       VALUES (?, (SELECT count(*) FROM run_trials WHERE run = ?), ?, ?)`,
      [runId, runId, requireTrial(connection, id).key, JSON.stringify(factors)],
    );
  }
}

export function listTrials(connection: Connection, runId: string, holder: LeaseHolder): RunTrial[] {
  return connection
    .all(
      `SELECT ${trialColumns}, ${texts("factors")} FROM ${trialJoin} JOIN run_trials ON run_trials.trial = trials.key
       WHERE run = ? ORDER BY position`,
      [runId],
    )
    .map((row) => ({
      ...trialRecord(connection, row, holder),
      factors: storedJson<RunTrial["factors"]>(connection, "factors", row.factors),
    }));
}

export function findTrial(connection: Connection, id: string, holder: LeaseHolder): TrialRecord | undefined {
  const row = selectTrial(connection, id);
  return row === undefined ? undefined : trialRecord(connection, row, holder);
}

export function leaseTrial(connection: Connection, id: string, holder: LeaseHolder): Lease {
  const row = requireTrial(connection, id);
  if (isFinished(row)) return { kind: "finished" };
  if (row.owner !== null && row.owner !== holder.owner && !isAbandoned(row, holder)) {
    return { kind: "busy", holder: `process ${row.pid} on ${String(row.host).split(" ")[0]}` };
  }
  const { host, pid, start } = holder.identity;
  connection.run(
    "INSERT OR REPLACE INTO leases (trial, owner, host, pid, process_start, beat) VALUES (?, ?, ?, ?, ?, 0)",
    [row.key, holder.owner, host, pid, start],
  );
  connection.run("UPDATE trials SET status = 'pending', failure = NULL WHERE key = ?", [row.key]);
  return { kind: "leased" };
}

/** Whether the holder of a lease is gone: certainly dead, or of another machine and silent for too long. */
function isAbandoned(row: SqlRow, holder: LeaseHolder): boolean {
  const liveness = holder.livenessOf(identityOf(row));
  if (liveness !== "unknown") return liveness === "dead";
  return holder.isSilent(String(row.id), String(row.owner), Number(row.beat));
}

/** Columns `host`, `pid` and `process_start` of a table. */
export function identityOf(row: SqlRow): ProcessIdentity {
  return {
    host: String(row.host),
    pid: Number(row.pid),
    start: row.process_start === null ? null : String(row.process_start),
  };
}

export function holdsLease(connection: Connection, id: string, holder: LeaseHolder): boolean {
  return requireTrial(connection, id).owner === holder.owner;
}

/** Ends a trial with everything it measured, unless it has ended before. */
export function finishTrial(connection: Connection, id: string, outcome: TrialOutcome): void {
  const row = requireTrial(connection, id);
  if (isFinished(row)) return;
  const key = Number(row.key);
  const { status, timings, divergence } = outcome;
  replaceRows(connection, key, outcome.rows, 0);
  replaceTensors(connection, key, outcome.tensors);
  connection.run(
    "UPDATE trials SET status = ?, failure = NULL, diverged_step = ?, diverged_tensor = ?, timings = ? WHERE key = ?",
    [status, divergence?.step ?? null, divergence?.tensor ?? null, JSON.stringify(timings), key],
  );
  connection.run("DELETE FROM leases WHERE trial = ?", [key]);
}

/** Ends a lease without a result; the trial stays as it is, or fails for a reason. */
export function endLease(connection: Connection, id: string, holder: LeaseHolder, failure: string | null): void {
  const row = selectTrial(connection, id);
  if (row === undefined || row.owner !== holder.owner) return;
  connection.run("DELETE FROM leases WHERE trial = ?", [row.key]);
  if (failure !== null)
    connection.run("UPDATE trials SET status = 'failed', failure = ? WHERE key = ?", [failure, row.key]);
}

/** Names of the trials that only this run uses. @throws InvalidInputError when a living process works on one. */
export function trialsOfRunAlone(connection: Connection, runId: string, holder: LeaseHolder): string[] {
  const rows = connection.all(
    `SELECT DISTINCT ${trialColumns} FROM ${trialJoin} JOIN run_trials ON run_trials.trial = trials.key
     WHERE run = ? AND NOT EXISTS (SELECT 1 FROM run_trials other WHERE other.trial = trials.key AND other.run <> ?)`,
    [runId, runId],
  );
  const busy = rows.find((row) => row.owner !== null && !isAbandoned(row, holder));
  if (busy !== undefined) {
    throw new InvalidInputError(`cannot be removed because process ${busy.pid} works on trial ${busy.id}`, {
      where: `run ${runId}`,
      remedy: "Stop that process first",
    });
  }
  return rows.map(({ id }) => String(id));
}

export function requireTrial(connection: Connection, id: string): SqlRow {
  const row = selectTrial(connection, id);
  if (row === undefined)
    throw new InvalidInputError(`unknown trial "${id}"`, { where: `run store ${connection.path}` });
  return row;
}

function selectTrial(connection: Connection, id: string): SqlRow | undefined {
  return connection.get(`SELECT ${trialColumns} FROM ${trialJoin} WHERE trials.id = ?`, [id]);
}

function isFinished(row: SqlRow): boolean {
  return row.status === "done" || row.status === "diverged";
}

/** A trial counts as running while its lease is held: a killed process leaves a pending trial. */
function trialRecord(connection: Connection, row: SqlRow, holder: LeaseHolder): TrialRecord {
  const status = trialStatuses.find((known) => known === row.status);
  if (status === undefined) throw damagedStore(connection.path, "the status of a trial that there is not");
  const isRunning = row.owner !== null && !isAbandoned(row, holder);
  return {
    id: String(row.id),
    spec: storedJson<TrialSpec>(connection, "spec", row.spec),
    status: isRunning ? "running" : status,
    timings: storedJson<TrialRecord["timings"]>(connection, "timings", row.timings),
    ...(row.failure === null ? {} : { failure: String(row.failure) }),
    ...(row.diverged_step === null
      ? {}
      : { divergence: { step: Number(row.diverged_step), tensor: String(row.diverged_tensor) } }),
  };
}
