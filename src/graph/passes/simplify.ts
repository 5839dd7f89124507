// Common subexpressions and constant folding. (Dead code cannot exist: a graph is what its outputs reach.)

import { sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, toNumbers } from "../../core/numbers/tensor-data.js";
import { apply, constant, constantValue } from "../build.js";
import { rewriteGraph } from "../graph.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { fromTensorData, toTensorData } from "../reference/nd-array.js";
import type { Attributes, AttributeValue, Graph, Node, Tensor } from "../tensor.js";

// Folding is for shape arithmetic and scalars. Large folded constants would only make files bigger.
const largestFold = 1024;

/** Merges equal nodes and evaluates nodes whose inputs are small constants. Values do not change. */
export function simplify(source: Graph): Graph {
  const known = new Map<string, readonly Tensor[]>();
  const numbers = new Map<Tensor, number>();
  const numberOf = (tensor: Tensor): number => {
    let number = numbers.get(tensor);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(tensor, number);
    }
    return number;
  };
  return rewriteGraph(source, (original, given) => {
    const simpler = original.op.simpler?.(given, original.outputs) ?? null;
    const isNew = simpler?.node?.op === original.op && !given.includes(simpler);
    if (simpler !== null && !isNew) return [simpler];
    const node = simpler?.node ?? original;
    const inputs = simpler?.node?.inputs ?? given;
    const folded = foldConstants(node, inputs);
    const key = folded === undefined ? nodeKey(node, inputs, numberOf) : constantKey(folded);
    if (key === undefined) return folded === undefined ? undefined : [constant(folded)];
    const same = known.get(key);
    if (same !== undefined) return same;
    const kept = folded === undefined ? keptOutputs(node, inputs) : [constant(folded)];
    known.set(key, kept);
    return kept;
  });
}

/** The node's own outputs if its inputs did not change, else a new application. */
function keptOutputs(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] {
  return inputs.every((tensor, i) => tensor === node.inputs[i]) ? node.outputs : apply(node.op, inputs, node.attrs);
}

function foldConstants(node: Node, inputs: readonly (Tensor | null)[]): TensorData | undefined {
  if (inputs.length === 0 || node.outputs.length !== 1 || sizeOf(node.outputs[0].shape) > largestFold) return undefined;
  if (node.op.readsTypesOnly === true) {
    const value = constantValue(node.outputs[0]);
    return value === undefined ? undefined : toTensorData(value);
  }
  if (Object.values(node.attrs).some(isGraph)) return undefined;
  const values: (TensorData | null)[] = [];
  for (const tensor of inputs) {
    if (tensor === null) values.push(null);
    else if (tensor.node?.op.holdsValue === true && sizeOf(tensor.shape) <= largestFold) {
      values.push(tensor.node.attrs.value as TensorData);
    } else return undefined;
  }
  const arrays = values.map((value) => (value === null ? null : fromTensorData(value)));
  const [result] = node.op.evaluate(arrays, node.attrs, { evaluateGraph, outputCount: 1 });
  return toTensorData(result);
}

function isGraph(value: AttributeValue | undefined): boolean {
  return typeof value === "object" && "outputs" in value;
}

function nodeKey(
  node: Node,
  inputs: readonly (Tensor | null)[],
  numberOf: (tensor: Tensor) => number,
): string | undefined {
  if (node.op.holdsValue === true) return constantKey(node.attrs.value as TensorData);
  const attrs = attributesKey(node.attrs);
  if (attrs === undefined) return undefined;
  return `${node.op.domain ?? ""}${node.op.name}(${inputs.map((tensor) => (tensor === null ? "_" : numberOf(tensor))).join(",")};${attrs})`;
}

function constantKey(value: TensorData): string | undefined {
  if (value.data.length > largestFold) return undefined;
  return `Constant ${value.dtype}[${value.shape.join(",")}]{${toNumbers(value)
    .map((x) => (Object.is(x, -0) ? "-0" : x))
    .join(",")}}`;
}

/** `undefined` for attributes that hold graphs: such nodes are never merged. */
function attributesKey(attrs: Attributes): string | undefined {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined) continue;
    if (isGraph(value)) return undefined;
    parts.push(`${name}=${typeof value === "object" && "dtype" in value ? constantKey(value) : JSON.stringify(value)}`);
  }
  return parts.join(",");
}
