// Finds constants that an exporter computed from parameters. Training changes the constant, or keeps it fixed, but
// cannot train the parameters behind it.
import { isFloat } from "../../core/numbers/dtype.js";
import { storageOf } from "../file/element-storage.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { foldedKinds, movements, rearrangedParameters } from "./folded-kinds.js";
import { isGeneratedName } from "./generated-names.js";
import { availableValue } from "./parameters.js";
import { usesByName } from "./stored-copies.js";
import { foldedSources, tracedKinds } from "./traced-weights.js";

/** Names that PyTorch gives to the results of arithmetic in a traced program. */
const arithmetic =
  /^(?:add|sub|mul|div|exp|log|pow|r?sqrt|abs|neg|sin|cos|tanh|sigmoid|softmax|softplus|sum|mean|max|min|clamp\w*|clip|(?:linalg_vector_)?norm|matmul|mm|mv|dot|bmm|outer|where|masked_fill|reciprocal|cumsum|_weight_norm\w*|tmp)(?:_\d+)?$/;

/** Names of values that do not come from a parameter, and of arguments of PyTorch's functions. */
const beginnings =
  /^(?:arange|full|full_like|ones|ones_like|zeros|zeros_like|empty|linspace|eye|tri[ul]|scalar_tensor|lift_fresh_copy|_?lifted_tensor|_?tensor_constant|c_lifted_tensor|eq|ne|g[et]|l[et]|logical_\w+|bitwise_\w+|cat|stack|repeat|floor\w*|index\w*|meshgrid|sym_\w+|beta\w*|threshold\w*|self_\w+)(?:_default|_tensor\w*|_scalar\w*)?(?:_\d+)?$/;

/** A single letter is more often the name of a parameter than PyTorch's operator `t`. */
const isParameterName = (name: string): boolean =>
  /^\w$/.test(name) || ![movements, arithmetic, beginnings].some((pattern) => pattern.test(name));

/** A stored constant and the parameters or buffers it was computed from. `sources` is empty if they are unknown. */
export interface ComputedWeight {
  readonly name: string;
  readonly sources: readonly string[];
  /**
   * Whether training the constant trains the parameter: its elements are elements of the parameter, each at most once.
   */
  readonly isPart: boolean;
}

/**
 * Whether a weight of Gemm was computed. Gemm transposes the weight of a linear layer by an attribute, so the exporter
 * has no other reason to rename it: a counter in its name, next to a bias with its original name, means arithmetic
 * (weight normalization, pruning). If the bias has a counter as well, both may be slices of parameters.
 */
function isComputedLinear(name: string, readers: readonly { readonly node: NodeProto; readonly index: number }[]) {
  if (!/^onnx::Gemm_\d+$/.test(name)) return false;
  return readers.some(({ node, index }) => {
    const bias = node.input[2] ?? "";
    const isTransposed = node.attribute.some((attribute) => attribute.name === "transB" && attribute.i === 1n);
    return index === 1 && operatorKey(node) === "Gemm" && isTransposed && bias !== "" && !isGeneratedName(bias);
  });
}

/**
 * Floating-point constants that were computed from parameters. PyTorch's dynamo exporter records what it folded. Its
 * older exporter leaves a counter in the name of a convolution kernel, which nothing else would have renamed. A matrix
 * of MatMul has such a name already because it was transposed, so there the name proves nothing.
 */
export function computedWeights(file: OnnxFile): ComputedWeight[] {
  const { graph } = file;
  const uses = usesByName(graph.node);
  const direct = foldedKinds(graph, (proto) => availableValue(file, proto));
  const rearranged = rearrangedParameters(graph);
  const sources = foldedSources(graph);
  const kinds = tracedKinds(graph);
  // Newer exporters list the kind of every tensor of the program; for others, the name decides.
  const isParameter = (name: string): boolean =>
    kinds.size > 0 ? kinds.get(name) === "PARAMETER" : isParameterName(name);
  return graph.initializer.flatMap(({ name, dataType }): ComputedWeight[] => {
    const dtype = storageOf(dataType)?.dtype;
    const readers = uses.get(name) ?? [];
    if (dtype === undefined || !isFloat(dtype) || readers.length === 0) return [];
    const folded = sources.get(name) ?? [];
    const named = folded.filter(isParameter);
    // If a buffer is among the sources, the parameter was indexed by it, as in tables of relative positions.
    const isComputed =
      !movements.test(name) || folded.some((source) => arithmetic.test(source) || kinds.get(source) === "BUFFER");
    if (named.length > 0 && !direct.has(name) && isComputed) return [{ name, sources: named, isPart: false }];
    const rearrangement = direct.has(name) ? rearranged.get(name) : undefined;
    if (rearrangement?.isPart === true) return [{ name, sources: [rearrangement.parameter], isPart: true }];
    const isKernel = readers.some(({ node, index }) => index === 1 && operatorKey(node).startsWith("Conv"));
    // A bias with a counter in its name means a folded batch normalization, which another remark reports.
    const isFused = readers.some(({ node }) => /^onnx::Conv\w*_\d+$/.test(node.input[2] ?? ""));
    const isComputedKernel = isKernel && !isFused && /^onnx::Conv\w*_\d+$/.test(name);
    return isComputedKernel || isComputedLinear(name, readers) ? [{ name, sources: [], isPart: false }] : [];
  });
}
