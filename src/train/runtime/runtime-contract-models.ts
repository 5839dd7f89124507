// The smallest ONNX models that exercise a runtime, for the contract suite.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type DType, dtypeTable } from "../../core/numbers/dtype.js";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type ValueInfoProtoSchema,
} from "../../onnx/file/generated/onnx_pb.js";

type Node = MessageInitShape<typeof NodeProtoSchema>;
type Value = MessageInitShape<typeof ValueInfoProtoSchema>;
type Graph = MessageInitShape<typeof GraphProtoSchema>;
type Attribute = MessageInitShape<typeof AttributeProtoSchema>;

/** An extent is a number, or the name of a symbol. */
function value(name: string, dtype: DType, ...extents: readonly (number | string)[]): Value {
  const dim = extents.map((extent) =>
    typeof extent === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(extent) } }
      : { value: { case: "dimParam" as const, value: extent } },
  );
  return { name, type: { value: { case: "tensorType", value: { elemType: dtypeTable[dtype].onnx, shape: { dim } } } } };
}

function node(opType: string, input: string[], output: string[], attribute: Attribute[] = []): Node {
  return { opType, name: `${output[0]}Node`, input, output, attribute };
}

function model(graph: Graph, opset = 21): Uint8Array {
  const message = create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    graph: { name: "graph", ...graph },
  });
  return toBinary(ModelProtoSchema, message);
}

/** `sum = a + b`, for vectors of any length. */
export function addModel(): Uint8Array {
  return model({
    node: [node("Add", ["a", "b"], ["sum"])],
    input: [value("a", "float32", "n"), value("b", "float32", "n")],
    output: [value("sum", "float32", "n")],
  });
}

/** `y = x` for one element type and any length. @param opset 21 by default. */
export function identityModel(dtype: DType, opset?: number): Uint8Array {
  return model(
    {
      node: [node("Identity", ["x"], ["y"])],
      input: [value("x", dtype, "n")],
      output: [value("y", dtype, "n")],
    },
    opset,
  );
}

/** `product = left . right`, for square matrices. */
export function matMulModel(size: number): Uint8Array {
  return model({
    node: [node("MatMul", ["left", "right"], ["product"])],
    input: [value("left", "float32", size, size), value("right", "float32", size, size)],
    output: [value("product", "float32", size, size)],
  });
}

/**
 * A training program in small: `steps` times `state += gain * matrix . state`, with the state's sum after each step.
 * @param size extent of state `[size, 1]` and matrix `[size, size]`.
 */
export function loopModel(size: number): Uint8Array {
  const body: Graph = {
    name: "body",
    node: [
      node("Identity", ["going"], ["goesOn"]),
      node("MatMul", ["matrix", "before"], ["product"]),
      node("Mul", ["product", "gain"], ["change"]),
      node("Add", ["before", "change"], ["after"]),
      node("ReduceSum", ["after"], ["sum"], [{ name: "keepdims", type: AttributeProto_AttributeType.INT, i: 0n }]),
    ],
    input: [value("iteration", "int64"), value("going", "bool"), value("before", "float32", size, 1)],
    output: [value("goesOn", "bool"), value("after", "float32", size, 1), value("sum", "float32")],
  };
  return model({
    node: [
      node(
        "Loop",
        ["steps", "", "state"],
        ["nextState", "sums"],
        [{ name: "body", type: AttributeProto_AttributeType.GRAPH, g: body }],
      ),
    ],
    input: [
      value("steps", "int64"),
      value("state", "float32", size, 1),
      value("matrix", "float32", size, size),
      value("gain", "float32"),
    ],
    output: [value("nextState", "float32", size, 1), value("sums", "float32", "steps")],
  });
}
