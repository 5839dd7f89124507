// Writes a model with new weights: the original file in inference form, in one piece, with the values of some tensors
// replaced.
//
// Names, order, metadata, symbolic axes, operator sets and doc strings stay. The training_mode of BatchNormalization
// and Dropout is removed. External data moves into the file, unless that would make it larger than 2 GiB.
import { clearField, clone, create, toBinary } from "@bufbuild/protobuf";
import { InvalidInputError } from "../core/errors.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { externalBytes, isExternal } from "./file/external-data.js";
import {
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./file/generated/onnx_pb.js";
import { nodeText, type OnnxFile } from "./file/onnx-file.js";
import { quoted } from "./file/read-values.js";
import { replaceValues, requireStorage } from "./file/stored-tensor.js";
import { operatorKey } from "./forms/node-form.js";

export interface SaveOptions {
  /** Name of the external data file, written if the model alone would be too large. Default `weights.bin`. */
  readonly externalName?: string;
  /** Number of bytes of values from which that file is used. Default 2 GiB less 64 MiB for everything else. */
  readonly largest?: number;
}

export interface SavedModel {
  readonly model: Uint8Array<ArrayBuffer>;
  /** A file to write beside the model. */
  readonly external?: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> };
}

/**
 * @param file the opened model; it is not changed.
 * @param values new values, by the names of initializers or of the outputs of Constant nodes.
 */
export function saveWeights(
  file: OnnxFile,
  values: ReadonlyMap<string, TensorData>,
  { externalName = "weights.bin", largest = 2 ** 31 - 2 ** 26 }: SaveOptions = {},
): SavedModel {
  const model = clone(ModelProtoSchema, file.model);
  const graph = model.graph as GraphProto;
  const stored = storedTensors(model);
  for (const proto of stored) bringInside(file, proto);
  const byName = new Map([
    ...graph.initializer.map((proto) => [proto.name, proto] as const),
    ...constantTensors(graph.node).map(([node, proto]) => [node.output[0], proto] as const),
  ]);
  for (const [name, value] of values) {
    const proto = byName.get(name);
    if (proto === undefined) throw new InvalidInputError(`unknown tensor ${quoted(name)}`, { where: file.where });
    replaceValues(`${file.where}, tensor ${quoted(name)}`, proto, value);
  }
  for (const nodes of nodeLists(model)) for (const node of nodes) toInference(file, node);
  const size = stored.reduce((sum, { rawData }) => sum + rawData.length, 0);
  if (size <= largest) return { model: toBinary(ModelProtoSchema, model) };
  const bytes = moveOutside(stored, externalName);
  return { model: toBinary(ModelProtoSchema, model), external: { name: externalName, bytes } };
}

/** All lists of nodes in a model: of the graph, of subgraphs, and of functions. */
function nodeLists(model: ModelProto): NodeProto[][] {
  const lists: NodeProto[][] = [model.graph?.node ?? [], ...model.functions.map(({ node }) => node)];
  for (const nodes of lists)
    for (const { attribute } of nodes) for (const { g } of attribute) if (g !== undefined) lists.push(g.node);
  return lists;
}

function constantTensors(nodes: readonly NodeProto[]): [NodeProto, TensorProto][] {
  return nodes.flatMap((node): [NodeProto, TensorProto][] => {
    const proto = operatorKey(node) === "Constant" ? node.attribute.find(({ name }) => name === "value")?.t : undefined;
    return proto === undefined ? [] : [[node, proto]];
  });
}

/** All tensors that may be external data. */
function storedTensors(model: ModelProto): TensorProto[] {
  const inNodes = nodeLists(model).flatMap((nodes) =>
    nodes.flatMap(({ attribute }) =>
      attribute.flatMap(({ t, tensors, g }) => [
        ...(t === undefined ? [] : [t]),
        ...tensors,
        ...(g?.initializer ?? []),
      ]),
    ),
  );
  return [...(model.graph?.initializer ?? []), ...inNodes];
}

function bringInside({ where, reading }: OnnxFile, proto: TensorProto): void {
  if (!isExternal(proto)) return;
  const place = `${where}, tensor ${quoted(proto.name)}`;
  const size = proto.dims.reduce(
    (product, extent) => product * Number(extent),
    requireStorage(place, proto.dataType).bytes,
  );
  proto.rawData = externalBytes(place, proto, size, reading).slice();
  proto.externalData = [];
  clearField(proto, TensorProtoSchema.field.dataLocation);
}

/** Smaller tensors stay inside: readers need shapes and axes before they open another file. */
const smallestOutside = 1024;
// The page size of systems that map such files into memory.
const alignment = 4096;

function moveOutside(stored: readonly TensorProto[], location: string): Uint8Array<ArrayBuffer> {
  const moved = stored.filter(({ rawData }) => rawData.length >= smallestOutside);
  const aligned = (offset: number): number => Math.ceil(offset / alignment) * alignment;
  const total = moved.reduce((offset, { rawData }) => aligned(offset) + rawData.length, 0);
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const proto of moved) {
    offset = aligned(offset);
    const { length } = proto.rawData;
    bytes.set(proto.rawData, offset);
    const entries = { location, offset: `${offset}`, length: `${length}` };
    proto.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    proto.dataLocation = DataLocation.EXTERNAL;
    proto.rawData = new Uint8Array(0);
    offset += length;
  }
  return bytes;
}

const inferenceForms: Readonly<Record<string, (node: NodeProto) => void>> = {
  BatchNormalization(node) {
    node.attribute = node.attribute.filter(({ name }) => name !== "training_mode");
    node.output = node.output.slice(0, 1);
  },
  /** The third input, training_mode, is false if it is omitted. */
  Dropout(node) {
    node.input = node.input.slice(0, 2);
  },
};

function toInference({ where, model }: OnnxFile, node: NodeProto): void {
  const key = operatorKey(node);
  if (!Object.hasOwn(inferenceForms, key)) return;
  const before = node.output;
  inferenceForms[key](node);
  const lost = new Set(before.slice(node.output.length).filter((name) => name !== ""));
  if (lost.size === 0) return;
  const readers = [
    ...nodeLists(model).flatMap((nodes) => nodes.flatMap(({ input }) => input)),
    ...(model.graph?.output ?? []).map(({ name }) => name),
  ];
  const read = readers.find((name) => lost.has(name));
  if (read === undefined) return;
  throw new InvalidInputError("other nodes read its running statistics, which do not exist in inference form", {
    where: `${where}, ${nodeText(node)}`,
    received: quoted(read),
  });
}
