// Test cases of element-wise operators, comparisons, reductions and softmax.
import { dtypeTable } from "../../../core/numbers/dtype.js";
import { awayFromZero, bools, distinct, exactly, float, integers, list, type OpCase } from "./case.js";

const smooth = (name: string, ...inputs: OpCase["inputs"]): OpCase => ({ name, inputs, twice: true });

/** Pairs of shapes that broadcast in different ways. */
function broadcasting(
  left: (shape: number[]) => OpCase["inputs"][0],
  right: (shape: number[]) => OpCase["inputs"][0],
): OpCase[] {
  return [
    smooth("same shapes", left([2, 3]), right([2, 3])),
    smooth("row", left([2, 3]), right([3])),
    smooth("column and row", left([2, 1]), right([1, 3])),
    smooth("scalar on the left", left([]), right([2, 2])),
    smooth("more axes on the right", left([3]), right([2, 1, 3])),
    smooth("extent 1 on both", left([1, 1]), right([1])),
  ];
}

const compared: OpCase[] = [
  // Small integers as floats, so that some are equal.
  {
    name: "floats with ties",
    inputs: [exactly("float", [2, 2], [1, 2, 3, 1]), exactly("float", [2, 2], [1, 3, 2, 1])],
  },
  { name: "broadcast", inputs: [float([3, 1]), float([2])] },
  { name: "int32", inputs: [integers("int32", [8], [0, 3]), integers("int32", [8], [0, 3])] },
  { name: "int64", inputs: [integers("int64", [8], [-2, 2]), integers("int64", [1], [-2, 2])] },
];

const logical: OpCase[] = [
  { name: "truth table", inputs: [exactly("bool", [4], [0, 0, 1, 1]), exactly("bool", [4], [0, 1, 0, 1])] },
  { name: "broadcast", inputs: [bools([3, 1]), bools([4])] },
];

const stepwise: OpCase[] = [
  { name: "away from the jumps", inputs: [exactly("float", [6], [-1.75, -0.5 + 0.125, 0.125, 0.75, 2.25, 3.875])] },
];

const reductions: OpCase[] = [
  smooth("all", float([2, 3])),
  { name: "all, keeping axes", inputs: [float([2, 3])], attrs: { keepdims: 1 }, twice: true },
  { name: "one axis", inputs: [float([2, 3, 2]), list([1])], attrs: { keepdims: 0 }, twice: true },
  { name: "two axes", inputs: [float([2, 3, 2]), list([0, -1])], attrs: { keepdims: 1 }, twice: true },
  { name: "two axes, dropped", inputs: [float([2, 3, 2]), list([-1, 0])], attrs: { keepdims: 0 }, twice: true },
  { name: "no axes", inputs: [float([2, 3]), list([])], attrs: { noop_with_empty_axes: 1 } },
  { name: "scalar", inputs: [float([])] },
];

const extremes: OpCase[] = [
  { name: "all", inputs: [distinct([2, 3])], attrs: { keepdims: 0 } },
  { name: "one axis", inputs: [distinct([2, 3, 2]), list([1])], attrs: { keepdims: 0 } },
  { name: "two axes, kept", inputs: [distinct([2, 3, 2]), list([0, -1])], attrs: { keepdims: 1 } },
  { name: "axis of extent 1", inputs: [distinct([3, 1]), list([1])] },
];

/** Reductions of every element type, also over no elements: the result is then the least or the largest value. */
const wholeReductions: OpCase[] = (["bool", "uint8", "int8", "int32", "uint32", "int64"] as const).flatMap((dtype) => [
  { name: `${dtype} rows`, inputs: [integers(dtype, [3, 4], [0, dtype === "bool" ? 2 : 100]), list([1])] },
  { name: `${dtype}, none`, inputs: [integers(dtype, [2, 0], [0, 2]), list([1])] },
]);

const integerSums: OpCase[] = [
  { name: "int32", inputs: [exactly("int32", [2], [2 ** 30, -5])] },
  { name: "uint32 wraps", inputs: [exactly("uint32", [2], [2 ** 32 - 1, 5])] },
  { name: "int64, none", inputs: [integers("int64", [0, 2], [0, 1]), list([0])] },
];

const softmaxes: OpCase[] = [
  smooth("last axis", float([3, 4])),
  { name: "first axis", inputs: [float([3, 2])], attrs: { axis: 0 }, twice: true },
  { name: "middle axis", inputs: [float([2, 3, 2])], attrs: { axis: 1 }, twice: true },
  // Rows of 80s overflow unless the largest element is subtracted first.
  { name: "large logits", inputs: [float([2, 3], [79, 81])], attrs: { axis: -1 } },
];

const chosen: OpCase[] = [
  { name: "two", inputs: [float([2, 3], [-2, -1.1]), float([3], [-1, 2])] },
  {
    name: "three, crossing",
    inputs: [distinct([4]), exactly("float", [4], [0.5, -0.5, 0.71, -0.72]), exactly("float", [], [0.02])],
  },
  { name: "one", inputs: [float([3])] },
];

const wholeExtremes: OpCase[] = (["uint8", "int8", "int32", "uint32", "int64"] as const).map((dtype) => {
  const range: readonly [number, number] = dtype.startsWith("u") ? [100, 255] : [-100, 100];
  return { name: dtype, inputs: [integers(dtype, [6], range), integers(dtype, [2, 1], range)] };
});

export const elementwiseCases = {
  Abs: [
    { name: "both signs", inputs: [awayFromZero([2, 3])] },
    { name: "int8 wraps", inputs: [exactly("int8", [3], [-128, -5, 127])] },
    { name: "uint32", inputs: [exactly("uint32", [2], [0, 2 ** 32 - 1])] },
  ],
  Add: [
    ...broadcasting(
      (shape) => float(shape),
      (shape) => float(shape),
    ),
    { name: "of nothing, broadcast", inputs: [float([1, 2, 0]), float([2, 0, 2, 0])] },
    { name: "uint32 wraps", inputs: [integers("uint32", [8], [0, 2 ** 32]), integers("uint32", [8], [0, 2 ** 32])] },
    { name: "int64", inputs: [integers("int64", [4], [-9, 9]), integers("int64", [4], [-9, 9])] },
    { name: "uint8 wraps", inputs: [integers("uint8", [8], [0, 256]), integers("uint8", [8], [0, 256])] },
  ],
  And: logical,
  ArgMax: [
    { name: "last axis", inputs: [distinct([3, 4])], attrs: { axis: -1, keepdims: 0 } },
    { name: "first axis, kept", inputs: [distinct([3, 4])], attrs: { axis: 0 } },
    { name: "ties: first", inputs: [exactly("float", [1, 4], [1, 5, 5, 2])], attrs: { axis: 1 } },
    { name: "ties: last", inputs: [exactly("float", [1, 4], [1, 5, 5, 2])], attrs: { axis: 1, select_last_index: 1 } },
  ],
  Cast: [
    { name: "float to float", inputs: [float([2, 3])], attrs: { to: dtypeTable.float64.onnx }, twice: true },
    {
      name: "float to int32 goes toward zero",
      inputs: [exactly("float", [4], [-1.75, -0.5, 0.75, 2.5])],
      attrs: { to: dtypeTable.int32.onnx },
    },
    { name: "float to bool", inputs: [exactly("float", [3], [0, -0.5, 2])], attrs: { to: dtypeTable.bool.onnx } },
    { name: "uint8 to float32", inputs: [integers("uint8", [6], [0, 256])], attrs: { to: dtypeTable.float32.onnx } },
    { name: "bool to float32", inputs: [bools([6])], attrs: { to: dtypeTable.float32.onnx } },
    { name: "int64 to int32", inputs: [integers("int64", [6], [-99, 99])], attrs: { to: dtypeTable.int32.onnx } },
    {
      name: "uint32 to float32",
      inputs: [integers("uint32", [6], [0, 2 ** 24])],
      attrs: { to: dtypeTable.float32.onnx },
    },
  ],
  Ceil: stepwise,
  Clip: [
    {
      name: "both bounds",
      inputs: [
        exactly("float", [5], [-2, -0.5, 0.25, 0.75, 3]),
        exactly("float", [], [-1]),
        exactly("float", [], [0.5]),
      ],
    },
    { name: "lower bound", inputs: [exactly("float", [3], [-2, 0.5, 3]), exactly("float", [], [-1])] },
    { name: "upper bound", inputs: [exactly("float", [3], [-2, 0.5, 3]), null, exactly("float", [], [1])] },
    { name: "no bounds", inputs: [float([3])] },
  ],
  Constant: [],
  Div: [
    ...broadcasting((shape) => float(shape), awayFromZero),
    { name: "int32 goes toward zero", inputs: [exactly("int32", [4], [-7, 7, -6, 5]), exactly("int32", [], [3])] },
    { name: "int8", inputs: [exactly("int8", [4], [-7, 127, -128, 5]), exactly("int8", [4], [2, -3, 3, -7])] },
    { name: "int64", inputs: [exactly("int64", [4], [-7, 7, -6, 5]), exactly("int64", [4], [2, -2, 4, -7])] },
    { name: "uint32", inputs: [exactly("uint32", [2], [2 ** 32 - 1, 7]), exactly("uint32", [], [2])] },
    { name: "uint8", inputs: [exactly("uint8", [2], [255, 7]), exactly("uint8", [], [2])] },
  ],
  Equal: [...compared, { name: "bool", inputs: [bools([8]), bools([8])] }],
  Erf: [
    smooth("around 0", float([2, 3])),
    { name: "series and fraction", inputs: [exactly("float", [4], [-3.5, -2.4, 2.6, 4])] },
  ],
  Exp: [smooth("around 0", float([2, 3]))],
  Floor: stepwise,
  Greater: compared,
  GreaterOrEqual: compared,
  Identity: [smooth("any", float([2, 3]))],
  LeakyRelu: [
    { name: "default slope", inputs: [awayFromZero([2, 3])] },
    { name: "slope 0.2", inputs: [awayFromZero([4])], attrs: { alpha: 0.2 } },
  ],
  Less: compared,
  LessOrEqual: compared,
  Log: [smooth("above 0", float([2, 3], [0.3, 3]))],
  LogSoftmax: softmaxes,
  Max: [...chosen, ...wholeExtremes],
  Min: [...chosen, ...wholeExtremes],
  Mul: [
    {
      name: "int8 wraps",
      inputs: [integers("int8", [8], [-128, 128]), integers("int8", [8], [-128, 128])],
    },
    {
      name: "int64 wraps",
      inputs: [exactly("int64", [2], [2 ** 40, -(2 ** 40)]), exactly("int64", [2], [2 ** 24 + 2 ** 10, 2 ** 23])],
    },
    ...broadcasting(
      (shape) => float(shape),
      (shape) => float(shape),
    ),
    { name: "uint32 wraps", inputs: [integers("uint32", [8], [0, 2 ** 32]), integers("uint32", [8], [0, 2 ** 32])] },
  ],
  Neg: [
    smooth("any", float([2, 3])),
    { name: "int8 wraps", inputs: [exactly("int8", [3], [-128, -5, 127])] },
    { name: "int64", inputs: [exactly("int64", [3], [-(2 ** 40), 0, 7])] },
  ],
  Not: [{ name: "bool", inputs: [bools([5])] }],
  Or: logical,
  Pow: [
    ...broadcasting(
      (shape) => float(shape, [0.3, 2]),
      (shape) => float(shape, [-2, 2]),
    ),
    { name: "constant square", inputs: [float([3]), { ...exactly("float", [], [2]), constant: true }], twice: true },
    {
      name: "constant cube of negatives",
      inputs: [awayFromZero([3]), { ...exactly("float", [], [3]), constant: true }],
      twice: true,
    },
    {
      name: "constant square root",
      inputs: [float([3], [0.5, 2]), { ...exactly("float", [], [0.5]), constant: true }],
      twice: true,
    },
    {
      name: "floats to whole powers",
      inputs: [awayFromZero([3]), exactly("int32", [3], [-2, 3, 0])],
      twice: true,
    },
    { name: "whole powers of a type without kernel", inputs: [awayFromZero([2]), exactly("uint8", [2], [2, 3])] },
    { name: "whole numbers", inputs: [exactly("int32", [3], [-3, 2, 5]), exactly("int64", [3], [3, 10, 0])] },
    {
      name: "a fraction as exponent",
      inputs: [exactly("int64", [2], [9, 16]), exactly("float", [], [0.5])],
      withRespectTo: [],
    },
    // At base 0, only the base has a two-sided derivative. Exponent 0 tests the factor of the base.
    { name: "base 0", inputs: [exactly("float", [2], [0, 0]), exactly("float", [2], [2, 1])], withRespectTo: [0] },
    { name: "exponent 0", inputs: [exactly("float", [2], [1.5, 0]), exactly("float", [2], [0, 0])], withRespectTo: [] },
  ],
  Reciprocal: [smooth("both signs", awayFromZero([2, 3]))],
  ReduceMax: [...extremes, ...wholeReductions],
  ReduceMean: reductions,
  ReduceMin: [...extremes, ...wholeReductions],
  ReduceSum: [...reductions, ...integerSums],
  ReduceSumSquare: reductions,
  Relu: [
    { name: "both signs", inputs: [awayFromZero([2, 3])] },
    { name: "int64", inputs: [exactly("int64", [3], [-5, 0, 2 ** 40])] },
    { name: "int8", inputs: [exactly("int8", [3], [-5, 0, 7])] },
  ],
  Round: [
    ...stepwise,
    { name: "halves go to even", inputs: [exactly("float", [5], [-1.5, -0.5, 0.5, 1.5, 2.5])], withRespectTo: [] },
  ],
  Sigmoid: [smooth("around 0", float([2, 3]))],
  Sign: [
    { name: "both signs", inputs: [awayFromZero([2, 3])] },
    { name: "zero", inputs: [exactly("float", [1], [0])], withRespectTo: [] },
  ],
  Softmax: softmaxes,
  Softplus: [smooth("around 0", float([2, 3])), { name: "far from 0", inputs: [float([4], [-30, 30])] }],
  Sqrt: [smooth("above 0", float([2, 3], [0.3, 3]))],
  Sub: [
    ...broadcasting(
      (shape) => float(shape),
      (shape) => float(shape),
    ),
    { name: "uint32 wraps", inputs: [integers("uint32", [8], [0, 2 ** 32]), integers("uint32", [8], [0, 2 ** 32])] },
  ],
  Sum: [smooth("three, broadcast", float([2, 3]), float([3]), float([])), smooth("one", float([3]))],
  Tanh: [smooth("around 0", float([2, 3]))],
  Where: [
    smooth("same shapes", bools([2, 3]), float([2, 3]), float([2, 3])),
    smooth("broadcast every way", bools([2, 1]), float([3]), float([])),
    ...(["bool", "uint8", "int8", "int32", "uint32"] as const).map((dtype) => ({
      name: dtype,
      inputs: [bools([4]), integers(dtype, [4], [0, 2]), integers(dtype, [], [0, 2])],
    })),
    { name: "integers", inputs: [bools([4]), integers("int64", [4], [0, 9]), integers("int64", [], [0, 9])] },
  ],
  Xor: logical,
} satisfies Record<string, readonly OpCase[]>;
