// Constants that were parameters before the exporter computed with them.
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { StringStringEntryProtoSchema } from "../file/generated/onnx_pb.js";
import { openOnnx } from "../file/onnx-file.js";
import { type ModelCase, modelBytes, type NodeCase, numbers } from "../model-cases.js";
import { computedWeights } from "./computed-weights.js";

/** The constant `name` in a product, folded from `sources`; the traced call names `operand`. */
function folded(name: string, sources: string[], operand: string, signature = ""): readonly string[] | undefined {
  const call = `%y = call_function[target=torch.ops.aten.mul.Tensor](args = (%x, %${operand}), kwargs = {})`;
  const model: ModelCase = {
    inputs: { x: ["batch", 3] },
    outputs: ["y"],
    stored: { [name]: numbers([3]) },
    notes: { [name]: { "pkg.onnxscript.optimizer.folded_from": `[${sources.map((s) => `'${s}'`).join(", ")}]` } },
    nodes: [["Mul", ["x", name], ["y"], {}, { metadata: { "pkg.torch.onnx.fx_node": call } }]],
  };
  const listing = create(StringStringEntryProtoSchema, {
    key: "pkg.torch.export.ExportedProgram.graph_signature",
    value: signature,
  });
  const bytes = modelBytes(model, (proto) => proto.graph?.metadataProps.push(listing));
  const [found] = computedWeights(openOnnx(bytes, "net.onnx"));
  return found?.name === name ? found.sources : undefined;
}

test("arithmetic over parameters is named with them, behind a transposition as well", () => {
  expect(folded("exp", ["t"], "exp")).toEqual(["t"]);
  expect(folded("mul", ["fc.original0", "fc.original1", "div", "linalg_vector_norm", "val_2"], "mul")).toEqual([
    "fc.original0",
    "fc.original1",
  ]);
  expect(folded("t_1", ["centers", "div_2"], "t_1")).toEqual(["centers"]);
});

test("parameters in another form, buffers, and constants of the program are not", () => {
  expect(folded("val_3", ["fc.weight"], "p_fc_weight")).toBeUndefined();
  expect(folded("permute_1", ["fc.weight"], "permute_1")).toBeUndefined();
  expect(folded("slice_1", ["table", "val_10"], "slice_1")).toBeUndefined();
  expect(folded("val_4", ["table", "val_10"], "b_table")).toBeUndefined();
  expect(folded("where", ["arange", "ge_1", "full_like", "scalar_tensor_default"], "where")).toBeUndefined();
});

test("where the program lists its tensors, that goes before their names", () => {
  const signature = [
    "# inputs",
    "p_table: PARAMETER target='attention.table'",
    "b_places: BUFFER target='attention.places' persistent=True",
    "c_lifted: CONSTANT_TENSOR target='attention.lifted_tensor_0'",
  ].join("\n");
  const table = ["clone", "attention.table", "attention.places", "index", "permute_1", "val_4"];
  expect(folded("unsqueeze", table, "unsqueeze", signature)).toEqual(["attention.table"]);
  expect(folded("expand", ["attention.table", "val_4"], "expand", signature)).toBeUndefined();
  expect(folded("val_166", ["clone_10", "attention.lifted_tensor_0", "fill"], "fill", signature)).toBeUndefined();
});

test("of PyTorch's older exporter a kernel with a counted name beside a bias of its own", () => {
  const kernels = (weight: string, bias: string): string[] => {
    const stored = { [weight]: numbers([2, 3, 1]), [bias]: numbers([2]) };
    const nodes: NodeCase[] = [["Conv", ["x", weight, bias], ["y"]]];
    const model: ModelCase = { inputs: { x: ["batch", 3, 4] }, outputs: ["y"], stored, nodes };
    return computedWeights(openOnnx(modelBytes(model), "net.onnx")).map(({ name }) => name);
  };
  expect(kernels("onnx::Conv_15", "0.bias")).toEqual(["onnx::Conv_15"]);
  expect(kernels("onnx::Conv_15", "onnx::Conv_16")).toEqual([]);
  expect(kernels("0.weight", "0.bias")).toEqual([]);
});

test("of PyTorch's older exporter a matrix of Gemm with a counted name, transposed, beside a bias of its own", () => {
  const matrices = (weight: string, bias: string, transB = 1): string[] => {
    const shape = transB === 1 ? [2, 3] : [3, 2];
    const stored = { [weight]: numbers(shape), [bias]: numbers([2]) };
    const nodes: NodeCase[] = [["Gemm", ["x", weight, bias], ["y"], { transB }]];
    const model: ModelCase = { inputs: { x: ["batch", 3] }, outputs: ["y"], stored, nodes };
    return computedWeights(openOnnx(modelBytes(model), "net.onnx")).map(({ name }) => name);
  };
  expect(matrices("onnx::Gemm_22", "a.bias")).toEqual(["onnx::Gemm_22"]);
  // Parts of one parameter, a matrix that was only transposed, and a weight of its own.
  expect(matrices("onnx::Gemm_22", "onnx::Gemm_23")).toEqual([]);
  expect(matrices("onnx::Gemm_22", "a.bias", 0)).toEqual([]);
  expect(matrices("a.weight", "a.bias")).toEqual([]);
});
