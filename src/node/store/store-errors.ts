// Errors of SQLite as sentences with a remedy.
import { CorruptFileError, EnvironmentError, TrainscopeError } from "../../core/errors.js";

const elsewhere = "Set TRAINSCOPE_HOME to a folder that works";

/** Our statements never change, so if one does not fit, the tables are not ours. */
const otherTables =
  /^(no such (table|column|index)|table \S+ already exists|table \S+ has no column|malformed|unsupported file format)/;

/** The error for contents that we never write. @param received a description of the contents. */
export function damagedStore(path: string, received: string | undefined, cause?: unknown): CorruptFileError {
  return new CorruptFileError("is damaged or is not a database", {
    where: `run store ${path}`,
    ...(received === undefined ? {} : { received }),
    remedy: `Nothing was changed. Move the file aside to start an empty store; sqlite3 "${path}" .recover may save what is in it`,
    cause,
  });
}

/** Converts an error of SQLite to one of ours. Programming errors pass unchanged. */
export function storeError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof TrainscopeError) return cause;
  const code = resultCode(cause);
  const where = `run store ${path}`;
  const environment = (because: string, remedy: string): EnvironmentError =>
    new EnvironmentError(`cannot be used because ${because}`, { where, remedy, cause });
  if (/^SQLITE_(NOTADB|CORRUPT|CONSTRAINT|MISMATCH)/.test(code) || otherTables.test(cause.message))
    return damagedStore(path, undefined, cause);
  if (code.startsWith("SQLITE_FULL"))
    return environment("the disk is full", `Free some space and run again; what was saved is intact`);
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code)) {
    return environment("its file or folder cannot be opened for writing", `Make both writable. ${elsewhere} otherwise`);
  }
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return environment("another process has kept it locked", "Wait for that process to end, then run again");
  }
  if (/^SQLITE_(IOERR|PROTOCOL|NOLFS)/.test(code)) return environment(`the disk reports an error (${code})`, elsewhere);
  return cause;
}

/** Result codes without a name in libsql are SQLite's numbers; the lowest byte is the kind (sqlite.org/rescode). */
const kinds: Readonly<Record<number, string>> = {
  ...{ 3: "PERM", 5: "BUSY", 6: "LOCKED", 8: "READONLY", 10: "IOERR", 11: "CORRUPT", 13: "FULL", 14: "CANTOPEN" },
  ...{ 15: "PROTOCOL", 19: "CONSTRAINT", 20: "MISMATCH", 22: "NOLFS", 23: "AUTH", 26: "NOTADB" },
};

/** libsql gives a code for every error except a failure to open, which has SQLite's number at the end of its text. */
function resultCode(cause: Error): string {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const unnamed = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code);
  if (unnamed !== null) return `SQLITE_${kinds[Number(unnamed[1]) & 255] ?? "ERROR"}`;
  if (code !== "") return code;
  return cause.message.startsWith("ConnectionFailed") ? "SQLITE_CANTOPEN" : "";
}
