// Histograms inside the program: equal bins between the smallest and the largest element.
import { sizeOf } from "../core/numbers/shape.js";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { constant, scalar } from "../graph/build.js";
import { div, max, min, mul, sub } from "../graph/ops/elementwise/arithmetic.js";
import { cast } from "../graph/ops/elementwise/cast.js";
import { greater, greaterOrEqual } from "../graph/ops/elementwise/comparison.js";
import { where } from "../graph/ops/elementwise/selection.js";
import { floor } from "../graph/ops/elementwise/unary.js";
import { scatterElements } from "../graph/ops/indexing/indexing.js";
import { expand, reshape } from "../graph/ops/movement/shape-movement.js";
import { slice } from "../graph/ops/movement/slicing.js";
import { reduceMax, reduceMin } from "../graph/ops/reduction/reduction.js";
import type { Tensor } from "../graph/tensor.js";
import { sampleStride } from "./samples.js";

// We configure ONNX Runtime to treat smaller numbers as 0.
const smallestNormal = 1.2e-38;

/**
 * Largest number of elements that a histogram counts. Of a larger tensor it counts elements at equal distances,
 * starting with the first.
 */
export const mostCounted = 65_536;

/**
 * Distance between counted elements of a tensor of `size` elements. Like that of samples, it reaches all rows and columns.
 */
export function countedStride(size: number): number {
  return sampleStride(size, mostCounted);
}

/** Beyond this, the difference of two numbers may exceed float32. */
const large = 1e38;

export interface Histogram {
  /** `float32 [bins]`: counted elements in each bin; the largest element is in the last one. */
  readonly counts: Tensor;
  /** Scalars: ends of the first and the last bin, over all elements. */
  readonly low: Tensor;
  readonly high: Tensor;
}

/** Counts the elements of `x` in `bins` equal bins. */
export function histogram(x: Tensor, bins: number): Histogram {
  const size = sizeOf(x.shape);
  const stride = countedStride(size);
  const flat = reshape(x, [size]);
  const counted = stride === 1 ? flat : slice(flat, { starts: [0], ends: [size], axes: [0], steps: [stride] });
  const low = reduceMin(x);
  const high = reduceMax(x);
  // Large numbers are scaled down, all others taken as they are: small ones would become 0.
  const isLarge = greater(max(high, sub(scalar(0), low)), scalar(large));
  const scaled = (value: Tensor): Tensor => mul(value, where(isLarge, scalar(0.25), scalar(1)));
  const start = scaled(low);
  // If all elements are equal, they fall into the first bin.
  const width = max(sub(scaled(high), start), scalar(smallestNormal));
  const place = min(floor(mul(div(sub(scaled(counted), start), width), scalar(bins))), scalar(bins - 1));
  // NaN compares false, so it counts in bin 0; ScatterElements needs a valid index.
  const bin = cast(where(greaterOrEqual(place, scalar(0)), place, scalar(0)), "int64");
  const none = constant(tensorFrom("float32", [bins], new Array(bins).fill(0)));
  const ones = expand(scalar(1), counted.shape);
  return { counts: scatterElements(none, bin, ones, { axis: 0, reduction: "add" }), low, high };
}
