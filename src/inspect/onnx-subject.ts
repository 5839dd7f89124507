// An ONNX file as a subject: every node that computes from the inputs is a step, under the path of its module.
//
//   file --skim--> messages --parameters, shapes--> lenient graph --nodes in order--> steps
import { isFloat } from "../core/dtype.js";
import { InvalidInputError, TrainscopeError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { sizeOf } from "../core/shape.js";
import { input } from "../graph/build.js";
import type { Tensor, TensorType } from "../graph/tensor.js";
import { checkPatterns, pathMatcher } from "../nn/path-patterns.js";
import { OwnBatch } from "../onnx/batch-size.js";
import { storageOf } from "../onnx/element-storage.js";
import { isBeside, type ReadRange } from "../onnx/external-data.js";
import { foldingRemark, parametersBeforeFolding } from "../onnx/folded-normalization.js";
import type { TensorProto, ValueInfoProto } from "../onnx/generated/onnx_pb.js";
import { type BuildOptions, buildGraph } from "../onnx/graph-builder.js";
import { operatorKey } from "../onnx/node-form.js";
import { type OnnxFile, onnxFile } from "../onnx/onnx-file.js";
import { ownLocation } from "../onnx/own-payload.js";
import { type StoredWeight, storedWeights } from "../onnx/parameters.js";
import { declaredInput, isTensorInput } from "../onnx/read-input.js";
import { quoted } from "../onnx/read-values.js";
import { separateWeights } from "../onnx/separate-weights.js";
import { type ByteSource, skimModel } from "../onnx/skim.js";
import { heldType, readTensor } from "../onnx/stored-tensor.js";
import { tieWeights } from "../onnx/tied-weights.js";
import type { WeightUse } from "../onnx/weight-places.js";
import { accountingForms } from "./accounting-forms.js";
import { type BuiltNode, fileSteps } from "./file-steps.js";
import { type InputShapeOptions, type InputShapes, resolveInputShapes } from "./input-shapes.js";
import { type Subject, type SubjectParameter, unknownTensor } from "./subject.js";

/** A model's file, and what lies beside it. */
export interface ModelSource extends ByteSource {
  /** A part of a file beside the model. @throws TrainscopeError when there is no such file, or it ends before. */
  readBeside?(location: string, offset: number, length: number): Uint8Array;
}

export interface OnnxSubjectOptions extends InputShapeOptions {
  /** What the user calls it. Default: `where`. */
  readonly model?: string;
  /** Patterns of parameters that are held, see `pathMatcher`. */
  readonly freeze?: readonly string[];
}

/**
 * A file as it is accounted, in inference form, whatever mode it was exported in. Weights stay where they are.
 * @param where the file, for messages.
 * @throws CorruptFileError for damage, InvalidInputError where a shape is needed that neither the file nor the user gives.
 */
export function onnxSubject(source: ModelSource, where: string, options: OnnxSubjectOptions = {}): Subject {
  const file = openSubject(source, where);
  const weights = storedWeights(file, { isSparing: true });
  const shapes = resolveInputShapes(file, options);
  const stored = storedTensors(file, weights);
  const { inputs, nodes, outputs } = builtFor(file, shapes, stored.tensors);
  const folding = parametersBeforeFolding(file, weights);
  const { freeze = [] } = options;
  checkPatterns(
    freeze,
    weights.map(({ name }) => name),
  );
  const isFrozen = pathMatcher(freeze);
  const known = new Map(
    weights.map((weight) => [
      stored.tensors.get(weight.name) as Tensor,
      // What is stored as integers is no longer trained.
      parameterOf(weight, weight.use !== "statistic" && isFloat(weight.type.dtype) && !isFrozen(weight.name)),
    ]),
  );
  return {
    model: options.model ?? where,
    inputs: inputs.map((tensor) => ({ name: tensor.name ?? "", tensor })),
    outputs: file.graph.output.map(({ name }) => ({ name, value: outputs.get(name) ?? unknownTensor })),
    batchSize: shapes.batchSize,
    steps: fileSteps(file, { inputs, nodes, known }),
    parameters: [...known.values()],
    parameterTensors: [...known].flatMap(([tensor, { isTrainable }]) => (isTrainable ? [tensor] : [])),
    ...(folding === undefined ? {} : { parametersBeforeFolding: folding.parameters }),
    remarks: [
      ...remarksOf(file, weights, stored.missing),
      ...(folding === undefined ? [] : [`${where}: ${foldingRemark(folding)}`]),
    ],
  };
}

function openSubject(source: ModelSource, where: string): OnnxFile {
  const model = skimModel(source, where);
  const reading = { readRange: rangeReader(source) };
  separateWeights(model);
  tieWeights(model, (proto) => {
    try {
      return readTensor(`${where}, tensor ${quoted(proto.name)}`, proto, reading);
    } catch (cause) {
      if (isBeside(proto) && cause instanceof TrainscopeError) return undefined;
      throw cause;
    }
  });
  return onnxFile(model, where, { ...reading, isLenient: true });
}

function rangeReader(source: ModelSource): ReadRange {
  return (location, offset, length) => {
    if (location === ownLocation) return source.readAt(offset, length);
    if (source.readBeside !== undefined) return source.readBeside(location, offset, length);
    throw new InvalidInputError("its values lie in another file", { where: location, expected: "one file" });
  };
}

const uses: Readonly<Record<WeightUse, SubjectParameter["use"]>> = {
  weight: "weight",
  scale: "weight",
  bias: "bias",
  shift: "bias",
  statistic: "statistic",
};

function parameterOf({ name, proto, type, use }: StoredWeight, isTrainable: boolean): SubjectParameter {
  return {
    name,
    use: uses[use],
    isTrainable,
    shape: type.shape,
    bytes: sizeOf(type.shape) * (storageOf(proto.dataType)?.bytes ?? 0),
  };
}

/** Larger tensors tell no shape rule anything (`constant-value.ts`). */
const mostSettings = 4096;

/** Stored tensors whose values no rule asks for, as inputs of the graph; and the files beside the model that are missing. */
function storedTensors(file: OnnxFile, weights: readonly StoredWeight[]) {
  const tensors = new Map<string, Tensor>();
  const missing = new Set<string>();
  for (const { name, type } of weights) tensors.set(name, input(name, type.dtype, type.shape));
  for (const [name, proto] of storedProtos(file)) {
    if (storageOf(proto.dataType) === undefined) continue;
    const { dtype, shape } = file.tensorType(proto);
    const isThere = !isBeside(proto) || isReadable(file, proto, missing);
    if (!tensors.has(name) && (sizeOf(shape) > mostSettings || !isThere)) tensors.set(name, input(name, dtype, shape));
  }
  return { tensors, missing: [...missing] };
}

/** Initializers, and what Constant nodes of the main graph hold, by the names of their values. */
function storedProtos({ graph, inlined }: OnnxFile): (readonly [string, TensorProto])[] {
  const constants = inlined.nodes.flatMap((node) => {
    const proto = operatorKey(node) === "Constant" ? node.attribute.find(({ name }) => name === "value")?.t : undefined;
    return proto === undefined ? [] : [[node.output[0], proto] as const];
  });
  return [...graph.initializer.map((proto) => [proto.name, proto] as const), ...constants];
}

/** Whether a file beside the model holds as much as it should: its last byte is looked at. */
function isReadable({ reading, where }: OnnxFile, proto: TensorProto, missing: Set<string>): boolean {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  if (missing.has(location)) return false;
  try {
    const last = { ...proto, dims: [1n], externalData: lastElement(proto) };
    readTensor(`${where}, tensor ${quoted(proto.name)}`, last, reading);
    return true;
  } catch (cause) {
    if (!(cause instanceof TrainscopeError)) throw cause;
    missing.add(location);
    return false;
  }
}

/** The entries of external data for the last element of a tensor alone. */
function lastElement({ dims, dataType, externalData }: TensorProto): TensorProto["externalData"] {
  const bytes = storageOf(dataType)?.bytes ?? 0;
  const before = Math.max(0, sizeOf(dims.map(Number)) - 1) * bytes;
  return externalData
    .filter(({ key }) => key !== "length")
    .map((entry) => (entry.key === "offset" ? { ...entry, value: `${Number(entry.value) + before}` } : entry));
}

interface Built {
  readonly inputs: readonly Tensor[];
  readonly nodes: readonly BuiltNode[];
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** The graph for the wanted batch size; a file for another one is built for that first, to see where it says so. */
function builtFor(
  file: OnnxFile,
  { shapes, dimensions, batchSize, own }: InputShapes,
  stored: ReadonlyMap<string, Tensor>,
): Built {
  if (own === undefined) return build(file, shapes, dimensions, stored);
  const batch = new OwnBatch(own.batchSize);
  const first = build(file, own.shapes, dimensions, stored, { onNode: batch.onNode });
  const second = build(file, shapes, dimensions, stored, batch.adaptedTo(batchSize));
  const unread = ({ nodes }: Built): BuiltNode[] => nodes.filter(({ reason }) => reason !== undefined);
  const [known] = unread(first).length < unread(second).length ? unread(second) : [];
  if (known === undefined) return second;
  throw new InvalidInputError(`the model was exported for batches of ${own.batchSize} and does not fit ${batchSize}`, {
    where: file.where,
    received: known.reason ?? "",
    remedy: "Leave --batch out, or export the model with a free batch axis",
  });
}

function build(
  file: OnnxFile,
  shapes: ReadonlyMap<string, Shape>,
  dimensions: ReadonlyMap<string, number>,
  stored: ReadonlyMap<string, Tensor>,
  options: BuildOptions = {},
): Built {
  const nodes: BuiltNode[] = [];
  const types = new DeclaredTypes(file, dimensions);
  const graph = buildGraph(file, {
    ...options,
    inputShapes: shapes,
    replaced: stored,
    forms: accountingForms,
    onNode: (node, inputs, outputs) => {
      options.onNode?.(node, inputs, outputs);
      nodes.push({ node, inputs, outputs });
    },
    lenience: {
      typeOf: (name) => types.typeOf(name),
      onUnread: (node, inputs, outputs, reason) => nodes.push({ node, inputs, outputs, reason }),
    },
  });
  return { inputs: graph.inputs, nodes, outputs: new Map(graph.outputs.map(({ name, tensor }) => [name, tensor])) };
}

/** What a file says of the types of its values, with extents for the dimensions that have a name. */
class DeclaredTypes {
  readonly #file: OnnxFile;
  readonly #dimensions: ReadonlyMap<string, number>;
  readonly #infos: ReadonlyMap<string, ValueInfoProto>;

  constructor(file: OnnxFile, dimensions: ReadonlyMap<string, number>) {
    this.#file = file;
    this.#dimensions = dimensions;
    const { valueInfo, output } = file.graph;
    this.#infos = new Map([...valueInfo, ...output].map((info) => [info.name, info] as const));
  }

  typeOf(name: string): TensorType | undefined {
    const info = this.#infos.get(name);
    if (info === undefined || !isTensorInput(info)) return undefined;
    const { elemType, axes } = declaredInput(`${this.#file.where}, value ${quoted(name)}`, info);
    const shape = axes?.map((axis) => (typeof axis === "string" ? this.#dimensions.get(axis) : axis));
    const isStatic = (extents: typeof shape): extents is number[] =>
      extents?.every((extent) => extent !== undefined && Number.isSafeInteger(extent) && extent >= 0) === true;
    if (!isStatic(shape) || !Number.isSafeInteger(sizeOf(shape))) return undefined;
    return { dtype: heldType(this.#file.where, elemType, this.#file.reading), shape };
  }
}

function remarksOf({ where }: OnnxFile, weights: readonly StoredWeight[], missing: readonly string[]): string[] {
  const outside = missing.map(
    (location) =>
      `${where}: values lie in ${quoted(location)}, which is missing or too short: shapes alone were accounted, and every stored tensor that could be a weight is taken as one`,
  );
  const halves = weights.filter(
    ({ type, proto }) => storageOf(proto.dataType)?.bytes === 2 && type.dtype === "float32",
  );
  const narrow =
    halves.length === 0
      ? []
      : [
          `${where}: ${halves.length} of ${weights.length} weights are stored in 16 bits and counted so; activations are counted in float32`,
        ];
  return [...outside, ...narrow];
}
