// Normalizations that began on the day of the export, folded and put back.
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { StringStringEntryProtoSchema } from "../file/generated/onnx_pb.js";
import { parseModel } from "../file/onnx-file.js";
import { readTensor } from "../file/stored-tensor.js";
import { modelBytes, numbers } from "../model-cases.js";
import { unfoldNormalizations } from "./unfold-normalization.js";

const epsilon = 1e-3;
const factor = Math.sqrt(1 + epsilon);
/** Even draws in the range of PyTorch's convolutions: 27 numbers make one output. */
const bound = 1 / Math.sqrt(27);
const draw = (i: number): number => (bound * (2 * ((i * 0.6180339887498949) % 1) - 1)) / factor;

interface Folded {
  readonly bias?: (i: number) => number;
  readonly kernel?: (i: number) => number;
  readonly isListed?: boolean;
  readonly isShared?: boolean;
}

function unfolded({ bias, kernel = draw, isListed = true, isShared = false }: Folded = {}) {
  const call =
    "%n = call_function[target=torch.ops.aten._native_batch_norm_legit_no_training.default](args = (%conv2d, %p_1_weight, %p_1_bias, %b_1_running_mean, %b_1_running_var, 0.1, 0.001), kwargs = {})";
  const metadata = { "pkg.torch.onnx.fx_node": call, "pkg.onnxscript.rewriter.rule_name": "FuseBatchNormIntoConv" };
  const own = bias === undefined ? [] : ["0.bias"];
  const bytes = modelBytes(
    {
      producer: "pytorch",
      inputs: { x: ["batch", 3, 8, 8] },
      outputs: ["y"],
      stored: {
        "0.weight": numbers([4, 3, 3, 3], kernel),
        ...(bias === undefined ? {} : { "0.bias": numbers([4], bias) }),
      },
      nodes: [
        ["Conv", ["x", "0.weight", ...own], ["h"], {}, { metadata }],
        isShared ? ["Conv", ["x", "0.weight"], ["y"]] : ["Relu", ["h"], ["y"]],
      ],
    },
    (proto) =>
      isListed &&
      proto.graph?.metadataProps.push(
        create(StringStringEntryProtoSchema, {
          key: "pkg.torch.export.ExportedProgram.graph_signature",
          value:
            "p_1_weight: PARAMETER target='1.weight'\np_1_bias: PARAMETER target='1.bias'\nb_1_running_mean: BUFFER target='1.running_mean' persistent=True\nb_1_running_var: BUFFER target='1.running_var' persistent=True\n",
        }),
      ),
  );
  const model = parseModel(bytes, "net.onnx");
  const count = unfoldNormalizations(model, (proto) => readTensor("net.onnx", proto, {}));
  const { node = [], initializer = [] } = model.graph ?? {};
  const values = new Map(initializer.map((proto) => [proto.name, readTensor("net.onnx", proto, {})]));
  return { count, node, values };
}

test("without a bias nothing was trained: kernel and normalization are as they began, under their names", () => {
  const { count, node, values } = unfolded();
  expect(count).toBe(1);
  expect(node.map(({ opType, input, output }) => [opType, input, output])).toEqual([
    ["Conv", ["x", "0.weight"], ["h/before_normalization"]],
    ["BatchNormalization", ["h/before_normalization", "1.weight", "1.bias", "1.running_mean", "1.running_var"], ["h"]],
    ["Relu", ["h"], ["y"]],
  ]);
  const attributes = node[1].attribute.map(({ name, f }) => [name, f]);
  expect(attributes).toEqual([
    ["epsilon", epsilon],
    ["momentum", 0.9],
  ]);
  const kernel = [...((values.get("0.weight") as TensorData).data as Float32Array)];
  for (const [i, weight] of kernel.entries()) expect(weight).toBeCloseTo(draw(i) * factor, 6);
  const vectors = ["1.weight", "1.bias", "1.running_mean", "1.running_var"].map((name) => values.get(name)?.data[0]);
  expect(vectors).toEqual([1, 0, 0, 1]);
});

test("with a bias the range of both tells", () => {
  expect(unfolded({ bias: (i) => draw(i + 7) }).count).toBe(1);
  // Trained: the kernel was scaled, or the bias was shifted.
  expect(unfolded({ bias: draw, kernel: (i) => 1.3 * draw(i) }).count).toBe(0);
  expect(unfolded({ bias: draw, kernel: (i) => 0.7 * draw(i) }).count).toBe(0);
  expect(unfolded({ bias: (i) => draw(i) + 0.5 }).count).toBe(0);
});

test.each([
  { name: "a scale of zeros", folded: { kernel: () => 0 } },
  { name: "parameters that the file does not list", folded: { isListed: false } },
  { name: "a kernel that another node reads, too", folded: { isShared: true } },
])("$name stays folded", ({ folded }) => {
  const { count, node } = unfolded(folded);
  expect(count).toBe(0);
  expect(node).toHaveLength(2);
});
