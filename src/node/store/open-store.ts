// The run store as one SQLite file in WAL mode: one process writes at a time, while any number read.
import { randomUUID } from "node:crypto";
import { access, rename } from "node:fs/promises";
import type { RunStore } from "../../study/store/store.js";
import { removeStaleTemporaryFiles } from "../files/atomic-file.js";
import { makeFolder } from "../files/make-folder.js";
import { checkpointFile, type Paths } from "../files/paths.js";
import { type Connection, connect } from "./connection.js";
import * as leases from "./lease-table.js";
import { currentProcess, type Liveness, livenessOf, type ProcessIdentity } from "./process-identity.js";
import * as runs from "./run-table.js";
import { migrate } from "./schema.js";
import { readSeries } from "./series-table.js";
import { readTensors } from "./tensor-table.js";
import * as trials from "./trial-table.js";

export interface StoreOptions {
  /** Longest wait for another writer. */
  readonly busyTimeoutMs?: number;
  /** Silence after which a process on another machine loses its leases. */
  readonly silenceMs?: number;
  /** The identity of this process; tests simulate several processes. */
  readonly identity?: ProcessIdentity;
  readonly livenessOf?: (other: ProcessIdentity) => Liveness;
  /** A monotonic clock in milliseconds. */
  readonly monotonicMs?: () => number;
}

/** Whether this user has a run store. */
export async function storeExists(paths: Paths): Promise<boolean> {
  return access(paths.store).then(
    () => true,
    () => false,
  );
}

/**
 * Opens the run store and creates its folders; an older file is migrated.
 * @throws EnvironmentError, CorruptFileError with one sentence and a remedy; the file is then unchanged.
 */
export async function openRunStore(paths: Paths, options: StoreOptions = {}): Promise<RunStore> {
  for (const folder of [paths.state, paths.checkpoints]) await makeFolder(folder);
  await removeStaleTemporaryFiles(paths.checkpoints);
  const connection = connect(paths.store, options.busyTimeoutMs ?? 10_000);
  try {
    connection.exec("PRAGMA foreign_keys = ON");
    // Results are few and expensive, so every commit waits for the disk and survives a power failure.
    connection.exec("PRAGMA synchronous = FULL");
    await renameCheckpoints(paths, migrate(connection));
    connection.pragma("journal_mode = WAL");
  } catch (cause) {
    connection.close();
    throw cause;
  }
  return sqliteStore(connection, leaseHolder(options));
}

/** The name of a trial, and of its checkpoint, may change with the schema. */
async function renameCheckpoints(paths: Paths, renamed: ReadonlyMap<string, string>): Promise<void> {
  for (const [before, now] of renamed) {
    if (before === now) continue;
    // Most trials have no checkpoint. One that keeps its old name is only an unused file.
    await rename(checkpointFile(paths, before), checkpointFile(paths, now)).catch(() => undefined);
  }
}

function leaseHolder(options: StoreOptions): leases.LeaseHolder {
  const { silenceMs = 60_000, identity = currentProcess(), monotonicMs = () => performance.now() } = options;
  const seen = new Map<string, { readonly sign: string; readonly sinceMs: number }>();
  return {
    owner: randomUUID(),
    identity,
    livenessOf: options.livenessOf ?? ((other) => livenessOf(other, identity)),
    isSilent: (trial, owner, beat) => {
      const sign = `${owner} ${beat}`;
      const known = seen.get(trial);
      const sinceMs = known?.sign === sign ? known.sinceMs : monotonicMs();
      seen.set(trial, { sign, sinceMs });
      return monotonicMs() - sinceMs >= silenceMs;
    },
  };
}

function sqliteStore(connection: Connection, holder: leases.LeaseHolder): RunStore {
  return {
    location: connection.path,
    createRun: async (run) => connection.write(() => runs.createRun(connection, run, holder)),
    setRunStatus: async (id, status, at) =>
      connection.write(() => runs.setRunStatus(connection, id, status, at, holder)),
    listRuns: async () => runs.listRuns(connection, holder),
    findRun: async (id) => runs.findRun(connection, id, holder),
    removeRun: async (id) =>
      connection.write(() => {
        runs.requireRun(connection, id);
        const alone = trials.trialsOfRunAlone(connection, id, holder);
        runs.deleteRun(connection, id, alone);
        return alone;
      }),
    addTrials: async (id, stage, added) =>
      connection.write(() => {
        runs.requireRun(connection, id);
        trials.addTrials(connection, id, stage, added);
      }),
    listTrials: async (id) => trials.listTrials(connection, id, holder),
    findTrial: async (id) => trials.findTrial(connection, id, holder),
    leaseTrial: async (id, wanted) => connection.write(() => leases.leaseTrial(connection, id, wanted, holder)),
    renewLease: async (token) => connection.write(() => leases.renewLease(connection, token)),
    releaseTrial: async (token) => connection.write(() => leases.endLease(connection, token, null)),
    append: async (token, part) => connection.write(() => leases.append(connection, token, part)),
    dropAfter: async (token, step) => connection.write(() => leases.dropAfter(connection, token, step)),
    finishTrial: async (token, end) => connection.write(() => leases.finishTrial(connection, token, end)),
    failTrial: async (token, reason) => connection.write(() => leases.endLease(connection, token, reason)),
    async *readSeries(id, query = {}) {
      yield* connection.read(() => readSeries(connection, id, query));
    },
    readTensors: async (id) => readTensors(connection, id),
    saveAnalysis: async (id, analysis) => connection.write(() => runs.saveAnalysis(connection, id, analysis)),
    readAnalysis: async (id) => runs.readAnalysis(connection, id),
    close: async () => {
      if (!connection.isOpen()) return;
      try {
        connection.run("DELETE FROM leases WHERE owner = ?", [holder.owner]);
        // libsql keeps the file open until its statements are collected, so the log is merged here, without waiting.
        connection.exec("PRAGMA busy_timeout = 0");
        connection.all("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // The disk is full or another writer holds the lock. The lease ends with this process anyway.
      }
      connection.close();
    },
  };
}
