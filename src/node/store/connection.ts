// A strict wrapper around libsql: only values that it can bind, and transactions that can be rolled back.
//
// libsql 0.5.29 aborts the whole process on a boolean parameter and on a stored text that is not UTF-8, takes a lone
// object as named parameters, adds `_metadata` to rows of `get`, returns blobs as ArrayBuffer or Buffer depending on the
// method, and throws on nested transactions. All access goes through this file, so other files need not know this.
import { isUtf8 } from "node:buffer";
import Database from "libsql";
import { damagedStore, storeError } from "./store-errors.js";

/** Values that SQLite stores. NaN is not among them, because SQLite turns it into NULL: see series-table.ts. */
export type SqlValue = number | string | bigint | Buffer | null;

const textMark = ":text";

/**
 * Text columns for a SELECT, which every query for texts must use. Texts are fetched as bytes and decoded here, since a
 * damaged file may hold invalid UTF-8. `trials.id` is `id` in the row.
 */
export function texts(...columns: readonly string[]): string {
  return columns
    .map((column) => `CAST(${column} AS BLOB) AS "${column.slice(column.indexOf(".") + 1)}${textMark}"`)
    .join(", ");
}

/** One row by column name. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

interface PreparedStatement {
  run(parameters: readonly SqlValue[]): unknown;
  raw(): { all(parameters: readonly SqlValue[]): unknown[] };
  columns(): readonly { readonly name: string }[];
}

export interface Connection {
  readonly path: string;
  /** Statements without parameters, several separated by semicolons. */
  exec(sql: string): void;
  /** One statement that returns no rows. */
  run(sql: string, parameters?: readonly SqlValue[]): void;
  all(sql: string, parameters?: readonly SqlValue[]): SqlRow[];
  get(sql: string, parameters?: readonly SqlValue[]): SqlRow | undefined;
  /** The single value of a pragma. */
  pragma(name: string): SqlValue;
  /** Runs `body` with the write lock; commits, or rolls back if it throws. Cannot be nested. */
  write<T>(body: () => T): T;
  /** Runs `body`, which only reads and sees one snapshot of the store. Cannot be nested. */
  read<T>(body: () => T): T;
  isOpen(): boolean;
  close(): void;
}

/** Opens or creates a database file. `busyTimeoutMs` is the longest wait for another writer. */
export function connect(path: string, busyTimeoutMs: number): Connection {
  const guard = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      throw storeError(path, cause);
    }
  };
  const database = guard(() => new Database(path, { timeout: busyTimeoutMs }));
  guard(() => database.pragma(`busy_timeout = ${busyTimeoutMs}`));
  const statements = new Map<string, PreparedStatement>();
  const prepare = (sql: string): PreparedStatement => {
    const statement = statements.get(sql) ?? (database.prepare(sql) as unknown as PreparedStatement);
    statements.set(sql, statement);
    return statement;
  };
  const all = (sql: string, parameters: readonly SqlValue[] = []): SqlRow[] =>
    guard(() => {
      const statement = prepare(sql);
      const names = statement.columns().map(({ name }) => name);
      const rows = statement.raw().all(checked(parameters)) as SqlValue[][];
      return rows.map((row) => Object.fromEntries(names.map((name, index) => decoded(path, name, row[index]))));
    });
  return {
    path,
    exec: (sql) => guard(() => void database.exec(sql)),
    run: (sql, parameters = []) => guard(() => void prepare(sql).run(checked(parameters))),
    all,
    get: (sql, parameters) => all(sql, parameters)[0],
    pragma: (name) => Object.values(all(`PRAGMA ${name}`)[0] ?? { none: null })[0],
    write: (body) => guard(() => inTransaction(database, "BEGIN IMMEDIATE", body)),
    read: (body) => guard(() => inTransaction(database, "BEGIN", body)),
    isOpen: () => database.open,
    close: () => {
      statements.clear();
      if (database.open) database.close();
    },
  };
}

function decoded(path: string, name: string, value: SqlValue): readonly [string, SqlValue] {
  if (!name.endsWith(textMark)) return [name, value];
  const column = name.slice(0, -textMark.length);
  if (value === null) return [column, null];
  const bytes = Buffer.from(value as Buffer);
  if (isUtf8(bytes)) return [column, bytes.toString("utf8")];
  throw damagedStore(path, `invalid UTF-8 in the column "${column}"`);
}

function inTransaction<T>(
  database: { exec(sql: string): unknown; inTransaction: boolean },
  begin: string,
  body: () => T,
): T {
  if (database.inTransaction) throw new Error("cannot begin a transaction because one is open");
  database.exec(begin);
  try {
    const result = body();
    database.exec("COMMIT");
    return result;
  } catch (cause) {
    // A full disk has already rolled it back, and a second ROLLBACK would hide the cause.
    if (database.inTransaction) database.exec("ROLLBACK");
    throw cause;
  }
}

/** Checks values, since libsql would abort the process for unsupported ones. */
function checked(parameters: readonly SqlValue[]): readonly SqlValue[] {
  for (const [index, value] of parameters.entries()) {
    const isBindable =
      value === null ||
      typeof value === "string" ||
      (typeof value === "number" && !Number.isNaN(value)) ||
      (typeof value === "bigint" && BigInt.asIntN(64, value) === value) ||
      Buffer.isBuffer(value);
    if (!isBindable) throw new TypeError(`cannot bind parameter ${index + 1}: ${typeof value} ${String(value)}`);
  }
  return parameters;
}
