// Tensors that are functions of one number: which tensor each depends on element by element, and its values.
//
//   x --Sigmoid--> s --Mul x--> y     y depends on x alone, as y = x sigmoid(x); so does s
import { isFloat } from "../core/numbers/dtype.js";
import { actsByElement } from "../graph/accounting/node-reach.js";
import type { Curve } from "../graph/activation-record.js";
import type { NdArray } from "../graph/op.js";
import { nodesInOrder } from "../graph/order.js";
import { constantValue } from "../graph/passes/constant-value.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import type { Node, Tensor } from "../graph/tensor.js";

/** Written non-linearities have up to a dozen nodes; longer chains of element-wise operators are looked at in part. */
const mostSources = 16;
const mostNodes = 40;

/** The tensors on which others depend element by element and alone, the nearest first. */
export type Sources = (tensor: Tensor) => readonly Tensor[];

/** Finds the sources of everything that an output is computed from. */
export function sourcesOf(output: Tensor): Sources {
  const chains = new Map<Tensor, readonly Tensor[]>();
  const chainOf = (tensor: Tensor): readonly Tensor[] => chains.get(tensor) ?? [tensor];
  for (const node of nodesInOrder([output])) {
    if (node.op.batch !== "elementwise" && node.op.isPointwise !== true) continue;
    const variable = node.inputs.flatMap((tensor, i) =>
      tensor === null || uniformValue(tensor) !== undefined ? [] : [{ tensor, isElement: actsByElement(node, i) }],
    );
    if (variable.length === 0 || !variable.every(({ isElement }) => isElement)) continue;
    const [first, ...others] = variable.map(({ tensor }) => chainOf(tensor));
    const shared = first.filter((tensor) => others.every((chain) => chain.includes(tensor)));
    if (shared.length > 0) chains.set(node.outputs[0], [node.outputs[0], ...shared].slice(0, mostSources));
  }
  return (tensor) => chainOf(tensor).slice(1);
}

/** The number that fills a constant. */
function uniformValue(tensor: Tensor): NdArray | undefined {
  const value = constantValue(tensor);
  if (value === undefined || value.data.length === 0 || value.data.some((one) => one !== value.data[0]))
    return undefined;
  return { dtype: value.dtype, shape: [], data: value.data.slice(0, 1) };
}

/** A tensor as a function of one of its sources. */
export interface Written {
  /** The nodes from the source to the tensor, in order of execution. */
  readonly nodes: readonly Node[];
  readonly curve: Curve;
  /** Values at the points that were asked for. */
  readonly values: Float64Array;
  /** The same of the inputs of its node that vary. */
  readonly before: readonly Float64Array[];
}

/** Evaluates tensors as functions of their sources at these points, each pair of them once. */
export function curvesAt(points: readonly number[]): (source: Tensor, tensor: Tensor) => Written | undefined {
  const known = new Map<Tensor, Map<Tensor, NdArray>>();
  return (source, tensor) => {
    const nodes = between(source, tensor);
    if (nodes === undefined || !isFloat(source.dtype) || !isFloat(tensor.dtype)) return undefined;
    const arrays = known.get(source) ?? variable(source, points);
    known.set(source, arrays);
    evaluate(nodes, arrays);
    const inputs = nodes[nodes.length - 1].inputs.flatMap((one) => (one === null ? [] : [arrays.get(one)?.data]));
    return {
      nodes,
      curve: (x) => (evaluate(nodes, variable(source, [x])).get(tensor) as NdArray).data[0],
      values: (arrays.get(tensor) as NdArray).data,
      before: inputs.filter((data) => data !== undefined),
    };
  };
}

const variable = (source: Tensor, points: readonly number[]): Map<Tensor, NdArray> =>
  new Map([[source, { dtype: source.dtype, shape: [points.length], data: Float64Array.from(points) }]]);

/** Adds what nodes make to the arrays, unless it is there. */
function evaluate(nodes: readonly Node[], arrays: Map<Tensor, NdArray>): ReadonlyMap<Tensor, NdArray> {
  for (const { op, inputs, attrs, outputs } of nodes) {
    if (arrays.has(outputs[0])) continue;
    const given = inputs.map((one) => (one === null ? null : (arrays.get(one) ?? (uniformValue(one) as NdArray))));
    arrays.set(outputs[0], op.evaluate(given, attrs, { evaluateGraph, outputCount: 1 })[0]);
  }
  return arrays;
}

/** `undefined` if there are too many nodes. */
function between(source: Tensor, tensor: Tensor): Node[] | undefined {
  const nodes: Node[] = [];
  const seen = new Set<Tensor>([source]);
  const visit = (one: Tensor): void => {
    if (seen.has(one) || nodes.length > mostNodes || one.node === undefined) return;
    seen.add(one);
    if (uniformValue(one) !== undefined) return;
    for (const input of one.node.inputs) if (input !== null) visit(input);
    nodes.push(one.node);
  };
  visit(tensor);
  return nodes.length === 0 || nodes.length > mostNodes ? undefined : nodes;
}
