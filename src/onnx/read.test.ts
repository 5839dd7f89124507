// Reading written models, unsupported models and damaged files.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { TrainscopeError } from "../core/errors.js";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { randomStream } from "../core/random/rng.js";
import { constant, input } from "../graph/build.js";
import { gradients } from "../graph/gradient.js";
import { graph, rewriteGraph } from "../graph/graph.js";
import type { NdArray, Op } from "../graph/op.js";
import { buildCase } from "../graph/ops/cases/case.js";
import { opCases } from "../graph/ops/cases/cases.js";
import { weightedSum } from "../graph/ops/cases/gradient-check.js";
import { add, mul } from "../graph/ops/elementwise/arithmetic.js";
import { type OpName, ops } from "../graph/ops/index.js";
import { lowerNewer } from "../graph/passes/lower.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { fromTensorData, ndFill } from "../graph/reference/nd-array.js";
import { onnxruntimeCpu } from "../graph/targets/onnxruntime-cpu/index.js";
import type { Graph, Tensor } from "../graph/tensor.js";
import { initialValues } from "../nn/initializers.js";
import { modelByName } from "../nn/models.js";
import { buildNetwork } from "../nn/network.js";
import {
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
} from "./file/generated/onnx_pb.js";
import { readOnnx, readOnnxModel } from "./read.js";
import { writeOnnx } from "./write.js";

const bits = (arrays: readonly NdArray[]) =>
  arrays.map(({ dtype, shape, data }) => `${dtype}[${shape}] ${Buffer.from(data.buffer).toString("base64")}`);

describe("an operator written and read computes the same", () => {
  for (const [name, op] of Object.entries(ops) as [OpName, Op][]) {
    test.each(opCases[name])(`${name}: $name`, (opCase) => {
      const { inputs, values, outputs, sources } = buildCase(op, opCase, "float32");
      const of = op.vjp === "none" ? undefined : weightedSum(outputs, "read");
      const slopes = of === undefined || sources.length === 0 ? [] : gradients({ of, withRespectTo: sources });
      const named = (prefix: string) => (tensor: Tensor, i: number) => ({ name: `${prefix}${i}`, tensor });
      const written: Graph = { inputs, outputs: [...outputs.map(named("y")), ...slopes.map(named("slope"))] };
      const read = readOnnx(writeOnnx(written), "case.onnx");
      expect(read.inputs.map((tensor) => tensor.name)).toEqual(inputs.map((tensor) => tensor.name));
      expect(read.outputs.map((output) => output.name)).toEqual(written.outputs.map((output) => output.name));
      const expected = evaluateGraph(rewriteGraph(written, lowerNewer(onnxruntimeCpu)), values);
      const found = evaluateGraph(read, values);
      // Files store attributes in float32, so 1/6 becomes 0.1666667.
      const isExact = Object.values(opCase.attrs ?? {}).every(
        (value) => typeof value !== "number" || Number(value.toPrecision(7)) === value,
      );
      if (isExact) expect(bits(found)).toEqual(bits(expected));
      for (const [i, { data }] of expected.entries())
        for (const [j, value] of data.entries()) expect(found[i].data[j]).toBeCloseTo(value, 5);
    });
  }
});

const network = buildNetwork(modelByName("lenet5", { batchNorm: "hidden" }), {
  mode: "inference",
  batchSize: 1,
  inputShape: [1, 28, 28],
});
const named = [...network.parameters, ...network.buffers];
const stored = new Map(
  named.map(({ path, tensor }, i) => {
    const parameter = network.parameters[i];
    const data =
      parameter === undefined
        ? new Float32Array(tensor.shape[0]).fill(0.5)
        : initialValues(path, parameter.initializer, tensor.shape, parameter.fans, 1);
    return [tensor, { dtype: "float32" as const, shape: tensor.shape, data }];
  }),
);
const whole = graph([...network.inputs, ...stored.keys()], { output: network.output });
const file = writeOnnx(whole, { initializers: stored, metadata: { data: "mnist" } });
const image = (batch: number): NdArray => ndFill("float32", [batch, 1, 28, 28], (i) => Math.sin(i));

test("a network is read back with its weights as constants, for any batch size", () => {
  const read = readOnnx(file, "lenet.onnx", { extents: { batch: 2 } });
  expect(read.inputs.map(({ name, shape }) => `${name} ${shape}`)).toEqual(["input 2,1,28,28"]);
  const one = evaluateGraph(whole, [image(1), ...[...stored.values()].map(fromTensorData)]);
  expect([...evaluateGraph(read, [image(2)])[0].data.subarray(0, 10)]).toEqual([...one[0].data]);
});

test("with `parameters` the weights are inputs with values, and writing again gives the same model", () => {
  const model = readOnnxModel(file, "lenet.onnx", { extents: { "input[0]": 1 }, parameters: true });
  expect([...model.initializers.keys()].map(({ name }) => name)).toEqual(named.map(({ path }) => path));
  expect(model).toMatchObject({ opset: 21, producer: "trainscope", metadata: { data: "mnist" } });
  const values = [image(1), ...[...model.initializers.values()].map(fromTensorData)];
  const again = readOnnx(writeOnnx(model.graph, { initializers: model.initializers }), "again.onnx");
  expect(bits(evaluateGraph(again, [image(1)]))).toEqual(bits(evaluateGraph(model.graph, values)));
});

/** A model with one change. */
function edited(change: (model: ModelProto) => void, from: Uint8Array = file): Uint8Array {
  const model = fromBinary(ModelProtoSchema, from);
  change(model);
  return toBinary(ModelProtoSchema, model);
}
const extents = { batch: 1 };
const reading = (bytes: Uint8Array, options = {}) => expect(() => readOnnx(bytes, "net.onnx", { extents, ...options }));

test("files of older operator sets keep their meaning", () => {
  const x = input("x", "float32", [2, 4]);
  const y = graph([x], { sum: add(x, constant(tensorFrom("float32", [], [2]))) });
  const old = edited((model) => {
    model.opsetImport[0].version = 13n;
    const node = (opType: string, rest: object) => create(NodeProtoSchema, { opType, ...rest });
    model.graph!.node.push(
      node("ReduceMean", { input: ["sum"], output: ["mean"], attribute: [{ name: "axes", type: 7, ints: [-1n] }] }),
      node("Split", { input: ["sum"], output: ["a", "b"], attribute: [{ name: "axis", type: 2, i: 1n }] }),
      node("Constant", { output: ["c"], attribute: [{ name: "value_floats", type: 6, floats: [1, 2] }] }),
      node("Mul", { input: ["b", "c"], output: ["product"] }),
    );
    model.graph!.output.push(
      { ...model.graph!.output[0], name: "mean" },
      { ...model.graph!.output[0], name: "product" },
    );
  }, writeOnnx(y));
  const [, mean, product] = evaluateGraph(readOnnx(old, "old.onnx"), [ndFill("float32", [2, 4], (i) => i)]);
  expect([mean.shape, [...mean.data]]).toEqual([
    [2, 1],
    [3.5, 7.5],
  ]);
  expect([...product.data]).toEqual([4, 10, 8, 18]);
});

test("typed fields and raw bytes give the same tensor", () => {
  const x = input("x", "float32", [3]);
  const bytes = writeOnnx(graph([x], { y: mul(x, constant(tensorFrom("float32", [3], [1, 2, 3]))) }));
  const typed = edited((model) => {
    const [tensor] = model.graph!.initializer;
    tensor.rawData = new Uint8Array(0);
    tensor.floatData = [1, 2, 3];
  }, bytes);
  const values = [ndFill("float32", [3], (i) => i + 1)];
  expect(bits(evaluateGraph(readOnnx(typed, "x"), values))).toEqual(bits(evaluateGraph(readOnnx(bytes, "x"), values)));
});

test("unsupported models are refused with one sentence", () => {
  reading(
    edited((model) => {
      model.graph!.node[0].opType = "LSTM";
      model.graph!.node[2].domain = "com.microsoft";
      model.graph!.node[2].name = "";
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: 2 operators are not supported: received LSTM (node "model.layers[0] (conv2d)/Conv"), com.microsoft.Relu (makes "v_33")]`,
  );
  reading(file, { extents: {} }).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, input "input": axis 0 has no fixed size. Give one for "batch", as { extents: { "batch": 1 } }]`,
  );
  reading(file, { extents: { batch: 1.5 } }).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, input "input", axis 0: impossible size: received 1.5]`,
  );
  reading(file.subarray(0, 2000), { maxBytes: 1000 }).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: the file is too large: expected at most 1000 bytes, received 2000]`,
  );
  reading(
    edited((model) => {
      model.opsetImport[0].version = 5n;
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: unsupported operator set: expected 6 to 28, received 5. Convert the model with onnx.version_converter]`,
  );
  reading(
    edited((model) => {
      model.opsetImport = [];
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx: unsupported operator set: expected 6 to 28, received none. Convert the model with onnx.version_converter]`,
  );
  reading(
    edited((model) => {
      model.graph!.initializer[0].dims = [7n, 1n, 5n, 5n];
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[CorruptFileError: net.onnx, tensor "0.weight": element count does not fit the shape: expected 175 elements for [7, 1, 5, 5], received 150]`,
  );
  reading(
    edited((model) => {
      model.graph!.initializer[0].dims = [1n << 40n, 1n << 40n];
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[CorruptFileError: net.onnx, tensor "0.weight": impossible shape: received [1099511627776, 1099511627776]]`,
  );
  reading(
    edited((model) => {
      model.graph!.initializer[0].dataType = 14;
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, tensor "0.weight": unsupported element type: expected one of FLOAT, DOUBLE, UINT8, INT8, INT32, UINT32, INT64, BOOL, INT16, UINT16, UINT64, FLOAT16, BFLOAT16, received COMPLEX64]`,
  );
  reading(
    edited((model) => {
      const [tensor] = model.graph!.initializer;
      tensor.dataLocation = 1;
      tensor.externalData.push(create(StringStringEntryProtoSchema, { key: "location", value: "weights.bin" }));
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, tensor "0.weight": its values are in another file: received "weights.bin". Read the model from its folder, or save it as one file (onnx.save without external data)]`,
  );
  reading(
    edited((model) => {
      model.graph!.node[0].input[0] = "nowhere";
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, Conv (node "model.layers[0] (conv2d)/Conv"): no earlier node makes its input "nowhere"]`,
  );
  reading(
    edited((model) => {
      model.graph!.node[1].output = model.graph!.node[0].output;
    }),
  ).toThrowErrorMatchingInlineSnapshot(`[CorruptFileError: net.onnx: two values are named "v"]`);
  reading(
    edited((model) => {
      model.graph!.output[0].name = "nowhere";
    }),
  ).toThrowErrorMatchingInlineSnapshot(`[CorruptFileError: net.onnx: no node makes the output "nowhere"]`);
  reading(
    edited((model) => {
      model.graph!.node[0].attribute[0].name = "colour";
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, Conv (node "model.layers[0] (conv2d)/Conv"): attribute "colour" is not supported]`,
  );
  reading(
    edited((model) => {
      model.graph!.node[0].input = ["input", model.graph!.node[0].input[2]];
    }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: net.onnx, Conv (node "model.layers[0] (conv2d)/Conv"): model.layers[0] (conv2d) > Conv: ranks do not fit: expected an input [batch, channels, spatial...] and a weight [filters, channels / group, kernel...] of the same rank, at least 3, received [1, 1, 28, 28] and [6]]`,
  );
  reading(
    edited((model) => {
      model.graph = undefined as never;
    }),
  ).toThrowErrorMatchingInlineSnapshot(`[CorruptFileError: net.onnx: not an ONNX model: it contains no graph]`);
  reading(file.subarray(0, file.length / 2)).toThrowErrorMatchingInlineSnapshot(
    `[CorruptFileError: net.onnx: not an ONNX model, or a damaged one]`,
  );
  reading(new Uint8Array(0)).toThrowErrorMatchingInlineSnapshot(
    `[CorruptFileError: net.onnx: not an ONNX model: it contains no graph]`,
  );
});

describe("damaged files", () => {
  const readable = (bytes: Uint8Array): boolean => {
    try {
      readOnnx(bytes, "fuzz.onnx", { extents });
      return true;
    } catch (error) {
      if (!(error instanceof TrainscopeError)) throw error;
      expect(error.message).not.toContain("\n");
      return false;
    }
  };
  const { inputs, outputs } = buildCase(ops.Loop as Op, opCases.Loop[0], "float32");
  const loop = writeOnnx({ inputs, outputs: outputs.map((tensor, i) => ({ name: `y${i}`, tensor })) });
  // The structure without most of the weights, whose bytes rarely matter.
  const light = edited((model) => {
    model.graph!.initializer = model.graph!.initializer.filter(({ rawData }) => rawData.length < 3000);
  });

  test("with random bytes are refused", () => {
    const stream = randomStream(1, "random files");
    for (let n = 0; n < 300; n++) {
      const bytes = Uint8Array.from({ length: stream.word(n) % 200 }, (_, i) => stream.word(n * 1000 + i + 1000));
      expect(readable(bytes)).toBe(false);
    }
  });

  test.each([
    ["a loop", loop],
    ["a network", file],
    ["a light network", light],
  ])("made from %s with some changed bytes are refused or read", (_name, source) => {
    const stream = randomStream(2, "changed files");
    let [draw, read] = [0, 0];
    for (let n = 0; n < 400; n++) {
      const bytes = source.slice(0, n % 4 === 3 ? stream.word(draw++) % source.length : source.length);
      for (let change = 0; change <= n % 5 && bytes.length > 0; change++) {
        // Half of the changes are among the first bytes, where the nodes are.
        const reach = change % 2 === 0 ? bytes.length : Math.min(bytes.length, 3000);
        bytes[stream.word(draw++) % reach] = stream.word(draw++);
      }
      if (readable(bytes)) read++;
    }
    expect(read).toBeLessThan(400);
  });

  test("with a thousand nested graphs are refused", () => {
    // Field 7 (graph), then again and again field 1 (node) > field 5 (attribute) > field 6 (graph).
    let bytes: number[] = [];
    const wrap = (field: number, inner: number[]): number[] => {
      const length: number[] = [];
      for (let rest = inner.length; ; rest >>>= 7) {
        if (rest < 128) {
          length.push(rest);
          break;
        }
        length.push((rest & 127) | 128);
      }
      return [(field << 3) | 2, ...length, ...inner];
    };
    for (let depth = 0; depth < 1000; depth++) bytes = wrap(1, wrap(5, wrap(6, bytes)));
    expect(readable(Uint8Array.from([...wrap(7, bytes), ...wrap(8, [16, 21])]))).toBe(false);
  });
});
