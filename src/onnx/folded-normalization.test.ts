// What exporters leave of batch normalizations that they computed into other weights.
import { expect, test } from "vitest";
import { foldedNormalizations } from "./folded-normalization.js";
import { modelBytes, type NodeCase, numbers } from "./model-cases.js";
import { openOnnx } from "./onnx-file.js";

const foldedNodes = (nodes: readonly NodeCase[], ...stored: string[]): string[] =>
  foldedNormalizations(
    openOnnx(
      modelBytes({
        inputs: { x: ["batch", 2, 4, 4] },
        outputs: ["y"],
        stored: Object.fromEntries(stored.map((name) => [name, numbers([2, 2, 1, 1])])),
        nodes,
      }),
      "net.onnx",
    ),
  ).map(({ name }) => name);

const conv = (weight: string, bias: string, metadata: Record<string, string> = {}): NodeCase => [
  "Conv",
  ["x", weight, bias],
  ["y"],
  {},
  { name: "conv", metadata },
];
const traced = (target: string) => ({
  "pkg.torch.onnx.fx_node": `%z : [num_users=1] = call_function[target=torch.ops.aten.${target}](args = (%conv2d, %p_1_weight), kwargs = {})`,
});

test("PyTorch's dynamo exporter leaves the traced normalization, or the name of its rule", () => {
  expect(foldedNodes([conv("w", "b", traced("_native_batch_norm_legit_no_training.default"))], "w", "b")).toEqual([
    "conv",
  ]);
  expect(
    foldedNodes([conv("w", "b", { "pkg.onnxscript.rewriter.rule_name": "FuseBatchNormIntoConv" })], "w", "b"),
  ).toEqual(["conv"]);
  expect(foldedNodes([conv("w", "b", traced("conv2d.default"))], "w", "b")).toEqual([]);
});

test("PyTorch's older exporter makes up the names of kernel and bias; that of a kernel alone means other arithmetic", () => {
  expect(foldedNodes([conv("onnx::Conv_30", "onnx::Conv_31")], "onnx::Conv_30", "onnx::Conv_31")).toEqual(["conv"]);
  expect(foldedNodes([conv("onnx::Conv_10", "0.bias")], "onnx::Conv_10", "0.bias")).toEqual([]);
});

test("tf2onnx names what it fused", () => {
  const [weights, bias] = ["model/conv/Conv2D_weights_fused_bn", "model/conv/Conv2D_bias_fused_bn"];
  expect(foldedNodes([conv(weights, bias)], weights, bias)).toEqual(["conv"]);
});

test("a normalization that is still there is not folded", () => {
  const names = ["s", "b", "m", "v"];
  const node: NodeCase = ["BatchNormalization", ["x", ...names], ["y"], {}, { metadata: traced("batch_norm.default") }];
  expect(foldedNodes([node], ...names)).toEqual([]);
});
