// A parsed and checked ONNX file, from which graphs can be built repeatedly.
//
//   bytes --protobuf--> ModelProto --checks--> nodes with functions inlined, tensors decoded on demand
import { fromBinary } from "@bufbuild/protobuf";
import { CorruptFileError, InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Op } from "../../graph/op.js";
import { findOp } from "../../graph/ops/index.js";
import type { TensorType } from "../../graph/tensor.js";
import { type InlinedNodes, inlineFunctions, standardOpset } from "../forms/functions.js";
import { isStandardDomain, type NodeForm, operatorKey } from "../forms/node-form.js";
import { nodeForms } from "../forms/node-forms.js";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from "./generated/onnx_pb.js";
import { printable, quoted } from "./read-values.js";
import { readTensor, readTensorType, type TensorReading } from "./stored-tensor.js";

/** The operator sets that our records and the forms of older nodes cover. */
const [oldestOpset, newestOpset] = [6, 28];
const deepestGraph = 16;

/** The only operator without a record: the graph of one branch replaces the node. */
export const branchKey = "If";

export interface FileOptions extends TensorReading {
  /** Largest size of a file in bytes. Default 2 GiB, the limit of the format. */
  readonly maxBytes?: number;
}

export interface OnnxFile {
  readonly where: string;
  readonly model: ModelProto;
  readonly graph: GraphProto;
  readonly opset: number;
  /** The nodes of the graph, with functions inlined. */
  readonly inlined: InlinedNodes;
  readonly reading: TensorReading;
  /** A stored tensor, decoded once. */
  tensor(proto: TensorProto): TensorData;
  /** The type of a stored tensor, checked against the number of stored bytes. */
  tensorType(proto: TensorProto): TensorType;
}

export interface OnnxFileOptions extends TensorReading {
  /** Whether to accept unsupported operators and operator sets; the graph builder then handles them. */
  readonly isLenient?: boolean;
}

/**
 * Parses a file and checks everything that does not need a graph.
 * @throws CorruptFileError for damage, InvalidInputError for unsupported models; one message lists all unknown
 * operators.
 */
export function openOnnx(bytes: Uint8Array, where: string, options: FileOptions = {}): OnnxFile {
  return onnxFile(parseModel(bytes, where, options), where, options);
}

/** Parses the protobuf messages. @throws CorruptFileError, or InvalidInputError for a file that is too large. */
export function parseModel(bytes: Uint8Array, where: string, { maxBytes = 2 ** 31 }: FileOptions = {}): ModelProto {
  if (bytes.length > maxBytes) {
    throw new InvalidInputError("the file is too large", {
      where,
      expected: `at most ${maxBytes} bytes`,
      received: `${bytes.length}`,
    });
  }
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new CorruptFileError("not an ONNX model, or a damaged one", { where, cause });
  }
}

/** Like `openOnnx`, for a parsed model. */
export function onnxFile(model: ModelProto, where: string, options: OnnxFileOptions): OnnxFile {
  const { isLenient = false, ...reading } = options;
  const { graph } = model;
  if (graph === undefined) throw new CorruptFileError("not an ONNX model: it contains no graph", { where });
  const opset = isLenient ? nearestOpset(model) : checkedOpset(model, where);
  const inlined = inlineFunctions(model, where);
  const unknown = unknownOperators(inlined.nodes, where);
  if (!isLenient) refuseOperators(unknown, where);
  const decoded = new WeakMap<TensorProto, TensorData>();
  return {
    where,
    model,
    graph,
    opset,
    inlined,
    reading,
    tensor(proto) {
      const known = decoded.get(proto);
      if (known !== undefined) return known;
      const value = readTensor(`${where}, tensor ${quoted(proto.name)}`, proto, reading);
      decoded.set(proto, value);
      return value;
    },
    tensorType: (proto) => readTensorType(`${where}, tensor ${quoted(proto.name)}`, proto, reading),
  };
}

function checkedOpset({ opsetImport }: ModelProto, where: string): number {
  const opset = standardOpset(opsetImport) ?? Number.NaN;
  if (opset >= oldestOpset && opset <= newestOpset) return opset;
  throw new InvalidInputError("unsupported operator set", {
    where,
    expected: `${oldestOpset} to ${newestOpset}`,
    received: Number.isNaN(opset) ? "none" : `${opset}`,
    remedy: "Convert the model with onnx.version_converter",
  });
}

/** The file's operator set; if it is unsupported or missing, the nearest supported one. */
function nearestOpset({ opsetImport }: ModelProto): number {
  return Math.min(newestOpset, Math.max(oldestOpset, standardOpset(opsetImport) ?? newestOpset));
}

/** Reports all unsupported operators in one message, each with the nodes that use it. */
function refuseOperators(unknown: readonly string[], where: string): void {
  if (unknown.length === 0) return;
  throw new InvalidInputError(
    unknown.length === 1 ? "an operator is not supported" : `${unknown.length} operators are not supported`,
    { where, received: unknown.join(", ") },
  );
}

function unknownOperators(nodes: readonly NodeProto[], where: string, depth = 0): string[] {
  if (depth > deepestGraph) throw new CorruptFileError("graphs are nested too deeply", { where });
  return nodes.flatMap((node) => {
    const here = recordOf(node) !== undefined || operatorKey(node) === branchKey ? [] : [nodeText(node)];
    // Only one branch of an If is read, and it is not known yet which one.
    if (operatorKey(node) === branchKey) return here;
    const inner = node.attribute.flatMap(({ g }) =>
      g === undefined ? [] : unknownOperators(g.node, where, depth + 1),
    );
    return [...here, ...inner];
  });
}

/** The form of a node, if its operator's record is not enough to read it. */
export function formOf(node: NodeProto): NodeForm | undefined {
  const key = operatorKey(node);
  return Object.hasOwn(nodeForms, key) ? nodeForms[key] : undefined;
}

/** The record that a node is read with, which its form may name. */
export function recordOf(node: NodeProto, form: NodeForm | undefined = formOf(node)): Op | undefined {
  return form === undefined && !isStandardDomain(node.domain) ? undefined : findOp(form?.op ?? node.opType);
}

/** `Conv (node "stem")`; a node without a name is identified by its first output. */
export function nodeText(node: NodeProto): string {
  const { name, output } = node;
  return `${printable(operatorKey(node))} (${name === "" ? `makes ${quoted(output[0] ?? "")}` : `node ${quoted(name)}`})`;
}
