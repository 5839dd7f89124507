// Ties weights that were one parameter before the export and are stored several times.
//
// Exporters fold the Transpose of a matrix separately for each use, so a parameter that is used twice becomes two
// tensors, which training would make different. Their values are still equal, and one of these traces identifies them:
//   torch.onnx.export(dynamo=True)   records what the tensor was folded from, and the source is stored as well
//   torch.onnx.export(dynamo=False)  names nodes after their modules: "/fc/MatMul" and "/fc_1/MatMul" are two calls of
//                                    "fc"; or one tensor is an embedding table and the other the matrix of the last layer
import { create } from "@bufbuild/protobuf";
import { isFloat } from "../../core/numbers/dtype.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { storageOf } from "../file/element-storage.js";
import {
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
} from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";
import { isGeneratedName } from "./generated-names.js";
import { type Use, usesByName } from "./stored-copies.js";
import { foldedSources } from "./traced-weights.js";
import { isTable } from "./weight-places.js";

const products = new Set(["MatMul", "Gemm"]);

/**
 * Ties matrices of the model's graph that were one parameter. Changes the model.
 * @param likeness compares the values of two matrices, see `wholeLikeness` and `sampledLikeness`.
 */
export function tieWeights({ graph, producerName }: ModelProto, likeness: Likeness): void {
  if (graph === undefined || producerName !== "pytorch") return;
  const uses = usesByName(graph.node);
  const usesOf = ({ name }: TensorProto): readonly Use[] => uses.get(name) ?? [];
  const sources = foldedSources(graph);
  const matrices = graph.initializer.filter((proto) => isMatrix(proto) && usesOf(proto).length > 0);
  const isCopy = (proto: TensorProto): boolean =>
    (isGeneratedName(proto.name) || sources.has(proto.name)) &&
    usesOf(proto).every(({ node }) => products.has(operatorKey(node)));
  const copies = matrices.filter(isCopy);
  const tied = new Set<TensorProto>();
  for (const copy of copies) {
    const ownSources = sources.get(copy.name) ?? [];
    const isSame = (other: TensorProto): boolean =>
      other !== copy &&
      !tied.has(other) &&
      ((ownSources.length === 1 && ownSources[0] === other.name) ||
        usesOf(other).some(({ node }) => isTable(node)) ||
        (isGeneratedName(other.name) && isOneModule(usesOf(other), usesOf(copy))));
    for (const other of matrices.filter(isSame)) {
      const way = isAlike(other.dims, copy.dims) ? likeness(other, copy) : undefined;
      if (way === undefined) continue;
      tied.add(copy);
      replace(graph, copy, other, way, usesOf(copy));
      break;
    }
  }
}

const isMatrix = ({ dims, dataType }: TensorProto): boolean => {
  const dtype = storageOf(dataType)?.dtype;
  return dims.length === 2 && dtype !== undefined && isFloat(dtype);
};

/** Whether the nodes belong to two calls of one module, where the first call has the plain name. */
function isOneModule(first: readonly Use[], second: readonly Use[]): boolean {
  const pathOf = ({ node }: Use): string => node.name.split("/").slice(0, -1).join("/");
  const plain = (path: string): string =>
    path
      .split("/")
      .map((part) => part.replace(/_\d+$/, ""))
      .join("/");
  return first.some((use) => {
    const path = pathOf(use);
    return path !== "" && second.some((other) => pathOf(other) !== path && plain(pathOf(other)) === path);
  });
}

/** Whether the sizes are equal in either order; otherwise the values need not be read. */
const isAlike = ([rows, columns]: readonly bigint[], [first, second]: readonly bigint[]): boolean =>
  (rows === first && columns === second) || (rows === second && columns === first);

type Way = "equal" | "transposed";

/**
 * Compares two matrices of the same sizes in either order. Constant matrices are never alike, since their equality
 * means nothing.
 */
export type Likeness = (first: TensorProto, second: TensorProto) => Way | undefined;

/** Compares every element. @param decode reads a stored tensor. */
export function wholeLikeness(decode: (proto: TensorProto) => TensorData): Likeness {
  return (first, second) => {
    const [a, b] = [decode(first), decode(second)];
    const [rows, columns] = a.shape;
    if (a.data.length !== b.data.length || a.data.every((value) => value === a.data[0])) return undefined;
    if (rows === b.shape[0] && a.data.every((value, i) => value === b.data[i])) return "equal";
    const isTransposed =
      rows === b.shape[1] &&
      a.data.every((value, i) => value === b.data[(i % columns) * rows + Math.floor(i / columns)]);
    return isTransposed ? "transposed" : undefined;
  };
}

const samples = 97;

/**
 * Compares a sample of elements. Two trained matrices that agree at all sampled positions are equal.
 * @param elementAt reads one element by its index, or returns `undefined` if the values are missing.
 */
export function sampledLikeness(
  elementAt: (proto: TensorProto, index: number) => number | bigint | undefined,
): Likeness {
  return (first, second) => {
    const [rows, columns] = first.dims.map(Number);
    const size = rows * columns;
    // Multiples of the golden ratio spread evenly, without a stride that coincides with rows or columns.
    const places = Array.from({ length: samples }, (_, i) => Math.floor(((i * 0.6180339887498949) % 1) * size));
    const values = places.map((place) => elementAt(first, place));
    if (values[0] === undefined || values.every((value) => value === values[0])) return undefined;
    const agrees = (placeOf: (place: number) => number): boolean =>
      places.every((place, i) => elementAt(second, placeOf(place)) === values[i]);
    if (first.dims[0] === second.dims[0] && agrees((place) => place)) return "equal";
    const isTransposed =
      first.dims[0] === second.dims[1] && agrees((place) => (place % columns) * rows + Math.floor(place / columns));
    return isTransposed ? "transposed" : undefined;
  };
}

/** Replaces the copy by the original, or by its Transpose under the copy's name. */
function replace(graph: GraphProto, copy: TensorProto, original: TensorProto, way: Way, uses: readonly Use[]): void {
  graph.initializer = graph.initializer.filter((proto) => proto !== copy);
  graph.input = graph.input.filter(({ name }) => name !== copy.name);
  if (way === "equal") for (const { node, index } of uses) node.input[index] = original.name;
  else graph.node.unshift(transpose(original.name, copy.name));
}

const transpose = (input: string, output: string): NodeProto =>
  create(NodeProtoSchema, {
    opType: "Transpose",
    name: `${output}/Transpose`,
    input: [input],
    output: [output],
    attribute: [create(AttributeProtoSchema, { name: "perm", type: 7, ints: [1n, 0n] })],
  });
