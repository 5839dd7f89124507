// Cost of a whole graph: the sum over its nodes.
import type { Cost } from "../op.js";
import { nodesOf } from "../order.js";
import type { Graph } from "../tensor.js";

/** Cost of one run of the graph, counting subgraphs as often as their operator runs them. */
export function graphCost(graph: Graph): Cost {
  let macs = 0;
  let flops = 0;
  for (const node of nodesOf(graph)) {
    const cost = node.op.cost(node.inputs, node.outputs, node.attrs);
    macs += cost.macs;
    flops += cost.flops;
  }
  return { macs, flops };
}
