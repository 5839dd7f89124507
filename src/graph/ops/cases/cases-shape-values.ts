// Test cases of operators that compute values from shapes, counts and types.
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { type CaseInput, exactly, float, integers, list, type OpCase } from "./case.js";

const bound = (dtype: "int64" | "int32" | "float32", value: number): CaseInput => ({
  ...exactly(dtype, [], [value]),
  constant: true,
});

export const shapeValueCases = {
  CastLike: [
    { name: "floats", inputs: [float([3]), float([])], withRespectTo: [0], twice: true },
    { name: "to integers", inputs: [exactly("float32", [3], [-1.5, 0, 2.7]), integers("int32", [1], [0, 2])] },
  ],
  ConstantOfShape: [
    { name: "zeros", inputs: [list([2, 3])] },
    { name: "a value", inputs: [list([3])], attrs: { value: tensorFrom("int64", [1], [7]) } },
    { name: "a scalar", inputs: [list([])], attrs: { value: tensorFrom("float64", [1], [0.5]) } },
  ],
  EyeLike: [
    { name: "type of the input", inputs: [float([3, 2])] },
    { name: "another type, above the diagonal", inputs: [float([2, 4])], attrs: { dtype: 7, k: 1 } },
    { name: "truth values", inputs: [float([2, 2])], attrs: { dtype: 9 } },
    { name: "uint8", inputs: [integers("uint8", [3, 2], [0, 9])], attrs: { k: -1 } },
    { name: "below the diagonal", inputs: [integers("int64", [3, 3], [0, 9])], attrs: { k: -2 } },
  ],
  Range: [
    { name: "up", inputs: [bound("int64", 2), bound("int64", 9), bound("int64", 3)] },
    { name: "down", inputs: [bound("int32", 5), bound("int32", -3), bound("int32", -2)] },
    {
      name: "bounds in lists",
      inputs: [2, 9, 3].map((value) => ({ ...exactly("int64", [1], [value]), constant: true })),
    },
    { name: "fractions", inputs: [bound("float32", 0), bound("float32", 1.1), bound("float32", 0.25)] },
  ],
  Shape: [
    { name: "all", inputs: [float([2, 3, 4])] },
    { name: "a part", inputs: [float([2, 3, 4])], attrs: { start: 1, end: -1 } },
    { name: "beyond the ends", inputs: [float([2, 3])], attrs: { start: -9, end: 9 } },
    { name: "of a scalar", inputs: [float([])], notOnRuntime: "an output without elements says nothing" },
  ],
  Size: [
    { name: "a matrix", inputs: [float([2, 3])] },
    { name: "a scalar", inputs: [float([])] },
  ],
} satisfies Record<string, readonly OpCase[]>;
