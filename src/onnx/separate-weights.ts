// Weights that an exporter merged because they were equal on the day of the export, taken apart again.
//
// PyTorch stores equal tensors once: layers that start with the same ones and zeros, or copies of one layer. Training
// makes them different, so that each has to be a tensor of its own.
//   torch.onnx.export(dynamo=False)  leaves Identity nodes that carry the other names: "bn2.bias" = Identity("bn1.bias")
//   torch.onnx.export(dynamo=True)   leaves one name; the text of the traced call at each node says which was meant
// A tensor that is a table for one layer and a matrix for another (tied embeddings) was shared on purpose and stays so.
import { clone } from "@bufbuild/protobuf";
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./generated/onnx_pb.js";
import { operatorKey } from "./node-form.js";
import { isTable, placeOf } from "./weight-places.js";

/** Takes merged weights of the model's graph apart. Changes the model. */
export function separateWeights(model: ModelProto): void {
  const { graph } = model;
  if (graph === undefined) return;
  if (model.producerName === "pytorch") {
    namedCopies(graph);
    tracedCopies(graph);
  }
  statisticsOfTheirOwn(graph);
}

interface Use {
  readonly node: NodeProto;
  readonly index: number;
}

/** Every place where a value is read, in the order of the nodes. */
function usesByName(nodes: readonly NodeProto[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const node of nodes) {
    for (const [index, name] of node.input.entries()) {
      const list = uses.get(name) ?? [];
      list.push({ node, index });
      uses.set(name, list);
    }
  }
  return uses;
}

/** A copy of a stored tensor under another name; the bytes are shared. */
function copyOf(stored: TensorProto, name: string): TensorProto {
  const bytes = stored.rawData;
  stored.rawData = new Uint8Array(0);
  const copy = clone(TensorProtoSchema, stored);
  stored.rawData = bytes;
  copy.rawData = bytes;
  copy.name = name;
  return copy;
}

/** Adds a copy of a stored tensor to the graph; files of before IR version 4 list it among the inputs as well. */
function addCopy(graph: GraphProto, stored: TensorProto, name: string): void {
  graph.initializer.push(copyOf(stored, name));
  const listed = graph.input.find((info) => info.name === stored.name);
  if (listed !== undefined) graph.input.push({ ...clone(ValueInfoProtoSchema, listed), name });
}

/** Identity nodes that stand for parameters of their own become stored tensors. */
function namedCopies(graph: GraphProto): void {
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const uses = usesByName(graph.node);
  const outputs = new Set(graph.output.map(({ name }) => name));
  graph.node = graph.node.filter((node) => {
    const original = operatorKey(node) === "Identity" ? stored.get(node.input[0]) : undefined;
    const [name] = node.output;
    if (original === undefined || outputs.has(name)) return true;
    const ofOriginal = (uses.get(original.name) ?? []).filter((use) => operatorKey(use.node) !== "Identity");
    const ofCopy = uses.get(name) ?? [];
    if (ofOriginal.length > 0 && isShared(ofOriginal, ofCopy)) return true;
    addCopy(graph, original, name);
    return false;
  });
}

/** A table on one side only. */
function isShared(first: readonly Use[], second: readonly Use[]): boolean {
  const isTableUse = ({ node }: Use): boolean => isTable(node);
  return first.some(isTableUse) !== second.some(isTableUse);
}

const metadataOf = (proto: { metadataProps: { key: string; value: string }[] }, key: string): string | undefined =>
  proto.metadataProps.find((entry) => entry.key === key)?.value;

/** Names of parameters as the traced program has them: `p_layers_0_weight` for `layers.0.weight`. */
const tracedName = (name: string): string => `p_${name.replace(/\W/g, "_")}`;

/** Uses of a stored tensor whose traced call names another parameter read a tensor of their own. */
function tracedCopies(graph: GraphProto): void {
  const uses = usesByName(graph.node);
  const infos = new Map(graph.valueInfo.map((info) => [info.name, info]));
  const taken = new Set([...graph.initializer.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]);
  for (const stored of [...graph.initializer]) {
    const info = infos.get(stored.name);
    const own = info === undefined ? [] : tracedNamesOf(stored.name, info);
    if (own.length === 0) continue;
    const copies = new Map<string, string>();
    for (const { node, index } of uses.get(stored.name) ?? []) {
      const meant = meantParameter(node, own);
      if (meant === undefined) continue;
      let name = copies.get(meant);
      if (name === undefined) {
        name = unused(dottedName(meant, stored.name, node), taken);
        copies.set(meant, name);
        addCopy(graph, stored, name);
      }
      node.input[index] = name;
    }
  }
}

/** The traced names that a stored tensor stands for, its own or those that it was computed from. */
function tracedNamesOf(name: string, info: GraphProto["valueInfo"][number]): string[] {
  const traced = metadataOf(info, "pkg.torch.onnx.original_node_name");
  if (traced !== undefined) return [traced];
  const folded = metadataOf(info, "pkg.onnxscript.optimizer.folded_from");
  if (folded === undefined) return /^[A-Za-z_][\w.]*\.\w+$/.test(name) ? [tracedName(name)] : [];
  return [...folded.matchAll(/'([^']+)'/g)].map(([, source]) => tracedName(source));
}

/** The parameter of the traced call that ends most like the stored one, unless that one is named itself. */
function meantParameter(node: NodeProto, own: readonly string[]): string | undefined {
  const call = metadataOf(node, "pkg.torch.onnx.fx_node") ?? "";
  const named = [...call.matchAll(/%([pb]_\w+)/g)].map(([, name]) => name);
  if (named.length === 0 || named.some((name) => own.includes(name))) return undefined;
  const likeness = (name: string): number => Math.max(...own.map((known) => commonEnd(known, name)));
  return named.reduce((best, name) => (likeness(name) > likeness(best) ? name : best));
}

function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}

/** `p_layers_1_norm_weight` as `layers.1.norm.weight`, as far as the scopes of the node and the stored name tell the dots. */
function dottedName(traced: string, stored: string, node: NodeProto): string {
  const flat = traced.replace(/^[pb]_/, "");
  const scopes = [...(metadataOf(node, "pkg.torch.onnx.name_scopes") ?? "").matchAll(/'([^']*)'/g)].map(
    ([, scope]) => scope,
  );
  const scope = scopes.filter((name) => name !== "" && flat.startsWith(`${name.replace(/\W/g, "_")}_`)).at(-1);
  if (scope === undefined) return flat;
  const rest = flat.slice(scope.length + 1);
  // `out_proj_weight`: the stored name knows that it is `out_proj.weight`.
  const like = stored.slice(-rest.length);
  return `${scope}.${like.replace(/\W/g, "_") === rest ? like : rest}`;
}

function unused(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let n = 1; taken.has(name); n++) name = `${wish}_${n}`;
  taken.add(name);
  return name;
}

/** Running statistics are moved by their normalization alone: no other use may read the same tensor. */
function statisticsOfTheirOwn(graph: GraphProto): void {
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const taken = new Set([...stored.keys(), ...graph.node.flatMap(({ output }) => output)]);
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
