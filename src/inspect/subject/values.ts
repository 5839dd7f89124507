// Helper functions for values of a subject.
import { dtypeTable } from "../../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import { actsByElement } from "../../graph/accounting/node-reach.js";
import type { Tensor, TensorType } from "../../graph/tensor.js";
import { type Step, unknownTensor, type Value } from "./subject.js";

/** Whether the type and shape of a value are known. */
export function isKnown(value: Value): value is Tensor {
  return value !== null && value !== unknownTensor;
}

/** The shape, or null if unknown. */
export const shapeOf = (value: Value): Shape | null => (isKnown(value) ? value.shape : null);

/** Bytes of a tensor. @param floatBytes bytes of a float32 number: 2 if all values of the file are 16-bit. */
export const bytesOf = ({ dtype, shape }: TensorType, floatBytes = 4): number =>
  sizeOf(shape) * (dtype === "float32" ? floatBytes : dtypeTable[dtype].bytes);

/** Whether the outputs are the input under another shape, so nothing is written. */
export function isView({ nodes }: Step): boolean {
  return nodes.length > 0 && nodes.every(({ op }) => op.isView === true);
}

/**
 * Whether the step computes element by element from a single value, so that it can work in place: all its nodes after
 * that value must do so. Nodes that use only parameters and constants do not matter.
 */
export function isInPlace({ nodes, inputs }: Step): boolean {
  const given = inputs.filter(isKnown);
  if (given.length !== 1 || inputs.some((value) => value === unknownTensor)) return false;
  const flow = new Set(given);
  for (const node of nodes) {
    const read = [...node.inputs.entries()].filter(([, input]) => input !== null && flow.has(input));
    if (!read.every(([i]) => actsByElement(node, i))) return false;
    if (read.length > 0) for (const output of node.outputs) flow.add(output);
  }
  return flow.size > 1;
}
