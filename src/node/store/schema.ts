// The tables of the run store, and how older files become current ones.
import { CorruptFileError, EnvironmentError } from "../../core/errors.js";
import type { Connection } from "./connection.js";

/** "TScp": marks a SQLite file as ours. */
const applicationId = 0x54536370;

/**
 * Migration n takes a file from schema n to n + 1. Never change one that was released; add the next.
 *
 * A trial has a short integer key and a row names its series, so that a row of a long training costs some 30 bytes.
 * `special` says what SQLite cannot hold: see row-table.ts.
 */
const migrations: readonly string[] = [
  `CREATE TABLE runs (
     id TEXT PRIMARY KEY, study TEXT NOT NULL, preset TEXT, settings TEXT NOT NULL, command TEXT NOT NULL,
     started_at TEXT NOT NULL, finished_at TEXT, status TEXT NOT NULL, versions TEXT NOT NULL, machine TEXT NOT NULL,
     is_analyzed INTEGER NOT NULL DEFAULT 0, host TEXT NOT NULL, pid INTEGER NOT NULL, process_start TEXT
   ) STRICT;
   CREATE TABLE trials (
     key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, spec TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'diverged', 'failed')),
     failure TEXT, diverged_step INTEGER, diverged_tensor TEXT, timings TEXT NOT NULL DEFAULT '{}'
   ) STRICT;
   CREATE TABLE run_trials (
     run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL,
     trial INTEGER NOT NULL REFERENCES trials (key), factors TEXT NOT NULL,
     PRIMARY KEY (run, position), UNIQUE (run, trial, factors)
   ) STRICT;
   CREATE INDEX run_trials_by_trial ON run_trials (trial);
   CREATE TABLE leases (
     trial INTEGER PRIMARY KEY REFERENCES trials (key) ON DELETE CASCADE, owner TEXT NOT NULL,
     host TEXT NOT NULL, pid INTEGER NOT NULL, process_start TEXT, beat INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE series (
     key INTEGER PRIMARY KEY, trial INTEGER NOT NULL REFERENCES trials (key) ON DELETE CASCADE,
     phase TEXT NOT NULL, metric TEXT NOT NULL, path TEXT NOT NULL, UNIQUE (trial, phase, metric, path)
   ) STRICT;
   CREATE TABLE metric_rows (
     key INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
     step INTEGER NOT NULL, epoch REAL NOT NULL, value REAL NOT NULL, special TEXT
   ) STRICT;
   CREATE INDEX metric_rows_by_series ON metric_rows (series, step);
   CREATE TABLE tensors (
     trial INTEGER NOT NULL REFERENCES trials (key) ON DELETE CASCADE, path TEXT NOT NULL, elements BLOB NOT NULL,
     PRIMARY KEY (trial, path)
   ) STRICT;
   CREATE TABLE findings (
     run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (run, position)
   ) STRICT;
   CREATE TABLE claims (
     run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (run, position)
   ) STRICT;`,
];

/**
 * Brings an open file to the current schema, in one transaction.
 * @throws EnvironmentError for a file of a newer program, CorruptFileError for somebody else's database.
 */
export function migrate(connection: Connection, steps: readonly string[] = migrations): void {
  if (Number(connection.pragma("user_version")) === steps.length && isOurs(connection)) return;
  connection.write(() => {
    // Read again: another process may have migrated between the look and the lock.
    const version = Number(connection.pragma("user_version"));
    const isEmpty = Number(connection.get("SELECT count(*) AS n FROM sqlite_schema")?.n) === 0;
    if (!isEmpty && !isOurs(connection)) {
      throw new CorruptFileError("is the database of another program", {
        where: `run store ${connection.path}`,
        remedy: "Nothing was changed. Set TRAINSCOPE_HOME to another folder",
      });
    }
    if (version > steps.length) {
      throw new EnvironmentError("was written by a newer Trainscope", {
        where: `run store ${connection.path}`,
        expected: `schema ${steps.length} or older`,
        received: `schema ${version}`,
        remedy: "Update trainscope, or set TRAINSCOPE_HOME to another folder",
      });
    }
    for (const step of steps.slice(version)) connection.exec(step);
    connection.exec(`PRAGMA user_version = ${steps.length}; PRAGMA application_id = ${applicationId}`);
  });
}

function isOurs(connection: Connection): boolean {
  return Number(connection.pragma("application_id")) === applicationId;
}
