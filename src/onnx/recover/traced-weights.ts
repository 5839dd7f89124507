// Reads what PyTorch's dynamo exporter records of the traced program at nodes and values: which parameter each use
// meant.
import { create } from "@bufbuild/protobuf";
import { storageOf } from "../file/element-storage.js";
import { type GraphProto, type NodeProto, type TensorProto, TensorProtoSchema } from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";
import { isGeneratedName } from "./generated-names.js";
import { addCopy, takenNames, type Use, unused, usesByName } from "./stored-copies.js";

/** Metadata key of the optimizer behind PyTorch's dynamo exporter: the sources of a folded constant. */
export const foldedKey = "pkg.onnxscript.optimizer.folded_from";

const metadataOf = (proto: { metadataProps: { key: string; value: string }[] }, key: string): string | undefined =>
  proto.metadataProps.find((entry) => entry.key === key)?.value;

/** The name of a parameter in the traced program: `p_layers_0_weight` for `layers.0.weight`. */
export const tracedName = (name: string, kind: Kind = "PARAMETER"): string =>
  `${letters[kind]}_${name.replace(/\W/g, "_")}`;

/** Parameter names in the module, by their names in the traced program. */
const listedNames = (graph: GraphProto): Map<string, string> =>
  new Map([...tracedParameters(graph)].map((target) => [tracedName(target), target]));

/** Gives each use whose traced call names another parameter its own copy of the stored tensor. */
export function tracedCopies(graph: GraphProto): void {
  const uses = usesByName(graph.node);
  const infos = new Map(graph.valueInfo.map((info) => [info.name, info]));
  const listed = listedNames(graph);
  const taken = takenNames(graph);
  for (const stored of [...graph.initializer]) {
    const info = infos.get(stored.name);
    const own = info === undefined ? [] : tracedNamesOf(stored.name, info);
    if (own.length === 0) continue;
    const copies = new Map<string, string>();
    const whole = (uses.get(stored.name) ?? []).map(({ node }) => node).find(isFoldedNormalization);
    for (const { node, index } of uses.get(stored.name) ?? []) {
      // The call reads this folded value of the traced program itself, whatever else it names.
      if (tracedCall(node).includes(`%${stored.name},`) || tracedCall(node).includes(`%${stored.name})`)) continue;
      const meant =
        tracedCall(node) === ""
          ? absentParameter(graph, stored, node, uses)
          : isFoldedNormalization(node)
            ? meantNormalization(node, whole)
            : meantParameter(node, own);
      if (meant === undefined) continue;
      let name = copies.get(meant);
      if (name === undefined) {
        name = unused(listed.get(meant) ?? dottedName(meant, stored.name, node), taken);
        copies.set(meant, name);
        addCopy(graph, stored, name);
      }
      node.input[index] = name;
    }
  }
}

/**
 * The parameter of a node without a traced call, made by the exporter's optimizer: the only listed parameter that is
 * not in the file, has the last name of the stored one but belongs to another module, the one that reads the result.
 */
function absentParameter(
  graph: GraphProto,
  { name }: TensorProto,
  node: NodeProto,
  uses: ReadonlyMap<string, readonly Use[]>,
): string | undefined {
  const last = name.split(".").at(-1);
  const readers = node.output.flatMap((output) => uses.get(output) ?? []).map((use) => scopesOf(use.node));
  const owners = new Set(readers.flat());
  const scope = name.split(".").slice(0, -1).join(".");
  if (readers.length === 0 || readers.some((scopes) => scopes.includes(scope))) return undefined;
  const known = new Set([
    ...graph.initializer.map((proto) => proto.name),
    ...[...foldedSources(graph).values()].flat(),
  ]);
  const absent = [...tracedParameters(graph)].filter((target) => {
    const parts = target.split(".");
    return !known.has(target) && parts.at(-1) === last && owners.has(parts.slice(0, -1).join("."));
  });
  return absent.length === 1 ? tracedName(absent[0]) : undefined;
}

/** The modules in which a node was traced, outermost first. */
const scopesOf = (node: NodeProto): string[] =>
  [...(metadataOf(node, "pkg.torch.onnx.name_scopes") ?? "").matchAll(/'([^']*)'/g)].map(([, scope]) => scope);

/** Metadata keys that show that a normalization was folded into a node. */
export const foldingKeys = ["pkg.torch.onnx.fx_node", "pkg.onnxscript.rewriter.rule_name"];

/** The traced call of a node: `%linear : ... call_function[target=...](args = (%x, %p_fc_weight), ...)`. */
export const tracedCall = (node: NodeProto): string => metadataOf(node, "pkg.torch.onnx.fx_node") ?? "";

/** The PyTorch operator of that call, such as `repeat`; empty if there is none. */
export const tracedFunction = (node: NodeProto): string =>
  /call_function\[target=torch\.ops\.aten\.(\w+)/.exec(tracedCall(node))?.[1] ?? "";

/** Whether a batch normalization was folded into the weights of the node: it carries the call or the rewrite rule. */
export function isFoldedNormalization(node: NodeProto): boolean {
  if (!Object.hasOwn(channels, operatorKey(node))) return false;
  const isNormalization = /call_function\[target=torch\.ops\.aten\.\w*batch_norm\w*/.test(tracedCall(node));
  return isNormalization || (metadataOf(node, "pkg.onnxscript.rewriter.rule_name") ?? "").includes("FuseBatchNorm");
}

/** At such a node, the call names the normalization instead of the weights. The weights of `first` keep their names. */
function meantNormalization(node: NodeProto, first: NodeProto | undefined): string | undefined {
  const named = (call: NodeProto): string | undefined => /%(p_\w+)/.exec(tracedCall(call))?.[1];
  return first === undefined || named(node) === named(first) ? undefined : named(node);
}

/** The named sources of folded tensors: `weight` for its folded transpose. */
export function foldedSources(graph: GraphProto): Map<string, readonly string[]> {
  return new Map(
    graph.valueInfo.flatMap((info) => {
      const folded = metadataOf(info, foldedKey);
      return folded === undefined ? [] : [[info.name, namedSources(folded)] as const];
    }),
  );
}

/** The exporter's kinds of tensors, by the first letter of their traced names. */
export const kinds = { p: "PARAMETER", b: "BUFFER", c: "CONSTANT_TENSOR" } as const;
export type Kind = (typeof kinds)[keyof typeof kinds];
const letters: Readonly<Record<Kind, string>> = { PARAMETER: "p", BUFFER: "b", CONSTANT_TENSOR: "c" };

/**
 * The kind of every tensor of the traced program, by its name in the module, even if the file no longer contains it.
 */
export function tracedKinds({ metadataProps }: GraphProto): Map<string, Kind> {
  const signature = metadataOf({ metadataProps }, "pkg.torch.export.ExportedProgram.graph_signature") ?? "";
  const lines = signature.matchAll(/^\w+: (PARAMETER|BUFFER|CONSTANT_TENSOR) target='([^']+)'/gm);
  return new Map([...lines].map(([, kind, target]) => [target, kind as Kind]));
}

/** All parameters of the traced program, by their names in the module, even if the file no longer contains them. */
export function tracedParameters(graph: GraphProto): Set<string> {
  return new Set([...tracedKinds(graph)].flatMap(([target, kind]) => (kind === kinds.p ? [target] : [])));
}

const namedSources = (folded: string): string[] =>
  [...folded.matchAll(/'([^']+)'/g)].map(([, source]) => source).filter((source) => !isGeneratedName(source));

/** `padding_idx` of the traced embeddings at nodes, -1 for none; `undefined` if no call is recorded. */
export function tracedPadding(nodes: readonly NodeProto[]): number | undefined {
  const calls = nodes.map((node) => /\.embedding\.default\]\(args = \(%\w+, %\w+(?:, (-?\d+))?/.exec(tracedCall(node)));
  const [first] = calls;
  return first === null || first === undefined ? undefined : Number(first[1] ?? -1);
}

/** The traced names of a stored tensor: its own, or those of its sources. */
function tracedNamesOf(name: string, info: GraphProto["valueInfo"][number]): string[] {
  const traced = metadataOf(info, "pkg.torch.onnx.original_node_name");
  if (traced !== undefined) return [traced];
  const folded = metadataOf(info, foldedKey);
  if (folded === undefined) return /^[A-Za-z_][\w.]*\.\w+$/.test(name) ? [tracedName(name)] : [];
  return namedSources(folded).map((source) => tracedName(source));
}

/**
 * The parameter in the traced call whose name shares the longest ending with the stored one, unless the call names the
 * stored one itself.
 */
function meantParameter(node: NodeProto, own: readonly string[]): string | undefined {
  const named = [...tracedCall(node).matchAll(/%([pb]_\w+)/g)].map(([, name]) => name);
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

/**
 * Converts `p_layers_1_norm_weight` to `layers.1.norm.weight`, as far as the node's scopes and the stored name reveal
 * the dots.
 */
function dottedName(traced: string, stored: string, node: NodeProto): string {
  const flat = traced.replace(/^[pb]_/, "");
  const scope = scopesOf(node)
    .filter((name) => name !== "" && flat.startsWith(`${name.replace(/\W/g, "_")}_`))
    .at(-1);
  if (scope === undefined) return flat;
  const rest = flat.slice(scope.length + 1);
  // The stored name shows that `out_proj_weight` is `out_proj.weight`.
  const like = stored.slice(-rest.length);
  return `${scope}.${like.replace(/\W/g, "_") === rest ? like : rest}`;
}

/** Number of outputs of a matrix or kernel, by operator. */
const channels: Readonly<Record<string, (dims: readonly bigint[], node: NodeProto) => bigint>> = {
  Conv: (dims) => dims[0],
  ConvTranspose: (dims, node) => (dims[1] ?? 0n) * (attributeOf(node, "group") ?? 1n),
  Gemm: (dims, node) => dims[attributeOf(node, "transB") === 1n ? 0 : 1],
};

/**
 * Number of channels that a node makes with a weight of this shape, which is the length of its bias; `undefined` if it
 * takes no bias.
 */
export function outputChannels(node: NodeProto, dims: readonly bigint[]): bigint | undefined {
  const key = operatorKey(node);
  return Object.hasOwn(channels, key) ? channels[key](dims, node) : undefined;
}

const attributeOf = (node: NodeProto, name: string): bigint | undefined =>
  node.attribute.find((proto) => proto.name === name)?.i;

/**
 * The bias operand in a traced call, after a weight that is a parameter or, for linear layers, was computed from
 * parameters.
 */
const biasOperand = /(?:\(args = \(%\w+, %p_\w+|aten\.linear\.\w+\]\(args = \(%\w+, %\w+), %(p_\w+)[,)]/;
/** Limit for the elements of all restored biases, larger than any model needs. */
const mostRestored = 2n ** 26n;

/**
 * Restores biases that were zero at export. The exporter omits them, but training needs them. The traced call still
 * names them after the input and weight.
 */
export function restoreBiases(graph: GraphProto): void {
  const listed = listedNames(graph);
  // The shapes of a damaged file may be arbitrary; they are checked later.
  let left = mostRestored;
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const present = new Set(graph.initializer.map(({ name }) => tracedName(name)));
  const taken = takenNames(graph);
  const restored = new Map<string, string>();
  for (const node of graph.node) {
    const weight = stored.get(node.input[1] ?? "");
    const size = weight === undefined ? undefined : outputChannels(node, weight.dims);
    if (weight === undefined || size === undefined || (node.input[2] ?? "") !== "") continue;
    const [, traced] = biasOperand.exec(tracedCall(node)) ?? [];
    if (traced === undefined || present.has(traced)) continue;
    let name = restored.get(traced);
    if (name === undefined) {
      if (size < 0n || size > left) continue;
      left -= size;
      const like = weight.name.replace(/weight$/, "bias");
      name = unused(listed.get(traced) ?? dottedName(traced, like, node), taken);
      restored.set(traced, name);
      graph.initializer.push(zerosLike(weight, name, size));
    }
    node.input = [node.input[0], node.input[1], name];
  }
}

function zerosLike({ dataType }: TensorProto, name: string, size: bigint): TensorProto {
  const bytes = Number(size) * (storageOf(dataType)?.bytes ?? 0);
  return create(TensorProtoSchema, { name, dataType, dims: [size], rawData: new Uint8Array(bytes) });
}
