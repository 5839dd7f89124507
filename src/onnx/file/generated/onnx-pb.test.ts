// The generated schema reads the wire format of ONNX files: proto2, both packings, exact 64-bit integers.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AttributeProto_AttributeType, AttributeProtoSchema, ModelProtoSchema, TensorProtoSchema } from "./onnx_pb.js";

const model = create(ModelProtoSchema, {
  irVersion: 10n,
  producerName: "trainscope",
  opsetImport: [{ domain: "", version: 21n }],
  graph: {
    name: "add",
    node: [
      {
        opType: "Add",
        input: ["x", "b"],
        output: ["y"],
        attribute: [{ name: "axes", type: AttributeProto_AttributeType.INTS, ints: [-1n, 2n ** 63n - 1n] }],
      },
    ],
    input: [
      {
        name: "x",
        type: {
          value: {
            case: "tensorType",
            value: { elemType: 1, shape: { dim: [{ value: { case: "dimParam", value: "batch" } }] } },
          },
        },
      },
    ],
    initializer: [{ name: "b", dims: [2n], dataType: 1, rawData: new Uint8Array(new Float32Array([1.5, -2]).buffer) }],
    output: [{ name: "y" }],
  },
});

test("a model survives encoding and decoding, integers beyond 2^53 included", () => {
  const bytes = toBinary(ModelProtoSchema, model);
  const decoded = fromBinary(ModelProtoSchema, bytes);
  expect(toBinary(ModelProtoSchema, decoded)).toEqual(bytes);
  expect(decoded.graph?.node[0].attribute[0].ints).toEqual([-1n, 9223372036854775807n]);
  expect(decoded.graph?.input[0].type?.value).toMatchObject({ case: "tensorType", value: { elemType: 1 } });
  expect(decoded.graph?.initializer[0].rawData).toEqual(new Uint8Array([0, 0, 192, 63, 0, 0, 0, 192]));
});

test("repeated numbers are read packed and unpacked, since both kinds of writers exist", () => {
  // Field 8 (ints), wire type 0 twice; then the same field with wire type 2.
  expect(fromBinary(AttributeProtoSchema, new Uint8Array([0x40, 3, 0x40, 5])).ints).toEqual([3n, 5n]);
  expect(fromBinary(AttributeProtoSchema, new Uint8Array([0x42, 2, 3, 5])).ints).toEqual([3n, 5n]);
  expect(fromBinary(TensorProtoSchema, new Uint8Array([0x0a, 2, 3, 5])).dims).toEqual([3n, 5n]);
});

test("a truncated file is an error instead of a shorter model", () => {
  const bytes = toBinary(ModelProtoSchema, model);
  expect(() => fromBinary(ModelProtoSchema, bytes.subarray(0, bytes.length - 3))).toThrow();
});
