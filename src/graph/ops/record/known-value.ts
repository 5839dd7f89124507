// Inputs that a shape rule must know: lists of axes, extents and offsets.
import { ShapeError } from "../../../core/errors.js";
import { constantValue } from "../../build.js";
import type { InferInput, NdArray } from "../../op.js";
import type { Tensor } from "../../tensor.js";

/**
 * The elements of an input that has to be a constant, or `undefined` when the input is left out.
 * @throws ShapeError when it is computed: shapes are static here.
 */
export function knownValues(where: string, what: string, input: InferInput | null | undefined): number[] | undefined {
  if (input === null || input === undefined) return undefined;
  if (input.value === undefined) {
    throw new ShapeError(`${what} must be a known constant`, {
      where,
      received: "a computed tensor",
      remedy: "Shapes are fixed when the graph is built: pass numbers",
    });
  }
  return [...input.value.data];
}

/** Lets `evaluate` use the code of `infer`: every input of an evaluation is known. */
export function asKnown(inputs: readonly (NdArray | null)[]): (InferInput | null)[] {
  return inputs.map((array) => (array === null ? null : { dtype: array.dtype, shape: array.shape, value: array }));
}

/** The types of a node's inputs, with the values of constants: what a gradient rule hands to the code of `infer`. */
export function knownInputs(inputs: readonly (Tensor | null)[]): (InferInput | null)[] {
  return inputs.map((tensor) => {
    const value = tensor === null ? undefined : constantValue(tensor);
    return tensor === null || value === undefined ? tensor : { dtype: tensor.dtype, shape: tensor.shape, value };
  });
}
