import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Connection, connect, type SqlValue } from "./connection.js";
import { migrate, type Schema } from "./schema.js";
import { storeError } from "./store-errors.js";

let folder: string;
let connection: Connection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trainscope-connection-"));
  connection = connect(join(folder, "a.sqlite"), 0);
});
afterEach(() => {
  connection.close();
  rmSync(folder, { recursive: true, force: true });
});

test("numbers, texts and blobs are read back unchanged", () => {
  connection.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, real REAL, text TEXT, bytes BLOB) STRICT");
  const cases = fc.tuple(fc.double({ noNaN: true }), fc.string({ unit: "grapheme" }), fc.uint8Array());
  fc.assert(
    fc.property(cases, ([real, text, bytes]) => {
      // Without -0, which SQLite stores as 0, and texts with NUL characters, which libsql truncates.
      fc.pre(!Object.is(real, -0) && !text.includes("\0"));
      connection.run("INSERT OR REPLACE INTO t VALUES (1, ?, ?, ?)", [real, text, Buffer.from(bytes)]);
      expect(connection.get("SELECT real, text, bytes FROM t")).toEqual({ real, text, bytes: Buffer.from(bytes) });
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("values that would abort the process or change when stored are refused", () => {
  const wrong: unknown[] = [true, undefined, Number.NaN, new Date(0), {}, new Float32Array(2), 2n ** 63n];
  for (const value of wrong) {
    expect(() => connection.get("SELECT ?", [value as SqlValue])).toThrow("cannot bind parameter 1");
  }
});

test("a failing transaction leaves no changes, and transactions cannot be nested", () => {
  connection.exec("CREATE TABLE t (a INTEGER) STRICT");
  const failing = () =>
    connection.write(() => {
      connection.run("INSERT INTO t VALUES (1)");
      throw new Error("on purpose");
    });
  expect(failing).toThrow("on purpose");
  expect(connection.all("SELECT * FROM t")).toEqual([]);
  expect(() => connection.write(() => connection.write(() => 1))).toThrow("a transaction because one is open");
  expect(connection.write(() => connection.all("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
});

test("a full disk rolls back the transaction and is reported", () => {
  connection.exec("CREATE TABLE t (bytes BLOB) STRICT");
  connection.run("INSERT INTO t VALUES (?)", [Buffer.from("kept")]);
  // The file is limited to 20 pages, which SQLite reports like a full disk.
  connection.pragma("max_page_count = 20");
  const fill = () =>
    connection.write(() => {
      for (let i = 0; i < 50; i++) connection.run("INSERT INTO t VALUES (?)", [Buffer.alloc(4000)]);
    });
  expect(fill).toThrow(
    "cannot be used because the disk is full. Free some space and run again; what was saved is intact",
  );
  expect(connection.all("SELECT bytes FROM t")).toEqual([{ bytes: Buffer.from("kept") }]);
});

test("damage without a name in libsql is reported as damage", () => {
  // 779 is SQLITE_CORRUPT_INDEX, 1034 SQLITE_IOERR_FSYNC.
  const messageOf = (number: number) =>
    (storeError("s", Object.assign(new Error("x"), { code: `UNKNOWN_SQLITE_ERROR_${number}` })) as Error).message;
  expect(messageOf(779)).toMatch(/^run store s: is damaged/);
  expect(messageOf(1034)).toMatch(/^run store s: cannot be used because the disk reports an error/);
});

test("rows that violate a constraint of their table are damage, since we never write such rows", () => {
  connection.exec("CREATE TABLE a (x INTEGER PRIMARY KEY); INSERT INTO a VALUES (1)");
  expect(() => connection.run("INSERT INTO a VALUES (1)")).toThrow(/is damaged/);
});

test("migrations run once and in order, and a failing one leaves the old file", () => {
  const addColumn =
    (name: string, more = "") =>
    (of: Connection) => {
      of.exec(`ALTER TABLE a ADD COLUMN ${name} INTEGER; ${more}`);
      return new Map([[name, name.toUpperCase()]]);
    };
  const first: Schema = { version: 5, tables: "CREATE TABLE a (x INTEGER)", migrations: new Map() };
  migrate(connection, first);
  connection.run("INSERT INTO a VALUES (7)");
  const failing = new Map([
    [5, addColumn("y")],
    [6, addColumn("z", "SELECT nonsense")],
  ]);
  expect(() => migrate(connection, { version: 7, tables: "", migrations: failing })).toThrow(/is damaged/);
  expect(connection.all("SELECT * FROM a")).toEqual([{ x: 7 }]);
  const working: Schema = { version: 7, tables: "", migrations: new Map([...failing, [6, addColumn("z")]]) };
  expect([...migrate(connection, working)]).toEqual([
    ["y", "Y"],
    ["z", "Z"],
  ]);
  expect([...migrate(connection, working)]).toEqual([]);
  expect(connection.get("SELECT x, y, z FROM a")).toEqual({ x: 7, y: null, z: null });
  expect(connection.pragma("user_version")).toBe(7);
  expect(() => migrate(connection, { ...first, version: 8 })).toThrow("received schema 7");
});
