// Creates graphs, and rebuilds a graph with some tensors replaced, as every pass does.
import { apply, withScope } from "./build.js";
import { nodesOf } from "./order.js";
import type { Graph, NamedTensor, Node, Tensor } from "./tensor.js";

/** A graph from its inputs and named outputs. */
export function graph(inputs: readonly Tensor[], outputs: Readonly<Record<string, Tensor>>): Graph {
  return { inputs, outputs: Object.entries(outputs).map(([name, tensor]): NamedTensor => ({ name, tensor })) };
}

/** Replaces the outputs of a node whose inputs were already replaced. `undefined` keeps the node. */
export type Rewrite = (node: Node, inputs: readonly (Tensor | null)[]) => readonly Tensor[] | undefined;

/**
 * A new graph in which `rewrite` was applied to every node; the given graph is unchanged.
 * @param replaced initial replacements of tensors.
 */
export function rewriteGraph(
  source: Graph,
  rewrite: Rewrite,
  replaced: ReadonlyMap<Tensor, Tensor> = new Map(),
): Graph {
  const images = new Map<Tensor, Tensor>(replaced);
  const imageOf = (tensor: Tensor): Tensor => images.get(tensor) ?? tensor;
  for (const node of nodesOf(source)) {
    if (node.outputs.every((output) => images.has(output))) continue;
    const inputs = node.inputs.map((tensor) => (tensor === null ? null : imageOf(tensor)));
    const outputs = withScope(node.scope, () => rewrite(node, inputs)) ?? rebuilt(node, inputs);
    for (const [i, output] of node.outputs.entries()) if (outputs[i] !== output) images.set(output, outputs[i]);
  }
  return {
    inputs: source.inputs.map(imageOf),
    outputs: source.outputs.map(({ name, tensor }) => ({ name, tensor: imageOf(tensor) })),
  };
}

function rebuilt(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] {
  if (inputs.every((tensor, i) => tensor === node.inputs[i])) return node.outputs;
  return withScope(node.scope, () => apply(node.op, inputs, node.attrs));
}
