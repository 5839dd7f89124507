// Constants of the computation in the shapes that exporters give them: held, while the parameters beside them are trained.
import { describe, expect, test } from "vitest";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import { onnxFile, parseModel } from "../file/onnx-file.js";
import { type ModelCase, modelBytes, type NodeCase, numbers } from "../model-cases.js";
import { judgedTensors } from "./parameters.js";

const judged = (model: ModelCase, chosen?: (name: string) => boolean | undefined) =>
  judgedTensors(onnxFile(parseModel(modelBytes(model), "net.onnx"), "net.onnx", { isSingle: true }), {
    ...(chosen === undefined ? {} : { chosen }),
  });

/** Names of what is trained, and of what a guess holds. */
function split(model: ModelCase): { trained: string[]; held: string[] } {
  const { weights, held } = judged(model);
  return { trained: weights.map(({ name }) => name), held: held.map(({ name }) => name) };
}

const one = (value: number, shape: readonly number[] = []): TensorData => tensorFrom("float32", shape, [value]);
const vector = (...values: number[]): TensorData => tensorFrom("float32", [values.length], values);
const dense = { w: numbers([3, 4], (i) => Math.sin(i + 1)), b: numbers([4]) };
const gemm = (x = "x", y = "h"): NodeCase => ["Gemm", [x, "w", "b"], [y]];
const inputs = { x: ["batch", 3] };
const outputs = ["y"];

/** A dense layer, and then arithmetic on `h` with other stored tensors. */
const onHidden = (stored: Record<string, TensorData>, nodes: readonly NodeCase[], more: Partial<ModelCase> = {}) =>
  split({ inputs, outputs, stored: { ...dense, ...stored }, nodes: [gemm(), ...nodes], ...more });

/** Arithmetic on the input `x` that gives `n`, and then a dense layer. */
const onInput = (stored: Record<string, TensorData>, nodes: readonly NodeCase[], more: Partial<ModelCase> = {}) =>
  split({ inputs, outputs, stored: { ...dense, ...stored }, nodes: [...nodes, gemm("n", "y")], ...more });

describe("one number in arithmetic is held", () => {
  const norm: NodeCase[] = [
    ["ReduceMean", ["h"], ["mean"], { axes: [-1] }],
    ["Sub", ["h", "mean"], ["c"]],
    ["Pow", ["c", "two"], ["s"]],
    ["ReduceMean", ["s"], ["variance"], { axes: [-1] }],
    ["Add", ["variance", "layer.eps"], ["e"]],
    ["Sqrt", ["e"], ["d"]],
    ["Div", ["c", "d"], ["n"]],
    ["Mul", ["n", "layer.gamma"], ["g"]],
    ["Add", ["g", "layer.beta"], ["y"]],
  ];

  test("epsilon and exponent of a layer normalization that was taken apart; its scale and shift are trained", () => {
    const stored = {
      two: one(2),
      "layer.eps": one(1e-10),
      "layer.gamma": vector(1, 1, 1, 1),
      "layer.beta": vector(0, 0, 0, 0),
    };
    expect(onHidden(stored, norm)).toEqual({
      trained: ["w", "b", "layer.gamma", "layer.beta"],
      held: ["two", "layer.eps"],
    });
  });

  test.each([
    [
      "epsilon before a logarithm",
      [
        ["Add", ["h", "c"], ["a"]],
        ["Log", ["a"], ["y"]],
      ],
      one(1e-10),
    ],
    [
      "epsilon of one element before a quotient",
      [
        ["Max", ["h", "c"], ["a"]],
        ["Div", ["h", "a"], ["y"]],
      ],
      one(1e-12, [1]),
    ],
    [
      "half of a GELU",
      [
        ["Erf", ["h"], ["e"]],
        ["Mul", ["e", "c"], ["y"]],
      ],
      one(0.5),
    ],
    [
      "root of two of a GELU",
      [
        ["Div", ["h", "c"], ["e"]],
        ["Erf", ["e"], ["y"]],
      ],
      one(Math.SQRT2),
    ],
    [
      "three of a hard swish",
      [
        ["Add", ["h", "c"], ["a"]],
        ["Relu", ["a"], ["y"]],
      ],
      one(3),
    ],
    ["six of a hard swish", [["Div", ["h", "c"], ["y"]]], one(6)],
    [
      "base of a logarithm",
      [
        ["Log", ["c"], ["l"]],
        ["Div", ["h", "l"], ["y"]],
      ],
      one(10),
    ],
    ["negative exponent", [["Pow", ["h", "c"], ["y"]]], one(-0.5)],
    ["number to subtract from", [["Sub", ["c", "h"], ["y"]]], one(1)],
    ["upper bound", [["Min", ["h", "c"], ["y"]]], one(6)],
    [
      "number that is expanded",
      [
        ["Shape", ["h"], ["s"]],
        ["Expand", ["c", "s"], ["e"]],
        ["Mul", ["h", "e"], ["y"]],
      ],
      one(0.3),
    ],
  ] as [string, NodeCase[], TensorData][])("%s", (_, nodes, value) => {
    for (const name of ["c", "alpha", "p2o.helper.constant.7", "Constant_12", "block_eps"])
      expect(
        onHidden(
          { [name]: value },
          nodes.map(([op, given, ...rest]) => [op, given.map((input) => (input === "c" ? name : input)), ...rest]),
        ),
      ).toEqual({ trained: ["w", "b"], held: [name] });
  });

  test("a name that an exporter made up is no guess", () => {
    for (const name of ["onnx::Mul_24", "/act/Constant_output_0", "val_3", "ortshared_1_0_1_0_token_12"])
      expect(onHidden({ [name]: one(0.5) }, [["Mul", ["h", name], ["y"]]])).toEqual({ trained: ["w", "b"], held: [] });
  });

  test("what scales attention is held whatever its name, unless it is no root", () => {
    const attention = (value: number) =>
      onHidden({ "attn.scale": one(value) }, [
        ["Mul", ["h", "attn.scale"], ["q"]],
        ["Transpose", ["h"], ["k"], { perm: [1, 0] }],
        ["MatMul", ["q", "k"], ["scores"]],
        ["Softmax", ["scores"], ["weights"]],
        ["MatMul", ["weights", "h"], ["y"]],
      ]).held;
    expect(attention(0.125)).toEqual(["attn.scale"]);
    expect(attention(1 / Math.sqrt(80))).toEqual(["attn.scale"]);
    expect(attention(0.13)).toEqual([]);
  });

  test("the temperature of the last softmax is no scale of attention", () => {
    const nodes: NodeCase[] = [
      ["Div", ["h", "head.temperature"], ["z"]],
      ["Softmax", ["z"], ["y"]],
    ];
    expect(onHidden({ "head.temperature": one(2) }, nodes)).toEqual({
      trained: ["w", "b", "head.temperature"],
      held: [],
    });
  });
});

describe("one number is trained", () => {
  test.each([
    ["with the path of a module", "head.temperature", "", [["Mul", ["h", "c"], ["y"]]]],
    ["with a name from PyTorch", "alpha", "pytorch", [["Mul", ["h", "c"], ["y"]]]],
    ["with a usual name", "logit_scale", "", [["Mul", ["h", "c"], ["y"]]]],
    ["where TensorFlow reads a variable", "model/scale/mul/ReadVariableOp:0", "tf2onnx", [["Mul", ["h", "c"], ["y"]]]],
    [
      "where it is kept as a logarithm",
      "t",
      "",
      [
        ["Exp", ["c"], ["e"]],
        ["Mul", ["h", "e"], ["y"]],
      ],
    ],
  ] as [string, string, string, NodeCase[]][])("%s", (_, name, producer, nodes) => {
    const named = nodes.map(
      ([op, given, ...rest]): NodeCase => [op, given.map((input) => (input === "c" ? name : input)), ...rest],
    );
    expect(onHidden({ [name]: one(0.7) }, named, { producer })).toEqual({ trained: ["w", "b", name], held: [] });
  });

  test("as the bias of one output, and as the slope of PRelu, which is no guess", () => {
    const model: ModelCase = {
      inputs,
      outputs,
      stored: { w: numbers([3, 1]), const_fold_opt__7: one(0.0004, [1]), slope: one(0.25, [1]) },
      nodes: [
        ["MatMul", ["x", "w"], ["m"]],
        ["Add", ["m", "const_fold_opt__7"], ["a"]],
        ["PRelu", ["a", "slope"], ["y"]],
      ],
    };
    expect(split(model)).toEqual({ trained: ["w", "const_fold_opt__7", "slope"], held: [] });
    expect(judged(model).weights.map(({ guess }) => guess)).toEqual([undefined, undefined, undefined]);
  });
});

describe("what scales the data is held", () => {
  const [mean, deviation] = [vector(0.4, 0.5, 0.6), vector(2, 3, 4)];

  test("1/255 and the offset of a rescaling, behind a cast and a transposition", () => {
    const stored = { "rescaling.scale": one(1 / 255), "rescaling.offset": one(-1, [1]) };
    const nodes: NodeCase[] = [
      ["Cast", ["x"], ["f"], { to: 1 }],
      ["Mul", ["f", "rescaling.scale"], ["m"]],
      ["Add", ["m", "rescaling.offset"], ["n"]],
    ];
    expect(onInput(stored, nodes)).toEqual({ trained: ["w", "b"], held: ["rescaling.scale", "rescaling.offset"] });
  });

  test("mean and deviation of Keras's Normalization, also where the deviation is a root of stored numbers", () => {
    const stored = { "model/norm/Sub/mean": mean, "model/norm/variance": deviation, "model/norm/floor": one(1e-7) };
    const nodes: NodeCase[] = [
      ["Sub", ["x", "model/norm/Sub/mean"], ["c"]],
      ["Sqrt", ["model/norm/variance"], ["r"]],
      ["Max", ["r", "model/norm/floor"], ["d"]],
      ["Div", ["c", "d"], ["n"]],
    ];
    expect(onInput(stored, nodes).trained).toEqual(["w", "b"]);
    const folded = { const_fold_opt__3: mean, const_fold_opt__4: deviation };
    expect(
      onInput(folded, [
        ["Sub", ["x", "const_fold_opt__3"], ["c"]],
        ["Div", ["c", "const_fold_opt__4"], ["n"]],
      ]),
    ).toEqual({ trained: ["w", "b"], held: ["const_fold_opt__3", "const_fold_opt__4"] });
  });

  test("mean and reciprocal of a policy's observations, with the names of a module, and a clipping after them", () => {
    const stored = { "obs_rms.mean": mean, "obs_rms.scale": deviation, low: one(-10), high: one(10) };
    const nodes: NodeCase[] = [
      ["Sub", ["x", "obs_rms.mean"], ["c"]],
      ["Mul", ["c", "obs_rms.scale"], ["s"]],
      ["Clip", ["s", "low", "high"], ["n"]],
    ];
    expect(onInput(stored, nodes, { producer: "pytorch" })).toEqual({
      trained: ["w", "b"],
      held: ["obs_rms.mean", "obs_rms.scale"],
    });
  });

  test("negative mean that is added before a product, and a mean image that is subtracted", () => {
    const pair: NodeCase[] = [
      ["Add", ["x", "pre.shift"], ["c"]],
      ["Mul", ["c", "pre.factor"], ["n"]],
    ];
    expect(onInput({ "pre.shift": mean, "pre.factor": deviation }, pair).held).toEqual(["pre.shift", "pre.factor"]);
    const image = split({
      inputs: { x: ["batch", 1, 3, 3] },
      outputs,
      stored: { "data.mean": numbers([1, 1, 3, 3]), k: numbers([2, 1, 3, 3]) },
      nodes: [
        ["Sub", ["x", "data.mean"], ["c"]],
        ["Conv", ["c", "k"], ["y"]],
      ],
    });
    expect(image).toEqual({ trained: ["k"], held: ["data.mean"] });
  });

  test("not a scale and then a shift with the names of a layer, a table of positions, or what follows a computed mean", () => {
    const layer: NodeCase[] = [
      ["Mul", ["x", "affine.weight"], ["m"]],
      ["Add", ["m", "affine.bias"], ["n"]],
    ];
    expect(onInput({ "affine.weight": deviation, "affine.bias": mean }, layer).held).toEqual([]);
    const position = split({
      inputs: { x: ["batch", 5, 3] },
      outputs,
      stored: { position: numbers([1, 5, 3], Math.sin), w: numbers([3, 2]) },
      nodes: [
        ["Add", ["x", "position"], ["p"]],
        ["MatMul", ["p", "w"], ["y"]],
      ],
    });
    expect(position).toEqual({ trained: ["position", "w"], held: [] });
    const normalized: NodeCase[] = [
      ["ReduceMean", ["x"], ["mu"], { axes: [-1] }],
      ["Sub", ["x", "mu"], ["c"]],
      ["Mul", ["c", "gamma"], ["g"]],
      ["Add", ["g", "beta"], ["n"]],
    ];
    expect(onInput({ gamma: deviation, beta: mean }, normalized).held).toEqual([]);
  });

  test("a model of nothing but a scale and a shift trains them", () => {
    const model: ModelCase = {
      inputs,
      outputs,
      stored: { scale: deviation, shift: mean },
      nodes: [
        ["Mul", ["x", "scale"], ["m"]],
        ["Add", ["m", "shift"], ["y"]],
      ],
    };
    expect(split(model).trained).toEqual(["scale", "shift"]);
  });

  test("the range of an action, behind a bounded activation and at an output only", () => {
    const stored = { action_scale: vector(1, 2, 3, 4), action_bias: vector(0, 0, 1, 1) };
    const scaled: NodeCase[] = [
      ["Tanh", ["h"], ["t"]],
      ["Mul", ["t", "action_scale"], ["m"]],
      ["Add", ["m", "action_bias"], ["y"]],
    ];
    expect(onHidden(stored, scaled, { producer: "pytorch" }).held).toEqual(["action_scale", "action_bias"]);
    const inside: NodeCase[] = [...scaled.slice(0, 2), ["Add", ["m", "action_bias"], ["i"]], ["Softmax", ["i"], ["y"]]];
    expect(onHidden(stored, inside, { producer: "pytorch" }).held).toEqual([]);
  });
});

test("masks, bounds and values that are filled in are held; a token that Where puts in is trained", () => {
  const mask = numbers([4, 4], (i) => (i % 4 > i >> 2 ? -1e9 : 0));
  expect(onHidden({ "attn.mask": mask }, [["Add", ["h", "attn.mask"], ["y"]]])).toEqual({
    trained: ["w", "b"],
    held: ["attn.mask"],
  });
  expect(onHidden({ "limits.high": vector(1, 2, 3, 4) }, [["Min", ["h", "limits.high"], ["y"]]]).held).toEqual([
    "limits.high",
  ]);
  const where = (name: string, value: TensorData): ModelCase => ({
    inputs,
    outputs,
    stored: { ...dense, zero: one(0), [name]: value },
    nodes: [gemm(), ["Greater", ["h", "zero"], ["is"]], ["Where", ["is", "h", name], ["y"]]],
  });
  expect(split(where("attn.masked_bias", one(-1e4))).held).toEqual(["attn.masked_bias"]);
  expect(split(where("fill", vector(1, 1, 1, 1))).held).toEqual(["fill"]);
  expect(split(where("mae.mask_token", vector(0.1, 0.2, 0.3, 0.4))).trained).toEqual(["w", "b", "mae.mask_token"]);
});

test("constants that only meet comparisons are not spoken of", () => {
  const stored = { limit: one(0.5), other: vector(1, 2, 3, 4) };
  const nodes: NodeCase[] = [
    ["Greater", ["h", "limit"], ["g"]],
    ["Equal", ["h", "other"], ["e"]],
    ["Or", ["g", "e"], ["o"]],
    ["Where", ["o", "h", "h"], ["y"]],
  ];
  expect(onHidden(stored, nodes)).toEqual({ trained: ["w", "b"], held: [] });
});

test("LayerScale and other vectors of a module are trained, and what the exporter recorded is left alone", () => {
  expect(
    onHidden({ "blocks.0.gamma": vector(1e-5, 1e-5, 1e-5, 1e-5) }, [["Mul", ["h", "blocks.0.gamma"], ["y"]]]),
  ).toEqual({ trained: ["w", "b", "blocks.0.gamma"], held: [] });
  const kind = "pkg.torch.export.graph_signature.InputSpec.kind";
  const recorded = { notes: { eps: { [kind]: "PARAMETER" } }, producer: "pytorch" };
  expect(onHidden({ eps: one(1e-10) }, [["Add", ["h", "eps"], ["y"]]], recorded)).toEqual({
    trained: ["w", "b", "eps"],
    held: [],
  });
});

test("what the user chooses goes before every guess", () => {
  const model: ModelCase = {
    inputs,
    outputs,
    stored: { ...dense, alpha: one(0.5) },
    nodes: [gemm(), ["Mul", ["h", "alpha"], ["y"]]],
  };
  const { weights, held, trainable } = judged(model, (name) =>
    name === "alpha" ? true : name === "b" ? false : undefined,
  );
  expect(weights.map(({ name, use }) => `${name} ${use}`)).toEqual(["w weight", "alpha weight"]);
  expect(held).toEqual([]);
  expect(trainable).toEqual(["w", "b", "alpha"]);
});
