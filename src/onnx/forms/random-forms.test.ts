// Random numbers in files are refused if their values matter and accepted if only shapes matter.
import { expect, test } from "vitest";
import { openOnnx } from "../file/onnx-file.js";
import { modelBytes, type NodeCase, numbers } from "../model-cases.js";
import { readOnnx } from "../read.js";
import { buildGraph } from "./graph-builder.js";
import { meanRandomForms } from "./random-forms.js";

const single = { dtype: 1 };

/** Stochastic depth from PyTorch's older exporter: a branch that is kept in four of five examples. */
const nodes: NodeCase[] = [
  ["Conv", ["x", "w"], ["branch"]],
  ["RandomUniformLike", ["ones"], ["noise"], { ...single, low: 0, high: 1 }, { name: "noise" }],
  ["Less", ["noise", "share"], ["stays"]],
  ["Cast", ["stays"], ["mask"], { to: 1 }],
  ["Div", ["mask", "share"], ["scaled"]],
  ["Mul", ["branch", "scaled"], ["y"]],
];
const stored = {
  w: numbers([3, 2, 1, 1]),
  ones: numbers([2, 1, 1, 1], () => 1),
  share: { ...numbers([1], () => 0.8), shape: [] },
};
const bytes = modelBytes({ inputs: { x: [2, 2, 4, 4] }, outputs: ["y"], stored, nodes });

test("unpredictable values are refused", () => {
  expect(() => readOnnx(bytes, "net.onnx")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, RandomUniformLike (node "noise"): it draws random numbers. Export the model for evaluation (PyTorch: model.eval())]`,
  );
});

test("shapes are known, and stochastic depth keeps every branch", () => {
  const { outputs } = buildGraph(openOnnx(bytes, "net.onnx"), { forms: meanRandomForms });
  expect(outputs[0].tensor.shape).toEqual([2, 3, 4, 4]);
});

test.each<[NodeCase, string, number[], number]>([
  [["RandomUniform", [], ["y"], { ...single, shape: [2, 5], low: 1.5, high: 2.5 }], "float32", [2, 5], 2],
  [["RandomNormal", [], ["y"], { ...single, shape: [7], mean: 0.25 }], "float32", [7], 0.25],
  [["RandomNormalLike", ["x"], ["y"], { dtype: 11 }], "float64", [2, 2, 4, 4], 0],
  [["Bernoulli", ["x"], ["y"], { dtype: 9 }], "bool", [2, 2, 4, 4], 1],
  [["Bernoulli", ["x"], ["y"]], "float32", [2, 2, 4, 4], 1],
])("%j is read as its mean", (node, dtype, shape, mean) => {
  const file = modelBytes({ inputs: { x: [2, 2, 4, 4] }, outputs: ["y"], nodes: [node], opset: 20 });
  const [{ tensor }] = buildGraph(openOnnx(file, "net.onnx"), { forms: meanRandomForms }).outputs;
  expect([tensor.dtype, tensor.shape, tensor.node?.inputs[0]?.node?.attrs.value]).toMatchObject([
    dtype,
    shape,
    { data: { 0: mean } },
  ]);
});
