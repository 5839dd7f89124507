// Small questions about values on their way through a model.
import { dtypeTable } from "../core/dtype.js";
import { type Shape, sizeOf } from "../core/shape.js";
import type { Tensor, TensorType } from "../graph/tensor.js";
import { type Step, unknownTensor, type Value } from "./subject.js";

/** Whether type and shape of a value are known. */
export function isKnown(value: Value): value is Tensor {
  return value !== null && value !== unknownTensor;
}

/** The shape, or null where it is not known. */
export const shapeOf = (value: Value): Shape | null => (isKnown(value) ? value.shape : null);

/** Bytes that a tensor takes. */
export const bytesOf = ({ dtype, shape }: TensorType): number => sizeOf(shape) * dtypeTable[dtype].bytes;

/** Whether the outputs are the input under another shape: nothing is written. */
export function isView({ nodes }: Step): boolean {
  return nodes.length > 0 && nodes.every(({ op }) => op.isView === true);
}

/** Whether the step computes element by element from one value alone, so that it can work in place. */
export function isInPlace({ nodes, inputs }: Step): boolean {
  return nodes.length > 0 && inputs.filter(isKnown).length === 1 && nodes.every(({ op }) => op.batch === "elementwise");
}
