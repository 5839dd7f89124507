// Batch normalizations that an exporter computed into the weights before them: what is left of them in a file, and how
// many parameters the model had before.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { hiddenValues } from "./torchscript-names.js";
import { isFoldedNormalization, outputChannels, tracedCall, tracedParameters } from "./traced-weights.js";
import type { WeightUse } from "./weight-places.js";

const takesWeights = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * Nodes whose weights hold a batch normalization. Each exporter leaves a trace of its own:
 * - PyTorch's dynamo exporter, unless told `optimize=False`, the traced call of the normalization at the node;
 * - PyTorch's older exporter, for evaluation, a kernel and a bias that both have a counted name, since it fused them;
 * - tf2onnx the names of the fused values.
 */
export function foldedNormalizations({ graph }: OnnxFile): NodeProto[] {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  // Of equal tensors one is stored, and the others are copies of it.
  for (const node of graph.node)
    if (operatorKey(node) === "Identity" && stored.has(node.input[0])) stored.add(node.output[0]);
  return graph.node.filter((node) => {
    if (isFoldedNormalization(node)) return true;
    if (!takesWeights.has(operatorKey(node))) return false;
    const [, weight, bias] = node.input;
    if (!stored.has(weight)) return false;
    if (/_(?:weights|bias)_fused_bn/.test(weight)) return true;
    return bias !== undefined && stored.has(bias) && isCountedPair(weight, bias);
  });
}

const isCountedPair = (...names: readonly string[]): boolean => names.every((name) => /^onnx::Conv\w*_\d+$/.test(name));

/** What a model had before an exporter folded normalizations into it. */
export interface ParametersBeforeFolding {
  /** Nodes that hold a normalization. */
  readonly nodes: readonly NodeProto[];
  /** Elements of all parameters: those of the file, with scale, shift and former bias in place of the folded bias. */
  readonly parameters: number;
  /**
   * Biases in front of the normalizations, by the number of their nodes; `undefined` where the file does not tell. Then
   * none are counted, as is usual in front of a normalization.
   */
  readonly biases: number | undefined;
  /**
   * By the name of the folded bias (of the kernel, where there is none): weights and biases that the layer had beyond the
   * elements that are stored.
   */
  readonly more: ReadonlyMap<string, { readonly weights: number; readonly biases: number }>;
}

/**
 * The parameters of a model before normalizations were folded; `undefined` where none were.
 *
 * A folded node holds a kernel and one bias of `channels` elements; before, there were the kernel, a scale and a shift
 * (`2 x channels`), and perhaps a bias of its own. Whether there was one
 * - PyTorch's dynamo exporter says: it lists every parameter of the program that it traced;
 * - PyTorch's older exporter shows by counting values, see `hiddenValues`;
 * - of other exporters is not known.
 * @param weights what the file holds, as `storedWeights` finds it.
 */
export function parametersBeforeFolding(
  file: OnnxFile,
  weights: readonly { readonly name: string; readonly use: WeightUse; readonly proto: { readonly dims: bigint[] } }[],
): ParametersBeforeFolding | undefined {
  const nodes = foldedNormalizations(file);
  if (nodes.length === 0) return undefined;
  const dims = new Map(file.graph.initializer.map((proto) => [proto.name, proto.dims]));
  const channelsOf = (node: NodeProto): number => Number(outputChannels(node, dims.get(node.input[1]) ?? []) ?? 0n);
  const folded = new Set(nodes.map((node) => node.input[2] ?? ""));
  const kept = weights.filter(({ name, use }) => use !== "statistic" && !folded.has(name));
  const had = hadBiases(file, nodes);
  const before = nodes.map((node, i) => channelsOf(node) * (affineParameters(node) + (had?.[i] === true ? 1 : 0)));
  const stored = new Set(weights.map(({ name }) => name));
  const more = new Map<string, { weights: number; biases: number }>();
  for (const [i, node] of nodes.entries()) {
    const [, kernel, bias = ""] = node.input;
    const scales = Math.min(1, affineParameters(node)) * channelsOf(node);
    const name = stored.has(bias) ? bias : kernel;
    const known = more.get(name) ?? { weights: 0, biases: 0 };
    const biases = before[i] - scales - (stored.has(bias) && !more.has(bias) ? channelsOf(node) : 0);
    more.set(name, { weights: known.weights + scales, biases: known.biases + biases });
  }
  return {
    nodes,
    parameters:
      sum(kept.map(({ proto }) => Number(proto.dims.reduce((size, extent) => size * extent, 1n)))) + sum(before),
    biases: had?.filter((had) => had).length,
    more,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Scale and shift; the traced call of a normalization names those that it had. */
function affineParameters(node: NodeProto): number {
  const call = tracedCall(node);
  return call.includes("batch_norm") ? [...call.matchAll(/%p_\w+/g)].length : 2;
}

/** For every node whether there was a bias before the normalization, or `undefined` if the file does not tell. */
function hadBiases(file: OnnxFile, nodes: readonly NodeProto[]): boolean[] | undefined {
  const targets = tracedParameters(file.graph);
  if (targets.size > 0 && nodes.every(({ input }) => targets.has(input[1])))
    return nodes.map(({ input }) => targets.has(input[1].replace(/weight$/, "bias")));
  if (!nodes.every(({ input }) => isCountedPair(input[1], input[2] ?? ""))) return undefined;
  const hidden = hiddenValues(file, nodes);
  // A number between means that other values went as well, or that some of the nodes had a bias.
  if (hidden === 0) return nodes.map(() => false);
  return hidden === nodes.length ? nodes.map(() => true) : undefined;
}

/** What a user should hear of it: the count before folding. */
export function foldingRemark({ nodes, parameters, biases }: ParametersBeforeFolding): string {
  const where = `${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`;
  const assumption = biases === undefined ? ", if there were no biases in front of them" : "";
  return `the exporter folded batch normalization into the weights of ${where}; before, the model had ${parameters} parameters${assumption}`;
}
