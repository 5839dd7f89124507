// Skimming a file gives the same model as reading it, and large values stay in the file until they are requested.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CorruptFileError } from "../../core/errors.js";
import { elementBytes } from "../../core/numbers/element-bytes.js";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./generated/onnx_pb.js";
import { ownLocation } from "./own-payload.js";
import { type ByteSource, skimModel } from "./skim.js";
import { readTensor, readTensorType } from "./stored-tensor.js";

const many = 9000;
const values = Array.from({ length: many }, (_, i) => i % 97);

const asRaw = (name: string, data: TensorData, code: number): TensorProto =>
  create(TensorProtoSchema, { name, dataType: code, dims: [BigInt(many)], rawData: elementBytes(data.data).slice() });

/** The same numbers in every field for values, in every field for tensors. */
function model(): ModelProto {
  const typed = (name: string, dataType: number, fields: object): TensorProto =>
    create(TensorProtoSchema, { name, dataType, dims: [BigInt(many)], ...fields });
  const tensors = [
    asRaw("raw", tensorFrom("float32", [many], values), 1),
    typed("floats", 1, { floatData: values }),
    typed("doubles", 11, { doubleData: values }),
    typed("integers", 7, { int64Data: values.map(BigInt) }),
    typed("halves", 10, { int32Data: values.map((value) => (value === 0 ? 0 : 0x3c00)) }),
    typed("small", 1, { dims: [2n], floatData: [1, 2] }),
  ];
  const inner = create(GraphProtoSchema, {
    name: "inner",
    initializer: [asRaw("deep", tensorFrom("float32", [many], values), 1)],
  });
  const nodes = [
    create(NodeProtoSchema, {
      opType: "Constant",
      output: ["c"],
      attribute: [create(AttributeProtoSchema, { name: "value", type: 4, t: tensors[0] })],
    }),
    create(NodeProtoSchema, {
      opType: "If",
      name: "x".repeat(20_000),
      attribute: [create(AttributeProtoSchema, { name: "then_branch", type: 5, g: inner })],
    }),
  ];
  const graph = create(GraphProtoSchema, {
    name: "g",
    node: nodes,
    initializer: tensors,
    docString: "d".repeat(30_000),
  });
  return create(ModelProtoSchema, { irVersion: 9n, producerName: "test", graph });
}

function countingSource(bytes: Uint8Array): ByteSource & { read: number } {
  return {
    size: bytes.length,
    read: 0,
    readAt(offset, length) {
      if (offset < 0 || offset + length > bytes.length) throw new RangeError("outside of the file");
      this.read += length;
      return bytes.subarray(offset, offset + length);
    },
  };
}

const allTensors = ({ graph }: ModelProto): TensorProto[] => [
  ...(graph?.initializer ?? []),
  ...(graph?.node ?? []).flatMap(({ attribute }) =>
    attribute.flatMap(({ t, g }) => (t === undefined ? (g?.initializer ?? []) : [t])),
  ),
];

test("every tensor of a skimmed file has its values from the file, in any field", () => {
  const bytes = toBinary(ModelProtoSchema, model());
  const skimmed = skimModel(countingSource(bytes), "net.onnx");
  const read = fromBinary(ModelProtoSchema, bytes);
  const readRange = (location: string, offset: number, length: number): Uint8Array => {
    expect(location).toBe(ownLocation);
    return bytes.subarray(offset, offset + length);
  };
  const tensors = allTensors(skimmed);
  for (const [i, whole] of allTensors(read).entries()) {
    expect(readTensor("t", tensors[i], { readRange })).toEqual(readTensor("t", whole));
    expect(readTensorType("t", tensors[i], {})).toEqual(readTensorType("t", whole, {}));
  }
  expect(tensors.filter(({ externalData }) => externalData.length > 0).map(({ name }) => name)).toEqual([
    "raw",
    "floats",
    "doubles",
    "halves",
    "raw",
    "deep",
  ]);
  expect(toBinary(ModelProtoSchema, skimmed).length).toBeLessThan(80_000);
  for (const proto of [...tensors, ...allTensors(read)]) {
    proto.name = "";
    for (const field of ["floatData", "doubleData", "int32Data", "int64Data", "externalData"] as const)
      proto[field] = [];
    proto.rawData = new Uint8Array(0);
  }
  expect(skimmed).toEqual(read);
});

test("less than a hundredth of a 64 MB file is read", () => {
  const size = 2 ** 20;
  const proto = create(TensorProtoSchema, { dataType: 1, dims: [BigInt(size)], rawData: new Uint8Array(4 * size) });
  const initializer = Array.from({ length: 16 }, (_, i) => ({ ...proto, name: `w${i}` }));
  const graph = create(GraphProtoSchema, { initializer });
  const source = countingSource(toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph })));
  const skimmed = skimModel(source, "net.onnx");
  expect(source.size).toBeGreaterThan(64 * size);
  expect(source.read).toBeLessThan(source.size / 100);
  expect(skimmed.graph?.initializer.map((stored) => readTensorType("w", stored, {}).shape)).toEqual(
    initializer.map(() => [size]),
  );
});

test("a shape that does not match the values in the file is damage", () => {
  const proto = create(TensorProtoSchema, { dataType: 1, dims: [9001n], rawData: new Uint8Array(4 * many) });
  const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { initializer: [proto] } as never }));
  const [stored] = skimModel(countingSource(bytes), "net.onnx").graph?.initializer ?? [];
  expect(() => readTensorType("w", stored, {})).toThrowErrorMatchingInlineSnapshot(
    `[CorruptFileError: w: element count does not fit the shape: expected 9001 elements for [9001], received 9000]`,
  );
});

test("a file truncated anywhere, a text file, and wrong nested lengths are damage", () => {
  const bytes = toBinary(ModelProtoSchema, model());
  // Every truncation inside the graph is damage.
  for (let length = 20; length < bytes.length - 1; length += 997)
    expect(() => skimModel(countingSource(bytes.subarray(0, length)), "net.onnx")).toThrow(CorruptFileError);
  const text = new TextEncoder().encode("import torch\n".repeat(5000));
  expect(() => skimModel(countingSource(text), "net.onnx")).toThrow(CorruptFileError);
  const level = (inner: Uint8Array, field: number): Uint8Array => {
    const { length } = inner;
    const head = [
      field * 8 + 2,
      (length % 128) | 128,
      (Math.floor(length / 128) % 128) | 128,
      Math.floor(length / 16_384),
    ];
    return Uint8Array.from([...head, ...inner]);
  };
  // model.graph.node.attribute.g.node.attribute.g ...
  let bomb: Uint8Array = new Uint8Array(20_000);
  for (let depth = 0; depth < 99; depth++) bomb = level(bomb, [6, 5, 1][depth % 3]);
  expect(() => skimModel(countingSource(level(bomb, 7)), "net.onnx")).toThrow(/nested too deeply/);
  const lie = level(new Uint8Array(20_000), 7);
  lie[3] = 100;
  expect(() => skimModel(countingSource(lie), "net.onnx")).toThrow(CorruptFileError);
});
