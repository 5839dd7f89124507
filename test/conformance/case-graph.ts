// Converts a test of ONNX to one of our graphs: sizes come from the data, and inputs that determine shapes are constants.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TrainscopeError } from "../../src/core/errors.js";
import { dtypeTable } from "../../src/core/numbers/dtype.js";
import { elementBytes } from "../../src/core/numbers/element-bytes.js";
import type { TensorData } from "../../src/core/numbers/tensor-data.js";
import type { Graph } from "../../src/graph/tensor.js";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
} from "../../src/onnx/file/generated/onnx_pb.js";
import { branchKey, recordOf } from "../../src/onnx/file/onnx-file.js";
import { operatorKey } from "../../src/onnx/forms/node-form.js";
import { readOnnx } from "../../src/onnx/read.js";
import type { OnnxCase } from "./archive.js";

export interface CaseGraph {
  readonly graph: Graph;
  /** Values of the graph's inputs in order. */
  readonly values: readonly TensorData[];
}

/** Operators of a model that our table lacks, with their domain if it is not the standard one. */
export function foreignOperators(model: Uint8Array): string[] {
  const names = new Set<string>();
  const visit = (graph: GraphProto | undefined): void => {
    for (const node of graph?.node ?? []) {
      const key = operatorKey(node);
      if (key !== branchKey && recordOf(node) === undefined) names.add(key);
      for (const { g } of node.attribute) visit(g);
    }
  };
  visit(fromBinary(ModelProtoSchema, model).graph);
  return [...names];
}

/**
 * Reads the model of a test. Tests feed shapes, axes and bounds at run time, but our graphs have static shapes, so inputs
 * that determine a shape must be constants. The first attempt that succeeds counts: no constants, the integer inputs, all
 * but the first input, all inputs (for results whose sizes depend on values).
 * @throws TrainscopeError of the last attempt.
 */
export function caseGraph(test: OnnxCase): CaseGraph {
  const plans: ((input: TensorData, i: number) => boolean)[] = [
    () => false,
    ({ dtype }) => !dtypeTable[dtype].isFloat,
    (_, i) => i > 0,
    () => true,
  ];
  let failure: unknown;
  for (const isKnown of plans) {
    const known = test.inputs.map(isKnown);
    try {
      const graph = readOnnx(modelBytes(test, known), test.name);
      return { graph, values: test.inputs.filter((_, i) => !known[i]) };
    } catch (error) {
      if (!(error instanceof TrainscopeError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function modelBytes(test: OnnxCase, known: readonly boolean[]): Uint8Array {
  const model: ModelProto = fromBinary(ModelProtoSchema, test.model);
  const graph = model.graph as GraphProto;
  for (const [i, { dtype, shape, data }] of test.inputs.entries()) {
    const info = graph.input[i];
    const type = info.type?.value;
    const dims = shape.map((extent) => BigInt(extent));
    if (type?.case === "tensorType") {
      type.value.shape = create(TensorShapeProtoSchema, {
        dim: dims.map((value) => create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value } })),
      });
    }
    if (!known[i]) continue;
    graph.initializer.push(
      create(TensorProtoSchema, {
        name: info.name,
        dims,
        dataType: dtypeTable[dtype].onnx,
        rawData: elementBytes(data),
      }),
    );
  }
  return toBinary(ModelProtoSchema, model);
}
