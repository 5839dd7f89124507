// The tables of the run store, and the migration of older files.
import { randomBytes } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { join, parse } from "node:path";
import { CorruptFileError, EnvironmentError } from "../../core/errors.js";
import { type Connection, connect } from "./connection.js";
import { fromSchema1 } from "./schema-1.js";
import { fromSchema2 } from "./schema-2.js";
import { damagedStore } from "./store-errors.js";

/** "TScp": marks a SQLite file as ours. */
const applicationId = 0x54536370;

/**
 * A trial has a short integer key. `is_result` separates the results of its last end from newer measurements, which replace
 * them when the trial ends again. `through` is that of the part with which a row was appended.
 *
 * Numbers are in blobs, see series-table.ts: SQLite has neither NaN nor negative zero, and a row for each number would
 * take some 30 bytes and a microsecond.
 */
const tables = `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY, study TEXT NOT NULL, preset TEXT, settings TEXT NOT NULL, seeds TEXT NOT NULL,
    data TEXT NOT NULL, command TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, status TEXT NOT NULL,
    versions TEXT NOT NULL, machine TEXT NOT NULL, is_analyzed INTEGER NOT NULL DEFAULT 0,
    host TEXT NOT NULL, pid INTEGER NOT NULL, process_start TEXT
  ) STRICT;
  CREATE TABLE trials (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, spec TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'diverged', 'failed')), failure TEXT,
    measured TEXT, ending TEXT, leases INTEGER NOT NULL DEFAULT 0, draft TEXT, through INTEGER NOT NULL DEFAULT 0,
    CHECK ((status IN ('done', 'diverged')) = (measured IS NOT NULL) AND (measured IS NULL) = (ending IS NULL))
  ) STRICT;
  CREATE TABLE run_trials (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL, stage TEXT NOT NULL,
    trial INTEGER NOT NULL REFERENCES trials (key), factors TEXT NOT NULL, replicate INTEGER NOT NULL,
    measure TEXT NOT NULL, PRIMARY KEY (run, position), UNIQUE (run, stage, trial, factors, replicate)
  ) STRICT;
  CREATE INDEX run_trials_by_trial ON run_trials (trial);
  CREATE TABLE leases (
    trial INTEGER PRIMARY KEY REFERENCES trials (key) ON DELETE CASCADE, number INTEGER NOT NULL, owner TEXT NOT NULL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, process_start TEXT, beat INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE series (
    key INTEGER PRIMARY KEY, trial INTEGER NOT NULL REFERENCES trials (key) ON DELETE CASCADE,
    is_result INTEGER NOT NULL DEFAULT 0, phase TEXT NOT NULL, metric TEXT NOT NULL, path TEXT NOT NULL,
    networks INTEGER NOT NULL, UNIQUE (trial, is_result, phase, metric, path)
  ) STRICT;
  CREATE TABLE blocks (
    key INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    through INTEGER NOT NULL, row_count INTEGER NOT NULL, dtype TEXT NOT NULL, numbers BLOB NOT NULL
  ) STRICT;
  CREATE INDEX blocks_by_series ON blocks (series);
  CREATE TABLE tensors (
    trial INTEGER NOT NULL REFERENCES trials (key) ON DELETE CASCADE, is_result INTEGER NOT NULL DEFAULT 0,
    moment TEXT NOT NULL, network INTEGER NOT NULL, path TEXT NOT NULL, through INTEGER NOT NULL,
    dtype TEXT NOT NULL, shape TEXT NOT NULL, elements BLOB NOT NULL,
    PRIMARY KEY (trial, is_result, moment, network, path)
  ) STRICT;
  CREATE TABLE findings (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run, position)
  ) STRICT;
  CREATE TABLE claims (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, position INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run, position)
  ) STRICT;`;

/** A schema with the migrations of older files. */
export interface Schema {
  readonly version: number;
  /** Statements that create the tables of a new file. */
  readonly tables: string;
  /** The migration of each version to the next. Never change a released one; add another. */
  readonly migrations: ReadonlyMap<number, Migration>;
}

/** Returns the new names of renamed trials by their old names. */
export type Migration = (connection: Connection) => ReadonlyMap<string, string>;

const runStore: Schema = {
  version: 3,
  tables,
  migrations: new Map([
    [1, (connection: Connection) => fromSchema1(connection, tables)],
    [2, fromSchema2],
  ]),
};

/**
 * Brings an open file to the current schema, in one transaction. An older file is copied first, to
 * `store.schema-2.sqlite` beside it.
 * @returns new names of trials by their old names.
 * @throws EnvironmentError for a file of a newer program, CorruptFileError for the database of another program.
 */
export function migrate(connection: Connection, schema: Schema = runStore): ReadonlyMap<string, string> {
  const found = versionOf(connection);
  if (found === schema.version && isOurs(connection)) return new Map();
  if (schema.migrations.has(found) && isOurs(connection)) backUp(connection, found);
  return connection.write(() => {
    // Read again, since another process may have migrated between the check and the lock.
    let version = versionOf(connection);
    const renamed = new Map<string, string>();
    const isNew = Number(connection.get("SELECT count(*) AS n FROM sqlite_schema")?.n) === 0;
    if (isNew) connection.exec(schema.tables);
    else {
      checkVersion(connection, version, schema);
      for (; version < schema.version; version++)
        for (const [before, now] of schema.migrations.get(version)?.(connection) ?? []) renamed.set(before, now);
    }
    connection.exec(`PRAGMA user_version = ${schema.version}; PRAGMA application_id = ${applicationId}`);
    return renamed;
  });
}

function checkVersion(connection: Connection, version: number, schema: Schema): void {
  const where = `run store ${connection.path}`;
  if (!isOurs(connection)) {
    throw new CorruptFileError("is the database of another program", {
      where,
      remedy: "Nothing was changed. Set TRAINSCOPE_HOME to another folder",
    });
  }
  if (version > schema.version) {
    throw new EnvironmentError("was written by a newer Trainscope", {
      where,
      expected: `schema ${schema.version} or older`,
      received: `schema ${version}`,
      remedy: "Update trainscope, or set TRAINSCOPE_HOME to another folder",
    });
  }
  if (version < schema.version && !schema.migrations.has(version))
    throw damagedStore(connection.path, `schema ${version}`);
}

/** Copies the unchanged file, for a return to an older version. @throws EnvironmentError */
function backUp(connection: Connection, version: number): void {
  const { dir, name, ext } = parse(connection.path);
  const copy = join(dir, `${name}.schema-${version}${ext}`);
  const temporary = join(dir, `.${name}${ext}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
  try {
    connection.run("VACUUM INTO ?", [temporary]);
    const copied = connect(temporary, 0);
    const isOlder = versionOf(copied) === version;
    copied.close();
    // Another process may have migrated meanwhile, after making its own copy.
    if (isOlder) renameSync(temporary, copy);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function versionOf(connection: Connection): number {
  return Number(connection.pragma("user_version"));
}

function isOurs(connection: Connection): boolean {
  return Number(connection.pragma("application_id")) === applicationId;
}
