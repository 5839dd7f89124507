// Operators whose kernels or shape rules fail or are wrong for some inputs and attributes.
import { coveredExtent } from "../../accounting/window.js";
import { apply } from "../../build.js";
import { div } from "../../ops/elementwise/arithmetic.js";
import { pad, reshape } from "../../ops/movement/shape-movement.js";
import { rangeOp } from "../../ops/movement/shape-values.js";
import {
  fromLrnParts,
  type LrnAttributes,
  type MeanVarianceNormalizationAttributes,
  meanAndVariance,
} from "../../ops/normalization/vector-normalization.js";
import { composed, type EinsumAttributes, labeled } from "../../ops/products/einsum.js";
import { knownInputs } from "../../ops/record/known-value.js";
import { resizedAxes } from "../../ops/resize/resize.js";
import { resizedByGathering } from "../../ops/resize/resize-composition.js";
import { type AxisResize, isChanged, type ResizeAttributes } from "../../ops/resize/resize-weights.js";
import { type LpPoolAttributes, lpPoolOp } from "../../ops/windows/lp-pooling.js";
import { poolWindow } from "../../ops/windows/pooling.js";
import type { Tensor } from "../../tensor.js";
import type { FactTable } from "../target.js";

export const kernelFaults: FactTable = {
  Range: {
    // ONNX requires scalars here, but some files have lists of one element.
    lower: (bounds) =>
      bounds.every((bound) => bound!.shape.length === 0)
        ? null
        : apply(
            rangeOp,
            bounds.map((bound) => reshape(bound!, [])),
          ),
  },
  Resize: {
    lower(inputs, attrs: ResizeAttributes) {
      const axes = resizedAxes("Resize", knownInputs(inputs), attrs);
      return hasKernel(axes, attrs) && hasCertainExtents(axes) ? null : [resizedByGathering(inputs[0]!, axes, attrs)];
    },
  },
  MeanVarianceNormalization: {
    // The kernel takes the root of mean(x^2) - mean(x)^2, which rounding can make negative if x hardly varies.
    lower([x], { axes }: MeanVarianceNormalizationAttributes) {
      const { c, d } = meanAndVariance(x!, axes);
      return [div(c, d)];
    },
  },
  LRN: {
    // The kernel supports only images and an odd number of channels.
    lower: ([x], attrs: LrnAttributes) =>
      x!.shape.length === 4 && attrs.size % 2 === 1 ? null : [fromLrnParts(x!, attrs)],
  },
  LpPool: { lower: ([x], attrs: LpPoolAttributes) => paddedByHand(x!, attrs) },
  Einsum: {
    // The shape rule of the ONNX library, which ONNX Runtime calls, does not support broadcast axes.
    lower(inputs, attrs: EinsumAttributes) {
      const { operands, extents } = labeled(inputs, attrs);
      const isEven = operands.every((labels, i) =>
        labels.every((label, axis) => inputs[i]!.shape[axis] === extents.get(label)),
      );
      return isEven ? null : [composed(inputs as readonly Tensor[], attrs)];
    },
  },
};

/**
 * Whether float32 and float64 give the same extents. The kernel multiplies in float32, the shape rule in float64, where
 * a scale such as 3.6 in float32 may fall just below what doubles or triples an extent exactly.
 */
const hasCertainExtents = (axes: readonly AxisResize[]): boolean =>
  axes.every(({ input, scale }) => Math.floor(Math.fround(input * scale)) === Math.floor(input * scale));

/**
 * Whether the kernel supports this. It resizes the last axes of images (or those before the channels, if these
 * come last), other axes only by nearest neighbors; and if all sizes stay the same it copies, regardless of the scales.
 */
function hasKernel(axes: readonly AxisResize[], { mode }: ResizeAttributes): boolean {
  const changed = axes.flatMap((axis, at) => (isChanged(axis) ? [at] : []));
  if (axes.every(({ input, output }) => input === output)) return mode === "nearest" && changed.length === 0;
  if (mode === "nearest") return true;
  const rank = axes.length;
  const isWithin = (first: number, last: number): boolean => changed.every((axis) => axis >= first && axis <= last);
  if (rank === 2) return true;
  if (rank === 4) return isWithin(2, 3) || (mode === "linear" && isWithin(1, 2));
  return mode === "linear" && (rank === 3 || (rank === 5 && isWithin(2, 4)));
}

/**
 * Positions from rounding up count as zeros, like padding. The shape rule counts windows beyond the input, which the
 * kernel omits, and automatic padding may be negative.
 */
function paddedByHand(x: Tensor, attrs: LpPoolAttributes): readonly Tensor[] | null {
  if (attrs.ceil_mode === 0 && attrs.auto_pad === "NOTSET") return null;
  const { input, output, kernel, strides, dilations, padBegin } = poolWindow("LpPool", x.shape, attrs);
  const reached = output.map(
    (count, axis) => (count - 1) * strides[axis] + coveredExtent(kernel[axis], dilations[axis]),
  );
  const padEnd = reached.map((extent, axis) => Math.max(0, extent - input[axis] - padBegin[axis]));
  const padded = pad(x, [0, 0, ...padBegin, 0, 0, ...padEnd]);
  const pads = padded.shape.slice(2).flatMap(() => [0, 0]);
  return apply(lpPoolOp, [padded], { ...attrs, auto_pad: "NOTSET", ceil_mode: 0, pads });
}
