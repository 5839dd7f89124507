// Kept tensors, with their elements as bytes.
import { dtypes } from "../../core/numbers/dtype.js";
import { checkedByteLength, elementBytes, elementsFromBytes } from "../../core/numbers/element-bytes.js";
import type { KeptTensor } from "../../study/measurement.js";
import { type Connection, type SqlRow, texts } from "./connection.js";
import { damagedStore } from "./store-errors.js";
import { storedJson } from "./stored-json.js";

/** Adds tensors to the measurements of a trial and replaces those of the same name. Call inside a transaction. */
export function appendTensors(
  connection: Connection,
  trialKey: number,
  through: number,
  tensors: readonly KeptTensor[],
): void {
  for (const { at, network, path, tensor } of tensors) {
    const bytes = elementBytes(tensor.data);
    connection.run(
      `INSERT OR REPLACE INTO tensors (trial, moment, network, path, through, dtype, shape, elements)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...[trialKey, at, network, path, through],
        ...[tensor.dtype, JSON.stringify(tensor.shape), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)],
      ],
    );
  }
}

/** The tensors of a trial that has ended, or those kept so far. */
export function readTensors(connection: Connection, trial: string): KeptTensor[] {
  return connection
    .all(
      `SELECT network, ${texts("moment", "path", "dtype", "shape")}, elements
       FROM tensors JOIN trials ON trials.key = trial
       WHERE trials.id = ? AND is_result = (trials.ending IS NOT NULL) ORDER BY moment = 'end', network, path`,
      [trial],
    )
    .map((row) => keptTensor(connection, row));
}

function keptTensor(connection: Connection, row: SqlRow): KeptTensor {
  const shape = storedJson<number[]>(connection, "shape", row.shape);
  const dtype = dtypes.find((known) => known === row.dtype);
  const at = row.moment === "start" || row.moment === "end" ? row.moment : undefined;
  const bytes = Buffer.from(row.elements as Buffer);
  if (dtype === undefined || at === undefined || checkedByteLength(dtype, shape) !== bytes.length)
    throw damagedStore(connection.path, "a tensor of another form");
  const tensor = { dtype, shape, data: elementsFromBytes(dtype, bytes) };
  return { at, network: Number(row.network), path: String(row.path), tensor };
}

/** Drops tensors with a larger `through`. Call inside a transaction. */
export function dropTensorsAfter(connection: Connection, trialKey: number, step: number): void {
  connection.run("DELETE FROM tensors WHERE trial = ? AND is_result = 0 AND through > ?", [trialKey, step]);
}
