// Decides which stored tensors of a file are parameters, and how each is used.
//
// ONNX files do not mark parameters. A stored floating-point tensor is a parameter if all its values are finite and
//   1. the exporter recorded that it is one (PyTorch's dynamo exporter does, and also marks buffers), or otherwise
//   2. it reaches a weight input (`weight-places.ts`: kernels, matrices, tables, biases, scales of norms), directly or
//      through Transpose, Reshape and the like, or
//   3. it is an initializer, reaches an arithmetic operator (Add, Mul, ...), and
//      - has a name chosen by a person or a framework for a variable, or
//      - has a generated name for a folded value (`onnx::Add_12`, `val_7`, `const_fold_opt__3`) and is a vector: at most
//        one axis longer than 1, and at least 2 elements. This excludes folded masks and tables of positions.
// Exceptions:
//   - A table of sines and cosines is not a parameter, whatever its name.
//   - If the exporter recorded nothing, a symmetric matrix (the adjacency matrix of a graph, a blur kernel) is not a
//     parameter, since no initializer creates one. Nor is a multiplier of zeros and ones, which is a mask.
//   - Values with generated names that are repeated over the batch, or zeros that are not added, are initial states.
//   - If the exporter recorded nothing, constants of the computation are told from parameters by what they do in the graph
//     (`constant-roles.ts`): one number in arithmetic, means and deviations of the input, masks, bounds.
// Constant nodes hold arithmetic (0.5, sqrt(2), epsilon), unless no initializer reaches a weight input: then the file
// keeps its weights in Constant nodes, and they are treated like generated names.
// So PyTorch's exports yield the state_dict without num_batches_tracked and without recognizable buffers, and tf2onnx's
// exports yield the variables of Keras. --parameters corrects what was classified wrongly.

import { TrainscopeError } from "../../core/errors.js";
import { isFloat } from "../../core/numbers/dtype.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { WeightUse } from "../../graph/op.js";
import type { TensorType } from "../../graph/tensor.js";
import { storageOf } from "../file/element-storage.js";
import { isBeside } from "../file/external-data.js";
import type { NodeProto, TensorProto } from "../file/generated/onnx_pb.js";
import { type OnnxFile, recordOf } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { decideByRole, type RoleDecision } from "./constant-roles.js";
import { type ChainPlace, dataChains } from "./data-chains.js";
import { foldedKinds } from "./folded-kinds.js";
import { isConstantName, isGeneratedName } from "./generated-names.js";
import { isSineTable } from "./sine-table.js";
import { Surroundings } from "./surroundings.js";
import { foldedKey } from "./traced-weights.js";
import { isAdded, isCarried, isSpread, placeOf } from "./weight-places.js";

/** A tensor of a file that training changes. */
export interface StoredWeight {
  /** Name of the initializer, or of the output of a Constant node. */
  readonly name: string;
  readonly proto: TensorProto;
  readonly type: TensorType;
  /** Decoded on first access. */
  readonly value: TensorData;
  readonly use: WeightUse;
  /** Why it counts as a parameter, if that is a guess. */
  readonly guess?: string;
}

/** A stored tensor that meets arithmetic and is taken for a constant of the computation. */
export interface HeldTensor {
  readonly name: string;
  /** In a few words: `one number (1e-10) that is added, an epsilon`. */
  readonly reason: string;
}

/** Decisions about the stored tensors of a file. */
export interface JudgedTensors {
  /** Parameters and running statistics, in the order of the file. */
  readonly weights: readonly StoredWeight[];
  /** Those about which the decision was a guess. */
  readonly held: readonly HeldTensor[];
  /** Names of all tensors that a choice can make parameters. */
  readonly trainable: readonly string[];
}

export interface WeightReading {
  /**
   * Whether to read values only if they decide: not those of a large tensor at a weight input, and not missing ones. A
   * tensor whose values are not read counts as an ordinary weight. Default false.
   */
  readonly isSparing?: boolean;
  /** What the user says: `true` for a parameter, `false` for a constant. Default: nothing. */
  readonly chosen?: (name: string) => boolean | undefined;
}

/** Largest number of elements of a tensor at a weight input that a sparing reader still reads. */
const mostLookedAt = 65_536;

/** Metadata key under which PyTorch's dynamo exporter records the kind of a stored tensor. */
const kindKey = "pkg.torch.export.graph_signature.InputSpec.kind";

interface Candidate {
  readonly name: string;
  readonly proto: TensorProto;
  readonly isInitializer: boolean;
  /** Whether the exporter recorded that it computed the value. */
  readonly isFolded: boolean;
}

/** Parameters and running statistics, in the order of the file. */
export function storedWeights(file: OnnxFile, reading: WeightReading = {}): StoredWeight[] {
  return [...judgedTensors(file, reading).weights];
}

/** Parameters, running statistics, and the constants about which the decision was a guess. */
export function judgedTensors(file: OnnxFile, reading: WeightReading = {}): JudgedTensors {
  const { isSparing = false, chosen = () => undefined } = reading;
  const readers = readersByName(file.inlined.nodes);
  const candidates = candidatesOf(file, isSparing ? quantizedNames(file) : new Set());
  const reached = new Map(candidates.map((candidate) => [candidate, reachedPlaces(candidate.name, readers)]));
  const isPlaced = (candidate: Candidate): boolean => reached.get(candidate)!.some(({ use }) => isWeight(use));
  const keepsWeightsInConstants = !candidates.some((candidate) => candidate.isInitializer && isPlaced(candidate));
  const judge = new Judge(file, candidates.some(isPlaced));
  const weights: StoredWeight[] = [];
  const held: HeldTensor[] = [];
  const trainable: string[] = [];
  for (const candidate of candidates) {
    const { name, proto } = candidate;
    const type = file.tensorType(proto);
    const places = reached.get(candidate)!;
    const possible = isFloat(type.dtype) ? possibleUse(type, places) : undefined;
    if (possible !== undefined) trainable.push(name);
    const choice = chosen(name);
    if (choice === false) continue;
    if (choice === true && possible !== undefined) {
      weights.push(storedWeight(file, { name, proto, type, use: possible }));
      continue;
    }
    if (!candidate.isInitializer && !keepsWeightsInConstants) continue;
    const isSeen = !isSparing || sizeOf(type.shape) <= mostLookedAt || !isPlaced(candidate);
    const value = !isSeen ? undefined : isSparing ? availableValue(file, proto) : file.tensor(proto);
    const { use, decision } = judge.verdict(candidate, { type, value }, places);
    const isGuess = decision !== undefined && decision.isSure !== true;
    if (use !== undefined)
      weights.push(storedWeight(file, { name, proto, type, use, ...(isGuess ? { guess: decision.reason } : {}) }));
    else if (isGuess) held.push({ name, reason: decision.reason });
  }
  return { weights, held, trainable };
}

/** What a tensor would be as a parameter; `undefined` if no gradient reaches it. */
function possibleUse(type: TensorType, reached: readonly ReachedPlace[]): WeightUse | undefined {
  const placed = reached.map(({ use }) => use).find(isWeight);
  const open = reached.find(({ use, node }) => use === undefined && isDifferentiable(node));
  return placed ?? (open === undefined ? undefined : arithmeticUse(open.node, type));
}

function storedWeight(file: OnnxFile, weight: Omit<StoredWeight, "value">): StoredWeight {
  return {
    ...weight,
    get value() {
      return file.tensor(weight.proto);
    },
  };
}

/** The value, or `undefined` if it is external data that is missing or too short. */
export function availableValue(file: OnnxFile, proto: TensorProto): TensorData | undefined {
  try {
    return file.tensor(proto);
  } catch (cause) {
    if (isBeside(proto) && cause instanceof TrainscopeError) return undefined;
    throw cause;
  }
}

/** The facts about a tensor on which the decision depends. */
interface Judged {
  readonly type: TensorType;
  readonly value: TensorData | undefined;
}

/** A node input that a tensor reaches. */
interface ReachedPlace {
  readonly node: NodeProto;
  readonly use: WeightUse | "never" | undefined;
  readonly isSpread: boolean;
}

const isWeight = (use: WeightUse | "never" | undefined): use is WeightUse => use !== undefined && use !== "never";

/** A decision about a tensor: what it is used for as a parameter, and the role if that decided. */
interface Verdict {
  readonly use?: WeightUse;
  readonly decision?: RoleDecision;
}

const constantVerdict: Verdict = {};

/** Decides about the tensors of one file. */
class Judge {
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #producer: string;
  readonly #chains: ReadonlyMap<string, readonly ChainPlace[]>;
  readonly #surroundings: Surroundings;

  constructor(file: OnnxFile, hasWeights: boolean) {
    this.#kinds = exporterKinds(file);
    this.#producer = file.model.producerName;
    // Without weights, what meets the input is all that can be trained.
    this.#chains = hasWeights ? dataChains(file) : new Map();
    this.#surroundings = new Surroundings(file);
  }

  verdict(candidate: Candidate, judged: Judged, everywhere: readonly ReachedPlace[]): Verdict {
    const { name, isInitializer, isFolded } = candidate;
    const { type, value } = judged;
    const kind = this.#kinds.get(name);
    if (everywhere.some(({ use }) => use === "statistic")) return { use: "statistic" };
    if ((kind !== undefined && kind !== "PARAMETER") || (value !== undefined && !allFinite(value)))
      return constantVerdict;
    if (kind === undefined && value !== undefined && isSymmetric(value)) return constantVerdict;
    const isGenerated = kind === undefined && (!isInitializer || isFolded || isGeneratedName(name));
    const reached = isGenerated ? everywhere.filter(({ isSpread }) => !isSpread) : everywhere;
    const open = reached.filter(({ use, node }) => use === undefined && isDifferentiable(node));
    const weight = reached.map(({ use }) => use).find(isWeight);
    if (weight === undefined && open.length === 0) return constantVerdict;
    if (isGenerated && value !== undefined && isArithmetic(value, reached)) return constantVerdict;
    if (kind === undefined && weight !== "bias" && value !== undefined && isMask(value, open)) return constantVerdict;
    if (weight !== undefined) return { use: weight };
    if (isConstantName(name)) return constantVerdict;
    const decision = kind === undefined ? this.#byRole(candidate, judged, open, isGenerated) : undefined;
    if (decision?.isParameter === false) return { decision };
    if (isGenerated && !isVector(type) && decision === undefined) return constantVerdict;
    if (kind === undefined && value !== undefined && isSineTable(value)) return constantVerdict;
    const use = arithmeticUse(open[0].node, type);
    return decision === undefined ? { use } : { use, decision };
  }

  #byRole({ name }: Candidate, judged: Judged, open: readonly ReachedPlace[], isGenerated: boolean) {
    return decideByRole({
      ...judged,
      name,
      isGenerated,
      producer: this.#producer,
      nodes: open.map(({ node }) => node),
      chain: this.#chains.get(name) ?? [],
      surroundings: this.#surroundings,
    });
  }
}

/**
 * Whether these are values that exporters create for their form of an operator: initial states, or scales of one in
 * normalizations.
 */
function isArithmetic(value: TensorData, reached: readonly ReachedPlace[]): boolean {
  if (!allEqual(value)) return false;
  if (value.data[0] === 0 && !reached.every(({ node, use }) => isAdded(node, use))) return true;
  // PyTorch writes group normalization as instance normalization with scales of one.
  return reached.every(({ node }) => operatorKey(node) === "InstanceNormalization");
}

/**
 * Whether a square matrix is symmetric and its off-diagonal entries differ (initial parameters may be multiples of the
 * identity).
 */
export function isSymmetric({ shape, data }: TensorData): boolean {
  const extents = shape.filter((extent) => extent > 1);
  const [size] = extents;
  if (extents.length !== 2 || size !== extents[1] || size < 3) return false;
  const values = data as Float32Array;
  let isVaried = false;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      if (values[row * size + column] !== values[column * size + row]) return false;
      isVaried ||= values[row * size + column] !== values[1];
    }
  }
  return isVaried;
}

/**
 * Whether a tensor at a multiplication is a mask: both zeros and ones. All ones, or an identity, may be the initial
 * value of a parameter.
 */
function isMask(value: TensorData, open: readonly ReachedPlace[]): boolean {
  const multiplies = open.some(({ node }) => operatorKey(node) === "Mul");
  return multiplies && isBinary(value);
}

/** Whether all values are zero or one, both occur, and the matrix is not an identity. */
export function isBinary({ shape, data }: TensorData): boolean {
  const values = data as Float32Array;
  const ones = values.reduce((count, one) => count + (one === 1 ? 1 : 0), 0);
  if (ones === 0 || ones === values.length || !values.every((one) => one === 0 || one === 1)) return false;
  const columns = shape.at(-1) ?? 1;
  const isIdentity =
    ones * columns === values.length && values.every((one, i) => one === (i % (columns + 1) === 0 ? 1 : 0));
  return !isIdentity;
}

/** At most one axis longer than 1, and at least two elements. */
function isVector({ shape }: TensorType): boolean {
  return sizeOf(shape) >= 2 && shape.filter((extent) => extent > 1).length === 1;
}

/** A vector is a bias in a sum and a scale in a product; anything larger is a weight. */
function arithmeticUse(node: NodeProto, type: TensorType): WeightUse {
  if (!isVector(type)) return "weight";
  const key = operatorKey(node);
  return key === "Add" || key === "Sub" || key === "Sum" ? "bias" : key === "Mul" || key === "Div" ? "scale" : "weight";
}

const allFinite = ({ dtype, data }: TensorData): boolean =>
  !isFloat(dtype) || (data as Float32Array).every((value) => Number.isFinite(value));
const allEqual = ({ data }: TensorData): boolean => (data as Float32Array).every((value) => value === data[0]);

const isDifferentiable = (node: NodeProto): boolean => {
  const op = recordOf(node);
  return op === undefined || op.vjp !== "none";
};

/** Kinds of stored tensors that PyTorch's dynamo exporter records: `PARAMETER`, `BUFFER`, `CONSTANT_TENSOR`. */
function exporterKinds(file: OnnxFile): Map<string, string> {
  const { graph } = file;
  const named = [...graph.valueInfo, ...graph.initializer].flatMap(({ name, metadataProps }) => {
    const kind = metadataProps.find((entry) => entry.key === kindKey)?.value;
    return kind === undefined ? [] : [[name, kind] as const];
  });
  return new Map([...foldedKinds(graph, (proto) => availableValue(file, proto)), ...named]);
}

/** Integer weights that DequantizeLinear converts to floats. They are accounted for, but not trained. */
function quantizedNames({ inlined }: OnnxFile): ReadonlySet<string> {
  return new Set(inlined.nodes.filter((node) => operatorKey(node) === "DequantizeLinear").map(({ input }) => input[0]));
}

function candidatesOf({ graph, inlined }: OnnxFile, quantized: ReadonlySet<string>): Candidate[] {
  const folded = new Set(
    graph.valueInfo
      .filter(({ metadataProps }) => metadataProps.some(({ key }) => key === foldedKey))
      .map(({ name }) => name),
  );
  const stored = graph.initializer.map((proto) => ({
    name: proto.name,
    proto,
    isInitializer: true,
    isFolded: folded.has(proto.name),
  }));
  const constants = inlined.nodes.flatMap((node) => {
    const proto = operatorKey(node) === "Constant" ? node.attribute.find(({ name }) => name === "value")?.t : undefined;
    return proto === undefined ? [] : [{ name: node.output[0], proto, isInitializer: false, isFolded: false }];
  });
  // Other types are not even decoded here.
  return [...stored, ...constants].filter(({ name, proto }) => {
    const dtype = storageOf(proto.dataType)?.dtype;
    return dtype !== undefined && (isFloat(dtype) || quantized.has(name));
  });
}

type Readers = ReadonlyMap<string, readonly { readonly node: NodeProto; readonly index: number }[]>;

function readersByName(nodes: readonly NodeProto[]): Readers {
  const readers = new Map<string, { node: NodeProto; index: number }[]>();
  for (const node of nodes) {
    for (const [index, name] of node.input.entries()) {
      const list = readers.get(name) ?? [];
      list.push({ node, index });
      readers.set(name, list);
    }
    // Reads inside a loop or branch count as reads by its node.
    for (const { g } of node.attribute)
      for (const inner of g?.node ?? [])
        for (const [index, name] of inner.input.entries())
          readers.set(name, [...(readers.get(name) ?? []), { node: inner, index }]);
  }
  return readers;
}

/** All node inputs that a value reaches, in file order, also through operators that only pass it on. */
function reachedPlaces(name: string, readers: Readers): ReachedPlace[] {
  const places: ReachedPlace[] = [];
  const seen = new Set<string>();
  const queue = [{ name, spread: false }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next.name)) continue;
    seen.add(next.name);
    for (const { node, index } of readers.get(next.name) ?? []) {
      const spread = next.spread || isSpread(node);
      if (!isCarried(node, index)) places.push({ node, use: placeOf(node, index), isSpread: next.spread });
      else for (const output of node.output) if (output !== "") queue.push({ name: output, spread });
    }
  }
  return places;
}
