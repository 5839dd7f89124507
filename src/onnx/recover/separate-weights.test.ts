// Weights of damaged files, which are taken apart before anything has been checked.
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ModelProtoSchema } from "../file/generated/onnx_pb.js";
import { separateWeights } from "./separate-weights.js";

const floats = 1;
const calls = { key: "pkg.torch.onnx.fx_node", value: "addmm = call(args = (%x, %p_weight, %p_bias), kwargs = {})" };

test("a copy without a name stays a node", () => {
  const model = create(ModelProtoSchema, {
    producerName: "pytorch",
    graph: {
      initializer: [{ name: "weight", dataType: floats, dims: [1n], floatData: [1] }],
      node: [{ opType: "Identity", input: ["weight"] }],
    },
  });
  separateWeights(model);
  expect(model.graph?.node.map(({ opType }) => opType)).toEqual(["Identity"]);
  expect(model.graph?.initializer.map(({ name }) => name)).toEqual(["weight"]);
});

test.each([
  [
    [4n, 2n],
    ["layer.weight", "p_bias"],
  ],
  [[2n ** 40n, 2n], ["layer.weight"]],
  [[-4n, 2n], ["layer.weight"]],
])("a missing bias of a weight of shape %s takes no memory that the shape alone promises", (dims, names) => {
  const model = create(ModelProtoSchema, {
    producerName: "pytorch",
    graph: {
      initializer: [{ name: "layer.weight", dataType: floats, dims, rawData: new Uint8Array(32) }],
      node: [
        {
          ...{ opType: "Gemm", input: ["x", "layer.weight"], output: ["y"], metadataProps: [calls] },
          attribute: [{ name: "transB", type: 2, i: 1n }],
        },
      ],
    },
  });
  separateWeights(model);
  expect(model.graph?.initializer.map(({ name }) => name.replace(/^bias$/, "p_bias"))).toEqual(names);
});
