// Turns an ONNX file into a subject: every node that depends on the inputs is a step, named by the path of its module.
//
//   file --skim--> messages --parameters, shapes--> lenient graph --nodes in order--> steps

import { InvalidInputError, TrainscopeError } from "../../core/errors.js";
import { isFloat } from "../../core/numbers/dtype.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { input } from "../../graph/build.js";
import type { WeightUse } from "../../graph/op.js";
import type { Tensor, TensorType } from "../../graph/tensor.js";
import { checkPatterns, pathMatcher } from "../../nn/path-patterns.js";
import { storageOf } from "../../onnx/file/element-storage.js";
import { isBeside, type ReadRange } from "../../onnx/file/external-data.js";
import type { TensorProto } from "../../onnx/file/generated/onnx_pb.js";
import { type OnnxFile, onnxFile } from "../../onnx/file/onnx-file.js";
import { ownLocation } from "../../onnx/file/own-payload.js";
import { quoted } from "../../onnx/file/read-values.js";
import { type ByteSource, skimModel } from "../../onnx/file/skim.js";
import { readElementsAt } from "../../onnx/file/stored-tensor.js";
import { operatorKey } from "../../onnx/forms/node-form.js";
import { computedWeights } from "../../onnx/recover/computed-weights.js";
import { foldingRemark, parametersBeforeFolding } from "../../onnx/recover/folded-normalization.js";
import { type StoredWeight, storedWeights } from "../../onnx/recover/parameters.js";
import { separateWeights } from "../../onnx/recover/separate-weights.js";
import { sampledLikeness, tieWeights } from "../../onnx/recover/tied-weights.js";
import { fileGraph } from "./file-graph.js";
import { fileSteps } from "./file-steps.js";
import { type InputShapeOptions, resolveInputShapes } from "./input-shapes.js";
import { type Subject, type SubjectParameter, unknownTensor } from "./subject.js";

/** A model file and the files beside it. */
export interface ModelSource extends ByteSource {
  /** Reads a range of a file beside the model. @throws TrainscopeError if there is no such file, or it is too short. */
  readBeside?(location: string, offset: number, length: number): Uint8Array;
}

export interface OnnxSubjectOptions extends InputShapeOptions {
  /** The user's name for the model. Default: `where`. */
  readonly model?: string;
  /** Patterns of parameters to freeze, see `pathMatcher`. */
  readonly freeze?: readonly string[];
}

/**
 * A file as a subject, in inference form, whatever mode it was exported in. Weights are not read.
 * @param where the file, for messages.
 * @throws CorruptFileError for damage, InvalidInputError if neither the file nor the user gives a required shape.
 */
export function onnxSubject(source: ModelSource, where: string, options: OnnxSubjectOptions = {}): Subject {
  const file = openSubject(source, where);
  const weights = storedWeights(file, { isSparing: true });
  const shapes = resolveInputShapes(file, options);
  const stored = storedTensors(file, weights);
  const { inputs, nodes, outputs } = fileGraph(file, shapes, stored.tensors);
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
      // Quantized weights cannot be trained.
      parameterOf(
        weight,
        weight.use !== "statistic" && isFloat(weight.type.dtype) && !isFrozen(weight.name),
        folding?.more.get(weight.name),
      ),
    ]),
  );
  return {
    model: options.model ?? where,
    inputs: inputs.map((tensor) => ({ name: tensor.name ?? "", tensor, ...halfType(file, tensor) })),
    ...(areHalves(file, inputs, weights) ? { floatBytes: 2 } : {}),
    outputs: file.graph.output.map(({ name }) => ({ name, value: outputs.get(name) ?? unknownTensor })),
    batchSize: shapes.batchSize,
    steps: fileSteps(file, { inputs, nodes, known }),
    parameters: [...known.values()],
    parameterTensors: [...known].flatMap(([tensor, { isTrainable }]) => (isTrainable ? [tensor] : [])),
    storedValue: stored.storedValue,
    remarks: [
      ...remarksOf(file, { inputs, weights, missing: stored.missing }),
      ...(folding === undefined ? [] : [`${where}: ${foldingRemark(folding)}; those are counted`]),
    ],
  };
}

function openSubject(source: ModelSource, where: string): OnnxFile {
  const model = skimModel(source, where);
  const reading = { readRange: rangeReader(source) };
  separateWeights(model);
  const elementAt = (proto: TensorProto, start: number): number | bigint | undefined => {
    try {
      return readElementsAt(`${where}, tensor ${quoted(proto.name)}`, proto, { start, count: 1 }, reading)[0];
    } catch (cause) {
      if (isBeside(proto) && cause instanceof TrainscopeError) return undefined;
      throw cause;
    }
  };
  tieWeights(model, sampledLikeness(elementAt));
  return onnxFile(model, where, { ...reading, isLenient: true });
}

function rangeReader(source: ModelSource): ReadRange {
  return (location, offset, length) => {
    if (location === ownLocation) return source.readAt(offset, length);
    if (source.readBeside !== undefined) return source.readBeside(location, offset, length);
    throw new InvalidInputError("its values are in another file", { where: location, expected: "one file" });
  };
}

const uses: Readonly<Record<WeightUse, SubjectParameter["use"]>> = {
  weight: "weight",
  scale: "weight",
  bias: "bias",
  shift: "bias",
  statistic: "statistic",
};

function parameterOf(
  { name, proto, type, use }: StoredWeight,
  isTrainable: boolean,
  folded: SubjectParameter["folded"],
): SubjectParameter {
  return {
    name,
    use: uses[use],
    isTrainable,
    ...(folded === undefined ? {} : { folded }),
    shape: type.shape,
    bytes: sizeOf(type.shape) * (storageOf(proto.dataType)?.bytes ?? 0),
  };
}

/** No shape rule reads larger tensors (`constant-value.ts`). */
const mostStaticElements = 4096;

/** Stored tensors whose values no rule reads, as graph inputs; and the missing external files. */
function storedTensors(file: OnnxFile, weights: readonly StoredWeight[]) {
  const tensors = new Map<string, Tensor>();
  const protos = new Map<Tensor, TensorProto>();
  const missing = new Set<string>();
  const keep = (name: string, proto: TensorProto, { dtype, shape }: TensorType): void => {
    const tensor = input(name, dtype, shape);
    tensors.set(name, tensor);
    protos.set(tensor, proto);
  };
  for (const { name, proto, type } of weights) keep(name, proto, type);
  for (const [name, proto] of storedProtos(file)) {
    if (storageOf(proto.dataType) === undefined) continue;
    const type = file.tensorType(proto);
    const isThere = !isBeside(proto) || isReadable(file, proto, missing);
    if (!tensors.has(name) && (sizeOf(type.shape) > mostStaticElements || !isThere)) keep(name, proto, type);
  }
  const storedValue = (tensor: Tensor): TensorData | undefined => {
    const proto = protos.get(tensor);
    return proto === undefined ? undefined : file.tensor(proto);
  };
  return { tensors, missing: [...missing], storedValue };
}

/** Initializers, and values of Constant nodes in the main graph, by name. */
function storedProtos({ graph, inlined }: OnnxFile): (readonly [string, TensorProto])[] {
  const constants = inlined.nodes.flatMap((node) => {
    const proto = operatorKey(node) === "Constant" ? node.attribute.find(({ name }) => name === "value")?.t : undefined;
    return proto === undefined ? [] : [[node.output[0], proto] as const];
  });
  return [...graph.initializer.map((proto) => [proto.name, proto] as const), ...constants];
}

/** Whether an external file is as long as it should be; checked by reading its last byte. */
function isReadable({ reading, where }: OnnxFile, proto: TensorProto, missing: Set<string>): boolean {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  if (missing.has(location)) return false;
  try {
    const size = sizeOf(proto.dims.map(Number));
    if (size > 0)
      readElementsAt(`${where}, tensor ${quoted(proto.name)}`, proto, { start: size - 1, count: 1 }, reading);
    return true;
  } catch (cause) {
    if (!(cause instanceof TrainscopeError)) throw cause;
    missing.add(location);
    return false;
  }
}

/** Codes of float16 and bfloat16 in ONNX. */
const halfTypes: Readonly<Record<number, string>> = { 10: "float16", 16: "bfloat16" };
const float32Code = 1n;

/** The type of an input that the file stores in 16 bits. */
function halfType({ graph }: OnnxFile, { name }: Tensor): { type?: string } {
  const type = graph.input.find((info) => info.name === name)?.type?.value;
  const half = type?.case === "tensorType" ? halfTypes[type.value.elemType] : undefined;
  return half === undefined ? {} : { type: half };
}

/** Whether all activations are 16-bit: weights and inputs are, and no node casts to float32. */
function areHalves(file: OnnxFile, inputs: readonly Tensor[], weights: readonly StoredWeight[]): boolean {
  const floats = inputs.filter(({ dtype }) => isFloat(dtype));
  const widens = file.inlined.nodes.some(
    ({ opType, attribute }) => opType === "Cast" && attribute.some(({ name, i }) => name === "to" && i === float32Code),
  );
  const own = weights.filter(({ type }) => isFloat(type.dtype));
  const isHalf = own.length > 0 && own.every(({ proto }) => Object.hasOwn(halfTypes, proto.dataType));
  return isHalf && !widens && floats.every((input) => halfType(file, input).type !== undefined);
}

interface Remarked {
  readonly inputs: readonly Tensor[];
  readonly weights: readonly StoredWeight[];
  readonly missing: readonly string[];
}

function remarksOf(file: OnnxFile, { inputs, weights, missing }: Remarked): string[] {
  const { where } = file;
  const outside = missing.map(
    (location) =>
      `${where}: values are in ${quoted(location)}, which is missing or too short: only shapes were analyzed, and every stored tensor that could be a weight counts as one`,
  );
  const halves = weights.filter(
    ({ type, proto }) => storageOf(proto.dataType)?.bytes === 2 && type.dtype === "float32",
  );
  const counted = areHalves(file, inputs, weights)
    ? "so are activations and inference, and training in float32"
    : "activations are counted in float32";
  const narrow =
    halves.length === 0
      ? []
      : [`${where}: ${halves.length} of ${weights.length} weights are stored in 16 bits and counted so; ${counted}`];
  return [...outside, ...narrow, ...computedRemark(file)];
}

/**
 * Reports tables of relative positions, normalized weights and the like: the file stores the computed result instead of
 * the parameter.
 */
function computedRemark(file: OnnxFile): string[] {
  const sources = [...new Set(computedWeights(file).flatMap((computed) => computed.sources))];
  if (sources.length === 0) return [];
  const named = `${sources.slice(0, 3).map(quoted).join(", ")}${sources.length > 3 ? ", ..." : ""}`;
  return [
    `${file.where}: the exporter computed constants out of ${sources.length} ${sources.length === 1 ? "parameter" : "parameters"} (${named}), which are not in the file: what it has in their place may be more or fewer elements, or not count as parameters`,
  ];
}
