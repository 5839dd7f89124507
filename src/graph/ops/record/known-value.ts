// Static inputs of shape rules: lists of axes, sizes and offsets.
import { ShapeError } from "../../../core/errors.js";
import { constantValue } from "../../build.js";
import type { InferInput, NdArray } from "../../op.js";
import type { Tensor } from "../../tensor.js";

/**
 * The elements of an input that must be constant, or `undefined` if the input is omitted.
 * @throws ShapeError if it is computed, since shapes are static here.
 */
export function knownValues(where: string, what: string, input: InferInput | null | undefined): number[] | undefined {
  if (input === null || input === undefined) return undefined;
  if (input.value === undefined) {
    throw new ShapeError(`${what} must be a known constant`, {
      where,
      received: "a computed tensor",
      remedy: "Shapes are fixed when the graph is built, so pass numbers",
    });
  }
  return [...input.value.data];
}

/** Lets `evaluate` reuse the code of `infer`, because all inputs of an evaluation are known. */
export function asKnown(inputs: readonly (NdArray | null)[]): (InferInput | null)[] {
  return inputs.map((array) => (array === null ? null : { dtype: array.dtype, shape: array.shape, value: array }));
}

/**
 * The types of a node's inputs, with the values of constants, so that a gradient rule can reuse the code of `infer`.
 */
export function knownInputs(inputs: readonly (Tensor | null)[]): (InferInput | null)[] {
  return inputs.map((tensor) => {
    const value = tensor === null ? undefined : constantValue(tensor);
    return tensor === null || value === undefined ? tensor : { dtype: tensor.dtype, shape: tensor.shape, value };
  });
}
