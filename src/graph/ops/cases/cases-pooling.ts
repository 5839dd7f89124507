// Test cases of pooling.
import type { Attributes } from "../../tensor.js";
import { awayFromZero, distinct, float, type OpCase } from "./case.js";

/** A case that is smooth in every input, so that its second derivative is checked as well. */
function smooth(name: string, inputs: OpCase["inputs"], attrs: Attributes = {}): OpCase {
  return { name, inputs, attrs, twice: true };
}

/** A max-pool over values without near ties. */
function peaks(name: string, shape: readonly number[], attrs: Attributes): OpCase {
  return { name, inputs: [distinct(shape)], attrs };
}

export const poolingCases = {
  AveragePool: [
    smooth("tiles", [float([2, 2, 4, 6])], { kernel_shape: [2, 3], strides: [2, 3] }),
    smooth("tiles that leave a rest", [float([1, 2, 5, 5])], { kernel_shape: [2, 2], strides: [2, 2] }),
    smooth("stride 1, padding counts", [float([1, 2, 4, 5])], {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
      count_include_pad: 1,
    }),
    smooth("stride 1, padding does not count", [float([1, 2, 4, 5])], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    smooth("stride 2, padded", [float([2, 2, 6, 5])], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 0, 1] }),
    smooth("1-D", [float([2, 3, 7])], { kernel_shape: [3], strides: [2] }),
    smooth("3-D", [float([1, 2, 2, 4, 2])], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }),
    smooth("rounded up", [float([1, 2, 6, 5])], { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
    smooth("rounded up, padding counts, but not what lies beyond", [float([1, 2, 6, 5])], {
      kernel_shape: [3, 3],
      strides: [2, 3],
      pads: [1, 0, 0, 1],
      ceil_mode: 1,
      count_include_pad: 1,
    }),
    smooth("dilated", [float([1, 2, 6, 5])], { kernel_shape: [2, 3], dilations: [3, 2] }),
    smooth("dilated, padding counts", [float([1, 1, 6, 5])], {
      kernel_shape: [2, 2],
      dilations: [2, 1],
      strides: [2, 2],
      pads: [1, 1, 0, 1],
      count_include_pad: 1,
    }),
    smooth("auto_pad SAME_UPPER", [float([1, 2, 5, 4])], {
      kernel_shape: [2, 3],
      strides: [2, 2],
      auto_pad: "SAME_UPPER",
    }),
    smooth("auto_pad SAME_LOWER", [float([1, 2, 5, 4])], { kernel_shape: [2, 2], auto_pad: "SAME_LOWER" }),
  ],
  GlobalAveragePool: [smooth("images", [float([2, 3, 2, 4])]), smooth("sequences", [float([2, 3, 5])])],
  GlobalLpPool: [
    smooth("default", [awayFromZero([2, 2, 3, 2])]),
    smooth("third power", [awayFromZero([2, 2, 5])], { p: 3 }),
  ],
  GlobalMaxPool: [
    peaks("images", [2, 3, 2, 4], {}),
    peaks("sequences", [2, 3, 5], {}),
    peaks("volumes", [1, 2, 2, 3, 2], {}),
  ],
  LpPool: [
    smooth("overlapping", [awayFromZero([1, 2, 5, 4])], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 0, 1] }),
    smooth("absolute values", [awayFromZero([1, 2, 5])], { kernel_shape: [3], p: 1 }),
    smooth("third power, tiles", [awayFromZero([1, 1, 4, 4])], { kernel_shape: [2, 2], strides: [2, 2], p: 3 }),
    smooth("rounded up, the last window would begin in the padding", [awayFromZero([1, 2, 8])], {
      kernel_shape: [3],
      strides: [3],
      pads: [1, 1],
      p: 3,
      ceil_mode: 1,
    }),
    smooth("SAME_UPPER, strides wider than the kernel", [awayFromZero([1, 1, 3, 3])], {
      kernel_shape: [1, 2],
      strides: [3, 3],
      auto_pad: "SAME_UPPER",
      p: 1,
    }),
    smooth("dilated, rounded up", [awayFromZero([1, 1, 8])], {
      kernel_shape: [2],
      dilations: [3],
      strides: [3],
      ceil_mode: 1,
    }),
  ],
  MaxPool: [
    peaks("tiles", [2, 2, 4, 6], { kernel_shape: [2, 3], strides: [2, 3] }),
    peaks("tiles that leave a rest", [1, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2] }),
    peaks("overlapping", [1, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 0, 1] }),
    peaks("dilated", [1, 2, 6, 5], { kernel_shape: [2, 2], dilations: [2, 3] }),
    peaks("rounded up", [1, 1, 6, 5], { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
    peaks("with indices", [2, 2, 4, 4], { kernel_shape: [2, 2], strides: [2, 2], with_indices: 1 }),
    peaks("1-D", [2, 3, 6], { kernel_shape: [3], strides: [3] }),
    peaks("3-D", [1, 2, 2, 4, 2], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }),
    peaks("with column-major indices", [2, 2, 3, 4], { kernel_shape: [2, 2], storage_order: 1, with_indices: 1 }),
    peaks("auto_pad SAME_LOWER", [1, 2, 5, 4], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: "SAME_LOWER" }),
    peaks("auto_pad VALID", [1, 2, 5, 4], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: "VALID" }),
    peaks("1-D, overlapping, rounded up", [1, 2, 8], { kernel_shape: [4], strides: [3], pads: [1, 0], ceil_mode: 1 }),
    peaks("3-D, overlapping", [1, 1, 3, 4, 3], { kernel_shape: [2, 3, 2], pads: [1, 1, 0, 0, 1, 1] }),
    {
      ...peaks("a dilated window over padding alone", [1, 2, 1], { kernel_shape: [2], dilations: [2], pads: [1, 1] }),
      withRespectTo: [],
      notOnRuntime: "the maximum of nothing is -3.4e38, the smallest number, there",
    },
    peaks("no examples", [0, 2, 4, 4], { kernel_shape: [3, 3], strides: [2, 2] }),
  ],
} satisfies Record<string, readonly OpCase[]>;
