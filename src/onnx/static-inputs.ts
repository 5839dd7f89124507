// Which stored tensors are settings (axes, extents, factors), not weights: shape rules have to know them.
import { findOp } from "../graph/ops/index.js";
import type { GraphProto } from "./file/generated/onnx_pb.js";

/**
 * Names of all values that inputs such as the scales of Resize or the shape of Reshape are computed from. A float among
 * them is no parameter, though it is stored as one.
 */
export function settingNames(graph: GraphProto): ReadonlySet<string> {
  const names = new Set<string>();
  // Makers come before users, so one pass from the end finds whole chains.
  for (const { opType, input, output } of [...graph.node].reverse()) {
    const op = findOp(opType);
    // What only tells the shape of a value does not use the value.
    if (op?.readsTypesOnly === true) continue;
    const isSetting = output.some((name) => names.has(name));
    for (const [i, name] of input.entries()) if (isSetting || op?.settings?.includes(i) === true) names.add(name);
  }
  names.delete("");
  return names;
}
