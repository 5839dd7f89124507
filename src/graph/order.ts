// Topological order of the nodes reachable from a list of tensors.
import type { Graph, Node, Tensor } from "./tensor.js";

/**
 * Every node reachable from `roots`, each after the nodes that make its inputs. The order depends only on the
 * structure, never on ids, so equal graphs print equally. Iterative, because graphs can be deeper than the call stack.
 */
export function nodesInOrder(roots: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  for (const root of roots) {
    if (root.node === undefined) continue;
    const stack: Node[] = [root.node];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (state.get(node) === "done") {
        stack.pop();
        continue;
      }
      if (state.get(node) === "open") {
        state.set(node, "done");
        order.push(node);
        stack.pop();
        continue;
      }
      state.set(node, "open");
      for (let i = node.inputs.length - 1; i >= 0; i--) {
        const maker = node.inputs[i]?.node;
        if (maker !== undefined && !state.has(maker)) stack.push(maker);
      }
    }
  }
  return order;
}

/** Every node of a graph in topological order, without nodes inside subgraphs. */
export function nodesOf(graph: Graph): Node[] {
  return nodesInOrder(graph.outputs.map((output) => output.tensor));
}
