// Files as subjects: their steps, names and counts, and missing or damaged parts.
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { CorruptFileError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type ModelProto, StringStringEntryProtoSchema } from "../../onnx/file/generated/onnx_pb.js";
import { integers, type ModelCase, type NodeCase, numbers } from "../../onnx/model-cases.js";
import { inspectSubject } from "../inspect.js";
import { lines, network, relu, strange, subjectOf } from "./onnx-subject-cases.js";
import type { Subject } from "./subject.js";

test("steps compute from the inputs; shape arithmetic and transposed weights belong to the steps that read them", () => {
  const subject = subjectOf(network(relu), { batchSize: 2 });
  expect(lines(subject)).toMatchInlineSnapshot(`
    [
      "features.0 Conv [2,4,8,8] 112 13824",
      "Relu Relu [2,4,8,8] 0 0",
      "features.3 Conv [2,8,8,8] 288 36864",
      "GlobalAveragePool GlobalAveragePool [2,8,1,1] 0 0",
      "Reshape Reshape [2,8] 0 0",
      "classifier Gemm [2,10] 90 160",
    ]
  `);
  expect(subject.steps.at(-1)?.parameters.map(({ name, use, bytes }) => `${name} ${use} ${bytes}`)).toEqual([
    "classifier.weight weight 320",
    "classifier.bias bias 40",
  ]);
  expect(subject.inputs.map(({ name, tensor }) => [name, tensor.shape])).toEqual([["x", [2, 3, 8, 8]]]);
});

describe("an unknown operator", () => {
  test("makes everything after it unknown, but parameters are still counted", () => {
    const subject = subjectOf(network(strange));
    expect(lines(subject)).toMatchInlineSnapshot(`
      [
        "features.0 Conv [1,4,8,8] 112 6912",
        "Foo com.acme.Foo ? 0 ? (the operator is not supported)",
        "features.3 Conv ? 288 ? (its input "c" comes from com.acme.Foo (makes "c"), which is unknown)",
        "GlobalAveragePool GlobalAveragePool ? 0 ? (its input "d" comes from Conv (makes "d"), which is unknown)",
        "Reshape Reshape ? 0 ? (its input "e" comes from GlobalAveragePool (makes "e"), which is unknown)",
        "classifier Gemm ? 90 ? (its input "f" comes from Reshape (makes "f"), which is unknown)",
      ]
    `);
    const { totals, unknown } = inspectSubject(subject);
    expect(totals).toMatchObject({ parameters: 108 + 4 + 288 + 90, isLowerBound: true });
    expect(unknown[0]).toMatchObject({ operator: "com.acme.Foo" });
  });

  test("leaves the rest known if the file states the shape of its output", () => {
    const declared = (proto: ModelProto): void => {
      const info = structuredClone(proto.graph!.input[0]);
      info.name = "c";
      const type = info.type!.value.value as { shape: { dim: { value: unknown }[] } };
      type.shape.dim[1].value = { case: "dimValue", value: 4n };
      proto.graph!.valueInfo.push(info);
    };
    const subject = subjectOf(network(strange), { batchSize: 3 }, declared);
    expect(inspectSubject(subject).unknown.map(({ operator }) => operator)).toEqual(["com.acme.Foo"]);
    expect(lines(subject).slice(1)).toMatchInlineSnapshot(`
      [
        "Foo com.acme.Foo [3,4,8,8] 0 ? (the operator is not supported)",
        "features.3 Conv [3,8,8,8] 288 55296",
        "GlobalAveragePool GlobalAveragePool [3,8,1,1] 0 0",
        "Reshape Reshape [3,8] 0 0",
        "classifier Gemm [3,10] 90 240",
      ]
    `);
  });
});

test.each<[string, NodeCase[], RegExp]>([
  ["data-dependent shapes", [["NonZero", ["a"], ["c"]]], /must be a known constant/],
  ["shapes that do not fit", [["Reshape", ["a", "axes"], ["c"]]], /Reshape|elements|shape/],
  ["attributes that nobody knows", [["Relu", ["a"], ["c"], { leak: 1 }]], /attribute "leak"/],
  ["an output that is listed and never made", [["Relu", ["a"], ["c0", "c"]]], /comes from Relu/],
])("%s are unknown, with a reason", (_, middle, reason) => {
  const { unknown, totals } = inspectSubject(subjectOf(network(middle)));
  expect(unknown[0].reason).toMatch(reason);
  expect(totals.isLowerBound).toBe(true);
  expect(totals.macs).toBe(4 * 27 * 64);
});

test.each<[string, NodeCase[], RegExp]>([
  [
    "a cycle",
    [
      ["Add", ["a", "g"], ["c"]],
      ["Relu", ["c"], ["g"]],
    ],
    /"g" is made by the node itself or by a later node/,
  ],
  ["a value that nothing makes", [["Add", ["a", "nowhere"], ["c"]]], /no node makes its input "nowhere"/],
  [
    "two makers",
    [
      ["Relu", ["a"], ["c"]],
      ["Abs", ["a"], ["c"]],
    ],
    /two values are named "c"/,
  ],
  ["two makers that nobody knows", [...strange, ...strange], /two values are named "c"/],
])("%s is reported as damage", (_, middle, message) => {
  const act = (): Subject => subjectOf(network(middle));
  expect(act).toThrow(CorruptFileError);
  expect(act).toThrow(message);
});

describe("enormous sizes", () => {
  const big = (nodes: NodeCase[], shape: readonly number[], more = {}): ModelCase => ({
    inputs: { x: shape },
    outputs: ["y"],
    stored: { w: numbers([1, 1, 1, 1]), ...more },
    nodes,
  });

  test("are analyzed without allocating anything", () => {
    const nodes: NodeCase[] = [
      ["Conv", ["x", "w"], ["a"]],
      ["ConstantOfShape", ["target"], ["b"]],
      ["Add", ["a", "b"], ["y"]],
    ];
    const subject = subjectOf(
      big(nodes, [1, 1, 1_000_000, 1_000_000], { target: integers(1, 1, 1_000_000, 1_000_000) }),
    );
    expect(lines(subject)).toMatchInlineSnapshot(`
      [
        "Conv Conv [1,1,1000000,1000000] 1 1000000000000",
        "Add Add [1,1,1000000,1000000] 0 0",
      ]
    `);
  });

  test("beyond exact counting are unknown", () => {
    const nodes: NodeCase[] = [["Expand", ["x", "target"], ["y"]]];
    const target = integers(1, 1, 2 ** 31, 2 ** 31);
    expect(lines(subjectOf(big(nodes, [1, 1, 1, 1], { target })))).toMatchInlineSnapshot(`
      [
        "Expand Expand ? 0 ? (Expand: the tensor has too many elements to count: expected at most 9007199254740991, received [1, 1, 2147483648, 2147483648]. Use smaller inputs or a smaller batch)",
      ]
    `);
  });

  test("of a stored tensor are reported as damage", () => {
    const lie = (proto: ModelProto): void => {
      proto.graph!.initializer[0].dims = [2n ** 40n, 2n ** 40n];
    };
    expect(() => subjectOf(big([["Conv", ["x", "w"], ["y"]]], [1, 1, 4, 4]), {}, lie)).toThrow(CorruptFileError);
  });
});

test("16-bit weights count as stored, tokens are inputs, and a table that is read twice counts once", () => {
  const model: ModelCase = {
    inputs: { tokens: ["batch", 5] },
    outputs: ["y"],
    stored: { "embedding.weight": numbers([11, 6]) },
    nodes: [
      ["Gather", ["embedding.weight", "tokens"], ["h"]],
      ["Cast", ["h"], ["g"], { to: 1 }],
      ["Transpose", ["wide"], ["t"], { perm: [1, 0] }],
      ["MatMul", ["g", "t"], ["y"]],
    ],
  };
  const halves = (proto: ModelProto): void => {
    const graph = proto.graph!;
    (graph.input[0].type!.value.value as { elemType: number }).elemType = 7;
    const [table] = graph.initializer;
    table.dataType = 10;
    table.rawData = new Uint8Array(2 * 66);
    graph.node[2].input[0] = table.name;
  };
  const subject = subjectOf(model, {}, halves);
  const { totals, inputs } = inspectSubject(subject);
  expect(inputs).toEqual([{ name: "tokens", shape: [1, 5], type: "int64" }]);
  expect(totals).toMatchObject({ parameters: 66, parameterBytes: 132, macs: 5 * 6 * 11 });
  const [first, last] = [subject.steps[0], subject.steps.at(-1)];
  expect(last?.parameters[0]).toBe(first?.parameters[0]);
  expect(subject.remarks).toHaveLength(1);
});

test("a float16 file takes two bytes per number in inference and four in training", () => {
  const model: ModelCase = {
    inputs: { x: ["batch", 4] },
    outputs: ["y"],
    stored: { "fc.weight": numbers([4, 3]) },
    nodes: [
      ["MatMul", ["x", "fc.weight"], ["h"]],
      ["Sigmoid", ["h"], ["y"]],
    ],
  };
  const inBits = (code: number, { input = code } = {}) => {
    const { totals, memory, inputs, remarks } = inspectSubject(
      subjectOf(model, {}, (proto) => {
        const graph = proto.graph!;
        (graph.input[0].type!.value.value as { elemType: number }).elemType = input;
        const [weight] = graph.initializer;
        weight.dataType = code;
        if (code !== 1) weight.rawData = new Uint8Array(2 * 12).map((_, at) => (at % 2 === 0 ? at : 60));
      }),
    );
    const [{ type }] = inputs;
    const { inference, training } = memory;
    return [type, totals.activationBytes, inference.peakActivations, training.savedActivations, remarks.length];
  };
  const [, activations, peak, saved] = inBits(1).map(Number);
  expect(inBits(1)).toEqual(["float32", activations, peak, saved, 0]);
  expect(inBits(10)).toEqual(["float16", activations / 2, peak / 2, saved, 1]);
  expect(inBits(16)).toEqual(["bfloat16", activations / 2, peak / 2, saved, 1]);
  // With a float32 input, float16 values are converted to float32 somewhere.
  expect(inBits(10, { input: 1 })).toEqual(["float32", activations, peak, saved, 1]);
});

test("Dropout and BatchNormalization of a training graph are counted as in inference", () => {
  const statistic = numbers([3]);
  const model: ModelCase = {
    opset: 15,
    inputs: { x: ["batch", 3, 4, 4] },
    outputs: ["y"],
    stored: {
      scale: statistic,
      shift: statistic,
      mean: statistic,
      variance: statistic,
      on: tensorFrom("bool", [], [1]),
      ratio: tensorFrom("float32", [], [0.5]),
    },
    nodes: [
      ["BatchNormalization", ["x", "scale", "shift", "mean", "variance"], ["a", "m", "v"], { training_mode: 1 }],
      ["Dropout", ["a", "ratio", "on"], ["b", "mask"]],
      ["RandomUniformLike", ["b"], ["r"]],
      ["Add", ["b", "r"], ["y"]],
    ],
  };
  const subject = subjectOf(model);
  expect(subject.steps.map(({ operator }) => operator)).toEqual(["BatchNormalization", "Add"]);
  expect(inspectSubject(subject)).toMatchObject({
    unknown: [],
    totals: { parameters: 6, statistics: 6, activations: 96 },
  });
});

test("recurrent layers count the products of all their steps", () => {
  const [steps, batch, size, units] = [7, 2, 5, 3];
  const model = (op: string, gates: number): ModelCase => ({
    inputs: { x: [steps, batch, size] },
    outputs: ["y", "last"],
    stored: {
      "rnn.w": numbers([2, gates * units, size]),
      "rnn.r": numbers([2, gates * units, units]),
      "rnn.b": numbers([2, 2 * gates * units]),
    },
    nodes: [[op, ["x", "rnn.w", "rnn.r", "rnn.b"], ["y", "last"], { hidden_size: units, direction: "bidirectional" }]],
  });
  for (const [op, gates] of [
    ["LSTM", 4],
    ["GRU", 3],
    ["RNN", 1],
  ] as const) {
    const [layer] = inspectSubject(subjectOf(model(op, gates))).layers;
    expect(layer).toMatchObject({
      macs: steps * batch * 2 * gates * units * (size + units),
      parameters: 2 * gates * units * (size + units + 2),
      outputShapes: [
        [steps, 2, batch, units],
        [2, batch, units],
      ],
    });
  }
});

test("integer weights are parameters, and their products count as operations", () => {
  const model: ModelCase = {
    inputs: { x: [1, 4] },
    outputs: ["y"],
    stored: {
      w: tensorFrom("int8", [4, 3], Array(12).fill(1)),
      scale: tensorFrom("float32", [], [0.5]),
      zero: tensorFrom("int8", [], [0]),
    },
    nodes: [
      ["QuantizeLinear", ["x", "scale", "zero"], ["q"]],
      ["DequantizeLinear", ["q", "scale", "zero"], ["d"]],
      ["DequantizeLinear", ["w", "scale", "zero"], ["v"]],
      ["MatMul", ["d", "v"], ["y"]],
    ],
  };
  expect(inspectSubject(subjectOf(model)).totals).toMatchObject({
    parameters: 12,
    trainable: 0,
    parameterBytes: 12,
    macs: 12,
  });
});

test("modules are recognized from each exporter's metadata", () => {
  const scopes = { "pkg.torch.onnx.name_scopes": "['', 'layer1', 'layer1.0', 'layer1.0.relu', 'relu_2']" };
  const nodes: NodeCase[] = [
    ["Relu", ["x"], ["a"], {}, { name: "node_relu_2", metadata: scopes }],
    ["Relu", ["a"], ["b"], {}, { name: "/features/features.1/conv/conv.0/conv.0.0/Relu" }],
    ["Relu", ["b"], ["c"], {}, { name: "StatefulPartitionedCall/model/block1_relu/Relu" }],
    ["MatMul", ["c", "encoder.fc.weight"], ["d"], {}, { name: "MatMul_12" }],
    ["Add", ["d", "sequential/dense/BiasAdd/ReadVariableOp:0"], ["e"]],
    ["Relu", ["e"], ["f"], {}, { name: "resnet_relu0_fwd" }],
    ["Relu", ["f"], ["g"], {}, { name: "Relu_7" }],
    ["Relu", ["g"], ["y"]],
  ];
  const named = { "encoder.fc.weight": numbers([3, 3]), "sequential/dense/BiasAdd/ReadVariableOp:0": numbers([3]) };
  expect(
    subjectOf({ inputs: { x: ["n", 3] }, outputs: ["y"], stored: named, nodes }).steps.map(({ name }) => name),
  ).toEqual([
    "layer1.0.relu",
    "features.1.conv.0.0",
    "model.block1_relu",
    "encoder.fc",
    "sequential.dense",
    "resnet_relu0_fwd",
    "Relu",
    "Relu_1",
  ]);
});

test("lists of tensors are tracked part by part", () => {
  const model: ModelCase = {
    inputs: { x: [1, 7, 2] },
    outputs: ["y"],
    stored: { three: tensorFrom("int64", [], [3]), last: tensorFrom("int64", [], [-1]), w: numbers([2, 4]) },
    nodes: [
      ["SplitToSequence", ["x", "three"], ["list"], { axis: 1 }],
      ["SequenceAt", ["list", "last"], ["part"]],
      ["MatMul", ["part", "w"], ["y"]],
    ],
  };
  expect(lines(subjectOf(model)).at(-1)).toBe("MatMul MatMul [1,1,4] 8 8");
});

test("a position table that the exporter looked up is named, because its elements are not in the file", () => {
  const folded = "['attention.table', 'attention.places', 'index', 'val_1']";
  const signature = create(StringStringEntryProtoSchema, {
    key: "pkg.torch.export.ExportedProgram.graph_signature",
    value: "p_table: PARAMETER target='attention.table'\nb_places: BUFFER target='attention.places' persistent=True\n",
  });
  const model: ModelCase = {
    inputs: { x: [1, 2, 3, 3] },
    outputs: ["y"],
    // Some elements share one number; as two parameters they would diverge.
    stored: { unsqueeze: numbers([1, 2, 3, 3], (i) => Math.sin(i % 5)) },
    notes: { unsqueeze: { "pkg.onnxscript.optimizer.folded_from": folded } },
    nodes: [["Add", ["x", "unsqueeze"], ["y"]]],
  };
  const { remarks, parameters } = subjectOf(model, {}, (proto) => proto.graph?.metadataProps.push(signature));
  expect(parameters).toEqual([]);
  expect(remarks).toMatchInlineSnapshot(`
    [
      "net.onnx: the exporter computed constants out of 1 parameter ("attention.table"), which are not in the file: what it has in their place may be more or fewer elements, or not count as parameters",
    ]
  `);
});

test("the count before folding is a separate total, and a remark", () => {
  const subject = subjectOf({
    producer: "pytorch",
    inputs: { input: [1, 3, 4, 4] },
    outputs: ["9"],
    stored: { "onnx::Conv_11": numbers([2, 3, 1, 1]), "onnx::Conv_12": numbers([2]) },
    nodes: [
      ["Conv", ["input", "onnx::Conv_11", "onnx::Conv_12"], ["/0/Conv_output_0"]],
      ["Relu", ["/0/Conv_output_0"], ["9"]],
    ],
  });
  expect(inspectSubject(subject).totals).toMatchObject({ parameters: 10, storedParameters: 8 });
  expect(subject.remarks).toEqual([
    "net.onnx: the exporter folded batch normalization into the weights of 1 node; before, the model had 10 parameters; those are counted",
  ]);
});
