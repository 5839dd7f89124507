// Batch normalizations that an exporter computed into the weights before them: what is left of them in a file.
import type { NodeProto } from "./generated/onnx_pb.js";
import { operatorKey } from "./node-form.js";
import type { OnnxFile } from "./onnx-file.js";

const takesWeights = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * Nodes whose weights hold a batch normalization. Each exporter leaves a trace of its own:
 * - PyTorch's dynamo exporter, unless told `optimize=False`, the traced call of the normalization at the node;
 * - PyTorch's older exporter, for evaluation, a kernel and a bias that both have a counted name, since it fused them;
 * - tf2onnx the names of the fused values.
 */
export function foldedNormalizations({ graph }: OnnxFile): NodeProto[] {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  return graph.node.filter((node) => {
    if (!takesWeights.has(operatorKey(node))) return false;
    if (node.metadataProps.some(({ key, value }) => isTracedNormalization(key, value))) return true;
    const [, weight, bias] = node.input;
    if (!stored.has(weight)) return false;
    if (/_(?:weights|bias)_fused_bn/.test(weight)) return true;
    return bias !== undefined && stored.has(bias) && [weight, bias].every((name) => /^onnx::Conv\w*_\d+$/.test(name));
  });
}

const isTracedNormalization = (key: string, value: string): boolean =>
  (key === "pkg.torch.onnx.fx_node" && /call_function\[target=torch\.ops\.aten\.\w*batch_norm\w*/.test(value)) ||
  (key === "pkg.onnxscript.rewriter.rule_name" && value.includes("FuseBatchNorm"));
