// Test cases of normalization within an example.
import type { Attributes } from "../../tensor.js";
import { awayFromZero, float, type OpCase } from "./case.js";

/** A case that is smooth in every input, so that its second derivative is checked as well. */
function smooth(name: string, inputs: OpCase["inputs"], attrs: Attributes = {}): OpCase {
  return { name, inputs, attrs, twice: true };
}

export const normalizationCases = {
  GroupNormalization: [
    smooth("images", [float([2, 4, 2, 2]), float([4]), float([4])], { num_groups: 2, epsilon: 1e-3 }),
    smooth("rows", [float([2, 6]), float([6]), float([6])], { num_groups: 2, epsilon: 1e-3 }),
    smooth("one group, sequences", [float([2, 3, 3]), float([3]), float([3])], { num_groups: 1, epsilon: 1e-3 }),
  ],
  InstanceNormalization: [
    smooth("images", [float([2, 3, 2, 2]), float([3]), float([3])], { epsilon: 1e-3 }),
    smooth("sequences", [float([1, 2, 5]), float([2]), float([2])], { epsilon: 1e-3 }),
    smooth("volumes", [float([2, 2, 2, 1, 3]), float([2]), float([2])], { epsilon: 1e-3 }),
  ],
  LRN: [
    smooth("three channels", [float([2, 5, 2, 2])], { size: 3, alpha: 0.9, bias: 1.5 }),
    smooth("an even number", [float([1, 6, 3])], { size: 4, alpha: 0.9, beta: 0.5 }),
    smooth("more than there are", [float([2, 2, 2])], { size: 7, alpha: 2, beta: 1 }),
    smooth("another power", [float([2, 3])], { size: 3, alpha: 0.9, beta: 0.6, bias: 2 }),
  ],
  LayerNormalization: [
    smooth("last axis", [float([3, 5]), float([5]), float([5])], { epsilon: 1e-3 }),
    smooth("no shift, sequences", [float([2, 3, 4]), float([4])], { axis: 2, epsilon: 1e-3 }),
    smooth("two axes", [float([2, 3, 2]), float([3, 2]), float([3, 2])], { axis: -2, epsilon: 1e-3 }),
    smooth("everything", [float([3, 4]), float([3, 4]), float([3, 4])], { axis: 0, epsilon: 1e-3 }),
    smooth("scale for a part of the axes", [float([2, 3, 2]), float([2]), float([3, 1])], { axis: 1, epsilon: 1e-3 }),
  ],
  LpNormalization: [
    smooth("last axis", [float([3, 4])]),
    smooth("first axis", [float([3, 2, 2])], { axis: 0 }),
    { name: "sums of absolute values", inputs: [awayFromZero([2, 4])], attrs: { p: 1, axis: 1 } },
  ],
  MeanVarianceNormalization: [
    { name: "one number", inputs: [float([2, 1, 2, 2])], attrs: { axes: [1] }, withRespectTo: [] },
    smooth("images", [float([2, 3, 2, 2])]),
    smooth("examples", [float([2, 5])], { axes: [1] }),
  ],
  RMSNormalization: [
    smooth("last axis", [float([3, 5]), float([5])], { epsilon: 1e-3 }),
    smooth("two axes", [float([2, 3, 2]), float([3, 2])], { axis: 1, epsilon: 1e-3 }),
    smooth("scale of all examples", [float([2, 3]), float([2, 3])], { axis: 1, epsilon: 1e-3 }),
  ],
} satisfies Record<string, readonly OpCase[]>;
