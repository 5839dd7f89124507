// Test cases of operators that move elements by indices, order or flags.
import { bools, type CaseInput, distinct, exactly, float, integers, list, type OpCase } from "./case.js";

function smooth(name: string, inputs: OpCase["inputs"], attrs: OpCase["attrs"] = {}): OpCase {
  return { name, inputs, attrs, twice: true };
}

const depth = (value: number): CaseInput => ({ ...exactly("int64", [], [value]), constant: true });
const flags = (...values: number[]): CaseInput => ({ ...exactly("bool", [values.length], values), constant: true });
const nothing = "an output without elements says nothing";

export const indexingCases = {
  Compress: [
    smooth("rows", [float([3, 2]), flags(0, 1, 1)], { axis: 0 }),
    smooth("last axis, a short condition", [float([2, 4]), flags(1, 0, 1)], { axis: -1 }),
    smooth("elements", [float([2, 3]), flags(0, 1, 0, 0, 1)]),
    { name: "none", inputs: [float([2]), flags(0, 0)], notOnRuntime: nothing },
  ],
  Gather: [
    smooth("rows, some twice", [float([4, 2]), exactly("int64", [3], [2, 0, 2])]),
    smooth("negative index", [float([4, 2]), exactly("int32", [2], [-1, 1])]),
    smooth("matrix of indices, last axis", [float([2, 3]), exactly("int64", [2, 2], [0, 1, 1, 2])], { axis: -1 }),
    smooth("scalar index", [float([3, 2]), exactly("int64", [], [1])]),
    { name: "bytes", inputs: [integers("uint8", [5, 2], [0, 256]), integers("int32", [3], [0, 5])] },
    smooth("middle axis, some twice", [float([2, 3, 2]), exactly("int64", [2, 2], [0, -1, 2, 2])], { axis: 1 }),
  ],
  GatherElements: [
    smooth("first axis", [float([3, 2]), exactly("int64", [2, 2], [0, 2, 0, 1])], { axis: 0 }),
    smooth("last axis, negative", [float([2, 3]), exactly("int32", [2, 2], [-1, 0, 1, 1])], { axis: -1 }),
  ],
  GatherND: [
    smooth("elements, some twice", [float([3, 2]), exactly("int64", [3, 2], [0, 1, -1, 0, 0, 1])]),
    smooth("rows", [float([3, 2]), exactly("int64", [2, 2, 1], [2, 0, -1, 2])]),
    smooth("by batch", [float([2, 3, 2]), exactly("int64", [2, 1], [1, -1])], { batch_dims: 1 }),
    smooth("by batch, several a row", [float([2, 3, 2]), exactly("int64", [2, 2, 1], [1, 1, 0, 2])], { batch_dims: 1 }),
    { name: "bytes", inputs: [integers("uint8", [3], [0, 256]), exactly("int64", [2, 1], [2, 0])] },
  ],
  NonZero: [
    { name: "a matrix", inputs: [{ ...exactly("int64", [2, 3], [0, 1, 0, 2, 0, 3]), constant: true }] },
    { name: "floats", inputs: [{ ...exactly("float32", [4], [0, -1, 0, 0.5]), constant: true }] },
    { name: "wide floats", inputs: [{ ...exactly("float64", [4], [0, -1, 0, 0.5]), constant: true }] },
    { name: "uint32", inputs: [{ ...exactly("uint32", [2, 2], [0, 2 ** 31, 1, 0]), constant: true }] },
  ],
  OneHot: [
    {
      name: "last axis, out of range",
      inputs: [exactly("int64", [4], [0, 2, -1, 7]), depth(3), { ...exactly("float32", [2], [0, 1]), constant: true }],
    },
    {
      name: "first axis, other values",
      inputs: [
        exactly("int64", [2, 2], [0, 1, 2, 3]),
        depth(4),
        { ...exactly("float32", [2], [-1, 5]), constant: true },
      ],
      attrs: { axis: 0 },
    },
    ...(["uint8", "int32", "bool", "float64"] as const).map((dtype) => ({
      name: `${dtype} by int32`,
      inputs: [exactly("int32", [4], [0, 2, -1, 7]), depth(3), { ...exactly(dtype, [2], [0, 1]), constant: true }],
    })),
    smooth("values with a gradient", [exactly("int64", [3], [1, -2, 5]), depth(3), float([2])]),
    smooth("middle axis", [exactly("int64", [2, 2], [0, 1, 2, 0]), depth(3), float([2])], { axis: 1 }),
  ],
  ScatterElements: [
    smooth("replace", [float([3, 2]), exactly("int64", [2, 2], [0, 2, 1, 0]), float([2, 2])], { axis: 0 }),
    smooth("add, some twice", [float([2, 4]), exactly("int64", [2, 3], [1, 1, -1, 0, 2, 0]), float([2, 3])], {
      axis: 1,
      reduction: "add",
    }),
    ...["mul", "max", "min"].map((reduction) =>
      smooth(`${reduction}, some twice`, [float([3]), exactly("int64", [4], [1, 1, -1, 0]), float([4])], { reduction }),
    ),
  ],
  ScatterND: [
    smooth("replace elements", [float([2, 3]), exactly("int64", [2, 2], [0, 2, -1, 0]), float([2])]),
    smooth("replace rows", [float([3, 2]), exactly("int64", [2, 1], [2, 0]), float([2, 2])]),
    smooth("add, some twice", [float([3, 2]), exactly("int64", [3, 1], [2, 0, -1]), float([3, 2])], {
      reduction: "add",
    }),
    ...["mul", "max", "min"].map((reduction) =>
      smooth(`${reduction}, some twice`, [float([3]), exactly("int64", [3, 1], [1, 1, -1]), float([3])], { reduction }),
    ),
  ],
  TopK: [
    { name: "largest", inputs: [distinct([2, 5]), list([2])] },
    { name: "smallest, first axis", inputs: [distinct([4, 2]), list([3])], attrs: { axis: 0, largest: 0 } },
    { name: "all", inputs: [distinct([3]), list([3])] },
    { name: "uint32", inputs: [exactly("uint32", [4], [1, 2 ** 32 - 1, 0, 7]), list([2])] },
    { name: "equal ones", inputs: [exactly("int64", [6], [1, 3, 3, 0, 3, 1]), list([4])] },
    { name: "none", inputs: [distinct([3]), list([0])], notOnRuntime: nothing },
  ],
  Trilu: [
    smooth("upper", [float([3, 4])]),
    smooth("lower, of a batch, above the diagonal", [float([2, 3, 3]), exactly("int64", [], [1])], { upper: 0 }),
    smooth("upper, below the diagonal", [float([4, 3]), exactly("int64", [], [-2])]),
    { name: "truths", inputs: [bools([2, 2])] },
    { name: "uint32", inputs: [integers("uint32", [3, 3], [0, 2 ** 32])] },
  ],
} satisfies Record<string, readonly OpCase[]>;
