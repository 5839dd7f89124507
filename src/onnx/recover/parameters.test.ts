// What training finds in a file: the parameters of PyTorch and Keras, and no numbers of the arithmetic.
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type ModelProto, StringStringEntryProtoSchema } from "../file/generated/onnx_pb.js";
import { onnxFile, parseModel } from "../file/onnx-file.js";
import { type ModelCase, modelBytes, type NodeCase, numbers } from "../model-cases.js";
import { storedWeights } from "./parameters.js";
import { separateWeights } from "./separate-weights.js";

function found(model: ModelCase, change?: (proto: ModelProto) => void): string[] {
  const proto = parseModel(modelBytes(model, change), "net.onnx");
  separateWeights(proto);
  return storedWeights(onnxFile(proto, "net.onnx", { isSingle: true })).map(({ name, use }) => `${name}: ${use}`);
}

const inputs = { x: ["batch", 3] };
const outputs = ["y"];
const gemm = (w = "w", b = "b"): NodeCase => ["Gemm", ["x", w, b], ["h"]];
const dense = { w: numbers([3, 3]), b: numbers([3]) };

test("kernels, matrices, tables, biases, scales and slopes are parameters, with what they are used for", () => {
  const nodes: NodeCase[] = [
    ["Conv", ["x", "conv.w", "conv.b"], ["a"]],
    ["BatchNormalization", ["a", "bn.scale", "bn.shift", "bn.mean", "bn.var"], ["n"]],
    ["PRelu", ["n", "slope"], ["p"]],
    ["Flatten", ["p"], ["f"]],
    ["Gemm", ["f", "fc.w", "fc.b"], ["y"]],
  ];
  const stored = Object.fromEntries(
    ["bn.scale", "bn.shift", "bn.mean", "bn.var", "conv.b"].map((name) => [name, numbers([2])] as const),
  );
  const model = {
    inputs: { x: ["n", 1, 3, 3] },
    outputs,
    nodes,
    stored: {
      "conv.w": numbers([2, 1, 3, 3]),
      ...stored,
      slope: numbers([1]),
      "fc.w": numbers([2, 4]),
      "fc.b": numbers([4]),
    },
  };
  expect(found(model)).toEqual([
    "conv.w: weight",
    "bn.scale: scale",
    "bn.shift: shift",
    "bn.mean: statistic",
    "bn.var: statistic",
    "conv.b: bias",
    "slope: weight",
    "fc.w: weight",
    "fc.b: bias",
  ]);
});

test("weights are followed through Transpose, Reshape and Identity", () => {
  const nodes: NodeCase[] = [
    ["Identity", ["kernel"], ["same"]],
    ["Transpose", ["same"], ["turned"], { perm: [1, 0] }],
    ["MatMul", ["x", "turned"], ["h"]],
    ["Add", ["h", "bias"], ["y"]],
  ];
  const stored = { kernel: numbers([4, 3]), bias: numbers([1, 4]) };
  expect(found({ inputs, outputs, stored, nodes })).toEqual(["kernel: weight", "bias: bias"]);
});

test("bounds, ratios, exponents under made-up names and integers are none", () => {
  const nodes: NodeCase[] = [
    gemm(),
    ["Clip", ["h", "low", "high"], ["c"]],
    ["Pow", ["c", "val_3"], ["p"]],
    ["Dropout", ["p", "ratio"], ["d"]],
    ["Add", ["d", "counts"], ["y"]],
  ];
  const single = (value: number) => tensorFrom("float32", [], [value]);
  const stored = {
    ...dense,
    low: single(0),
    high: single(6),
    val_3: single(2),
    ratio: single(0.5),
    counts: tensorFrom("int64", [3], [1, 2, 3]),
  };
  expect(found({ inputs, outputs, stored, nodes })).toEqual(["w: weight", "b: bias"]);
});

test.each([
  ["a name that a person gave", "head.temperature", [], true],
  ["a vector that PyTorch folded", "onnx::Mul_24", [3, 1, 1], true],
  ["a number that PyTorch folded", "onnx::Mul_24", [1], false],
  ["a mask that PyTorch folded", "onnx::Add_24", [3, 3], false],
  ["a vector that tf2onnx folded", "const_fold_opt__31", [1, 3], true],
  ["an operand of TensorFlow's arithmetic", "model/normalization/sub/y:0", [1, 3], false],
  ["a variable of Keras of one element", "model/scale/mul/ReadVariableOp:0", [1], true],
  ["a tensor that PyTorch found in the code", "lifted_tensor_0", [3], false],
])("%s", (_, name, shape, isParameter) => {
  const nodes: NodeCase[] = [gemm(), ["Mul", ["h", name], ["y"]]];
  const names = found({ inputs, outputs, stored: { ...dense, [name]: numbers(shape) }, nodes });
  expect(names.length).toBe(isParameter ? 3 : 2);
});

test("a mask with infinite values is no parameter, whatever its name", () => {
  const mask = numbers([3], (i) => (i === 0 ? Number.NEGATIVE_INFINITY : 0));
  const nodes: NodeCase[] = [gemm(), ["Add", ["h", "mask"], ["y"]]];
  expect(found({ inputs, outputs, stored: { ...dense, mask }, nodes })).toEqual(["w: weight", "b: bias"]);
});

test("Constant nodes hold arithmetic, unless the file keeps its weights there", () => {
  const half: NodeCase = ["Constant", [], ["half"], { value: numbers([3]) }];
  const scaled: NodeCase = ["Mul", ["h", "half"], ["y"]];
  expect(found({ inputs, outputs, stored: dense, nodes: [half, gemm(), scaled] })).toEqual(["w: weight", "b: bias"]);
  const constants: NodeCase[] = Object.entries(dense).map(([name, value]) => ["Constant", [], [name], { value }]);
  const one: NodeCase = ["Constant", [], ["half"], { value: numbers([1]) }];
  expect(found({ inputs, outputs, nodes: [...constants, one, gemm(), scaled] })).toEqual(["w: weight", "b: bias"]);
});

test("scales of one that an exporter made up for group normalization are none, those of a layer are", () => {
  const ones = numbers([3], () => 1);
  const of = (scale: string, shift: string) =>
    found({
      inputs: { x: ["n", 3, 2, 2] },
      outputs,
      stored: { [scale]: ones, [shift]: numbers([3], () => 0), w: numbers([3, 3, 1, 1]) },
      nodes: [
        ["InstanceNormalization", ["x", scale, shift], ["n"]],
        ["Conv", ["n", "w"], ["y"]],
      ],
    });
  expect(of("val_8", "val_11")).toEqual(["w: weight"]);
  expect(of("norm.weight", "norm.bias")).toEqual(["norm.weight: scale", "norm.bias: shift", "w: weight"]);
});

test("initial states that are repeated over the batch are none", () => {
  const nodes: NodeCase[] = [
    ["Shape", ["x"], ["shape"]],
    ["Expand", ["val_1", "shape"], ["state"]],
    ["Gemm", ["state", "w", "b"], ["h"]],
    ["Add", ["h", "x"], ["y"]],
  ];
  const stored = { ...dense, val_1: numbers([1, 3], () => 0) };
  expect(found({ inputs, outputs, stored, nodes })).toEqual(["w: weight", "b: bias"]);
});

const kind = "pkg.torch.export.graph_signature.InputSpec.kind";

test("what PyTorch's exporter wrote down goes before everything else", () => {
  const nodes: NodeCase[] = [gemm(), ["Add", ["h", "pe"], ["p"]], ["Mul", ["p", "val_0"], ["y"]]];
  const stored = { ...dense, pe: numbers([3]), val_0: numbers([]) };
  const notes = { pe: { [kind]: "BUFFER" }, val_0: { [kind]: "PARAMETER" } };
  expect(found({ producer: "pytorch", inputs, outputs, stored, nodes, notes })).toEqual([
    "w: weight",
    "b: bias",
    "val_0: weight",
  ]);
});

test("equal weights that PyTorch merged are taken apart; a tied embedding is not", () => {
  const merged: NodeCase[] = [
    ["Identity", ["fc1.w"], ["fc2.w"]],
    ["Gemm", ["x", "fc1.w"], ["h"]],
    ["Gemm", ["h", "fc2.w"], ["y"]],
  ];
  const stored = { "fc1.w": numbers([3, 3]) };
  expect(found({ producer: "pytorch", inputs, outputs, stored, nodes: merged })).toEqual([
    "fc1.w: weight",
    "fc2.w: weight",
  ]);
  // Others mean what they write.
  expect(found({ inputs, outputs, stored, nodes: merged })).toEqual(["fc1.w: weight"]);
  const tied: NodeCase[] = [
    ["Identity", ["table"], ["head.w"]],
    ["Gather", ["table", "ids"], ["h"]],
    ["Gemm", ["h", "head.w"], ["y"], { transB: 1 }],
  ];
  const embedding = {
    producer: "pytorch",
    inputs,
    outputs,
    stored: { table: numbers([5, 3]), ids: tensorFrom("int64", [2], [0, 1]) },
  };
  expect(found({ ...embedding, nodes: tied })).toEqual(["table: weight"]);
});

test("the traced call of a node says which of the merged weights it means", () => {
  const call = (text: string, scope: string) => ({
    metadata: { "pkg.torch.onnx.fx_node": text, "pkg.torch.onnx.name_scopes": `['', '${scope}', 'linear']` },
  });
  const nodes: NodeCase[] = [
    ["Gemm", ["x", "a.fc.weight"], ["h"], {}, call("%linear(%x, %p_a_fc_weight, %p_a_fc_bias)", "a.fc")],
    ["Gemm", ["h", "a.fc.weight"], ["i"], {}, call("%linear_1(%h, %p_b_fc_weight, %p_b_fc_bias)", "b.fc")],
    ["Gemm", ["i", "a.fc.weight"], ["y"], {}, call("%linear_2(%i, %p_a_fc_weight)", "a.fc")],
  ];
  const notes = { "a.fc.weight": { [kind]: "PARAMETER", "pkg.torch.onnx.original_node_name": "p_a_fc_weight" } };
  const model = { producer: "pytorch", inputs, outputs, stored: { "a.fc.weight": numbers([3, 3]) }, nodes, notes };
  expect(found(model)).toEqual(["a.fc.weight: weight", "b.fc.weight: weight"]);
});

test("running statistics are tensors of their own", () => {
  const nodes: NodeCase[] = [
    ["BatchNormalization", ["x", "ones", "zeros", "zeros", "ones"], ["n"]],
    ["Gemm", ["n", "w", "b"], ["y"]],
  ];
  const stored = { ...dense, ones: numbers([3], () => 1), zeros: numbers([3], () => 0) };
  expect(found({ inputs, outputs, stored, nodes })).toEqual([
    "w: weight",
    "b: bias",
    "ones: scale",
    "zeros: shift",
    "ones.running_var: statistic",
    "zeros.running_mean: statistic",
  ]);
});

test("the traced call tells what a folded tensor was: a parameter, even where it is repeated, or a buffer", () => {
  const traced = (operand: string) => ({
    metadata: { "pkg.torch.onnx.fx_node": `%y = call_function[target=aten.op](args = (%x, %${operand}), kwargs = {})` },
  });
  const nodes: NodeCase[] = [
    ["Tile", ["val_17", "times"], ["t"], {}, traced("p_attention_bias_k")],
    ["Add", ["x", "t"], ["s"]],
    ["Add", ["s", "val_3"], ["y"], {}, traced("b_table")],
  ];
  const stored = { val_17: numbers([1, 3]), val_3: numbers([3]), times: tensorFrom("int64", [2], [2, 1]) };
  const from = (name: string) => ({ "pkg.onnxscript.optimizer.folded_from": `['${name}', 'val_1']` });
  const notes = { val_17: from("attention.bias_k"), val_3: from("table") };
  expect(found({ producer: "pytorch", inputs, outputs, stored, nodes, notes })).toEqual(["val_17: bias"]);
});

test("a class token that was repeated for one example is the parameter that the program lists, even where it is zero", () => {
  const nodes: NodeCase[] = [
    ["Concat", ["expand", "x"], ["tokens"], { axis: 1 }],
    ["Add", ["tokens", "position"], ["y"]],
  ];
  const stored = { expand: numbers([1, 1, 3], () => 0), position: numbers([1, 5, 3]) };
  const notes = { expand: { "pkg.onnxscript.optimizer.folded_from": "['token', 'val_1', 'val_2']" } };
  const signature = (kindOf: string) => (proto: ModelProto) =>
    proto.graph?.metadataProps.push(
      create(StringStringEntryProtoSchema, {
        key: "pkg.torch.export.ExportedProgram.graph_signature",
        value: `\n# inputs\np_token: ${kindOf} target='token'\nx: USER_INPUT\n\n# outputs\nadd: USER_OUTPUT\n`,
      }),
    );
  const model = { producer: "pytorch", inputs: { x: [1, 4, 3] }, outputs, stored, nodes, notes };
  expect(found(model, signature("PARAMETER"))).toEqual(["expand: bias", "position: weight"]);
  expect(found(model, signature("BUFFER"))).toEqual(["position: weight"]);
  // One for each of two examples would become two parameters.
  const repeated = { ...stored, expand: numbers([2, 1, 3], (i) => i % 3) };
  expect(found({ ...model, stored: repeated }, signature("PARAMETER"))).toEqual(["position: weight"]);
});

test("rows of one parameter that were looked up at the export, each once, are trained; the same row for two places is not", () => {
  const signature = (proto: ModelProto) =>
    proto.graph?.metadataProps.push(
      create(StringStringEntryProtoSchema, {
        key: "pkg.torch.export.ExportedProgram.graph_signature",
        value:
          "\n# inputs\np_table: PARAMETER target='table'\np_other: PARAMETER target='other'\nb_at: BUFFER target='at'\n",
      }),
    );
  const rows = (name: string, sources: string[], valueAt = (i: number) => Math.sin(i + 1)) =>
    found(
      {
        ...{ producer: "pytorch", inputs: { x: [4, 5, 3] }, outputs },
        stored: { [name]: numbers([5, 3], valueAt) },
        nodes: [["Add", ["x", name], ["y"]]] as NodeCase[],
        notes: { [name]: { "pkg.onnxscript.optimizer.folded_from": `[${sources.map((s) => `'${s}'`).join(", ")}]` } },
      },
      signature,
    );
  const weight = (name: string) => [`${name}: weight`];
  expect(rows("embedding_1", ["arange", "table"])).toEqual(weight("embedding_1"));
  expect(rows("embedding_1", ["at", "slice_1", "table"])).toEqual(weight("embedding_1"));
  expect(rows("slice_1", ["table", "val_3"])).toEqual(weight("slice_1"));
  expect(rows("unsqueeze", ["slice_1", "table"], () => 0)).toEqual(weight("unsqueeze"));
  // Looked up twice: two numbers that are one parameter.
  expect(rows("embedding_1", ["at", "table"], (i) => Math.sin(i % 6))).toEqual([]);
  expect(rows("index_2", ["at", "table"], (i) => Math.sin(i % 6))).toEqual([]);
  // Arithmetic on the way, two parameters, a buffer alone.
  expect(rows("unsqueeze", ["exp", "table"])).toEqual([]);
  expect(rows("unsqueeze", ["cat", "table", "other"])).toEqual([]);
  expect(rows("slice_1", ["at"])).toEqual([]);
});

test("queries that are repeated for every example are trained; what arithmetic made of a parameter is not", () => {
  const signature = (proto: ModelProto) =>
    proto.graph?.metadataProps.push(
      create(StringStringEntryProtoSchema, {
        key: "pkg.torch.export.ExportedProgram.graph_signature",
        value: "\np_q_weight: PARAMETER target='q.weight'\n",
      }),
    );
  const queries = (operator: string) => {
    const call = `%y = call_function[target=torch.ops.aten.${operator}.default](args = (%unsqueeze, [%n, 1]), kwargs = {})`;
    const nodes: NodeCase[] = [
      ["Tile", ["val_9", "times"], ["t"], {}, { metadata: { "pkg.torch.onnx.fx_node": call } }],
      ["Add", ["x", "t"], ["y"]],
    ];
    const stored = { val_9: numbers([5, 3]), times: tensorFrom("int64", [2], [2, 1]) };
    const notes = { val_9: { "pkg.onnxscript.optimizer.folded_from": "['q.weight', 'unsqueeze', 'val_7']" } };
    return found({ producer: "pytorch", inputs: { x: [10, 3] }, outputs, stored, nodes, notes }, signature);
  };
  expect(queries("repeat")).toEqual(["val_9: weight"]);
  expect(queries("exp")).toEqual([]);
});

test("a bias of zeros that the exporter left out comes back behind a folded weight, too", () => {
  const call = (text: string) => ({ metadata: { "pkg.torch.onnx.fx_node": text } });
  const linear = (args: string) => call(`%l = call_function[target=torch.ops.aten.linear.default](args = (${args}))`);
  const nodes: NodeCase[] = [
    ["Gemm", ["x", "w"], ["h"], {}, linear("%x, %p_w, %p_b")],
    ["Gemm", ["h", "t"], ["y"], {}, linear("%h, %t, %p_c")],
  ];
  const notes = {
    w: { [kind]: "PARAMETER", "pkg.torch.onnx.original_node_name": "p_w" },
    t: { "pkg.onnxscript.optimizer.folded_from": "['w']" },
  };
  const stored = { w: numbers([3, 4]), t: numbers([4, 3]) };
  const names = found({ producer: "pytorch", inputs, outputs, stored, nodes, notes }).map((line) => line.split(":")[0]);
  expect(names).toEqual(["w", "t", "b", "c"]);
});

test("a node that the exporter's optimizer made reads the parameter of the module behind it", () => {
  const signature = (proto: ModelProto) =>
    proto.graph?.metadataProps.push(
      create(StringStringEntryProtoSchema, {
        key: "pkg.torch.export.ExportedProgram.graph_signature",
        value: ["self_attn", "multihead_attn"]
          .map((module) => `p_${module}_in_proj_bias: PARAMETER target='${module}.in_proj_bias'`)
          .join("\n"),
      }),
    );
  const traced = (module: string) => ({
    metadata: {
      "pkg.torch.onnx.fx_node": `%linear = call_function[target=torch.ops.aten.linear.default](args = (%x, %w, %b))`,
      "pkg.torch.onnx.name_scopes": `['', '${module}', 'linear']`,
    },
  });
  const own = "self_attn.in_proj_bias";
  const nodes = (module: string): NodeCase[] => [
    ["Add", ["x", own], ["h"], {}, traced("self_attn")],
    ["Split", [own, "sizes"], ["first", "second"]],
    ["Add", ["h", "first"], ["y"], {}, traced(module)],
  ];
  const notes = { [own]: { [kind]: "PARAMETER", "pkg.torch.onnx.original_node_name": "p_self_attn_in_proj_bias" } };
  const stored = { [own]: numbers([6], () => 0), sizes: tensorFrom("int64", [2], [3, 3]) };
  const model = { producer: "pytorch", inputs: { x: [2, 6] }, outputs, stored, notes };
  const trained = (module: string) =>
    found({ ...model, nodes: nodes(module) }, signature).map((line) => line.split(":")[0]);
  expect(trained("multihead_attn")).toEqual([own, "multihead_attn.in_proj_bias"]);
  expect(trained("self_attn")).toEqual([own]);
  expect(trained("elsewhere")).toEqual([own]);
});

test("a symmetric matrix is a buffer, unless the exporter says otherwise; matrices begin as multiples of one", () => {
  const matrix = (valueAt: (row: number, column: number) => number, notes = {}) => {
    const stored = { a: numbers([3, 3], (i) => valueAt(Math.floor(i / 3), i % 3)), w: numbers([3, 3]) };
    const nodes: NodeCase[] = [
      ["MatMul", ["a", "x"], ["h"]],
      ["MatMul", ["h", "w"], ["y"]],
    ];
    return found({ inputs: { x: [3, 3] }, outputs, stored, nodes, notes });
  };
  const both = ["a: weight", "w: weight"];
  const neighbors = (row: number, column: number) => 1 / (1 + row * column);
  expect(matrix(neighbors)).toEqual(["w: weight"]);
  expect(matrix(neighbors, { a: { [kind]: "PARAMETER" } })).toEqual(both);
  expect(matrix((row, column) => (row === column ? 1 : 0))).toEqual(both);
  expect(matrix(() => 0.5)).toEqual(both);
  expect(matrix((row, column) => row * column + (row === 2 && column === 0 ? 0.001 : 0))).toEqual(both);
});

test("a mask of zeros and ones is a buffer, and so is what was computed of buffers; ones and identities are not", () => {
  const factor = (values: readonly number[], operator = "Mul", more: Partial<ModelCase> = {}, program = "") => {
    const nodes: NodeCase[] = [
      [operator, ["x", "m"], ["h"]],
      ["MatMul", ["h", "w"], ["y"]],
    ];
    const stored = { m: numbers([values.length], (i) => values[i]), w: numbers([4, 3]) };
    const signature = (proto: ModelProto) =>
      proto.graph?.metadataProps.push(
        create(StringStringEntryProtoSchema, {
          key: "pkg.torch.export.ExportedProgram.graph_signature",
          value: program,
        }),
      );
    return found({ producer: "pytorch", inputs: { x: [2, 4] }, outputs, stored, nodes, ...more }, signature).map(
      (line) => line.split(":")[0],
    );
  };
  expect(factor([1, 0, 1, 0])).toEqual(["w"]);
  expect(factor([1, 1, 1, 1])).toEqual(["m", "w"]);
  expect(factor([1, 0, 1, 0.5])).toEqual(["m", "w"]);
  // The last bias of a spatial transformer.
  expect(factor([1, 0, 1, 0], "Add")).toEqual(["m", "w"]);
  const notes = { m: { "pkg.onnxscript.optimizer.folded_from": "['mask', 'scalar_tensor_default', 'val_0']" } };
  const program = (kindOf: string) => `b_mask: ${kindOf} target='mask'\n`;
  expect(factor([0.5, 2, 3, 4], "Mul", { notes }, program("BUFFER"))).toEqual(["w"]);
});

test("a parameter that the traced program clones keeps its name", () => {
  const metadata = {
    "pkg.torch.onnx.fx_node": "%clone = call_function[target=aten.clone](args = (%p_w,), kwargs = {})",
  };
  const nodes: NodeCase[] = [
    ["Identity", ["w"], ["clone"], {}, { metadata }],
    ["MatMul", ["x", "clone"], ["y"]],
  ];
  const model = { producer: "pytorch", inputs, outputs, stored: { w: numbers([3, 3]) }, nodes };
  expect(found(model)).toEqual(["w: weight"]);
});
