// Separates weights that an exporter merged because they were equal at export.
//
// PyTorch stores equal tensors once: layers that start with the same ones and zeros, or copies of one layer. Training
// makes them different, so each needs its own tensor.
//   torch.onnx.export(dynamo=False)  leaves Identity nodes that carry the other names: "bn2.bias" = Identity("bn1.bias")
//                                    (with dynamo=True, Identity nodes are calls of clone and the like, and stay)
//   torch.onnx.export(dynamo=True)   keeps one name; the text of the traced call at each node says which one was meant
// A tensor that is a table for one layer and a matrix for another (tied embeddings) is shared on purpose and stays
// shared.
import type { GraphProto, ModelProto } from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";
import { addCopy, takenNames, type Use, unused, usesByName } from "./stored-copies.js";
import { restoreBiases, tracedCall, tracedCopies } from "./traced-weights.js";
import { isTable, placeOf } from "./weight-places.js";

/** Separates merged weights of the model's graph. Changes the model. */
export function separateWeights(model: ModelProto): void {
  const { graph } = model;
  if (graph === undefined) return;
  if (model.producerName === "pytorch") {
    namedCopies(graph);
    tracedCopies(graph);
    restoreBiases(graph);
  }
  statisticsOfTheirOwn(graph);
}

/** Replaces Identity nodes that stand for separate parameters by stored tensors. */
function namedCopies(graph: GraphProto): void {
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const uses = usesByName(graph.node);
  const outputs = new Set(graph.output.map(({ name }) => name));
  graph.node = graph.node.filter((node) => {
    const original = operatorKey(node) === "Identity" ? stored.get(node.input[0]) : undefined;
    const [name] = node.output;
    // In a damaged file, a node may have no output.
    if (original === undefined || name === undefined || outputs.has(name) || tracedCall(node) !== "") return true;
    const ofOriginal = (uses.get(original.name) ?? []).filter((use) => operatorKey(use.node) !== "Identity");
    const ofCopy = uses.get(name) ?? [];
    if (ofOriginal.length > 0 && isShared(ofOriginal, ofCopy)) return true;
    addCopy(graph, original, name);
    return false;
  });
}

/** Whether exactly one of the two sides uses the tensor as a table. */
function isShared(first: readonly Use[], second: readonly Use[]): boolean {
  const isTableUse = ({ node }: Use): boolean => isTable(node);
  return first.some(isTableUse) !== second.some(isTableUse);
}

/** Running statistics are updated by their normalization alone, so no other input may read the same tensor. */
function statisticsOfTheirOwn(graph: GraphProto): void {
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const taken = takenNames(graph);
  for (const [name, uses] of usesByName(graph.node)) {
    const proto = stored.get(name);
    if (proto === undefined) continue;
    const roleOf = ({ node, index }: Use): string =>
      placeOf(node, index) === "statistic" ? `statistic ${index}` : "other";
    const first = roleOf(uses[0]);
    const copies = new Map<string, string>();
    for (const use of uses) {
      const role = roleOf(use);
      if (role === first) continue;
      const suffix = role === "statistic 3" ? "running_mean" : role === "statistic 4" ? "running_var" : "copy";
      const copy = copies.get(role) ?? unused(`${name}.${suffix}`, taken);
      if (!copies.has(role)) addCopy(graph, proto, copy);
      copies.set(role, copy);
      use.node.input[use.index] = copy;
    }
  }
}
