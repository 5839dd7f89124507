// Values of a tensor as they are, at equal distances: what a violin or a scatter plot is drawn from.
import { greatestCommonDivisor } from "../core/numbers/integers.js";
import { sizeOf } from "../core/numbers/shape.js";
import { reshape } from "../graph/ops/movement/shape-movement.js";
import { slice } from "../graph/ops/movement/slicing.js";
import type { Tensor } from "../graph/tensor.js";

/**
 * Distance between the values that are kept of a tensor of `size` elements, at most `most` of them. It has no divisor in
 * common with the size, so that it does not meet the same units or channels in every example.
 */
export function sampleStride(size: number, most: number): number {
  let stride = Math.max(1, Math.ceil(size / most));
  while (greatestCommonDivisor(stride, size) !== 1) stride++;
  return stride;
}

/** The first element in row-major order, and every one `stride` further: `float32 [count]`. */
export function sampledValues(x: Tensor, most: number): { readonly stride: number; readonly values: Tensor } {
  const size = sizeOf(x.shape);
  const stride = sampleStride(size, most);
  const flat = reshape(x, [size]);
  if (stride === 1) return { stride, values: flat };
  return { stride, values: slice(flat, { starts: [0], ends: [size], axes: [0], steps: [stride] }) };
}
