// Values known while a graph is built: constants, static shapes, and everything computed from them.
//
// Exporters write shapes as chains of small integer operators (Shape, Gather, Mul, Concat ...). Every shape rule looks
// through such chains here, without a separate pass.
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { NdArray } from "../op.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { fromTensorData, toTensorData } from "../reference/nd-array.js";
import type { Node, Tensor } from "../tensor.js";

// Shape rules read small tensors only; big ones (weights) are never converted.
const largestKnownValue = 4096;

/** The values live only as long as the node's tensors. */
const values = new WeakMap<Node, readonly NdArray[] | null>();

/** The value of a small tensor that depends only on constants and static shapes, else `undefined`. */
export function constantValue(tensor: Tensor): NdArray | undefined {
  const { node, outputIndex } = tensor;
  if (node === undefined || sizeOf(tensor.shape) > largestKnownValue) return undefined;
  if (!values.has(node)) workOut(node);
  return values.get(node)?.[outputIndex];
}

/** Iterative, because a file may contain arbitrarily long chains. */
function workOut(last: Node): void {
  const stack = [last];
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const open = unknownMakers(node);
    if (open.length > 0) stack.push(...open);
    else {
      stack.pop();
      if (!values.has(node)) values.set(node, valuesOf(node));
    }
  }
}

/** Unvisited nodes that make the inputs; none if an input is already known to be unknown. */
function unknownMakers({ op, inputs }: Node): Node[] {
  if (op.readsTypesOnly === true) return [];
  const makers: Node[] = [];
  for (const input of inputs) {
    if (input === null) continue;
    if (input.node === undefined || values.get(input.node) === null) return [];
    if (sizeOf(input.shape) > largestKnownValue) return [];
    if (!values.has(input.node)) makers.push(input.node);
  }
  return makers;
}

function valuesOf(node: Node): readonly NdArray[] | null {
  const { op, attrs, outputs } = node;
  if (outputs.some(({ shape }) => sizeOf(shape) > largestKnownValue)) return null;
  if (Object.values(op.attributes).some(({ type }) => type === "graph")) return null;
  const inputs = node.inputs.map((input) => (input === null ? null : inputValue(input, op.readsTypesOnly === true)));
  if (inputs.includes(undefined)) return null;
  if (op.holdsValue === true) return [fromTensorData(attrs.value as TensorData)];
  const results = op.evaluate(inputs as (NdArray | null)[], attrs, { evaluateGraph, outputCount: outputs.length });
  // Rounded to the stored type after every operator, as in ONNX Runtime.
  return results.map((result) => fromTensorData(toTensorData(result)));
}

function inputValue(tensor: Tensor, typeIsEnough: boolean): NdArray | undefined {
  if (!typeIsEnough) return tensor.node === undefined ? undefined : values.get(tensor.node)?.[tensor.outputIndex];
  // The size of a symbolic axis is known only at run time.
  const isOpen = tensor.axisNames?.some((name) => name !== null) === true;
  return isOpen ? undefined : { dtype: tensor.dtype, shape: tensor.shape, data: new Float64Array() };
}
