// Builds the graph of a file for the requested shapes; unreadable nodes are omitted and reported.
import { InvalidInputError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/numbers/shape.js";
import type { Tensor, TensorType } from "../../graph/tensor.js";
import { OwnBatch } from "../../onnx/batch-size.js";
import type { ValueInfoProto } from "../../onnx/file/generated/onnx_pb.js";
import type { OnnxFile } from "../../onnx/file/onnx-file.js";
import { quoted } from "../../onnx/file/read-values.js";
import { heldType } from "../../onnx/file/stored-tensor.js";
import { type BuildOptions, buildGraph } from "../../onnx/forms/graph-builder.js";
import { declaredInput, isTensorInput } from "../../onnx/forms/read-input.js";
import { accountingForms } from "./accounting-forms.js";
import type { BuiltNode } from "./file-steps.js";
import type { InputShapes } from "./input-shapes.js";

/** The graph of a file, node by node. */
export interface FileGraph {
  readonly inputs: readonly Tensor[];
  readonly nodes: readonly BuiltNode[];
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/**
 * The graph for the requested batch size. A file with a fixed batch size is built with its own size first, to find the
 * batch axes.
 */
export function fileGraph(file: OnnxFile, wanted: InputShapes, stored: ReadonlyMap<string, Tensor>): FileGraph {
  const { shapes, dimensions, batchSize, own } = wanted;
  if (own === undefined) return build(file, { shapes, dimensions }, stored);
  const batch = new OwnBatch(own.batchSize);
  const first = build(file, { shapes: own.shapes, dimensions }, stored, { onNode: batch.onNode });
  const second = build(file, wanted, stored, batch.adaptedTo(batchSize));
  const fault = unfitReason(first, second, wanted);
  if (fault === undefined) return second;
  throw new InvalidInputError(`the model was exported for batches of ${own.batchSize} and does not fit ${batchSize}`, {
    where: file.where,
    received: fault,
    remedy: "Leave --batch out, or export the model with a symbolic batch axis",
  });
}

/**
 * Evidence that a model does not support another batch size: a node that became unreadable, or an output without the
 * new size.
 */
function unfitReason(first: FileGraph, second: FileGraph, { batchSize, own }: InputShapes): string | undefined {
  const unread = ({ nodes }: FileGraph): BuiltNode[] => nodes.filter(({ reason }) => reason !== undefined);
  if (unread(first).length < unread(second).length) return unread(second)[0].reason;
  // Outputs may also be tables that all examples share.
  const batched = [...first.outputs].filter(([, { shape }]) => shape[0] === own?.batchSize).map(([name]) => name);
  const lost = batched.filter((name) => second.outputs.get(name)?.shape[0] !== batchSize);
  if (lost.length === 0 || lost.length < batched.length) return undefined;
  return `output ${quoted(lost[0])} of shape ${shapeText(second.outputs.get(lost[0])?.shape ?? [])}`;
}

function build(
  file: OnnxFile,
  inputs: Pick<InputShapes, "shapes" | "dimensions" | "own"> & { readonly batchSize?: number },
  stored: ReadonlyMap<string, Tensor>,
  options: BuildOptions = {},
): FileGraph {
  const nodes: BuiltNode[] = [];
  const types = new DeclaredTypes(file, inputs);
  const graph = buildGraph(file, {
    ...options,
    inputShapes: inputs.shapes,
    replaced: stored,
    forms: accountingForms,
    onNode: (node, given, outputs) => {
      options.onNode?.(node, given, outputs);
      nodes.push({ node, inputs: given, outputs });
    },
    lenience: {
      typeOf: (name) => types.typeOf(name),
      onUnread: (node, given, outputs, reason) => nodes.push({ node, inputs: given, outputs, reason }),
    },
  });
  return { inputs: graph.inputs, nodes, outputs: new Map(graph.outputs.map(({ name, tensor }) => [name, tensor])) };
}

/** The declared types of a file's values, with sizes for named dimensions. */
class DeclaredTypes {
  readonly #file: OnnxFile;
  readonly #inputs: Parameters<typeof build>[1];
  readonly #infos: ReadonlyMap<string, ValueInfoProto>;

  constructor(file: OnnxFile, inputs: Parameters<typeof build>[1]) {
    this.#file = file;
    this.#inputs = inputs;
    const { valueInfo, output } = file.graph;
    this.#infos = new Map([...valueInfo, ...output].map((info) => [info.name, info] as const));
  }

  typeOf(name: string): TensorType | undefined {
    const info = this.#infos.get(name);
    if (info === undefined || !isTensorInput(info)) return undefined;
    const { elemType, axes } = declaredInput(`${this.#file.where}, value ${quoted(name)}`, info);
    const { dimensions, own, batchSize } = this.#inputs;
    const shape = axes?.map((axis, at) => {
      if (typeof axis === "string") return dimensions.get(axis);
      return at === 0 && axis !== undefined && axis === own?.batchSize ? batchSize : axis;
    });
    const isStatic = (extents: typeof shape): extents is number[] =>
      extents?.every((extent) => extent !== undefined && Number.isSafeInteger(extent) && extent >= 0) === true;
    if (!isStatic(shape) || !Number.isSafeInteger(sizeOf(shape))) return undefined;
    return { dtype: heldType(this.#file.where, elemType, this.#file.reading), shape };
  }
}
