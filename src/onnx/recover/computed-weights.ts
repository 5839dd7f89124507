// Constants that an exporter computed from parameters: training changes or holds what was computed, not the parameters.
import { isFloat } from "../../core/numbers/dtype.js";
import { storageOf } from "../file/element-storage.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { foldedKinds, movements, rearrangedParameters } from "./folded-kinds.js";
import { isMadeUpName } from "./generated-names.js";
import { valueAtHand } from "./parameters.js";
import { usesByName } from "./stored-copies.js";
import { foldedSources, tracedKinds } from "./traced-weights.js";

/** Names that PyTorch gives to the results of arithmetic in a traced program. */
const arithmetic =
  /^(?:add|sub|mul|div|exp|log|pow|r?sqrt|abs|neg|sin|cos|tanh|sigmoid|softmax|softplus|sum|mean|max|min|clamp\w*|clip|(?:linalg_vector_)?norm|matmul|mm|mv|dot|bmm|outer|where|masked_fill|reciprocal|cumsum|_weight_norm\w*|tmp)(?:_\d+)?$/;

/** And to values that begin with no parameter, or are settings of its functions. */
const beginnings =
  /^(?:arange|full|full_like|ones|ones_like|zeros|zeros_like|empty|linspace|eye|tri[ul]|scalar_tensor|lift_fresh_copy|_?lifted_tensor|_?tensor_constant|c_lifted_tensor|eq|ne|g[et]|l[et]|logical_\w+|bitwise_\w+|cat|stack|repeat|floor\w*|index\w*|meshgrid|sym_\w+|beta\w*|threshold\w*|self_\w+)(?:_default|_tensor\w*|_scalar\w*)?(?:_\d+)?$/;

/** Single letters are more often names of parameters than of PyTorch's operator `t`. */
const isParameterName = (name: string): boolean =>
  /^\w$/.test(name) || ![movements, arithmetic, beginnings].some((pattern) => pattern.test(name));

/** A stored constant, and the parameters (or buffers) that it was computed from; unknown ones are not named. */
export interface ComputedWeight {
  readonly name: string;
  readonly sources: readonly string[];
  /** Whether it is trained as the parameter would be: its elements are some of that, each once. */
  readonly isPart: boolean;
}

/**
 * Gemm takes the weight of a linear layer as it is, transposed by an attribute: a counted name there, beside a bias that
 * kept its own, is of arithmetic (weight normalization, pruning). With a counted bias both may be parts of parameters.
 */
function isComputedLinear(name: string, readers: readonly { readonly node: NodeProto; readonly index: number }[]) {
  if (!/^onnx::Gemm_\d+$/.test(name)) return false;
  return readers.some(({ node, index }) => {
    const bias = node.input[2] ?? "";
    const isTransposed = node.attribute.some((attribute) => attribute.name === "transB" && attribute.i === 1n);
    return index === 1 && operatorKey(node) === "Gemm" && isTransposed && bias !== "" && !isMadeUpName(bias);
  });
}

/**
 * Floating-point constants that are arithmetic over parameters. PyTorch's dynamo exporter writes down what it folded;
 * its older exporter leaves a counted name on a kernel, where nothing else would have made one. A matrix of MatMul has such
 * a name from its transposition already, so that nothing tells there.
 */
export function computedWeights(file: OnnxFile): ComputedWeight[] {
  const { graph } = file;
  const uses = usesByName(graph.node);
  const direct = foldedKinds(graph, (proto) => valueAtHand(file, proto));
  const rearranged = rearrangedParameters(graph);
  const sources = foldedSources(graph);
  const kinds = tracedKinds(graph);
  // Newer exporters list what every tensor of the program was; for others, names have to tell.
  const isParameter = (name: string): boolean =>
    kinds.size > 0 ? kinds.get(name) === "PARAMETER" : isParameterName(name);
  return graph.initializer.flatMap(({ name, dataType }): ComputedWeight[] => {
    const dtype = storageOf(dataType)?.dtype;
    const readers = uses.get(name) ?? [];
    if (dtype === undefined || !isFloat(dtype) || readers.length === 0) return [];
    const folded = sources.get(name) ?? [];
    const named = folded.filter(isParameter);
    // With a buffer beside them, parameters were looked up by it: tables of relative positions.
    const isComputed =
      !movements.test(name) || folded.some((source) => arithmetic.test(source) || kinds.get(source) === "BUFFER");
    if (named.length > 0 && !direct.has(name) && isComputed) return [{ name, sources: named, isPart: false }];
    const rearrangement = direct.has(name) ? rearranged.get(name) : undefined;
    if (rearrangement?.isPart === true) return [{ name, sources: [rearrangement.parameter], isPart: true }];
    const isKernel = readers.some(({ node, index }) => index === 1 && operatorKey(node).startsWith("Conv"));
    // With a counted bias beside it, it holds a batch normalization, of which there is a sentence already.
    const isFused = readers.some(({ node }) => /^onnx::Conv\w*_\d+$/.test(node.input[2] ?? ""));
    const isComputedKernel = isKernel && !isFused && /^onnx::Conv\w*_\d+$/.test(name);
    return isComputedKernel || isComputedLinear(name, readers) ? [{ name, sources: [], isPart: false }] : [];
  });
}
