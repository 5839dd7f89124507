// Small ONNX files for the tests of subjects, and helpers that print the results.
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import type { ModelProto } from "../../onnx/file/generated/onnx_pb.js";
import { integers, type ModelCase, modelBytes, type NodeCase, numbers } from "../../onnx/model-cases.js";
import { inspectSubject } from "../inspect.js";
import { type ModelSource, type OnnxSubjectOptions, onnxSubject } from "./onnx-subject.js";
import type { Subject } from "./subject.js";

export const source = (bytes: Uint8Array): ModelSource => ({
  size: bytes.length,
  readAt: (offset, length) => bytes.subarray(offset, offset + length),
});

export function subjectOf(
  model: ModelCase,
  options: OnnxSubjectOptions = {},
  change?: (proto: ModelProto) => void,
): Subject {
  return onnxSubject(source(modelBytes(model, change)), "net.onnx", options);
}

export const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (cause) {
    return `${(cause as Error).name}: ${(cause as Error).message}`;
  }
  return "nothing is wrong";
};

/** A step in one line: name, shapes, parameters, MACs. */
export function lines(subject: Subject): string[] {
  return inspectSubject(subject).layers.map(
    ({ name, operator, outputShape, parameters, macs, unknown }) =>
      `${name} ${operator} ${outputShape === null ? "?" : `[${outputShape}]`} ${parameters} ${macs ?? "?"}${unknown === undefined ? "" : ` (${unknown})`}`,
  );
}

/** Two convolutions with an unknown operator between them, a matrix, a computed shape, and a transposed weight. */
export const stored = {
  "features.0.weight": numbers([4, 3, 3, 3]),
  "features.0.bias": numbers([4]),
  "features.3.weight": numbers([8, 4, 3, 3]),
  "classifier.weight": numbers([10, 8]),
  "classifier.bias": numbers([10]),
  zero: tensorFrom("int64", [], [0]),
  one: integers(-1),
  axes: integers(0),
};
export const head: NodeCase[] = [
  ["Conv", ["x", "features.0.weight", "features.0.bias"], ["a"], { pads: [1, 1, 1, 1] }],
];
export const tail: NodeCase[] = [
  ["Conv", ["c", "features.3.weight"], ["d"], { pads: [1, 1, 1, 1] }],
  ["GlobalAveragePool", ["d"], ["e"]],
  ["Shape", ["x"], ["shape"]],
  ["Gather", ["shape", "zero"], ["n"]],
  ["Unsqueeze", ["n", "axes"], ["n1"]],
  ["Concat", ["n1", "one"], ["target"], { axis: 0 }],
  ["Reshape", ["e", "target"], ["f"]],
  ["Transpose", ["classifier.weight"], ["turned"], { perm: [1, 0] }],
  ["Gemm", ["f", "turned", "classifier.bias"], ["y"]],
];
export const network = (middle: NodeCase[]): ModelCase => ({
  inputs: { x: ["batch", 3, 8, 8] },
  outputs: ["y"],
  stored,
  nodes: [...head, ...middle, ...tail],
});
export const relu: NodeCase[] = [["Relu", ["a"], ["c"]]];
export const strange: NodeCase[] = [["Foo", ["a"], ["c"], { alpha: 3 }, { domain: "com.acme" }]];
