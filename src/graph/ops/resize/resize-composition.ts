// Resize as sums of gathered elements.
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

/** The first element of every position, then the second ones, and so on, each with its weight. */
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
