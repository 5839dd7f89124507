// Resize as sums of gathered elements, where ONNX Runtime's kernel does not resize these axes.
import { sizeOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { constant, int64s, scalar } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { or } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { identity } from "../elementwise/unary.js";
import { gather } from "../indexing/indexing.js";
import { type AxisResize, type AxisWeights, axisWeights, isChanged, type ResizeAttributes } from "./resize-weights.js";

/**
 * Whether ONNX Runtime's kernel does this. It resizes the last axes of images (or those before the channels, if these
 * come last), others only by nearest neighbors; and it copies what keeps all extents, whatever the scales.
 */
export function hasKernel(axes: readonly AxisResize[], { mode }: ResizeAttributes): boolean {
  const changed = axes.flatMap((axis, at) => (isChanged(axis) ? [at] : []));
  if (axes.every(({ input, output }) => input === output)) return mode === "nearest" && changed.length === 0;
  if (mode === "nearest") return true;
  const rank = axes.length;
  const isWithin = (first: number, last: number): boolean => changed.every((axis) => axis >= first && axis <= last);
  if (rank === 2) return true;
  if (rank === 4) return isWithin(2, 3) || (mode === "linear" && isWithin(1, 2));
  return mode === "linear" && (rank === 3 || (rank === 5 && isWithin(2, 4)));
}

/** x resized axis by axis. */
export function resizedByGathering(x: Tensor, axes: readonly AxisResize[], attrs: ResizeAttributes): Tensor {
  let result = identity(x);
  let outside: Tensor | undefined;
  for (const [axis, resize] of axes.entries()) {
    if (!isChanged(resize) || sizeOf(result.shape) === 0) continue;
    const weights = axisWeights(resize, attrs);
    result = gathered(result, axis, weights);
    if (!weights.includes(null)) continue;
    const isOutside = alongAxis(
      "bool",
      axis,
      axes.length,
      weights.map((taps) => (taps === null ? 1 : 0)),
    );
    outside = outside === undefined ? isOutside : or(outside, isOutside);
  }
  return outside === undefined ? result : where(outside, scalar(attrs.extrapolation_value, x.dtype), result);
}

function alongAxis(dtype: Tensor["dtype"], axis: number, rank: number, values: readonly number[]): Tensor {
  const shape = Array.from({ length: rank }, (_, at) => (at === axis ? values.length : 1));
  return constant(tensorFrom(dtype, shape, values));
}

/** First element of every place, then the second of every place ..., each by its weight. */
function gathered(x: Tensor, axis: number, weights: AxisWeights): Tensor {
  const most = weights.reduce((count, taps) => Math.max(count, taps?.length ?? 0), 1);
  const parts = Array.from({ length: most }, (_, tap) => {
    const places = gather(x, int64s(weights.map((taps) => taps?.[tap]?.index ?? 0)), { axis });
    const factors = weights.map((taps) => taps?.[tap]?.weight ?? 0);
    return factors.every((factor) => factor === 1)
      ? places
      : mul(places, alongAxis(x.dtype, axis, x.shape.length, factors));
  });
  return parts.reduce(add);
}
