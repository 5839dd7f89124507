// Inputs of users as training takes them: float32 instead of float64, and no NaN or infinity anywhere.

import { InvalidInputError } from "../../core/errors.js";
import { isFloat } from "../../core/numbers/dtype.js";
import { sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";

/**
 * `float64` arrays as `float32`, all others as they are.
 * @throws InvalidInputError that names array, row and element of the first number that is not finite.
 */
export function checkedInputs({
  where,
  inputs,
}: {
  readonly where: string;
  readonly inputs: ReadonlyMap<string, TensorData>;
}): Map<string, TensorData> {
  const checked = new Map<string, TensorData>();
  for (const [name, tensor] of inputs) checked.set(name, finiteFloats(tensor, `${where} > ${name}`));
  return checked;
}

/**
 * Floats as finite `float32`; other types as they are.
 * @param firstRow number of the first row, for messages about a part of an array.
 * @throws InvalidInputError that names row and element of the first number that is not finite.
 */
export function finiteFloats(tensor: TensorData, where: string, firstRow = 0): TensorData {
  if (!isFloat(tensor.dtype)) return tensor;
  const narrow =
    tensor.dtype === "float32"
      ? tensor
      : tensorData("float32", tensor.shape, Float32Array.from(tensor.data as Float64Array));
  checkFinite(narrow, tensor, where, firstRow);
  return narrow;
}

/** @param stored the same array before its conversion, for the message. */
function checkFinite({ data }: TensorData, stored: TensorData, where: string, firstRow: number): void {
  const values = data as Float32Array;
  // The product of zero with NaN or infinity is NaN, and NaN stays: one pass without a branch.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  if (sum === 0) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  const value = Number(stored.data[index]);
  throw new InvalidInputError(Number.isFinite(value) ? "number too large for float32" : "not a finite number", {
    where: `${where}, ${elementText(stored.shape, index, firstRow)}`,
    expected: "finite numbers",
    received: `${value}`,
    remedy: "Remove such examples, or replace such numbers",
  });
}

/** Where an element is, in a user's words: `row 12, element [3, 4]`. Both count from 0. */
export function elementText(shape: readonly number[], index: number, firstRow = 0): string {
  const size = sizeOf(shape.slice(1));
  const row = `row ${firstRow + Math.floor(index / size)}`;
  if (shape.length === 1) return row;
  const position: number[] = [];
  let rest = index % size;
  for (const extent of [...shape.slice(1)].reverse()) {
    position.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return `${row}, element ${position.length === 1 ? position[0] : `[${position.join(", ")}]`}`;
}
