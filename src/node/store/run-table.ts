// Runs with their findings and claims.

import { InvalidInputError } from "../../core/errors.js";
import type { Claim, Finding } from "../../core/findings.js";
import { groupBy } from "../../core/group-by.js";
import { type NewRun, type RunRecord, type RunStatus, runName, type StoredAnalysis } from "../../study/store/store.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import { type LeaseHolder, processOf } from "./lease-table.js";
import { damagedStore } from "./store-errors.js";
import { numberText, reviveNumber, storedJson } from "./stored-json.js";

const runStatuses: readonly RunStatus[] = ["running", "done", "failed", "interrupted"];
const runTexts = ["id", "study", "preset", "settings", "seeds", "data", "command", "started_at", "finished_at"];
const moreTexts = ["status", "versions", "machine", "host", "process_start"];
const runColumns = `${texts(...runTexts, ...moreTexts)}, pid, is_analyzed`;

export function createRun(connection: Connection, run: NewRun, holder: LeaseHolder): RunRecord {
  const id = runName(run.study, run.startedAt, (name) => selectRun(connection, name) !== undefined);
  const { host, pid, start } = holder.identity;
  connection.run(
    `INSERT INTO runs (id, study, preset, settings, seeds, data, command, started_at, status, versions, machine,
       host, pid, process_start)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?)`,
    [
      ...[id, run.study, run.preset ?? null],
      ...[run.settings, run.seeds, run.data].map((value) => JSON.stringify(value)),
      ...[run.command, run.startedAt, JSON.stringify(run.versions), run.machine],
      ...[host, pid, start],
    ],
  );
  return { ...run, id, status: "running", stages: [] };
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
  const stages = stagesOfRuns(connection);
  return connection
    .all(`SELECT ${runColumns} FROM runs ORDER BY started_at DESC, id DESC`)
    .map((row) => runRecord(connection, row, holder, stages));
}

export function findRun(connection: Connection, id: string, holder: LeaseHolder): RunRecord | undefined {
  const row = selectRun(connection, id);
  return row === undefined ? undefined : runRecord(connection, row, holder, stagesOfRuns(connection, id));
}

type Stages = ReadonlyMap<string, RunRecord["stages"]>;

/** The stages of one run, or of all, with the names of their trials in design order. */
function stagesOfRuns(connection: Connection, id?: string): Stages {
  const rows = connection
    .all(
      `SELECT ${texts("run", "stage", "trials.id")} FROM run_trials JOIN trials ON trials.key = trial
       ${id === undefined ? "" : "WHERE run = ?"} ORDER BY run, position`,
      id === undefined ? [] : [id],
    )
    .map(({ run, stage, id: trial }) => ({ run: String(run), stage: String(stage), trial: String(trial) }));
  const stagesOf = (trials: typeof rows): RunRecord["stages"] =>
    [...groupBy(trials, ({ stage }) => stage)].map(([stage, of]) => ({
      id: stage,
      trials: of.map(({ trial }) => trial),
    }));
  return new Map([...groupBy(rows, ({ run }) => run)].map(([run, trials]) => [run, stagesOf(trials)]));
}

/** Removes a run and the given trials, which no other run may use. */
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

/** A run whose process died counts as interrupted. */
function runRecord(connection: Connection, row: SqlRow, holder: LeaseHolder, stages: Stages): RunRecord {
  const status = runStatuses.find((known) => known === row.status);
  if (status === undefined) throw damagedStore(connection.path, "an unknown status of a run");
  const isDead = row.status === "running" && holder.livenessOf(processOf(row)) === "dead";
  return {
    id: String(row.id),
    study: String(row.study),
    ...(row.preset === null ? {} : { preset: String(row.preset) }),
    settings: storedJson<RunRecord["settings"]>(connection, "settings", row.settings),
    seeds: storedJson<number[]>(connection, "seeds", row.seeds),
    data: storedJson<RunRecord["data"]>(connection, "data", row.data),
    stages: stages.get(String(row.id)) ?? [],
    command: String(row.command),
    startedAt: String(row.started_at),
    ...(row.finished_at === null ? {} : { finishedAt: String(row.finished_at) }),
    status: isDead ? "interrupted" : status,
    versions: storedJson<RunRecord["versions"]>(connection, "versions", row.versions),
    machine: String(row.machine),
  };
}
