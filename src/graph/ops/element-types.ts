// The element types of an operator's inputs.
import { InvalidInputError } from "../../core/errors.js";
import type { TensorType } from "../tensor.js";

/** Throws when the tensors are not of one element type. */
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
