// Trials and their places in runs.
import { InvalidInputError } from "../../core/errors.js";
import { canonicalJson } from "../../core/formats/json.js";
import type { PlannedTrial } from "../../study/definition.js";
import { covers } from "../../study/measurement.js";
import type { RunTrial, TrialEnd, TrialRecord } from "../../study/store/store.js";
import { type TrialSpec, trialId } from "../../train/spec/trial-spec.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import { isLeased, type LeaseHolder, leaseColumns } from "./lease-table.js";
import { damagedStore } from "./store-errors.js";
import { reviveNumber, storedJson, storedPlan } from "./stored-json.js";

const trialStatuses: readonly TrialRecord["status"][] = ["pending", "done", "diverged", "failed"];
const trialTexts = ["trials.id", "spec", "trials.status", "failure", "measured", "ending"];
const trialColumns = `${texts(...trialTexts)}, ${leaseColumns}`;
const trialJoin = "trials LEFT JOIN leases ON leases.trial = trials.key";

/** Adds trials to a stage of a run in order; existing ones get the new measurement plan. */
export function addTrials(connection: Connection, runId: string, stage: string, trials: readonly PlannedTrial[]): void {
  const known = storedFactors(connection, runId, stage);
  for (const { spec, factors, replicate, measure } of trials) {
    const id = trialId(spec);
    connection.run("INSERT OR IGNORE INTO trials (id, spec, status) VALUES (?, ?, 'pending')", [
      id,
      JSON.stringify(spec),
    ]);
    connection.run(
      `INSERT INTO run_trials (run, position, stage, trial, factors, replicate, measure)
       VALUES (?, (SELECT count(*) FROM run_trials WHERE run = ?), ?, (SELECT key FROM trials WHERE id = ?), ?, ?, ?)
       ON CONFLICT (run, stage, trial, factors, replicate) DO UPDATE SET measure = excluded.measure`,
      [
        ...[runId, runId, stage, id],
        ...[known.get(canonicalJson(factors)) ?? JSON.stringify(factors), replicate, JSON.stringify(measure)],
      ],
    );
  }
}

/** Factors as stored, by their canonical text: the order of names is that of the design that came first. */
function storedFactors(connection: Connection, runId: string, stage: string): Map<string, string> {
  return new Map(
    connection
      .all(`SELECT DISTINCT ${texts("factors")} FROM run_trials WHERE run = ? AND stage = ?`, [runId, stage])
      .map(({ factors }) => [canonicalJson(storedJson(connection, "factors", factors)), String(factors)]),
  );
}

export function listTrials(connection: Connection, runId: string, holder: LeaseHolder): RunTrial[] {
  return connection
    .all(
      `SELECT ${trialColumns}, replicate, ${texts("stage", "factors", "measure")}
       FROM ${trialJoin} JOIN run_trials ON run_trials.trial = trials.key WHERE run = ? ORDER BY position`,
      [runId],
    )
    .map((row) => runTrial(connection, row, holder));
}

function runTrial(connection: Connection, row: SqlRow, holder: LeaseHolder): RunTrial {
  const measure = storedPlan(connection, row.measure);
  if (measure === undefined) throw damagedStore(connection.path, "a trial without measurements");
  const record = trialRecord(connection, row, holder);
  const isOthers = record.measured !== undefined && !covers(record.measured, measure);
  return {
    ...record,
    ...(isOthers ? { status: isLeased(row, holder) ? ("running" as const) : ("pending" as const) } : {}),
    stage: String(row.stage),
    factors: storedJson<RunTrial["factors"]>(connection, "factors", row.factors),
    replicate: Number(row.replicate),
    measure,
  };
}

export function findTrial(connection: Connection, id: string, holder: LeaseHolder): TrialRecord | undefined {
  const row = connection.get(`SELECT ${trialColumns} FROM ${trialJoin} WHERE trials.id = ?`, [id]);
  return row === undefined ? undefined : trialRecord(connection, row, holder);
}

/** Names of the trials that only this run uses. @throws InvalidInputError if a live process works on one. */
export function trialsOfRunAlone(connection: Connection, runId: string, holder: LeaseHolder): string[] {
  const rows = connection.all(
    `SELECT DISTINCT ${trialColumns} FROM ${trialJoin} JOIN run_trials ON run_trials.trial = trials.key
     WHERE run = ? AND NOT EXISTS (SELECT 1 FROM run_trials other WHERE other.trial = trials.key AND other.run <> ?)`,
    [runId, runId],
  );
  const busy = rows.find((row) => isLeased(row, holder));
  if (busy !== undefined) {
    throw new InvalidInputError(`cannot be removed because process ${busy.pid} works on trial ${busy.id}`, {
      where: `run ${runId}`,
      remedy: "Stop that process first",
    });
  }
  return rows.map(({ id }) => String(id));
}

/** A trial without a result counts as running while its lease is held, so a killed process leaves a pending trial. */
function trialRecord(connection: Connection, row: SqlRow, holder: LeaseHolder): TrialRecord {
  const status = trialStatuses.find((known) => known === row.status);
  if (status === undefined) throw damagedStore(connection.path, "an unknown status of a trial");
  const measured = storedPlan(connection, row.measured);
  const isRunning = measured === undefined && isLeased(row, holder);
  return {
    id: String(row.id),
    spec: storedJson<TrialSpec>(connection, "spec", row.spec),
    status: isRunning ? "running" : status,
    ...(row.failure === null ? {} : { failure: String(row.failure) }),
    ...(measured === undefined
      ? {}
      : { measured, end: storedJson<TrialEnd>(connection, "ending", row.ending, reviveNumber) }),
  };
}
