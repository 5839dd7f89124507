// Test cases of normalization within an example.
import type { Attributes } from "../tensor.js";
import { float, type OpCase } from "./case.js";

/** Smooth in every input: the second derivative is checked as well. */
function smooth(name: string, inputs: OpCase["inputs"], attrs: Attributes = {}): OpCase {
  return { name, inputs, attrs, twice: true };
}

export const normalizationCases = {
  LayerNormalization: [
    smooth("last axis", [float([3, 5]), float([5]), float([5])], { epsilon: 1e-3 }),
    smooth("no shift, sequences", [float([2, 3, 4]), float([4])], { axis: 2, epsilon: 1e-3 }),
    smooth("two axes", [float([2, 3, 2]), float([3, 2]), float([3, 2])], { axis: -2, epsilon: 1e-3 }),
    smooth("everything", [float([3, 4]), float([3, 4]), float([3, 4])], { axis: 0, epsilon: 1e-3 }),
    smooth("scale for a part of the axes", [float([2, 3, 2]), float([2]), float([3, 1])], { axis: 1, epsilon: 1e-3 }),
  ],
  RMSNormalization: [
    smooth("last axis", [float([3, 5]), float([5])], { epsilon: 1e-3 }),
    smooth("two axes", [float([2, 3, 2]), float([3, 2])], { axis: 1, epsilon: 1e-3 }),
    smooth("scale of all examples", [float([2, 3]), float([2, 3])], { axis: 1, epsilon: 1e-3 }),
  ],
} satisfies Record<string, readonly OpCase[]>;
