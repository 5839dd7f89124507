// The element types of an operator's inputs.

import { InvalidInputError } from "../../../core/errors.js";
import { type DType, dtypeTable, isFloat } from "../../../core/numbers/dtype.js";
import type { TensorType } from "../../tensor.js";

/** Throws if the tensors have different element types. */
export function requireOneType(where: string, ...types: readonly (TensorType | null | undefined)[]): void {
  const present = types.filter((type) => type !== null && type !== undefined);
  const other = present.find((type) => type.dtype !== present[0].dtype);
  if (other === undefined) return;
  throw new InvalidInputError("element types differ", {
    where,
    expected: "one element type",
    received: `${present[0].dtype} and ${other.dtype}`,
  });
}

/** The smallest and the largest element; floats have infinities. */
export function bounds(dtype: DType): readonly [number, number] {
  if (isFloat(dtype)) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (dtype === "bool") return [0, 1];
  const bits = 8 * dtypeTable[dtype].bytes;
  return dtype.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
