// Models from files as networks: what is frozen, what is active, which batch, and the file that comes out again.
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../core/formats/safetensors.js";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import { gradients } from "../../graph/gradient.js";
import { graph } from "../../graph/graph.js";
import { reduceSum } from "../../graph/ops/reduction/reduction.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData } from "../../graph/reference/nd-array.js";
import type { Tensor } from "../../graph/tensor.js";
import type { Network } from "../../nn/network.js";
import { recomputedDropoutMask } from "../../nn/random/dropout-mask.js";
import { type ModelProto, ModelProtoSchema } from "../../onnx/file/generated/onnx_pb.js";
import { integers, type ModelCase, modelBytes, type NodeCase, numbers } from "../../onnx/model-cases.js";
import { matchWeights } from "./named-weights.js";
import { type OnnxNetwork, onnxNetwork } from "./onnx-network.js";

const reading = (model: ModelCase, options = {}, change?: (proto: ModelProto) => void): OnnxNetwork =>
  onnxNetwork(modelBytes(model, change), "net.onnx", options);

/** The output for inputs and the values that the file gives; `more` for keys and other values. */
function run(network: Network, inputs: readonly TensorData[], more: ReadonlyMap<string, TensorData> = new Map()) {
  const stored = [
    ...[...network.parameters, ...network.frozen].map(({ tensor, path, value }) => ({
      tensor,
      value: more.get(path) ?? value!,
    })),
    ...network.buffers.map(({ tensor, path, initial }) => ({
      tensor,
      value: more.get(path) ?? (initial as TensorData),
    })),
    ...network.randomKeys.flatMap(({ tensors }) =>
      tensors.map((tensor, i) => ({ tensor, value: tensorFrom("uint32", [], [7 + i]) })),
    ),
    { tensor: network.firstExample, value: tensorFrom("uint32", [], [0]) },
  ];
  const next = Object.fromEntries(network.buffers.map(({ path, next: tensor }) => [path, tensor]));
  const whole = graph([...network.inputs, ...stored.map(({ tensor }) => tensor)], { "": network.output, ...next });
  const results = evaluateGraph(whole, [...inputs, ...stored.map(({ value }) => value)].map(fromTensorData));
  return new Map(whole.outputs.map(({ name }, i) => [name, results[i]]));
}

const form = (mode: "training" | "inference", batchSize: number, ...shape: number[]) => ({
  mode,
  batchSize,
  inputShapes: [shape],
});
const ramp = (...shape: number[]): TensorData => numbers(shape, (i) => Math.sin(i + 1));

const normalized: ModelCase = {
  opset: 17,
  producer: "maker",
  inputs: { x: ["batch", 3] },
  outputs: ["y"],
  stored: {
    "fc.weight": numbers([3, 2]),
    "bn.weight": numbers([2], (i) => i + 1),
    "bn.bias": numbers([2]),
    "bn.mean": numbers([2]),
    "bn.var": numbers([2], (i) => i + 1),
  },
  nodes: [
    ["MatMul", ["x", "fc.weight"], ["h"]],
    [
      "BatchNormalization",
      ["h", "bn.weight", "bn.bias", "bn.mean", "bn.var"],
      ["y", "m", "v"],
      { epsilon: 1e-3, momentum: 0.8, training_mode: 1 },
      { name: "bn" },
    ],
  ],
};

describe("BatchNormalization", () => {
  test("takes the statistics of the batch, and moves the running ones to the unbiased variance", () => {
    const network = reading(normalized).build(form("training", 4, 3));
    const x = ramp(4, 3);
    const results = run(network, [x]);
    const h = [0, 1].map((c) =>
      [0, 1, 2, 3].map((n) =>
        [0, 1, 2].reduce((sum, k) => sum + Number(x.data[n * 3 + k]) * Math.fround((k * 2 + c + 1) / 10), 0),
      ),
    );
    for (const c of [0, 1]) {
      const mean = h[c].reduce((sum, value) => sum + value / 4, 0);
      const variance = h[c].reduce((sum, value) => sum + (value - mean) ** 2 / 4, 0);
      const bias = Math.fround((c + 1) / 10);
      for (const n of [0, 1, 2, 3])
        expect(results.get("")!.data[n * 2 + c]).toBeCloseTo(
          ((h[c][n] - mean) / Math.sqrt(variance + 1e-3)) * (c + 1) + bias,
          6,
        );
      expect(results.get("bn.mean")!.data[c]).toBeCloseTo(bias * 0.8 + mean * 0.2, 6);
      expect(results.get("bn.var")!.data[c]).toBeCloseTo((c + 1) * 0.8 + ((variance * 4) / 3) * 0.2, 6);
    }
  });

  test("uses the running statistics in inference, and where they are frozen", () => {
    const x = ramp(4, 3);
    const inference = run(reading(normalized).build(form("inference", 4, 3)), [x]).get("")!.data;
    const frozen = reading(normalized, { freeze: ["bn.mean"] }).build(form("training", 4, 3));
    expect([...run(frozen, [x]).get("")!.data]).toEqual([...inference]);
    expect(frozen.buffers.map(({ tensor, next }) => tensor === next)).toEqual([true, true]);
    expect(frozen.parameters.map(({ path }) => path)).toEqual(["fc.weight", "bn.weight", "bn.bias"]);
  });
});

describe("freeze", () => {
  test("holds what its patterns match, by the names of the file", () => {
    const network = reading(normalized, { freeze: ["bn.*", "fc.weigh?"].slice(0, 1) }).build(form("training", 2, 3));
    expect(network.frozen.map(({ path }) => path)).toEqual(["bn.weight", "bn.bias"]);
    expect(network.parameters.map(({ path, role }) => `${path} ${role}`)).toEqual(["fc.weight weight"]);
  });

  test("a pattern that matches nothing is refused, and so is holding everything", () => {
    expect(() => reading(normalized, { freeze: ["fc.wieght"] })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: freeze pattern "fc.wieght": nothing in the model matches: expected a path, with * for any text: fc.weight, bn.weight, bn.bias, bn.mean, bn.var. Did you mean "fc.weight"?]`,
    );
    expect(() => reading(normalized, { freeze: ["*"] })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: net.onnx: nothing in the model can be trained: expected at least one floating-point initializer that is a weight and is not frozen, received all are frozen]`,
    );
  });
});

const dropping = (opset: number): ModelCase => ({
  opset,
  inputs: { x: ["batch", 3] },
  outputs: ["y"],
  stored: {
    w: numbers([3, 3], (i) => (i % 4 === 0 ? 1 : 0)),
    ...(opset < 12 ? {} : { ratio: tensorFrom("float32", [], [0.25]) }),
  },
  nodes: [
    ["MatMul", ["x", "w"], ["h"]],
    opset < 12 ? ["Dropout", ["h"], ["y"], { ratio: 0.25 }] : ["Dropout", ["h", "ratio"], ["y", "mask"]],
  ],
});

test.each([11, 17])(
  "Dropout of operator set %i drops in training, by counted masks, and nothing in inference",
  (opset) => {
    const network = reading(dropping(opset));
    const x = ramp(4, 3);
    const values = [...x.data].map(Number);
    expect([...run(network.build(form("inference", 4, 3)), [x]).get("")!.data]).toEqual(values);
    const built = network.build(form("training", 4, 3));
    expect(built.randomKeys).toHaveLength(1);
    const mask = recomputedDropoutMask([4, 3], 0.25, [7, 8]);
    const found = run(built, [x]).get("")!.data;
    for (const [i, value] of values.entries()) expect(found[i]).toBeCloseTo(value * mask[i], 6);
    expect(new Set(mask).size).toBe(2);
  },
);

describe("a file for one batch size", () => {
  const shaped = (own: number, target: number[], width = 12): ModelCase => ({
    inputs: { x: [own, 3, 4] },
    outputs: ["y"],
    stored: { shape: integers(...target), w: numbers([width, 2]) },
    nodes: [
      ["Reshape", ["x", "shape"], ["flat"]],
      ["MatMul", ["flat", "w"], ["y"]],
    ],
  });

  test.each([
    [1, [1, 12]],
    [1, [1, -1]],
    [1, [-1, 12]],
    [4, [4, 12]],
    [4, [4, -1]],
    [12, [12, -1]],
  ])("of %i with Reshape to %j is built for another", (own, target) => {
    const network = reading(shaped(own, target));
    const x = ramp(5, 3, 4);
    const found = run(network.build(form("training", 5, 3, 4)), [x]).get("")!;
    expect(found.shape).toEqual([5, 2]);
    const own5 = run(reading(shaped(5, [5, 12])).build(form("training", 5, 3, 4)), [x]).get("")!;
    expect([...found.data]).toEqual([...own5.data]);
  });

  test("keeps the batch behind what was in front of it, as recurrent layers and attention have it", () => {
    const nodes: NodeCase[] = [
      ["Transpose", ["x"], ["steps"], { perm: [1, 0, 2] }],
      ["Reshape", ["steps", "rows"], ["merged"]],
      ["MatMul", ["merged", "w"], ["product"]],
      ["Reshape", ["product", "parted"], ["again"]],
      ["Transpose", ["again"], ["y"], { perm: [1, 0, 2] }],
    ];
    const of = (own: number): ModelCase => ({
      inputs: { x: [own, 3, 4] },
      outputs: ["y"],
      stored: { rows: integers(3 * own, 4), parted: integers(3, own, 2), w: numbers([4, 2]) },
      nodes,
    });
    const x = ramp(5, 3, 4);
    const expected = [...run(reading(of(5)).build(form("training", 5, 3, 4)), [x]).get("")!.data];
    for (const own of [1, 2, 4])
      expect([...run(reading(of(own)).build(form("training", 5, 3, 4)), [x]).get("")!.data]).toEqual(expected);
  });

  test("says what does not fit when its shapes do not tell", () => {
    const fixed: ModelCase = {
      inputs: { x: [4, 3] },
      outputs: ["y"],
      stored: { w: numbers([3, 2]), offsets: numbers([4, 2]) },
      nodes: [
        ["MatMul", ["x", "w"], ["h"]],
        ["Add", ["h", "offsets"], ["y"], {}, { name: "offset" }],
      ],
    };
    expect(() => reading(fixed).build(form("training", 5, 3))).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: net.onnx: the model was exported for batches of 4 and does not fit 5: received net.onnx, Add (node "offset"): offset > Add: shapes do not broadcast: expected equal sizes, or 1, on every axis, counted from the last, received [5, 2] and [4, 2]. Export it with a symbolic batch axis, or train with a batch size of 4, and with --drop-last if the examples are no multiple of it]`,
    );
  });
});

test("several inputs come in their own types, and axes with a name take the extent of the data", () => {
  const model: ModelCase = {
    inputs: { ids: ["batch", "length"], mask: ["batch", "length"] },
    outputs: ["y"],
    stored: { table: numbers([5, 2]), last: integers(-1), middle: integers(1) },
    nodes: [
      ["Gather", ["table", "ids"], ["rows"]],
      ["Unsqueeze", ["mask", "last"], ["column"]],
      ["Mul", ["rows", "column"], ["kept"]],
      ["ReduceSum", ["kept", "middle"], ["y"], { keepdims: 0 }],
    ],
  };
  const network = reading(model, {}, (proto) => {
    const type = proto.graph!.input[0].type!.value;
    if (type.case === "tensorType") type.value.elemType = 7;
  });
  expect(network.inputNames).toEqual(["ids", "mask"]);
  const built = network.build({ mode: "training", batchSize: 2, inputShapes: [[3], [3]] });
  expect(built.inputs.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`)).toEqual([
    "ids int64 2,3",
    "mask float32 2,3",
  ]);
  const ids = tensorFrom("int64", [2, 3], [0, 1, 4, 2, 2, 2]);
  const mask = tensorFrom("float32", [2, 3], [1, 1, 0, 0, 1, 1]);
  const found = [...run(built, [ids, mask]).get("")!.data];
  for (const [i, value] of [0.4, 0.6, 1, 1.2].entries()) expect(found[i]).toBeCloseTo(value, 6);
});

test("data that does not fit and outputs that are not named are refused", () => {
  const network = reading(normalized);
  expect(() => network.build(form("training", 4, 5))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: net.onnx, input "x": the data does not fit the input: expected [batch, 3], received [batch, 5]]`,
  );
  expect(() => network.build({ mode: "training", batchSize: 2, inputShapes: [] })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: the data does not fit the inputs of the model: expected an array for each of "x", received 0]`,
  );
  const two: ModelCase = { ...normalized, outputs: ["y", "h"] };
  expect(() => reading(two)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: the model has several outputs: expected the name of the output for the loss, received none. Choose with --output: "y", "h"]`,
  );
  expect(() => reading(two, { output: "z" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: net.onnx: unknown output "z". Valid: y, h]`,
  );
  expect(reading(two, { output: "h" }).build(form("training", 2, 3)).output.shape).toEqual([2, 2]);
});

describe("the saved model", () => {
  const halves = numbers([3, 2], (i) => i + 0.5);

  test("is the file as it was, with other values, in inference form", () => {
    const bytes = modelBytes(normalized, (proto) => {
      proto.docString = "as it was";
      proto.graph!.node[0].docString = "a product";
    });
    const before = fromBinary(ModelProtoSchema, bytes);
    const network = onnxNetwork(bytes, "net.onnx");
    const { model, external } = network.save(new Map([["fc.weight", halves]]));
    expect(external).toBeUndefined();
    const after = fromBinary(ModelProtoSchema, model);
    expect(new Float32Array(after.graph!.initializer[0].rawData.slice().buffer)).toEqual(halves.data);
    after.graph!.initializer[0].rawData = before.graph!.initializer[0].rawData;
    const [, normalization] = before.graph!.node;
    normalization.attribute = normalization.attribute.filter(({ name }) => name !== "training_mode");
    normalization.output = ["y"];
    expect(after).toEqual(before);
  });

  test("keeps the types in which weights are stored", () => {
    const network = reading(normalized, {}, (proto) => {
      const [half, double] = proto.graph!.initializer;
      half.dataType = 10;
      half.rawData = new Uint8Array(new Uint16Array([0x3c00, 0x3800, 0, 0, 0, 0xc000]).buffer);
      double.dataType = 11;
      double.rawData = new Uint8Array(new Float64Array([1, 2]).buffer);
    });
    expect(network.remarks).toMatchInlineSnapshot(`
      [
        "2 of 5 weights are stored in another type than float32: they are trained in float32 and written back in their own type",
      ]
    `);
    const [weight, scale] = network.build(form("training", 2, 3)).parameters;
    expect([...(weight.value!.data as Float32Array)]).toEqual([1, 0.5, 0, 0, 0, -2]);
    expect([weight.tensor.dtype, scale.tensor.dtype]).toEqual(["float32", "float32"]);
    const saved = fromBinary(ModelProtoSchema, network.save(new Map([["fc.weight", halves]])).model);
    expect([...new Uint16Array(saved.graph!.initializer[0].rawData.slice().buffer)]).toEqual([
      0x3800, 0x3e00, 0x4100, 0x4300, 0x4480, 0x4580,
    ]);
    expect([...new Float64Array(saved.graph!.initializer[1].rawData.slice().buffer)]).toEqual([1, 2]);
  });

  test("keeps values in a file beside it where it would be too large, and reads the same from there", () => {
    const wide: ModelCase = {
      ...normalized,
      stored: { ...normalized.stored, "fc.weight": numbers([3, 200]) },
      nodes: [normalized.nodes[0]],
      outputs: ["h"],
    };
    const network = reading(wide);
    const { model, external } = network.save(new Map(), { largest: 100, externalName: "wide.data" });
    expect([external?.name, external?.bytes.length]).toEqual(["wide.data", 2400]);
    const readExternal = (name: string): Uint8Array => (name === "wide.data" ? external!.bytes : new Uint8Array());
    const again = onnxNetwork(model, "wide.onnx", { readExternal });
    expect(again.build(form("training", 1, 3)).parameters.map(({ value }) => value)).toEqual(
      network.build(form("training", 1, 3)).parameters.map(({ value }) => value),
    );
    // From there it comes back in one piece.
    const whole = fromBinary(ModelProtoSchema, again.save(new Map()).model);
    expect(whole.graph!.initializer[0]).toMatchObject({ dataLocation: 0, externalData: [] });
    expect(whole.graph!.initializer[0].rawData).toHaveLength(2400);
  });
});

test("weights come from safetensors by name, all of them, in their shapes", () => {
  const network = reading(normalized).build(form("training", 2, 3));
  const given = new Map<string, TensorData>([
    ...Object.entries(normalized.stored!).map(
      ([name, value]) => [name, { ...value, data: (value.data as Float32Array).map((x) => x + 1) }] as const,
    ),
    ["bn.num_batches_tracked", tensorFrom("int64", [], [3])],
  ]);
  const read = (tensors: ReadonlyMap<string, TensorData>) =>
    matchWeights("w.safetensors", readSafetensors(writeSafetensors(tensors), "w.safetensors").tensors, network);
  expect(read(given).get("bn.mean")).toEqual(new Float32Array([1.1, 1.2]));
  const without = new Map(given);
  without.delete("bn.weight");
  without.set("bn.wieght", given.get("bn.bias")!);
  expect(() => read(without)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: w.safetensors: the weights are not those of the model: received a file without "bn.weight" and with "bn.wieght", which the model does not have. Perhaps "bn.wieght" is meant for "bn.weight"]`,
  );
  expect(() => read(new Map([...given, ["fc.weight", numbers([2, 3])]]))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: w.safetensors > fc.weight: the weight does not fit the model: expected [3, 2], received [2, 3]]`,
  );
});

test("a batch normalization that the exporter folded is spoken of in one sentence", () => {
  const folded: ModelCase = {
    inputs: { x: ["batch", 2, 4, 4] },
    outputs: ["y"],
    stored: { "onnx::Conv_7": numbers([3, 2, 1, 1]), "onnx::Conv_8": numbers([3]) },
    nodes: [["Conv", ["x", "onnx::Conv_7", "onnx::Conv_8"], ["y"], {}, { name: "/stem/Conv" }]],
  };
  expect(reading(folded).remarks).toMatchInlineSnapshot(`
    [
      "net.onnx: the exporter folded batch normalization into the weights of 1 node ("/stem/Conv"), so that the model trains without it; to train with it, export in training mode and without optimization (PyTorch: model.train(), then training=TrainingMode.TRAINING with dynamo=False, or optimize=False with dynamo=True)",
    ]
  `);
  expect(reading(normalized).remarks).toEqual([]);
});

describe("padding of an embedding", () => {
  const table = numbers([4, 2], (i) => (i < 2 ? 0 : i));
  const lookUp = (metadata: Record<string, string> = {}, values = table): ModelCase => ({
    inputs: { x: ["batch", 2] },
    outputs: ["y"],
    stored: { "e.weight": values },
    nodes: [
      ["Cast", ["x"], ["t"], { to: 7 }],
      ["Gather", ["e.weight", "t"], ["g"], {}, { metadata }],
      ["ReduceSum", ["g", "axes"], ["y"], { keepdims: 0 }],
    ],
  });
  const embedding = (last: string) => ({
    "pkg.torch.onnx.fx_node": `%e = call_function[target=torch.ops.aten.embedding.default](args = (%p_e_weight, %t${last}), kwargs = {})`,
  });
  const withAxes = (model: ModelCase): ModelCase => ({ ...model, stored: { ...model.stored, axes: integers(1) } });
  const read = (model: ModelCase): OnnxNetwork => onnxNetwork(modelBytes(withAxes(model)), "net.onnx");
  /** The sum of the gradient of every row. */
  const gradient = (network: OnnxNetwork): number[] => {
    const built = network.build(form("training", 2, 2));
    const [{ tensor }] = built.parameters;
    const [found] = gradients({ of: reduceSum(built.output), withRespectTo: [tensor] });
    const whole = graph([...built.inputs, tensor, built.firstExample], { y: found as Tensor });
    const tokens = tensorFrom("float32", [2, 2], [0, 1, 3, 0]);
    const given = [tokens, table, tensorFrom("uint32", [], [0])].map(fromTensorData);
    return [...evaluateGraph(whole, given)[0].data];
  };

  test("gets no gradient: the one row of zeros, or the row that the traced call names", () => {
    expect(gradient(read(lookUp()))).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect(gradient(read(lookUp(embedding(", 3"))))).toEqual([2, 2, 1, 1, 0, 0, 0, 0]);
    expect(gradient(read(lookUp(embedding(""))))).toEqual([2, 2, 1, 1, 0, 0, 1, 1]);
    expect(gradient(read(lookUp({}, numbers([4, 2]))))).toEqual([2, 2, 1, 1, 0, 0, 1, 1]);
  });

  test("is spoken of", () => {
    expect(read(lookUp()).remarks).toEqual([
      'net.onnx: row 0 of "e.weight" stands for padding and is not trained, as with padding_idx',
    ]);
    expect(read(lookUp(embedding(""))).remarks).toEqual([]);
  });
});

test("sines that encode places are not trained, and may be frozen nevertheless; a table of other numbers is trained", () => {
  const sines = (features: number) =>
    numbers([1, 3, features], (i) => {
      const [place, column] = [Math.floor(i / features), i % features];
      return [Math.sin, Math.cos][column % 2](place / 10 ** (column >> 1));
    });
  const placed = (pe: TensorData): ModelCase => ({
    inputs: { x: ["batch", 3, 4] },
    outputs: ["y"],
    stored: { pe, w: numbers([4, 2]) },
    nodes: [
      ["Add", ["x", "pe"], ["h"]],
      ["MatMul", ["h", "w"], ["y"]],
    ],
  });
  const names = (network: OnnxNetwork): string[] =>
    network.build(form("training", 2, 3, 4)).parameters.map(({ path }) => path);
  const fixed = reading(placed(sines(4)), { freeze: ["pe"] });
  expect(names(fixed)).toEqual(["w"]);
  expect(fixed.remarks).toEqual(['net.onnx: "pe" is a table of sines and cosines, and is not trained']);
  const changed = sines(4);
  (changed.data as Float32Array)[5] += 0.1;
  expect(names(reading(placed(changed)))).toEqual(["pe", "w"]);
});
