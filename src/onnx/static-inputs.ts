// Tells stored axes, sizes and factors, whose values the shape rules need, from stored weights.
import { findOp } from "../graph/ops/index.js";
import type { GraphProto } from "./file/generated/onnx_pb.js";

/**
 * Names of all values that feed a static input (the scales of Resize, the shape of Reshape), directly or through other
 * nodes. A float tensor among them is not a parameter, although files store it like one.
 */
export function staticInputNames(graph: GraphProto): ReadonlySet<string> {
  const names = new Set<string>();
  // Nodes are sorted topologically, so one pass from the end follows whole chains.
  for (const { opType, input, output } of [...graph.node].reverse()) {
    const op = findOp(opType);
    // Shape and Size read the type of a value, not the value.
    if (op?.readsTypesOnly === true) continue;
    const isStatic = output.some((name) => names.has(name));
    for (const [i, name] of input.entries()) if (isStatic || op?.staticInputs?.includes(i) === true) names.add(name);
  }
  names.delete("");
  return names;
}
