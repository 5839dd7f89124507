// Rows of tensors: ranges without a copy, chosen rows with one, and which rows are held out.

import { InvalidInputError } from "../core/errors.js";
import { dtypeTable } from "../core/numbers/dtype.js";
import { sizeOf } from "../core/numbers/shape.js";
import { type TensorData, tensorData } from "../core/numbers/tensor-data.js";

/** Rows from `first` to `end` (exclusive) as a view: nothing is copied. */
export function firstRows({ dtype, shape, data }: TensorData, first: number, end: number): TensorData {
  const size = sizeOf(shape.slice(1));
  return tensorData(dtype, [end - first, ...shape.slice(1)], data.subarray(first * size, end * size));
}

/** The rows with these numbers, in this order, copied. */
export function takeRows({ dtype, shape, data }: TensorData, rows: ArrayLike<number>): TensorData {
  const size = sizeOf(shape.slice(1));
  const taken = new dtypeTable[dtype].array(rows.length * size);
  for (let to = 0; to < rows.length; to++) {
    // Element types of source and copy are the same; the union of array types cannot say so.
    (taken as Float32Array).set((data as Float32Array).subarray(rows[to] * size, (rows[to] + 1) * size), to * size);
  }
  return tensorData(dtype, [rows.length, ...shape.slice(1)], taken);
}

/**
 * Numbers of the rows that are held out, ascending: the last `round(rows * share)`, or with labels the last
 * `round(members * share)` of each class.
 * @param where the file, for messages.
 * @throws InvalidInputError unless rows are left on both sides.
 */
export function heldOutRows(
  where: string,
  rows: number,
  share: number,
  labels: Int32Array | undefined = undefined,
): Int32Array {
  if (!(share > 0 && share < 1)) {
    throw new InvalidInputError("not a share", {
      where: "--validation-split",
      expected: "a number above 0 and below 1",
      received: `${share}`,
    });
  }
  const held = labels === undefined ? lastOf(rangeOf(rows), share) : lastOfEach(labels, share);
  if (held.length === 0 || held.length === rows) {
    throw new InvalidInputError("a split without rows", {
      where: `${where} (--validation-split)`,
      expected: "at least one row on both sides",
      received: `${held.length} of ${rows} held out`,
    });
  }
  return held.sort();
}

function lastOf(list: Int32Array, share: number): Int32Array {
  return list.slice(list.length - Math.round(list.length * share));
}

function lastOfEach(labels: Int32Array, share: number): Int32Array {
  const members = new Map<number, number[]>();
  for (const [row, label] of labels.entries()) {
    const list = members.get(label);
    if (list === undefined) members.set(label, [row]);
    else list.push(row);
  }
  return Int32Array.from([...members.values()].flatMap((list) => [...lastOf(Int32Array.from(list), share)]));
}

const rangeOf = (count: number): Int32Array => Int32Array.from({ length: count }, (_, row) => row);
