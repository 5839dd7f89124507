// From schema 2 of the run store to schema 3: the same tables, in which trials have specs and names of today.
import { CorruptFileError } from "../../core/errors.js";
import { type TrialSpec, trialId } from "../../train/spec/trial-spec.js";
import { type Connection, type SqlValue, texts } from "./connection.js";
import { storedJson } from "./stored-json.js";

/**
 * Gives every trial the spec and the name that its training has today, so that none is run again. A spec that cannot be
 * read stays as it is: whoever asks for its trial is told.
 * @returns the new names of trials, by the old ones.
 */
export function fromSchema2(connection: Connection): Map<string, string> {
  const renamed = new Map<string, string>();
  for (const { key, id, spec: stored } of connection.all(`SELECT key, ${texts("id", "spec")} FROM trials`)) {
    const spec = readableSpec(connection, stored);
    if (spec === undefined) continue;
    const name = trialId(spec);
    if (connection.get("SELECT key FROM trials WHERE id = ? AND key <> ?", [name, key]) !== undefined) continue;
    connection.run("UPDATE trials SET id = ?, spec = ? WHERE key = ?", [name, JSON.stringify(spec), key]);
    renamed.set(String(id), name);
  }
  return renamed;
}

function readableSpec(connection: Connection, stored: SqlValue): TrialSpec | undefined {
  try {
    return storedJson<TrialSpec>(connection, "spec", stored);
  } catch (cause) {
    if (cause instanceof CorruptFileError) return undefined;
    throw cause;
  }
}
