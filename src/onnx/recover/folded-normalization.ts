// Finds batch normalizations that an exporter folded into the preceding weights, and counts the parameters that the
// model had before.

import type { WeightUse } from "../../graph/op.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { hiddenValues } from "./torchscript-names.js";
import { isFoldedNormalization, outputChannels, tracedCall, tracedParameters } from "./traced-weights.js";

const takesWeights = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * Nodes whose weights contain a batch normalization. Each exporter leaves its own trace:
 * - PyTorch's dynamo exporter, unless `optimize=False`, leaves the traced call of the normalization at the node;
 * - PyTorch's older exporter, in evaluation mode, gives the fused kernel and bias names with counters;
 * - tf2onnx puts the fusion into the names of the values.
 */
export function foldedNormalizations({ graph }: OnnxFile): NodeProto[] {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  // Equal tensors are stored once; Identity nodes make the copies.
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

/** The model before an exporter folded normalizations into it. */
export interface ParametersBeforeFolding {
  /** Nodes that contain a normalization. */
  readonly nodes: readonly NodeProto[];
  /**
   * Number of elements of all parameters: those of the file, but with scale, shift and original bias instead of the
   * folded bias.
   */
  readonly parameters: number;
  /**
   * Number of nodes that had a bias before the normalization; `undefined` if the file does not show it. Then no such
   * biases are counted, since layers before a normalization usually have none.
   */
  readonly biases: number | undefined;
  /**
   * Weights and biases of the layer beyond the stored elements, by the name of the folded bias (or of the kernel, if
   * there is no bias).
   */
  readonly more: ReadonlyMap<string, { readonly weights: number; readonly biases: number }>;
}

/**
 * Counts the parameters of a model before normalizations were folded; `undefined` if none were.
 *
 * A folded node holds a kernel and one bias of `channels` elements. Before folding there were the kernel, a scale and a
 * shift (`2 x channels`), and possibly a bias of the layer. Whether there was one
 * - follows from the list of parameters that PyTorch's dynamo exporter writes for the program it traced;
 * - follows from counting values in files of PyTorch's older exporter, see `hiddenValues`;
 * - is unknown for other exporters.
 * @param weights the weights of the file, as `storedWeights` finds them.
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

/** Number of affine parameters, at most scale and shift: the traced call of a normalization names those it had. */
function affineParameters(node: NodeProto): number {
  const call = tracedCall(node);
  return call.includes("batch_norm") ? [...call.matchAll(/%p_\w+/g)].length : 2;
}

/** Whether each node had a bias before its normalization; `undefined` if the file does not show it. */
function hadBiases(file: OnnxFile, nodes: readonly NodeProto[]): boolean[] | undefined {
  const targets = tracedParameters(file.graph);
  if (targets.size > 0 && nodes.every(({ input }) => targets.has(input[1])))
    return nodes.map(({ input }) => targets.has(input[1].replace(/weight$/, "bias")));
  if (!nodes.every(({ input }) => isCountedPair(input[1], input[2] ?? ""))) return undefined;
  const hidden = hiddenValues(file, nodes);
  // A number in between means that other values were folded too, or that only some of the nodes had a bias.
  if (hidden === 0) return nodes.map(() => false);
  return hidden === nodes.length ? nodes.map(() => true) : undefined;
}

/** The remark for the user: the number of parameters before folding. */
export function foldingRemark({ nodes, parameters, biases }: ParametersBeforeFolding): string {
  const where = `${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`;
  const assumption = biases === undefined ? ", assuming no biases before them" : "";
  return `the exporter folded batch normalization into the weights of ${where}; before, the model had ${parameters} parameters${assumption}`;
}
