// Runs with their findings and claims.

import { InvalidInputError } from "../../core/errors.js";
import type { Claim, Finding } from "../../core/findings.js";
import type { Settings } from "../../study/settings.js";
import { type NewRun, type RunRecord, type RunStatus, runName, type StoredAnalysis } from "../../study/store/store.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import { damagedStore } from "./store-errors.js";
import { storedJson } from "./stored-json.js";
import { identityOf, type LeaseHolder } from "./trial-table.js";

const runStatuses: readonly RunStatus[] = ["running", "done", "failed", "interrupted"];
const runTexts = ["id", "study", "preset", "settings", "command", "started_at", "finished_at", "status", "versions"];
const runColumns = `${texts(...runTexts, "machine", "host", "process_start")}, pid, is_analyzed`;

export function createRun(connection: Connection, run: NewRun, holder: LeaseHolder): RunRecord {
  const id = runName(run.study, run.startedAt, (name) => selectRun(connection, name) !== undefined);
  const { host, pid, start } = holder.identity;
  connection.run(
    `INSERT INTO runs (id, study, preset, settings, command, started_at, status, versions, machine, host, pid, process_start)
     VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?)`,
    [
      id,
      run.study,
      run.preset ?? null,
      JSON.stringify(run.settings),
      run.command,
      run.startedAt,
      JSON.stringify(run.versions),
      run.machine,
      host,
      pid,
      start,
    ],
  );
  return { ...run, id, status: "running" };
}

export function setRunStatus(
  connection: Connection,
  id: string,
  status: RunStatus,
  at: string,
  holder: LeaseHolder,
): void {
  requireRun(connection, id);
  const { host, pid, start } = holder.identity;
  connection.run("UPDATE runs SET status = ?, finished_at = ?, host = ?, pid = ?, process_start = ? WHERE id = ?", [
    status,
    status === "running" ? null : at,
    host,
    pid,
    start,
    id,
  ]);
}

export function listRuns(connection: Connection, holder: LeaseHolder): RunRecord[] {
  return connection
    .all(`SELECT ${runColumns} FROM runs ORDER BY started_at DESC, id DESC`)
    .map((row) => runRecord(connection, row, holder));
}

export function findRun(connection: Connection, id: string, holder: LeaseHolder): RunRecord | undefined {
  const row = selectRun(connection, id);
  return row === undefined ? undefined : runRecord(connection, row, holder);
}

/** Removes a run and the trials named, which no other run may use. */
export function deleteRun(connection: Connection, id: string, trials: readonly string[]): void {
  connection.run("DELETE FROM runs WHERE id = ?", [id]);
  for (const trial of trials) connection.run("DELETE FROM trials WHERE id = ?", [trial]);
}

export function saveAnalysis(connection: Connection, id: string, analysis: StoredAnalysis): void {
  requireRun(connection, id);
  connection.run("UPDATE runs SET is_analyzed = 1 WHERE id = ?", [id]);
  for (const table of ["findings", "claims"] as const) {
    connection.run(`DELETE FROM ${table} WHERE run = ?`, [id]);
    for (const [position, item] of analysis[table].entries()) {
      connection.run(`INSERT INTO ${table} (run, position, body) VALUES (?, ?, ?)`, [id, position, numberText(item)]);
    }
  }
}

export function readAnalysis(connection: Connection, id: string): StoredAnalysis | undefined {
  if (selectRun(connection, id)?.is_analyzed !== 1) return undefined;
  const bodies = <T>(table: "findings" | "claims"): T[] =>
    connection
      .all(`SELECT ${texts("body")} FROM ${table} WHERE run = ? ORDER BY position`, [id])
      .map(({ body }) => storedJson<T>(connection, table, body, reviveNumber));
  return { findings: bodies<Finding>("findings"), claims: bodies<Claim>("claims") };
}

export function requireRun(connection: Connection, id: string): SqlRow {
  const row = selectRun(connection, id);
  if (row === undefined) throw new InvalidInputError(`unknown run "${id}"`, { where: `run store ${connection.path}` });
  return row;
}

function selectRun(connection: Connection, id: string): SqlRow | undefined {
  return connection.get(`SELECT ${runColumns} FROM runs WHERE id = ?`, [id]);
}

/** A run whose process died without a word was interrupted. */
function runRecord(connection: Connection, row: SqlRow, holder: LeaseHolder): RunRecord {
  const status = runStatuses.find((known) => known === row.status);
  if (status === undefined) throw damagedStore(connection.path, "the status of a run that there is not");
  const isDead = row.status === "running" && holder.livenessOf(identityOf(row)) === "dead";
  return {
    id: String(row.id),
    study: String(row.study),
    ...(row.preset === null ? {} : { preset: String(row.preset) }),
    settings: storedJson<Settings>(connection, "settings", row.settings),
    command: String(row.command),
    startedAt: String(row.started_at),
    ...(row.finished_at === null ? {} : { finishedAt: String(row.finished_at) }),
    status: isDead ? "interrupted" : status,
    versions: storedJson<RunRecord["versions"]>(connection, "versions", row.versions),
    machine: String(row.machine),
  };
}

/** JSON in which numbers that JSON lacks are `{"$number": "NaN"}`: the mean over a diverged trial is a finding too. */
function numberText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "number" && !Number.isFinite(member) ? { $number: String(member) } : member,
  );
}

function reviveNumber(_: string, member: unknown): unknown {
  return typeof member === "object" && member !== null && "$number" in member ? Number(member.$number) : member;
}
