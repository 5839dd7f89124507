// Compositions for operators that are newer than the operator set of our files, or that have no kernel.

import { gated, type SwishAttributes } from "../../ops/activation/shrinking.js";
import { composeCrossEntropy, composeLikelihood } from "../../ops/class-loss.js";
import { div, mul } from "../../ops/elementwise/arithmetic.js";
import { type SpaceToDepthAttributes, spaceToDepth } from "../../ops/movement/depth-space.js";
import { reshape, transpose } from "../../ops/movement/shape-movement.js";
import { fromStandardized, type GroupNormalizationAttributes } from "../../ops/normalization/group-normalization.js";
import {
  type LayerNormalizationAttributes,
  rootMeanSquare,
  typed,
} from "../../ops/normalization/layer-normalization.js";
import type { Tensor } from "../../tensor.js";
import type { FactTable } from "../target.js";

/** From channels whose slow part is one of `phases` to channels whose fast part it is. */
function channelsFirst(x: Tensor, phases: number): Tensor {
  const [n, c, h, w] = x.shape;
  return reshape(transpose(reshape(x, [n, phases, c / phases, h, w]), [0, 2, 1, 3, 4]), x.shape);
}

export const missingOperators: FactTable = {
  Swish: { lower: ([x], { alpha }: SwishAttributes) => [gated(x!, alpha)] },
  SpaceToDepth: {
    // The operator is old, but its mode attribute is new.
    lower([x], { blocksize: b, mode }: SpaceToDepthAttributes) {
      if (mode === undefined) return null;
      const depth = spaceToDepth(x!, b);
      return [mode === "CRD" ? channelsFirst(depth, b * b) : depth];
    },
  },
  GroupNormalization: {
    lower: (inputs, { num_groups, epsilon }: GroupNormalizationAttributes) => [
      fromStandardized(inputs, num_groups, epsilon),
    ],
  },
  RMSNormalization: {
    lower: ([x, scale], attrs: LayerNormalizationAttributes) => [
      mul(typed(div(x!, rootMeanSquare(x!, attrs)), scale!), scale!),
    ],
  },
  NegativeLogLikelihoodLoss: { lower: composeLikelihood },
  SoftmaxCrossEntropyLoss: { lower: composeCrossEntropy },
};
