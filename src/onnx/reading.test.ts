// Contents of files beyond ONNX operators: local functions, branches, every element type, operators of ONNX Runtime.
import { describe, expect, test } from "vitest";
import { type TensorData, tensorFrom } from "../core/numbers/tensor-data.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { fromTensorData } from "../graph/reference/nd-array.js";
import type { GraphProto, ModelProto, TensorProto } from "./file/generated/onnx_pb.js";
import { type ModelCase, modelBytes, type NodeCase, numbers } from "./model-cases.js";
import { readOnnx } from "./read.js";

const x = tensorFrom("float32", [2, 2], [1, -2, 3, -4]);
const small = { inputs: { x: [2, 2] }, outputs: ["y"] };

function outputOf(model: ModelCase, change?: (proto: ModelProto) => void, given: TensorData = x): number[] {
  return [...evaluateGraph(readOnnx(modelBytes(model, change), "net.onnx"), [fromTensorData(given)])[0].data];
}
const refusal = (model: ModelCase, change?: (proto: ModelProto) => void): string => {
  try {
    outputOf(model, change);
    return "nothing";
  } catch (error) {
    return String(error);
  }
};

describe("functions of the model", () => {
  const local = (op: string, inputs: string[], outputs: string[], attributes = {}): NodeCase => [
    op,
    inputs,
    outputs,
    attributes,
    { domain: "local" },
  ];

  test("are inlined at their calls, also when nested, with the attributes of the call", () => {
    const functions = {
      leak: {
        inputs: ["a"],
        outputs: ["b"],
        attributes: ["slope"],
        nodes: [["LeakyRelu", ["a"], ["b"], { alpha: { ref: "slope", type: 1 } }]] satisfies NodeCase[],
      },
      twice: {
        inputs: ["a", "unused"],
        outputs: ["t", "a"],
        nodes: [local("leak", ["a"], ["t0"], { slope: 0.5 }), ["Add", ["t0", "t0"], ["t"]]] satisfies NodeCase[],
      },
    };
    const nodes = [local("twice", ["x"], ["t", "same"]), local("twice", ["t"], ["u"]), ["Add", ["u", "same"], ["y"]]];
    expect(outputOf({ ...small, nodes: nodes as NodeCase[], functions })).toEqual([5, -4, 15, -8]);
  });

  test("that call themselves, or grow without bound, are refused", () => {
    const self = { f: { inputs: ["a"], outputs: ["b"], nodes: [local("f", ["a"], ["b"])] } };
    expect(refusal({ ...small, nodes: [local("f", ["x"], ["y"])], functions: self })).toMatchInlineSnapshot(
      `"CorruptFileError: net.onnx, function "f": functions call each other endlessly"`,
    );
    const ten = (name: string): NodeCase[] =>
      Array.from({ length: 10 }, (_, i) => local(name, [i === 0 ? "a" : `t${i}`], [i === 9 ? "b" : `t${i + 1}`]));
    const bomb = Object.fromEntries(
      Array.from({ length: 9 }, (_, level) => [
        `f${level}`,
        {
          inputs: ["a"],
          outputs: ["b"],
          nodes:
            level === 0 ? Array.from({ length: 10 }, (): NodeCase => ["Relu", ["a"], ["b"]]) : ten(`f${level - 1}`),
        },
      ]),
    );
    expect(refusal({ ...small, nodes: [local("f8", ["x"], ["y"])], functions: bomb })).toMatchInlineSnapshot(
      `"CorruptFileError: net.onnx: functions expand into too many nodes: expected at most 200000"`,
    );
  });
});

describe("If", () => {
  const branch = (op: string): GraphProto =>
    ({
      $typeName: "onnx.GraphProto",
      name: op,
      node: [node(op)],
      initializer: [],
      sparseInitializer: [],
      docString: "",
      input: [],
      output: [{ $typeName: "onnx.ValueInfoProto", name: "inner", docString: "", metadataProps: [] }],
      valueInfo: [],
      quantizationAnnotation: [],
      metadataProps: [],
    }) as GraphProto;
  const node = (op: string) =>
    ({
      $typeName: "onnx.NodeProto",
      input: ["x"],
      output: ["inner"],
      name: "",
      opType: op,
      domain: "",
      overload: "",
      attribute: [],
      docString: "",
      metadataProps: [],
      deviceConfigurations: [],
    }) as never;
  const withBranches = (proto: ModelProto): void => {
    const found = proto.graph!.node.find(({ opType }) => opType === "If")!;
    found.attribute = ["then_branch", "else_branch"].map(
      (name, i) =>
        ({
          $typeName: "onnx.AttributeProto",
          name,
          type: 5,
          g: branch(["Relu", "Nonsense"][i]),
          floats: [],
          ints: [],
          strings: [],
          tensors: [],
          graphs: [],
          sparseTensors: [],
          typeProtos: [],
          docString: "",
          refAttrName: "",
          f: 0,
          i: 0n,
          s: new Uint8Array(),
        }) as never,
    );
  };

  test("with a known condition becomes its branch, and the other branch need not be readable", () => {
    const nodes: NodeCase[] = [
      ["Shape", ["x"], ["shape"]],
      ["Gather", ["shape", "first"], ["extent"]],
      ["Equal", ["extent", "two"], ["is"]],
      ["If", ["is"], ["y"]],
    ];
    const stored = { first: tensorFrom("int64", [], [0]), two: tensorFrom("int64", [], [2]) };
    expect(outputOf({ ...small, nodes, stored }, withBranches)).toEqual([1, 0, 3, 0]);
    const three = { ...stored, two: tensorFrom("int64", [], [3]) };
    expect(refusal({ ...small, nodes, stored: three }, withBranches)).toMatchInlineSnapshot(
      `"InvalidInputError: net.onnx, Nonsense (makes "inner"): the operator is not supported"`,
    );
  });

  test("with a condition that depends on the data is refused", () => {
    const nodes: NodeCase[] = [
      ["ReduceMax", ["x"], ["m"]],
      ["Cast", ["m"], ["is"], { to: 9 }],
      ["If", ["is"], ["y"], {}, { name: "gate" }],
    ];
    expect(refusal({ ...small, nodes }, withBranches)).toMatchInlineSnapshot(
      `"InvalidInputError: net.onnx, If (node "gate"): its condition depends on the data, but only constant conditions are supported"`,
    );
  });
});

describe("element types", () => {
  const added = (change: (tensor: TensorProto) => void) =>
    outputOf(
      {
        ...small,
        stored: { c: numbers([2]) },
        nodes: [
          ["Cast", ["c"], ["f"], { to: 1 }],
          ["Add", ["x", "f"], ["y"]],
        ],
      },
      (proto) => {
        const [tensor] = proto.graph!.initializer;
        tensor.rawData = new Uint8Array(0);
        change(tensor);
      },
    ).slice(0, 2);
  const raw = (data: ArrayBufferView): Uint8Array<ArrayBuffer> => new Uint8Array(data.buffer.slice(0) as ArrayBuffer);

  test.each<[string, number, Partial<TensorProto>, number[]]>([
    ["float16, raw", 10, { rawData: raw(new Uint16Array([0x3c00, 0x4100])) }, [1, 2.5]],
    ["float16, typed", 10, { int32Data: [0x3c00, 0x4100] }, [1, 2.5]],
    ["bfloat16, raw", 16, { rawData: raw(new Uint16Array([0x3f80, 0xc020])) }, [1, -2.5]],
    ["bfloat16, typed", 16, { int32Data: [0x3f80, 0xc020] }, [1, -2.5]],
    ["float64, raw", 11, { rawData: raw(new Float64Array([1, 0.5])) }, [1, 0.5]],
    ["float64, typed", 11, { doubleData: [1, 0.5] }, [1, 0.5]],
    ["int8, raw", 3, { rawData: raw(new Int8Array([-3, 4])) }, [-3, 4]],
    ["int16, raw", 5, { rawData: raw(new Int16Array([-300, 4])) }, [-300, 4]],
    ["uint16, typed", 4, { int32Data: [60000, 4] }, [60000, 4]],
    ["uint32, typed", 12, { uint64Data: [4000000000n, 4n] }, [4000000000, 4]],
    ["uint64, raw", 13, { rawData: raw(new BigUint64Array([7n, 4n])) }, [7, 4]],
    ["int64, typed", 7, { int64Data: [-7n, 4n] }, [-7, 4]],
    ["bool, typed", 9, { int32Data: [1, 0] }, [1, 0]],
  ])("%s", (_, dataType, fields, expected) => {
    const sums = added((tensor) => Object.assign(tensor, { dataType, ...fields }));
    expect(sums).toEqual([1 + expected[0], -2 + expected[1]]);
  });

  test("without support are named, and numbers in the field of another type are not used", () => {
    const of = (dataType: number, fields: Partial<TensorProto>) => () =>
      added((tensor) => Object.assign(tensor, { dataType, ...fields }));
    expect(
      of(8, { stringData: [raw(new Uint8Array([65])), raw(new Uint8Array([66]))] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: net.onnx, tensor "c": unsupported element type: expected one of FLOAT, DOUBLE, UINT8, INT8, INT32, UINT32, INT64, BOOL, INT16, UINT16, UINT64, FLOAT16, BFLOAT16, received STRING]`,
    );
    expect(of(13, { uint64Data: [2n ** 63n, 1n] })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: net.onnx, tensor "c": a value is too large: received 9223372036854775808 does not fit int64]`,
    );
    expect(of(7, { floatData: [1, 2] })).toThrowErrorMatchingInlineSnapshot(
      `[CorruptFileError: net.onnx, tensor "c": element count does not fit the shape: expected 2 elements for [2], received 0]`,
    );
  });
});

test("operators of ONNX Runtime equal their compositions", () => {
  const nodes: NodeCase[] = [
    ["FusedMatMul", ["x", "x"], ["p"], { transA: 1, alpha: 0.5 }, { domain: "com.microsoft" }],
    ["QuickGelu", ["p"], ["y"], { alpha: 1.5 }, { domain: "com.microsoft" }],
  ];
  const products = [5, -7, -7, 10];
  expect(outputOf({ ...small, nodes }).map((value) => Math.round(value * 1e6))).toEqual(
    products.map((value) => Math.round((value / (1 + Math.exp(-1.5 * value))) * 1e6)),
  );
});

test("one error names every unsupported operator with its node", () => {
  const nodes: NodeCase[] = [
    ["Relu", ["x"], ["a"]],
    ["StringNormalizer", ["a"], ["b"], {}, { name: "words" }],
    ["FancyOp", ["b"], ["y"], {}, { domain: "com.acme" }],
  ];
  expect(refusal({ ...small, nodes })).toMatchInlineSnapshot(
    `"InvalidInputError: net.onnx: 2 operators are not supported: received StringNormalizer (node "words"), com.acme.FancyOp (makes "y")"`,
  );
});

test("older nodes with attributes instead of inputs are read", () => {
  const nodes: NodeCase[] = [
    ["Clip", ["x"], ["c"], { min: -2.5, max: 2.5 }],
    ["Unsqueeze", ["c"], ["u"], { axes: [0] }],
    ["Pad", ["u"], ["p"], { pads: [0, 0, 0, 0, 1, 0], value: 0.5 }],
    ["Slice", ["p"], ["s"], { starts: [0, 1], ends: [9, 9], axes: [0, 1] }],
    ["Squeeze", ["s"], ["q"], { axes: [0] }],
    ["Softmax", ["q"], ["y"], { axis: 0 }],
  ];
  // As one row: 2.5, -2.5, 0.5, 0.5.
  const row = [2.5, -2.5, 0.5, 0.5].map(Math.exp);
  const total = row.reduce((sum, value) => sum + value, 0);
  const found = outputOf({ ...small, opset: 9, nodes });
  for (const [i, value] of row.entries()) expect(found[i]).toBeCloseTo(value / total, 6);
});

test("the largest integer in a Constant is kept, so a Slice to the end reaches it", () => {
  const nodes: NodeCase[] = [
    ["Constant", [], ["last"], { value_ints: [-1] }],
    ["Constant", [], ["end"], { value_ints: [0] }],
    ["Slice", ["x", "last", "end"], ["y"]],
  ];
  const toTheEnd = ({ graph }: ModelProto): void => {
    graph!.node[1].attribute[0].ints = [2n ** 63n - 1n];
  };
  expect(outputOf({ ...small, nodes }, toTheEnd)).toEqual([3, -4]);
});
