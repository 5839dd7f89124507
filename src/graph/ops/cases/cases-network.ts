// Test cases of the main operators of networks: products, convolution, normalization, Loop.
import { input } from "../../build.js";
import { graph } from "../../graph.js";
import type { Attributes } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { less } from "../elementwise/comparison.js";
import { reduceSum } from "../reduction/reduction.js";
import { type CaseInput, exactly, float, type OpCase } from "./case.js";

/** A case that is smooth in every input, so that its second derivative is checked as well. */
function smooth(name: string, inputs: OpCase["inputs"], attrs: Attributes = {}): OpCase {
  return { name, inputs, attrs, twice: true };
}

/** x, scale, shift, mean and a positive variance. */
function normalized(shape: readonly number[]): CaseInput[] {
  const channels = [shape[1]];
  return [float(shape), float(channels), float(channels), float(channels), float(channels, [0.5, 2])];
}

const training = { epsilon: 1e-3, momentum: 0, training_mode: 1 };
const extents = (...values: number[]): CaseInput => ({ ...exactly("int64", [values.length], values), constant: true });

/** `x <- x factor + iteration`, if `bounded` while the sum is below 20; collects the sums. */
function growth(bounded: boolean): Attributes {
  const [iteration, condition] = [input("iteration", "int64", []), input("condition", "bool", [])];
  const [x, factor, bound] = [
    input("x", "float32", [2]),
    input("factor", "float32", [2]),
    input("bound", "float32", []),
  ];
  const next = add(mul(x, factor), cast(iteration, "float32"));
  const sum = reduceSum(next);
  const body = graph([iteration, condition, x, factor, bound], {
    condition_out: bounded ? less(sum, bound) : condition,
    x_out: next,
    sums: sum,
  });
  return { body, captured: 2 };
}

const growing = (trips: number): OpCase["inputs"] => [
  exactly("int64", [], [trips]),
  exactly("bool", [], [1]),
  exactly("float32", [2], [1, 2]),
  exactly("float32", [2], [2, 1.5]),
  exactly("float32", [], [20]),
];

export const networkCases = {
  BatchNormalization: [
    smooth("inference, rows", normalized([4, 3]), { epsilon: 1e-3 }),
    smooth("inference, images", normalized([2, 3, 2, 3]), { epsilon: 1e-3 }),
    // With few elements per channel, the statistics have a large weight in the gradient.
    { ...smooth("training, rows", normalized([5, 3]), training), withRespectTo: [0, 1, 2] },
    { ...smooth("training, sequences", normalized([3, 2, 3]), training), withRespectTo: [0, 1, 2] },
    { ...smooth("training, images", normalized([3, 2, 2, 3]), training), withRespectTo: [0, 1, 2] },
  ],
  Conv: [
    smooth("bias", [float([2, 1, 6, 6]), float([3, 1, 3, 3]), float([3])]),
    smooth("5 x 5, few filters", [float([2, 1, 6, 6]), float([2, 1, 5, 5]), float([2])], { pads: [2, 2, 2, 2] }),
    smooth("1 x 1", [float([2, 3, 3, 2]), float([4, 3, 1, 1])]),
    smooth("strides that leave rows over", [float([2, 2, 7, 6]), float([2, 2, 3, 2])], {
      strides: [3, 2],
      pads: [1, 0, 0, 1],
    }),
    smooth("strides and dilations", [float([1, 2, 8, 7]), float([2, 2, 3, 2])], { strides: [2, 1], dilations: [2, 3] }),
    smooth("groups", [float([2, 4, 4, 4]), float([4, 2, 3, 3])], { group: 2, pads: [1, 1, 1, 1] }),
    smooth("depthwise", [float([2, 3, 5, 5]), float([3, 1, 3, 3])], { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] }),
    smooth("depthwise, stride 1", [float([2, 3, 4, 5]), float([3, 1, 3, 2]), float([3])], {
      group: 3,
      pads: [1, 0, 1, 1],
    }),
    smooth("depthwise, several filters a channel", [float([1, 2, 5, 4]), float([6, 1, 2, 3])], {
      group: 2,
      strides: [1, 2],
    }),
    {
      ...smooth("depthwise, dilated, auto_pad SAME_UPPER", [float([1, 2, 6, 5]), float([2, 1, 3, 3])], {
        group: 2,
        dilations: [2, 1],
        auto_pad: "SAME_UPPER",
      }),
      notOnRuntime: "it refuses dilations with auto_pad; simplify writes the pads out",
    },
    smooth("depthwise, large kernel", [float([1, 2, 5, 6]), float([2, 1, 5, 5])], { group: 2, pads: [2, 2, 2, 2] }),
    smooth("groups, strides, dilations", [float([1, 4, 7, 6]), float([4, 2, 2, 3])], {
      group: 2,
      strides: [2, 1],
      dilations: [1, 2],
    }),
    smooth("1-D, depthwise, SAME_LOWER", [float([2, 3, 7]), float([3, 1, 4])], { group: 3, auto_pad: "SAME_LOWER" }),
    smooth("3-D, groups", [float([1, 2, 3, 3, 2]), float([4, 1, 2, 2, 1])], { group: 2, auto_pad: "VALID" }),
    smooth("3-D, strides and dilations", [float([1, 2, 5, 4, 3]), float([2, 2, 2, 2, 2])], {
      strides: [2, 1, 1],
      dilations: [1, 3, 1],
      pads: [0, 1, 0, 1, 0, 1],
    }),
    smooth("auto_pad SAME_UPPER", [float([1, 2, 5, 4]), float([2, 2, 2, 3])], {
      auto_pad: "SAME_UPPER",
      strides: [2, 2],
    }),
    smooth("auto_pad SAME_LOWER", [float([1, 2, 5, 4]), float([2, 2, 2, 2])], { auto_pad: "SAME_LOWER" }),
    smooth("1-D", [float([2, 3, 7]), float([2, 3, 3])], { pads: [2, 1] }),
    smooth("3-D", [float([1, 2, 3, 4, 3]), float([2, 2, 2, 2, 2])], { pads: [1, 0, 0, 0, 1, 0] }),
    // With at least 32 filters and no more filters than channels, both gradients share the columns of the cotangent.
    {
      name: "as many filters as channels",
      inputs: [float([2, 32, 3, 3]), float([32, 32, 2, 2])],
      attrs: { pads: [1, 0, 0, 1] },
    },
  ],
  ConvTranspose: [
    smooth("bias", [float([2, 3, 3, 2]), float([3, 2, 2, 3]), float([2])]),
    smooth("strides and output padding", [float([1, 2, 3, 3]), float([2, 2, 3, 3])], {
      strides: [2, 3],
      pads: [1, 1, 1, 0],
      output_padding: [1, 2],
    }),
    smooth("groups and dilations", [float([1, 4, 3, 3]), float([4, 1, 2, 2])], { group: 2, dilations: [2, 1] }),
    smooth("depthwise", [float([2, 3, 3, 2]), float([3, 1, 3, 3])], { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] }),
    smooth("depthwise, stride 1", [float([1, 3, 4, 3]), float([3, 1, 3, 3]), float([3])], {
      group: 3,
      pads: [1, 1, 1, 1],
    }),
    smooth("auto_pad SAME_UPPER", [float([1, 2, 3, 4]), float([2, 2, 3, 4])], {
      strides: [2, 3],
      auto_pad: "SAME_UPPER",
    }),
    smooth("auto_pad SAME_LOWER", [float([1, 2, 3, 4]), float([2, 2, 4, 3])], {
      strides: [2, 2],
      auto_pad: "SAME_LOWER",
    }),
    smooth("output_shape", [float([1, 2, 3, 3]), float([2, 1, 3, 3])], { strides: [3, 2], output_shape: [8, 6] }),
    smooth("output_shape beyond all windows", [float([1, 1, 3, 3]), float([1, 2, 3, 3]), float([2])], {
      strides: [3, 2],
      output_shape: [10, 8],
    }),
    smooth("3-D, groups", [float([1, 2, 2, 2, 3]), float([2, 1, 2, 2, 2])], {
      group: 2,
      strides: [1, 2, 1],
      pads: [0, 1, 0, 1, 0, 1],
    }),
    smooth("1-D", [float([2, 2, 4]), float([2, 3, 3])], { strides: [2] }),
  ],
  Col2Im: [
    smooth("overlapping", [float([2, 8, 6]), extents(3, 4), extents(2, 2)]),
    smooth("strides, pads", [float([1, 12, 6]), extents(4, 3), extents(3, 2)], { strides: [2, 1], pads: [1, 0, 1, 1] }),
    smooth("dilated", [float([1, 4, 2]), extents(3, 4), extents(2, 2)], { dilations: [2, 2] }),
  ],
  DepthToSpace: [
    smooth("blocks of 2", [float([2, 8, 2, 3])], { blocksize: 2 }),
    smooth("channels first", [float([1, 8, 2, 1])], { blocksize: 2, mode: "CRD" }),
  ],
  SpaceToDepth: [
    smooth("blocks of 2", [float([2, 3, 4, 6])], { blocksize: 2 }),
    smooth("blocks of 3", [float([1, 1, 3, 6])], { blocksize: 3 }),
    smooth("channels first", [float([1, 3, 2, 4])], { blocksize: 2, mode: "CRD" }),
    smooth("depth first by name", [float([1, 3, 2, 4])], { blocksize: 2, mode: "DCR" }),
  ],
  Gemm: [
    smooth("plain", [float([2, 3]), float([3, 4])]),
    smooth("bias of a row", [float([2, 3]), float([3, 4]), float([4])]),
    smooth("bias of a column", [float([2, 3]), float([3, 4]), float([2, 1])]),
    smooth("dense layer", [float([3, 4]), float([2, 4]), float([2])], { transB: 1 }),
    smooth("transA, alpha", [float([3, 2]), float([3, 4])], { transA: 1, alpha: 0.5 }),
    smooth("both transposed, beta", [float([3, 2]), float([4, 3]), float([4])], { transA: 1, transB: 1, beta: -2 }),
  ],
  Loop: [
    { name: "fixed count", inputs: growing(3), attrs: growth(false), openAxes: true },
    { name: "ended by its condition", inputs: growing(100), attrs: growth(true), openAxes: true },
  ],
  MatMul: [
    smooth("two matrices", [float([2, 3]), float([3, 4])]),
    smooth("batches that broadcast", [float([2, 1, 3, 2]), float([3, 2, 2])]),
    smooth("a matrix shared by a batch", [float([2, 2, 3]), float([3, 2])]),
    smooth("row and batch", [float([3]), float([2, 3, 2])]),
    smooth("batch and column", [float([2, 2, 3]), float([3])]),
    smooth("two vectors", [float([3]), float([3])]),
  ],
} satisfies Record<string, readonly OpCase[]>;
