// Restores untrained batch normalizations that PyTorch's dynamo exporter folded into convolutions.
//
// An untrained normalization has scale 1, shift 0, mean 0 and variance 1. Folding it into a convolution without a bias
// leaves no bias, which a trained one would, and divides the kernel by sqrt(1 + epsilon). The traced call at the node
// still names its parameters. So the exported model is known, up to rounding of the kernel. A convolution with a bias
// is recognized by its range: PyTorch draws kernel and bias uniformly between -1 and 1 over the root of the fan-in.
import { create } from "@bufbuild/protobuf";
import { elementBytes } from "../../core/numbers/element-bytes.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";
import { takenNames, unused, usesByName } from "./stored-copies.js";
import {
  foldingKeys,
  isFoldedNormalization,
  outputChannels,
  tracedCall,
  tracedKinds,
  tracedName,
} from "./traced-weights.js";

/** Matches the traced call: names of scale, shift, mean and variance, the momentum of the statistics, epsilon. */
const normalizationCall =
  /batch_norm\w*\.\w+\]\(args = \(%\w+, %(p_\w+), %(p_\w+), %(b_\w+), %(b_\w+), (?:(?:True|False), )?([\d.e-]+), ([\d.e-]+)/;

/**
 * Restores the normalizations. Changes the model.
 * @param decode reads a stored tensor.
 * @returns the number of restored normalizations.
 */
export function unfoldNormalizations(
  { graph, producerName }: ModelProto,
  decode: (proto: TensorProto) => TensorData,
): number {
  if (graph === undefined || producerName !== "pytorch") return 0;
  const find = finder(graph, decode);
  const taken = takenNames(graph);
  let count = 0;
  graph.node = graph.node.flatMap((node) => {
    const found = find(node);
    if (found === undefined) return [node];
    count++;
    const { folded, tensors, channels, rate, epsilon } = found;
    for (const proto of folded) rescale(graph, proto, decode(proto), Math.sqrt(1 + epsilon));
    for (const [i, name] of tensors.entries())
      graph.initializer.push(constantVector(name, channels, i % 3 === 0 ? 1 : 0));
    const [output] = node.output;
    const before = unused(`${output}/before_normalization`, taken);
    node.output = [before];
    node.metadataProps = node.metadataProps.filter(({ key }) => !foldingKeys.includes(key));
    return [node, normalization([before, ...tensors], output, { epsilon, momentum: 1 - rate })];
  });
  return count;
}

interface FreshNormalization {
  /** Kernel, and bias if there is one. */
  readonly folded: readonly TensorProto[];
  /** Names of scale, shift, mean and variance. */
  readonly tensors: readonly string[];
  readonly channels: bigint;
  readonly rate: number;
  readonly epsilon: number;
}

function finder(graph: GraphProto, decode: (proto: TensorProto) => TensorData) {
  const uses = usesByName(graph.node);
  const stored = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const names = new Map([...tracedKinds(graph)].map(([target, kind]) => [tracedName(target, kind), target]));
  return (node: NodeProto): FreshNormalization | undefined => {
    const call = normalizationCall.exec(tracedCall(node));
    if (call === null || !isFoldedNormalization(node) || operatorKey(node) === "Gemm") return undefined;
    const folded = node.input.slice(1).flatMap((name) => stored.get(name) ?? []);
    const isOwn = folded.every(({ name, dataType }) => dataType === 1 && uses.get(name)?.length === 1);
    const isWhole = folded.length === node.input.slice(1).filter((name) => name !== "").length;
    const tensors = call.slice(1, 5).flatMap((name) => names.get(name) ?? []);
    const channels = folded.length === 0 ? undefined : outputChannels(node, folded[0].dims);
    const [rate, epsilon] = call.slice(5, 7).map(Number);
    if (!isOwn || !isWhole || channels === undefined || !(epsilon > 0) || node.output.length !== 1) return undefined;
    if (tensors.length < 4 || tensors.some((name) => stored.has(name))) return undefined;
    const [kernel, bias] = folded.map(decode);
    // A damaged file may claim more groups than there are weights.
    if (channels > BigInt(kernel.data.length)) return undefined;
    const isFresh = bias === undefined ? kernel.data.some((weight) => weight !== 0) : isDrawn(kernel, bias, epsilon);
    return isFresh ? { folded, tensors, channels, rate, epsilon } : undefined;
  };
}

// The largest of this many uniform draws is almost certainly at least `nearTheBound` of the bound.
const fewestDraws = 50;
const nearTheBound = 0.9;

/**
 * Whether kernel and bias, times sqrt(1 + epsilon), fill the range from which PyTorch draws both, without exceeding it.
 */
function isDrawn({ shape, data: kernel }: TensorData, { data: bias }: TensorData, epsilon: number): boolean {
  const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
  const largest = (values: TensorData["data"]): number =>
    (values as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0) * Math.sqrt(1 + epsilon);
  const [ofKernel, ofBias] = [largest(kernel), largest(bias)];
  const most = bound * (1 + 1e-5);
  return kernel.length >= fewestDraws && ofKernel <= most && ofBias <= most && ofKernel >= nearTheBound * bound;
}

/** Restores the tensor before the division. */
function rescale(graph: GraphProto, proto: TensorProto, { data }: TensorData, factor: number): void {
  const scaled = Float32Array.from(data as Float32Array, (value) => value * factor);
  const { name, dataType, dims } = proto;
  const before = create(TensorProtoSchema, { name, dataType, dims, rawData: elementBytes(scaled) });
  graph.initializer = graph.initializer.map((stored) => (stored === proto ? before : stored));
}

function constantVector(name: string, size: bigint, value: number): TensorProto {
  const data = new Float32Array(Number(size)).fill(value);
  return create(TensorProtoSchema, { name, dataType: 1, dims: [size], rawData: elementBytes(data) });
}

function normalization(input: string[], output: string, attributes: Readonly<Record<string, number>>): NodeProto {
  return create(NodeProtoSchema, {
    opType: "BatchNormalization",
    name: `${output}/BatchNormalization`,
    input,
    output: [output],
    attribute: Object.entries(attributes).map(([name, f]) =>
      create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f }),
    ),
  });
}
