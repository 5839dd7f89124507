// What PyTorch's dynamo exporter leaves of the traced program at nodes and values: which parameter was meant where.
import { create } from "@bufbuild/protobuf";
import { storageOf } from "./element-storage.js";
import { type GraphProto, type NodeProto, type TensorProto, TensorProtoSchema } from "./generated/onnx_pb.js";
import { isMadeUpName } from "./made-up-names.js";
import { operatorKey } from "./node-form.js";
import { addCopy, takenNames, unused, usesByName } from "./stored-copies.js";

/** Entry of the optimizer behind PyTorch's dynamo exporter: what a constant was computed from. */
export const foldedKey = "pkg.onnxscript.optimizer.folded_from";

const metadataOf = (proto: { metadataProps: { key: string; value: string }[] }, key: string): string | undefined =>
  proto.metadataProps.find((entry) => entry.key === key)?.value;

/** Names of parameters as the traced program has them: `p_layers_0_weight` for `layers.0.weight`. */
const tracedName = (name: string): string => `p_${name.replace(/\W/g, "_")}`;

/** Uses of a stored tensor whose traced call names another parameter read a tensor of their own. */
export function tracedCopies(graph: GraphProto): void {
  const uses = usesByName(graph.node);
  const infos = new Map(graph.valueInfo.map((info) => [info.name, info]));
  const taken = takenNames(graph);
  for (const stored of [...graph.initializer]) {
    const info = infos.get(stored.name);
    const own = info === undefined ? [] : tracedNamesOf(stored.name, info);
    if (own.length === 0) continue;
    const copies = new Map<string, string>();
    for (const { node, index } of uses.get(stored.name) ?? []) {
      // A value of the traced program itself, folded: the call reads that, whatever else it names.
      if (callOf(node).includes(`%${stored.name},`) || callOf(node).includes(`%${stored.name})`)) continue;
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

/** The traced call that a node belongs to: `%linear : ... call_function[target=...](args = (%x, %p_fc_weight), ...)`. */
const callOf = (node: NodeProto): string => metadataOf(node, "pkg.torch.onnx.fx_node") ?? "";

/** What stored tensors were folded from, as far as a person gave it a name: `weight` for its transpose. */
export function foldedSources(graph: GraphProto): Map<string, readonly string[]> {
  return new Map(
    graph.valueInfo.flatMap((info) => {
      const folded = metadataOf(info, foldedKey);
      return folded === undefined ? [] : [[info.name, namedSources(folded)] as const];
    }),
  );
}

const kinds = { p: "PARAMETER", b: "BUFFER", c: "CONSTANT_TENSOR" } as const;

/**
 * What a folded tensor was before, where the traced call at one of its uses names that: `%p_fc_weight` is a parameter
 * whose transpose was folded, `%b_table` a buffer of which a part is read.
 */
export function foldedKinds(graph: GraphProto): Map<string, (typeof kinds)[keyof typeof kinds]> {
  const uses = usesByName(graph.node);
  return new Map(
    [...foldedSources(graph)].flatMap(([name, sources]) => {
      const flat = new Set(sources.map((source) => tracedName(source).slice(2)));
      const named = (uses.get(name) ?? []).flatMap(({ node }) => [...callOf(node).matchAll(/%([pbc])_(\w+)/g)]);
      const kind = named.find(([, , rest]) => flat.has(rest))?.[1] as keyof typeof kinds | undefined;
      return kind === undefined ? [] : [[name, kinds[kind]] as const];
    }),
  );
}

const namedSources = (folded: string): string[] =>
  [...folded.matchAll(/'([^']+)'/g)].map(([, source]) => source).filter((source) => !isMadeUpName(source));

/** `padding_idx` of the traced embeddings at nodes, -1 for none; `undefined` where no call is written down. */
export function tracedPadding(nodes: readonly NodeProto[]): number | undefined {
  const calls = nodes.map((node) => /\.embedding\.default\]\(args = \(%\w+, %\w+(?:, (-?\d+))?/.exec(callOf(node)));
  const [first] = calls;
  return first === null || first === undefined ? undefined : Number(first[1] ?? -1);
}

/** The traced names that a stored tensor stands for, its own or those that it was computed from. */
function tracedNamesOf(name: string, info: GraphProto["valueInfo"][number]): string[] {
  const traced = metadataOf(info, "pkg.torch.onnx.original_node_name");
  if (traced !== undefined) return [traced];
  const folded = metadataOf(info, foldedKey);
  if (folded === undefined) return /^[A-Za-z_][\w.]*\.\w+$/.test(name) ? [tracedName(name)] : [];
  return namedSources(folded).map(tracedName);
}

/** The parameter of the traced call that ends most like the stored one, unless that one is named itself. */
function meantParameter(node: NodeProto, own: readonly string[]): string | undefined {
  const named = [...callOf(node).matchAll(/%([pb]_\w+)/g)].map(([, name]) => name);
  if (named.length === 0 || named.some((name) => own.some((known) => known.slice(2) === name.slice(2))))
    return undefined;
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

/** The number of outputs of a matrix or kernel, by operator: how many elements its bias has. */
const biasSizes: Readonly<Record<string, (dims: readonly bigint[], node: NodeProto) => bigint>> = {
  Conv: (dims) => dims[0],
  ConvTranspose: (dims, node) => dims[1] * (attributeOf(node, "group") ?? 1n),
  Gemm: (dims, node) => dims[attributeOf(node, "transB") === 1n ? 0 : 1],
};

const attributeOf = (node: NodeProto, name: string): bigint | undefined =>
  node.attribute.find((proto) => proto.name === name)?.i;

/**
 * Biases that were zero on the day of the export: the exporter leaves them out, and training needs them. The traced call
 * still names them behind input and weight.
 */
export function restoreBiases(graph: GraphProto): void {
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const present = new Set(graph.initializer.map(({ name }) => tracedName(name)));
  const taken = takenNames(graph);
  const restored = new Map<string, string>();
  for (const node of graph.node) {
    const key = operatorKey(node);
    const weight = stored.get(node.input[1] ?? "");
    if (!Object.hasOwn(biasSizes, key) || weight === undefined || (node.input[2] ?? "") !== "") continue;
    const [, traced] = /\(args = \(%\w+, %p_\w+, %(p_\w+)[,)]/.exec(callOf(node)) ?? [];
    if (traced === undefined || present.has(traced)) continue;
    let name = restored.get(traced);
    if (name === undefined) {
      const like = weight.name.replace(/weight$/, "bias");
      name = unused(dottedName(traced, like, node), taken);
      restored.set(traced, name);
      graph.initializer.push(zerosLike(weight, name, biasSizes[key](weight.dims, node)));
    }
    node.input = [node.input[0], node.input[1], name];
  }
}

function zerosLike({ dataType }: TensorProto, name: string, size: bigint): TensorProto {
  const bytes = Number(size) * (storageOf(dataType)?.bytes ?? 0);
  return create(TensorProtoSchema, { name, dataType, dims: [size], rawData: new Uint8Array(bytes) });
}
