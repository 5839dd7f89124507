// A model from an ONNX file as a network that trains.
//
//   OnnxFile --separate merged weights--> parameters, statistics --buildGraph, once per batch size--> Network

import { InvalidInputError, ShapeError, UnknownNameError } from "../../core/errors.js";
import { sha256OfPieces } from "../../core/formats/hash.js";
import { isFloat } from "../../core/numbers/dtype.js";
import { elementBytes } from "../../core/numbers/element-bytes.js";
import type { Shape } from "../../core/numbers/shape.js";
import { shapeText } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { constant, input } from "../../graph/build.js";
import type { WeightUse } from "../../graph/op.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import type { Mode, ParameterRole } from "../../nn/layer.js";
import type { Buffer, Network, NetworkForm, NetworkSource, Parameter } from "../../nn/network.js";
import { checkPatterns, pathMatcher } from "../../nn/path-patterns.js";
import { OwnBatch } from "../../onnx/batch-size.js";
import { isExternal } from "../../onnx/file/external-data.js";
import type { TensorProto } from "../../onnx/file/generated/onnx_pb.js";
import { type FileOptions, type OnnxFile, onnxFile, parseModel } from "../../onnx/file/onnx-file.js";
import { quoted } from "../../onnx/file/read-values.js";
import { readTensor } from "../../onnx/file/stored-tensor.js";
import { type BuildOptions, buildGraph, freeInputs } from "../../onnx/forms/graph-builder.js";
import { declaredInput } from "../../onnx/forms/read-input.js";
import { paddingRows } from "../../onnx/recover/padding-rows.js";
import { judgedTensors, type StoredWeight } from "../../onnx/recover/parameters.js";
import { separateWeights } from "../../onnx/recover/separate-weights.js";
import { tieWeights, wholeLikeness } from "../../onnx/recover/tied-weights.js";
import { unfoldNormalizations } from "../../onnx/recover/unfold-normalization.js";
import { type SavedModel, type SaveOptions, saveWeights } from "../../onnx/save-weights.js";
import type { KindSpec } from "../spec/trial-spec.js";
import { onnxRemarks } from "./onnx-remarks.js";
import { checkParameterChoice, readParameterChoice } from "./parameter-choice.js";
import { TrainingForms } from "./training-forms.js";

export interface OnnxNetworkOptions extends Omit<FileOptions, "isSingle"> {
  /** Patterns of parameters and running statistics to freeze, by their names in the file. See `pathMatcher`. */
  readonly freeze?: readonly string[];
  /**
   * What the user says about parameters, by the names in the file: `+name` or `+pattern` is trained, `-pattern` is a
   * constant; the last that matches counts. Default: as `parameters.ts` decides.
   */
  readonly parameters?: readonly string[];
  /** The output for the loss. May be omitted if there is only one. */
  readonly output?: string;
}

export interface OnnxNetwork extends NetworkSource {
  readonly inputNames: readonly string[];
  /**
   * Identifies the model in a trial's spec: the file's contents, including external data, what the user says about its
   * parameters, and the output.
   */
  readonly spec: KindSpec;
  /** Patterns of the frozen parameters, as the model was read with them. */
  readonly freeze: readonly string[];
  /** Remarks for the user: weights in other types, normalizations that the exporter removed. */
  readonly remarks: readonly string[];
  /**
   * The model with these weights in inference form; everything else is unchanged.
   * @param tensors parameters and statistics by their names in the file; missing ones keep their values.
   */
  save(tensors: ReadonlyMap<string, TensorData>, options?: SaveOptions): SavedModel;
}

/**
 * Reads a model for training. Parameters are those of `parameters.ts`; BatchNormalization uses the statistics of the
 * batch and updates the running statistics as PyTorch does, and Dropout is active, whatever mode the file was exported
 * in.
 * @param where the file, for messages.
 * @throws CorruptFileError | InvalidInputError | UnknownNameError.
 */
export function onnxNetwork(bytes: Uint8Array, where: string, options: OnnxNetworkOptions = {}): OnnxNetwork {
  const { freeze = [], parameters = [], output } = options;
  const chosen = readParameterChoice(parameters);
  const model = parseModel(bytes, where, options);
  const decode = (proto: TensorProto) => readTensor(`${where}, tensor ${quoted(proto.name)}`, proto, options);
  const unfolded = unfoldNormalizations(model, decode);
  separateWeights(model);
  tieWeights(model, wholeLikeness(decode));
  const file = onnxFile(model, where, { ...options, isSingle: true });
  const judged = judgedTensors(file, { chosen });
  const { weights } = judged;
  checkParameterChoice(parameters, judged);
  checkPatterns(freeze, freezable(file, weights));
  if (!weights.some(({ name, use }) => use !== "statistic" && !pathMatcher(freeze)(name))) {
    throw new InvalidInputError("nothing in the model can be trained", {
      where,
      expected: "at least one floating-point initializer that is a weight and is not frozen",
      received: weights.length === 0 ? "none" : "all are frozen",
      ...(weights.length > 0 || judged.trainable.length === 0
        ? {}
        : { remedy: `Name parameters with --parameters: ${plusNames(judged.trainable)}` }),
    });
  }
  const source: Source = { file, weights, isFrozen: pathMatcher(freeze), output: outputName(file, output) };
  return {
    spec: {
      kind: "onnx",
      fingerprint: fingerprintOf(bytes, file, weights, parameters),
      ...(output === undefined ? {} : { output }),
    },
    freeze,
    inputNames: freeInputs(file).map(({ name }) => name),
    remarks: [...unfoldedRemark(where, unfolded), ...onnxRemarks(file, judged)],
    build: (form) => buildNetwork(source, form),
    save: (tensors, saving) => {
      const known = new Map(weights.map(({ name }) => [name, tensors.get(name)] as const));
      const values = [...known].filter((entry): entry is [string, TensorData] => entry[1] !== undefined);
      return saveWeights(file, new Map(values), saving);
    },
  };
}

function unfoldedRemark(where: string, count: number): string[] {
  if (count === 0) return [];
  const what = count === 1 ? "1 batch normalization" : `${count} batch normalizations`;
  return [
    `${where}: the exporter folded ${what} that had not been trained; ${count === 1 ? "it is" : "they are"} put back as ${count === 1 ? "it" : "they"} began`,
  ];
}

const plusNames = (names: readonly string[]): string =>
  names
    .slice(0, 8)
    .map((name) => `+${name}`)
    .join(",");

/** Freeze patterns may also name constants, because only some exporters distinguish them from weights. */
function freezable({ graph }: OnnxFile, weights: readonly StoredWeight[]): string[] {
  return [...new Set([...weights, ...graph.initializer].map(({ name }) => name))];
}

function fingerprintOf(
  bytes: Uint8Array,
  { graph }: OnnxFile,
  weights: readonly StoredWeight[],
  parameters: readonly string[],
): string {
  const outside = graph.initializer.some(isExternal) ? weights.map(({ value }) => elementBytes(value.data)) : [];
  const said = parameters.length === 0 ? [] : [new TextEncoder().encode(`parameters ${parameters.join(",")}`)];
  return sha256OfPieces([bytes, ...outside, ...said]).slice(0, 16);
}

interface Source {
  readonly file: OnnxFile;
  readonly weights: readonly StoredWeight[];
  readonly isFrozen: (name: string) => boolean;
  readonly output: string;
}

function outputName({ graph, where }: OnnxFile, wanted: string | undefined): string {
  const names = graph.output.map(({ name }) => name);
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new UnknownNameError(where, "output", wanted, names);
  }
  if (names.length === 1) return names[0];
  throw new InvalidInputError("the model has several outputs", {
    where,
    expected: "the name of the output for the loss",
    received: "none",
    remedy: `Choose with --output: ${names.slice(0, 10).map(quoted).join(", ")}`,
  });
}

function buildNetwork(source: Source, form: NetworkForm): Network {
  const { file, weights, isFrozen, output } = source;
  const shapes = inputShapes(file, form);
  const tensors = new Map(weights.map(({ name, value }) => [name, input(name, "float32", value.shape)] as const));
  const build = (mode: Mode, options: BuildOptions): { graph: Graph; forms: TrainingForms } => {
    const forms = new TrainingForms(mode, statistics(source, tensors), isFrozen, paddingOf(source, tensors));
    return {
      graph: buildGraph(file, {
        ...options,
        replaced: new Map([...(options.replaced ?? []), ...tensors]),
        forms: forms.table,
      }),
      forms,
    };
  };
  const { graph, forms } = buildForBatch(source, form, shapes, build);
  const tensor = graph.outputs.find(({ name }) => name === output)?.tensor as Tensor;
  checkOutput(file.where, output, tensor, form.batchSize);
  const parameters = weights.filter(({ use }) => use !== "statistic").map((weight) => parameterOf(weight, tensors));
  return {
    inputs: graph.inputs,
    output: tensor,
    parameters: parameters.filter(({ path }) => !isFrozen(path)),
    frozen: parameters.filter(({ path }) => isFrozen(path)),
    buffers: statistics(source, tensors).map((buffer) => ({ ...buffer, next: forms.nextOf(buffer) })),
    randomKeys: forms.randomKeys,
    firstExample: forms.firstExample,
  };
}

function paddingOf({ file, weights }: Source, tensors: ReadonlyMap<string, Tensor>): Map<Tensor, number> {
  return new Map(paddingRows(file, weights).map(({ name, row }) => [tensors.get(name) as Tensor, row]));
}

function statistics({ weights }: Source, tensors: ReadonlyMap<string, Tensor>): Buffer[] {
  return weights
    .filter(({ use }) => use === "statistic")
    .map(({ name, value }) => {
      const tensor = tensors.get(name) as Tensor;
      return { path: name, tensor, initial: value, next: tensor };
    });
}

const roles: Readonly<Record<Exclude<WeightUse, "statistic">, ParameterRole>> = {
  weight: "weight",
  bias: "bias",
  scale: "scale",
  shift: "shift",
};

function parameterOf({ name, use, value }: StoredWeight, tensors: ReadonlyMap<string, Tensor>): Parameter {
  return {
    path: name,
    role: roles[use as keyof typeof roles],
    tensor: tensors.get(name) as Tensor,
    // The parameter already has a value.
    initializer: { kind: "constant", value: 0 },
    fans: { fanIn: 1, fanOut: 1 },
    value,
  };
}

/** Shapes of the inputs including the batch, checked against the axes that the file declares. */
function inputShapes(file: OnnxFile, { batchSize, inputShapes: examples }: NetworkForm): Map<string, Shape> {
  const infos = freeInputs(file);
  if (infos.length !== examples.length) {
    throw new InvalidInputError("the data does not fit the inputs of the model", {
      where: file.where,
      expected: `an array for each of ${infos.map(({ name }) => quoted(name)).join(", ")}`,
      received: `${examples.length}`,
    });
  }
  return new Map(
    infos.map((info, i) => {
      const { axes } = declaredInput(`${file.where}, input ${quoted(info.name)}`, info);
      const shape = [batchSize, ...examples[i]];
      const fits =
        axes === undefined ||
        (axes.length === shape.length && axes.every((a, n) => n === 0 || typeof a !== "number" || a === shape[n]));
      if (fits) return [info.name, shape] as const;
      throw new ShapeError("the data does not fit the input", {
        where: `${file.where}, input ${quoted(info.name)}`,
        expected: `[${axes.map((axis, n) => (n === 0 ? "batch" : (axis ?? "any"))).join(", ")}]`,
        received: `[${["batch", ...examples[i]].join(", ")}]`,
      });
    }),
  );
}

/** The batch size that the file was exported for, if its inputs agree on one. */
function ownBatchSize(file: OnnxFile): number | undefined {
  const sizes = freeInputs(file).map((info) => declaredInput(file.where, info).axes?.[0]);
  const [first] = sizes;
  return typeof first === "number" && first > 0 && sizes.every((size) => size === first) ? first : undefined;
}

/** Reduces initial states and the like, stored for every example of the file's batch, to one row, which broadcasts. */
function equalRows({ file, weights }: Source, own: number): Map<string, Tensor> {
  const rows = new Map<string, Tensor>();
  const isWeight = new Set(weights.map(({ name }) => name));
  for (const proto of own > 1 ? file.graph.initializer : []) {
    if (proto.dims.length < 2 || proto.dims[0] !== BigInt(own) || isWeight.has(proto.name)) continue;
    const { dtype, shape, data } = file.tensor(proto);
    const size = data.length / own;
    if (!isFloat(dtype) || !(data as Float32Array).every((value, i) => value === data[i % size])) continue;
    rows.set(proto.name, constant({ dtype, shape: [1, ...shape.slice(1)], data: data.slice(0, size) }));
  }
  return rows;
}

type Build = (mode: Mode, options: BuildOptions) => { graph: Graph; forms: TrainingForms };

/** Builds the graph. A file with a fixed batch size is built with its own size first, to find the batch axes. */
function buildForBatch(source: Source, { mode, batchSize }: NetworkForm, shapes: Map<string, Shape>, build: Build) {
  const { file } = source;
  const own = ownBatchSize(file);
  if (own === undefined || own === batchSize) return build(mode, { inputShapes: shapes });
  const batch = new OwnBatch(own);
  const ownShapes = new Map([...shapes].map(([name, shape]) => [name, [own, ...shape.slice(1)]] as const));
  build("inference", { inputShapes: ownShapes, onNode: batch.onNode });
  try {
    return build(mode, { inputShapes: shapes, replaced: equalRows(source, own), ...batch.adaptedTo(batchSize) });
  } catch (cause) {
    if (!(cause instanceof InvalidInputError) || cause.parts.remedy !== undefined) throw cause;
    throw new InvalidInputError(`the model was exported for batches of ${own} and does not fit ${batchSize}`, {
      where: file.where,
      received: cause.message,
      remedy: `Export it with a symbolic batch axis, or train with a batch size of ${own}, and with --drop-last if the examples are no multiple of it`,
      cause,
    });
  }
}

function checkOutput(where: string, name: string, { shape }: Tensor, batchSize: number): void {
  if (shape[0] === batchSize) return;
  throw new ShapeError("the output has no batch on its first axis", {
    where: `${where}, output ${quoted(name)}`,
    expected: `[${batchSize}, ...]`,
    received: shapeText(shape),
  });
}
