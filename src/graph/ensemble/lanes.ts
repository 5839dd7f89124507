// Turns the graph of one network into a graph of many, for runtimes with convolutions over blocked channels: networks
// are channels, so a product of small matrices for every network is one convolution, which multiplies, sums, adds the
// bias and applies ReLU in a single pass over memory (docs/performance.md, "Ensembles").
//
//   x [batch, features]  --n networks-->  x [g, features, batch, lanes]     lane-image.ts
//
// Operators that have no rule for this arrangement (`lanes` in ops/network-axis/rules.ts) go by their rule for the
// networks on the last axis.

import { apply, withScope } from "../build.js";
import { reshape, transpose } from "../ops/movement/shape-movement.js";
import type { LaneContext } from "../ops/network-axis/ensemble-rule.js";
import { groupCount, type LaneForm, LaneImage } from "../ops/network-axis/lane-image.js";
import { ensembleRules } from "../ops/network-axis/rules.js";
import { nodesOf } from "../order.js";
import { factsOf, type Target } from "../targets/target.js";
import type { Graph, Node, Tensor } from "../tensor.js";
import { batchNode } from "./batching.js";

/** An output of the ensemble: an image, or a tensor that all networks share. */
export type LaneOutput = LaneImage | Tensor;

/**
 * The outputs of a graph for many networks.
 * @param given images of some tensors of the graph; values that depend on them differ between networks.
 * @throws InvalidInputError that names operator and layer if an operator has no batching rule.
 */
export function laneOutputs(
  source: Graph,
  given: ReadonlyMap<Tensor, LaneImage>,
  form: LaneForm,
  target: Target,
): LaneOutput[] {
  const images = new Map<Tensor, LaneImage>(given);
  for (const node of nodesOf(source)) {
    if (node.outputs.every((output) => images.has(output))) continue;
    if (!node.inputs.some((tensor) => tensor !== null && images.has(tensor))) continue;
    const results = withScope(node.scope, () => imagesOf(node, images, form, target));
    for (const [i, output] of node.outputs.entries()) images.set(output, results[i]);
  }
  return source.outputs.map(({ tensor }) => images.get(tensor) ?? tensor);
}

function imagesOf(node: Node, images: ReadonlyMap<Tensor, LaneImage>, form: LaneForm, target: Target): LaneImage[] {
  const inputs = node.inputs.map((tensor) => (tensor === null ? null : (images.get(tensor) ?? tensor)));
  const context: LaneContext = { node, attrs: node.attrs, inputs, form, groups: groupCount(form) };
  const rules = ensembleRules(node.op);
  // An empty tensor needs no arrangement, and a size of 0 has another meaning in Reshape.
  const isEmpty = [...node.inputs, ...node.outputs].some((tensor) => tensor?.shape.includes(0));
  const ruled = isEmpty
    ? null
    : node.op.batch === "elementwise"
      ? elementwise(context, factsOf(target, node.op).fusedActivation)
      : rules?.lanes?.(context);
  if (ruled !== undefined && ruled !== null)
    return node.outputs.map((output, i) => new LaneImage(output, form, ruled[i]));
  const last = batchNode(
    node,
    inputs.map((given) => (given instanceof LaneImage ? given.last : given)),
    inputs.map((given) => given instanceof LaneImage),
    form.networks,
  );
  return node.outputs.map((output, i) => new LaneImage(output, form, { last: last[i] }));
}

/**
 * Element by element, in the arrangement that the matrices among the inputs have.
 * @param activation the name under which a convolution over blocks can apply it in passing.
 */
function elementwise(
  { node, attrs, inputs, form }: LaneContext,
  activation: string | undefined,
): readonly { lanes?: Tensor; turned?: Tensor }[] {
  const { op, outputs } = node;
  const rank = outputs[0].shape.length;
  const isTurned = rank === 2 && inputs.some((given) => given instanceof LaneImage && given.isTurned);
  const [first] = inputs;
  const activated = activation !== undefined && first instanceof LaneImage ? first.activated(activation) : undefined;
  if (activated !== undefined) return [{ turned: activated }];
  const aligned = inputs.map((given) => {
    if (given === null) return null;
    if (!(given instanceof LaneImage)) return isTurned ? sharedTurned(given) : sharedLanes(given);
    return isTurned ? ownTurned(given, form) : ownLanes(given, rank, form);
  });
  const results = apply(op, aligned, attrs);
  return results.map((result) => (isTurned ? { turned: result } : { lanes: result }));
}

function ownLanes(image: LaneImage, rank: number, form: LaneForm): Tensor {
  const { shape, lanes } = image;
  if (shape.length === rank) return lanes;
  return reshape(lanes, [groupCount(form), ...new Array<number>(rank - shape.length).fill(1), ...shape, form.lanes]);
}

function ownTurned(image: LaneImage, form: LaneForm): Tensor {
  const { shape } = image;
  if (shape.length === 2) return image.turned;
  // A row, or a single number.
  return reshape(image.lanes, [groupCount(form), shape[0] ?? 1, 1, form.lanes]);
}

function sharedLanes(given: Tensor): Tensor {
  const x = uniform(given);
  return x.shape.length === 0 ? x : reshape(x, [...x.shape, 1]);
}

function sharedTurned(given: Tensor): Tensor {
  const x = uniform(given);
  if (x.shape.length === 0) return x;
  if (x.shape.length === 1) return reshape(x, [x.shape[0], 1, 1]);
  const [rows, columns] = x.shape;
  const isLine = rows === 1 || columns === 1;
  return reshape(isLine ? x : transpose(x, [1, 0]), [columns, rows, 1]);
}

/** The scalar that a tensor repeats, or the tensor itself. */
function uniform(x: Tensor): Tensor {
  const source = x.node?.op.repeatsFirst === true ? x.node.inputs[0] : null;
  if (source === null || source === undefined || source.shape.some((extent) => extent !== 1)) return x;
  return source.shape.length === 0 ? source : reshape(source, []);
}
