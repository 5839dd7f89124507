// Lists of tensors in files, in forms of PyTorch and ONNX Runtime beyond the ONNX specification.
import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type ModelCase, modelBytes } from "../model-cases.js";
import { readOnnx } from "../read.js";

/** The shape of the first part of a [2, 4] matrix that is split along its second axis. */
function partShape(size: number | readonly number[], keepdims: number): readonly number[] {
  const sizes = typeof size === "number" ? tensorFrom("int64", [], [size]) : tensorFrom("int64", [size.length], size);
  const model: ModelCase = {
    inputs: { x: [2, 4] },
    outputs: ["y"],
    stored: { sizes, first: tensorFrom("int64", [], [0]) },
    nodes: [
      ["SplitToSequence", ["x", "sizes"], ["parts"], { axis: 1, keepdims }],
      ["SequenceAt", ["parts", "first"], ["y"]],
    ],
  };
  return readOnnx(modelBytes(model), "net.onnx").outputs[0].tensor.shape;
}

test("unbind of a scripted program, with parts of size 1 without their axis, is read as ONNX Runtime runs it", () => {
  expect(partShape(1, 0)).toEqual([2]);
  expect(partShape(1, 1)).toEqual([2, 1]);
  expect(partShape(2, 0)).toEqual([2, 2]);
  expect(partShape([1, 3], 0)).toEqual([2, 1]);
});
