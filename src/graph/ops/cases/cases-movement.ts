// Test cases of operators that move elements: shapes and slices.
import { bools, exactly, float, integers, list, type OpCase } from "./case.js";

function smooth(name: string, inputs: OpCase["inputs"], attrs: OpCase["attrs"] = {}): OpCase {
  return { name, inputs, attrs, twice: true };
}

export const movementCases = {
  Concat: [
    smooth("first axis", [float([1, 3]), float([2, 3])], { axis: 0 }),
    smooth("last axis, three parts", [float([2, 1]), float([2, 3]), float([2, 2])], { axis: -1 }),
    smooth("one part", [float([2, 2])], { axis: 0 }),
    { name: "integers", inputs: [integers("int64", [2], [0, 9]), integers("int64", [1], [0, 9])], attrs: { axis: 0 } },
  ],
  Expand: [
    smooth("new axis", [float([3]), list([2, 3])]),
    smooth("extent 1", [float([2, 1, 3]), list([2, 4, 1])]),
    smooth("scalar", [float([]), list([2, 2])]),
  ],
  Flatten: [
    smooth("default axis", [float([2, 3, 2])]),
    smooth("axis 0", [float([2, 3])], { axis: 0 }),
    smooth("axis equal to the rank", [float([2, 3])], { axis: 2 }),
    smooth("negative axis", [float([2, 3, 2])], { axis: -1 }),
  ],
  Pad: [
    smooth("both sides", [float([2, 3]), list([1, 0, 0, 2])]),
    smooth("with a constant", [float([2, 2]), list([0, 1, 1, 1]), { ...exactly("float", [], [3]), constant: true }]),
    smooth("with a value that has a gradient", [float([2, 2]), list([0, 1, 1, 1]), float([])]),
    smooth("some axes", [float([2, 3]), list([1, 2]), null, list([-1])]),
    smooth("cut off and surrounded", [float([4, 3]), list([-1, 2, 1, -1]), float([])]),
    smooth("reflected", [float([4, 3]), list([3, 1, 2, 0])], { mode: "reflect" }),
    smooth("edges", [float([2, 3]), list([0, 2, 3, 1])], { mode: "edge" }),
    smooth("wrapped round", [float([3, 3]), list([2, 1, 0, 3])], { mode: "wrap" }),
    smooth("cut off, then reflected", [float([5, 3]), list([-1, 1, 2, -1])], { mode: "reflect" }),
    smooth("edges of images", [float([1, 2, 2, 3]), list([0, 0, 1, 2, 0, 0, 0, 1])], { mode: "edge" }),
    { name: "bytes", inputs: [integers("uint8", [3], [0, 256]), list([1, 1]), exactly("uint8", [], [7])] },
  ],
  Reshape: [
    smooth("new shape", [float([2, 6]), list([3, 4])]),
    smooth("0 copies, -1 takes the rest", [float([2, 3, 2]), list([0, -1])]),
    smooth("to a scalar", [float([1, 1]), list([])]),
    smooth("an extent of 0", [float([2, 0]), list([0, 3])], { allowzero: 1 }),
  ],
  Slice: [
    smooth("start and end", [float([4, 3]), list([1, 0]), list([3, 2])]),
    smooth("step 2", [float([7]), list([1]), list([7]), list([0]), list([2])]),
    smooth("step 3 that ends short", [float([2, 8]), list([0]), list([8]), list([1]), list([3])]),
    smooth("backward", [float([5, 2]), list([-1]), list([-6]), list([0]), list([-1])]),
    smooth("backward by 2", [float([2, 6]), list([4]), list([0]), list([-1]), list([-2])]),
    smooth("beyond the ends", [float([3]), list([-9]), list([99])]),
    smooth("two axes with steps", [float([5, 5]), list([0, 3]), list([5, -6]), list([0, 1]), list([2, -3])]),
    {
      name: "nothing",
      inputs: [float([3]), list([2]), list([1])],
      notOnRuntime: "an output without elements says nothing",
    },
  ],
  Split: [
    smooth("sizes", [float([5, 2]), list([2, 3])]),
    smooth("last axis", [float([2, 4]), list([1, 2, 1])], { axis: -1 }),
    smooth("equal parts", [float([4, 2])], { num_outputs: 2 }),
    smooth("smaller last part", [float([5])], { num_outputs: 2 }),
    smooth("parts without elements", [float([3]), list([0, 3, 0])]),
  ],
  Squeeze: [
    smooth("all", [float([1, 3, 1])]),
    smooth("one", [float([1, 3, 1]), list([-1])]),
    { name: "bool", inputs: [bools([1, 3])] },
  ],
  Tile: [
    smooth("both axes", [float([2, 3]), list([2, 3])]),
    smooth("one of three", [float([2, 1, 3]), list([1, 4, 1])]),
    smooth("once", [float([2]), list([1])]),
    { name: "never", inputs: [float([2, 2]), list([2, 0])], notOnRuntime: "an output without elements says nothing" },
    { name: "truths", inputs: [bools([2]), list([2])] },
  ],
  Transpose: [
    smooth("reversed", [float([2, 3, 4])]),
    smooth("by a permutation", [float([2, 3, 4])], { perm: [1, 2, 0] }),
    smooth("scalar", [float([])]),
  ],
  Unsqueeze: [smooth("two", [float([3]), list([0, -1])]), smooth("scalar", [float([]), list([0])])],
} satisfies Record<string, readonly OpCase[]>;
