// What PyTorch's dynamo exporter leaves of the traced program at nodes and values: which parameter was meant where.
import { create } from "@bufbuild/protobuf";
import type { TensorData } from "../core/tensor-data.js";
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
    const whole = (uses.get(stored.name) ?? []).map(({ node }) => node).find(isFoldedNormalization);
    for (const { node, index } of uses.get(stored.name) ?? []) {
      // A value of the traced program itself, folded: the call reads that, whatever else it names.
      if (tracedCall(node).includes(`%${stored.name},`) || tracedCall(node).includes(`%${stored.name})`)) continue;
      const meant = isFoldedNormalization(node) ? meantNormalization(node, whole) : meantParameter(node, own);
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
export const tracedCall = (node: NodeProto): string => metadataOf(node, "pkg.torch.onnx.fx_node") ?? "";

/** Whether a batch normalization was computed into the weights of the node: it carries the call of that, or its rule. */
export function isFoldedNormalization(node: NodeProto): boolean {
  if (!Object.hasOwn(channels, operatorKey(node))) return false;
  const isNormalization = /call_function\[target=torch\.ops\.aten\.\w*batch_norm\w*/.test(tracedCall(node));
  return isNormalization || (metadataOf(node, "pkg.onnxscript.rewriter.rule_name") ?? "").includes("FuseBatchNorm");
}

/** The call at such a node names the normalization and not the weights: those of `first` keep their name. */
function meantNormalization(node: NodeProto, first: NodeProto | undefined): string | undefined {
  const named = (call: NodeProto): string | undefined => /%(p_\w+)/.exec(tracedCall(call))?.[1];
  return first === undefined || named(node) === named(first) ? undefined : named(node);
}

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
type Kind = (typeof kinds)[keyof typeof kinds];

/** What every tensor of the traced program was, by its name in the module, whether the file still has it or not. */
export function tracedKinds({ metadataProps }: GraphProto): Map<string, Kind> {
  const signature = metadataOf({ metadataProps }, "pkg.torch.export.ExportedProgram.graph_signature") ?? "";
  const lines = signature.matchAll(/^\w+: (PARAMETER|BUFFER|CONSTANT_TENSOR) target='([^']+)'/gm);
  return new Map([...lines].map(([, kind, target]) => [target, kind as Kind]));
}

/** Every parameter of the traced program, by its name in the module, whether the file still has it or not. */
export function tracedParameters(graph: GraphProto): Set<string> {
  return new Set([...tracedKinds(graph)].flatMap(([target, kind]) => (kind === kinds.p ? [target] : [])));
}

/** Operators of PyTorch that hand a tensor on in another form: training its result is training the tensor. */
export const movements =
  /^(?:t|transpose|permute|view|reshape|slice|expand|unsqueeze|squeeze|select|getitem|unbind|split|chunk|clone|detach|alias|numpy_t|mt|to|_to_copy|contiguous|flatten|unflatten)(?:_\d+|_split_\d+)*$/i;

/** Operators that take elements by their numbers, some perhaps several times. */
const lookups = /^(?:embedding|index|index_select|gather|take)(?:_\d+)*$/;
/** Operators that may take all elements several times. */
const repeats = /^(?:expand|repeat|tile)(?:_\d+)*$/;
/** Operators that may leave elements out. */
const parts = /^(?:slice|select|getitem|unbind|split|chunk|narrow)(?:_\d+|_split_\d+)*$/;
/** Where numbers of places begin. */
const places = /^(?:arange|full|full_like|ones|zeros|scalar_tensor|lift_fresh_copy)(?:_default)?(?:_\d+)*$/;

/** How a folded tensor came from one parameter. */
export interface Rearrangement {
  readonly parameter: string;
  /** Whether elements may be there several times: only the values tell. */
  readonly isChosen: boolean;
  /** Whether the parameter may have had more elements. */
  readonly isPart: boolean;
}

/** Folded tensors whose elements are those of one parameter that the program lists, in another form. */
export function rearrangedParameters(graph: GraphProto): Map<string, Rearrangement> {
  const listed = tracedKinds(graph);
  return new Map(
    [...foldedSources(graph)].flatMap(([name, sources]) => {
      const parameters = sources.filter((source) => listed.get(source) === kinds.p);
      const steps = [name, ...sources.filter((source) => !listed.has(source))];
      const has = (...patterns: RegExp[]): boolean =>
        steps.some((step) => patterns.some((pattern) => pattern.test(step)));
      const isMoved = steps.every((step) => [movements, lookups, repeats, places].some((known) => known.test(step)));
      if (parameters.length !== 1 || !isMoved) return [];
      const isNumbered = has(lookups) || sources.some((source) => listed.get(source) === kinds.b);
      const [isChosen, isPart] = [isNumbered || has(repeats), isNumbered || has(parts)];
      return [[name, { parameter: parameters[0], isChosen, isPart }] as const];
    }),
  );
}

/**
 * What a folded tensor was before, where the traced call at one of its uses names that: `%p_fc_weight` is a parameter
 * whose transpose was folded, `%b_table` a buffer of which a part is read. Where no call does, the list of the program's
 * tensors says what its sources were: a parameter that was only moved, or of which elements were chosen by numbers, each
 * at most once (positions up to the length of the example), is trained as it is.
 * @param read gives the value of a stored tensor; `undefined` where the values are missing.
 */
export function foldedKinds(
  graph: GraphProto,
  read: (proto: TensorProto) => TensorData | undefined,
): Map<string, Kind> {
  const uses = usesByName(graph.node);
  const listed = tracedKinds(graph);
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const rearranged = rearrangedParameters(graph);
  return new Map(
    [...foldedSources(graph)].flatMap(([name, sources]) => {
      const flat = new Set(sources.map((source) => tracedName(source).slice(2)));
      const named = (uses.get(name) ?? []).flatMap(({ node }) => [...tracedCall(node).matchAll(/%([pbc])_(\w+)/g)]);
      const letter = named.find(([, , rest]) => flat.has(rest))?.[1] as keyof typeof kinds | undefined;
      if (letter !== undefined) return [[name, kinds[letter]] as const];
      const found = sources.flatMap((source) => listed.get(source) ?? []);
      const proto = stored.get(name);
      if (proto === undefined) return [];
      if (found.length === 1 && movements.test(name) && isVector(proto)) return [[name, found[0]] as const];
      const rearrangement = rearranged.get(name);
      if (rearrangement === undefined || (rearrangement.isChosen && !isVaried(read(proto)))) return [];
      return [[name, kinds.p] as const];
    }),
  );
}

const isVector = ({ dims }: TensorProto): boolean => dims.filter((n) => n > 1n).length === 1;

/** Whether hardly any value is there twice. Chance alone repeats a few of a million. */
const isVaried = (value: TensorData | undefined): boolean =>
  value !== undefined && new Set<number | bigint>(value.data).size > 0.9 * value.data.length;

const namedSources = (folded: string): string[] =>
  [...folded.matchAll(/'([^']+)'/g)].map(([, source]) => source).filter((source) => !isMadeUpName(source));

/** `padding_idx` of the traced embeddings at nodes, -1 for none; `undefined` where no call is written down. */
export function tracedPadding(nodes: readonly NodeProto[]): number | undefined {
  const calls = nodes.map((node) => /\.embedding\.default\]\(args = \(%\w+, %\w+(?:, (-?\d+))?/.exec(tracedCall(node)));
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

/** The number of outputs of a matrix or kernel, by operator. */
const channels: Readonly<Record<string, (dims: readonly bigint[], node: NodeProto) => bigint>> = {
  Conv: (dims) => dims[0],
  ConvTranspose: (dims, node) => dims[1] * (attributeOf(node, "group") ?? 1n),
  Gemm: (dims, node) => dims[attributeOf(node, "transB") === 1n ? 0 : 1],
};

/** How many channels a node makes with a weight of this shape, and so the elements of its bias; `undefined` if it takes none. */
export function outputChannels(node: NodeProto, dims: readonly bigint[]): bigint | undefined {
  const key = operatorKey(node);
  return Object.hasOwn(channels, key) ? channels[key](dims, node) : undefined;
}

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
    const weight = stored.get(node.input[1] ?? "");
    const size = weight === undefined ? undefined : outputChannels(node, weight.dims);
    if (weight === undefined || size === undefined || (node.input[2] ?? "") !== "") continue;
    const [, traced] = /\(args = \(%\w+, %p_\w+, %(p_\w+)[,)]/.exec(tracedCall(node)) ?? [];
    if (traced === undefined || present.has(traced)) continue;
    let name = restored.get(traced);
    if (name === undefined) {
      const like = weight.name.replace(/weight$/, "bias");
      name = unused(dottedName(traced, like, node), taken);
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
