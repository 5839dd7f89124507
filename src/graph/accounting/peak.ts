// Memory of the values of a graph, by their lifetimes: what an executor needs that frees every value after its last use.
import { dtypeTable } from "../../core/numbers/dtype.js";
import { sizeOf } from "../../core/numbers/shape.js";
import { nodesInOrder } from "../order.js";
import type { Node, Tensor } from "../tensor.js";

const bytesOf = ({ dtype, shape }: Tensor): number => dtypeTable[dtype].bytes * sizeOf(shape);

/** Nodes that make values. Constants, nodes without inputs, are part of the program. */
const makesValues = ({ op }: Node): boolean => op.arity[1] !== 0;

/** For each value that shares memory, the value that owns it: the input of a view. */
function ownersOf(nodes: readonly Node[]): (tensor: Tensor) => Tensor {
  const owners = new Map<Tensor, Tensor>();
  const ownerOf = (tensor: Tensor): Tensor => owners.get(tensor) ?? tensor;
  for (const { op, inputs, outputs } of nodes) {
    const [source] = inputs;
    if (op.isView === true && source !== null) for (const output of outputs) owners.set(output, ownerOf(source));
  }
  return ownerOf;
}

/**
 * The largest number of bytes alive at once when the nodes behind some outputs run in order. Of the graph's inputs only
 * `inputs` are counted; views share the memory of what they view.
 */
export function peakBytes(outputs: readonly Tensor[], inputs: readonly Tensor[]): number {
  const nodes = nodesInOrder(outputs).filter(makesValues);
  const ownerOf = ownersOf(nodes);
  const counted = new Set([...inputs, ...nodes.flatMap((node) => node.outputs)].map(ownerOf));
  const lastUse = new Map<Tensor, number>();
  for (const [at, node] of nodes.entries())
    for (const tensor of [...node.inputs, ...node.outputs]) if (tensor !== null) lastUse.set(ownerOf(tensor), at);
  for (const output of outputs) lastUse.set(ownerOf(output), nodes.length);
  const alive = new Set(inputs.map(ownerOf));
  let [bytes, peak] = [0, 0];
  for (const tensor of alive) bytes += bytesOf(tensor);
  for (const [at, node] of nodes.entries()) {
    for (const made of node.outputs.map(ownerOf)) {
      if (alive.has(made) || !counted.has(made)) continue;
      alive.add(made);
      bytes += bytesOf(made);
    }
    peak = Math.max(peak, bytes);
    for (const tensor of new Set([...node.inputs, ...node.outputs])) {
      const owner = tensor === null ? undefined : ownerOf(tensor);
      if (owner === undefined || !alive.has(owner) || lastUse.get(owner) !== at) continue;
      alive.delete(owner);
      bytes -= bytesOf(owner);
    }
  }
  return peak;
}

/**
 * Bytes of the values that some outputs are computed from and that the nodes behind `later` read as well: what is held
 * from the forward pass for the backward pass.
 */
export function savedBytes(outputs: readonly Tensor[], later: readonly Tensor[]): number {
  const forward = nodesInOrder(outputs).filter(makesValues);
  const ownerOf = ownersOf(forward);
  const made = new Set(forward.flatMap((node) => node.outputs).map(ownerOf));
  const isForward = new Set(forward);
  const saved = new Set<Tensor>();
  for (const node of nodesInOrder(later)) {
    if (isForward.has(node)) continue;
    for (const tensor of node.inputs) if (tensor !== null && made.has(ownerOf(tensor))) saved.add(ownerOf(tensor));
  }
  return [...saved].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
}
