// Parameters that an exporter stored once for every use, tied together again.
import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData } from "../../graph/reference/nd-array.js";
import type { TensorProto } from "../file/generated/onnx_pb.js";
import { onnxFile, parseModel } from "../file/onnx-file.js";
import { readElementsAt, readTensor } from "../file/stored-tensor.js";
import { buildGraph } from "../forms/graph-builder.js";
import { type ModelCase, modelBytes, type NodeCase, numbers } from "../model-cases.js";
import { separateWeights } from "./separate-weights.js";
import { type Likeness, sampledLikeness, tieWeights, wholeLikeness } from "./tied-weights.js";

const wave = (rows: number, columns: number) => numbers([rows, columns], (i) => Math.sin(i + 1));
const turned = (rows: number, columns: number) =>
  numbers([rows, columns], (i) => Math.sin((i % columns) * rows + Math.floor(i / columns) + 1));

const base = { producer: "pytorch", inputs: { x: ["batch", 3] }, outputs: ["y"] };
const folded = (...sources: string[]) => ({
  "pkg.onnxscript.optimizer.folded_from": `[${sources.map((name) => `'${name}'`).join(", ")}]`,
});

const decode = (proto: TensorProto) => readTensor("net.onnx", proto, {});
const likenesses = [
  wholeLikeness(decode),
  sampledLikeness((proto, start) => readElementsAt("net.onnx", proto, { start, count: 1 }, {})[0]),
];

/** Names of what is stored afterwards, having seen that the model means the same. */
function storedAfter(model: ModelCase): string[] {
  const read = (likeness?: Likeness) => {
    const proto = parseModel(modelBytes(model), "net.onnx");
    separateWeights(proto);
    if (likeness !== undefined) tieWeights(proto, likeness);
    const file = onnxFile(proto, "net.onnx", {});
    const { inputs, outputs } = buildGraph(file, { extents: { batch: 2 } });
    const results = evaluateGraph({ inputs, outputs }, [fromTensorData(wave(2, 3))]).map(({ data }) => [...data]);
    return { names: proto.graph!.initializer.map(({ name }) => name), results };
  };
  const plain = read();
  const [tied, sampled] = likenesses.map(read);
  expect(tied.results).toEqual(plain.results);
  expect(sampled).toEqual(tied);
  return tied.names;
}

test("two calls of one module read one matrix; copies of a module stay apart", () => {
  const stored = { "onnx::MatMul_7": wave(3, 3), "onnx::MatMul_8": wave(3, 3) };
  const calls = (first: string, second: string): NodeCase[] => [
    ["MatMul", ["x", "onnx::MatMul_7"], ["h"], {}, { name: first }],
    ["MatMul", ["h", "onnx::MatMul_8"], ["y"], {}, { name: second }],
  ];
  expect(storedAfter({ ...base, stored, nodes: calls("/fc/MatMul", "/fc_1/MatMul") })).toEqual(["onnx::MatMul_7"]);
  expect(storedAfter({ ...base, stored, nodes: calls("/layers.0/fc/MatMul", "/layers.1/fc/MatMul") })).toHaveLength(2);
  const other = { ...stored, "onnx::MatMul_8": wave(3, 4) };
  expect(storedAfter({ ...base, stored: other, nodes: calls("/fc/MatMul", "/fc_1/MatMul") })).toHaveLength(2);
});

test("the table of an embedding is the matrix of the last layer, if that is its transpose", () => {
  const nodes: NodeCase[] = [
    ["Gather", ["table", "ids"], ["e"]],
    ["MatMul", ["x", "rows"], ["h"]],
    ["Add", ["h", "e"], ["s"]],
    ["MatMul", ["s", "onnx::MatMul_9"], ["y"]],
  ];
  const rest = { table: wave(5, 3), rows: wave(3, 3), ids: tensorFrom("int64", [2], [4, 1]) };
  expect(storedAfter({ ...base, stored: { ...rest, "onnx::MatMul_9": turned(3, 5) }, nodes })).not.toContain(
    "onnx::MatMul_9",
  );
  expect(storedAfter({ ...base, stored: { ...rest, "onnx::MatMul_9": wave(3, 5) }, nodes })).toContain(
    "onnx::MatMul_9",
  );
});

test("what was folded from a stored matrix alone is its transpose, also where the call names a bias", () => {
  const call = {
    metadata: { "pkg.torch.onnx.fx_node": "%y = call_function[target=linear](args = (%h, %t, %p_b), kwargs = {})" },
  };
  const nodes: NodeCase[] = [
    ["Gemm", ["x", "a.weight"], ["h"], { transB: 1 }],
    ["Gemm", ["h", "t", "b"], ["y"], { transB: 1 }, call],
  ];
  const stored = { "a.weight": wave(2, 3), t: turned(3, 2), b: numbers([3]) };
  expect(storedAfter({ ...base, stored, nodes, notes: { t: folded("a.weight") } })).toEqual(["a.weight", "b"]);
  expect(storedAfter({ ...base, stored, nodes, notes: { t: folded("other") } })).toHaveLength(3);
});
