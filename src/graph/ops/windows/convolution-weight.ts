// Lowerings of the cotangent of a convolution's weight. `chooseLowering` in convolution-gradient.ts selects one.
import { type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { coveredExtent, type Window } from "../../accounting/window.js";
import type { Tensor } from "../../tensor.js";
import { mul } from "../elementwise/arithmetic.js";
import { concat, reshape, slice, transpose } from "../movement/shape-movement.js";
import { matMul, transposeMatrices } from "../products/matmul.js";
import { reduceSum } from "../reduction/reduction.js";
import { columns, groupAxis, tapViews } from "./columns.js";
import { conv, type WeightForm } from "./convolution.js";
import type { Convolution } from "./convolution-gradient.js";

/** The leading positions of every spatial axis. */
export function leading(x: Tensor, extents: Shape): Tensor {
  if (extents.every((extent, axis) => extent === x.shape[axis + 2])) return x;
  const axes = extents.map((_, axis) => axis + 2);
  return slice(x, { starts: axes.map(() => 0), ends: extents, axes });
}

// With at least as many filters as a vector register holds numbers, filters belong on the contiguous side of the
// product.
const fewestFiltersInRow = 16;

/** `[O, places] [places, taps C]`, or its transpose, summed over the batch. */
export function weightByInputColumns(
  { window, batch, channels, filters, group }: Convolution,
  x: Tensor,
  ct: Tensor,
): Tensor {
  const [inner, outer] = [channels / group, filters / group];
  const rows = reshape(ct, [batch, ...groupAxis(group), outer, sizeOf(window.output)]);
  const cols = columns(x, group, window, false);
  const axes = window.kernel.map((_, axis) => axis);
  if (outer >= fewestFiltersInRow && group === 1) {
    const product = reduceSum(matMul(cols, transposeMatrices(rows)), [0]);
    const [channelAxis, filterAxis] = [axes.length, axes.length + 1];
    return transpose(reshape(product, [...window.kernel, inner, filters]), [filterAxis, channelAxis, ...axes]);
  }
  const product = reduceSum(matMul(rows, transposeMatrices(cols)), [0]);
  return transpose(reshape(product, [filters, ...window.kernel, inner]), [
    0,
    axes.length + 1,
    ...axes.map((axis) => axis + 1),
  ]);
}

/** `[C, places] [places, taps O]`, summed over the batch. */
export function weightByOutputColumns(
  { window, batch, channels, filters, group }: Convolution,
  x: Tensor,
  outputColumns: Tensor,
): Tensor {
  const [inner, outer] = [channels / group, filters / group];
  const left = reshape(x, [batch, ...groupAxis(group), inner, sizeOf(window.input)]);
  const product = reduceSum(matMul(left, transposeMatrices(outputColumns)), [0]);
  const taps = window.kernel.map((_, axis) => axis + 2);
  const perGroup = transpose(reshape(product, [group, inner, ...window.kernel, outer]), [
    0,
    taps.length + 2,
    1,
    ...taps,
  ]);
  return reshape(perGroup, [filters, inner, ...window.kernel]);
}

/** Depthwise: the elements that a tap reads have the shape of ct; several filters of a channel share them. */
export function weightTapByTap({ window, batch, channels, filters }: Convolution, x: Tensor, ct: Tensor): Tensor {
  const several = filters === channels ? [] : [filters / channels];
  const grouped = several.length === 0 ? ct : reshape(ct, [batch, channels, ...several, ...window.output]);
  const summed = grouped.shape.map((_, axis) => axis).filter((axis) => axis !== 1 && axis !== 1 + several.length);
  const parts = tapViews(x, window).map((view) => {
    const shared = several.length === 0 ? view : reshape(view, [batch, channels, 1, ...window.output]);
    return reshape(reduceSum(mul(shared, grouped), summed), [filters, 1]);
  });
  return reshape(concat(parts, { axis: 1 }), [filters, 1, ...window.kernel]);
}

/**
 * The weight gradient correlates x with ct: a convolution whose batch is the channels of x, whose channels are the
 * examples, and whose taps are the positions of ct, at distance `strides`.
 * @param form the alternative if it is not blocked.
 */
export function weightBySwappedConvolution(
  { window, batch, channels, group }: Convolution,
  x: Tensor,
  ct: Tensor,
  form?: WeightForm,
): Tensor {
  const inner = channels / group;
  const axes = window.kernel.map((_, axis) => axis);
  const { input, padEnd } = reachedPart(window);
  const reached = leading(x, input);
  const perGroup = (): Tensor =>
    transpose(reshape(reached, [batch, group, inner, ...input]), [2, 1, 0, ...axes.map((axis) => axis + 3)]);
  const images = group === 1 ? exchanged(reached) : reshape(perGroup(), [inner, group * batch, ...input]);
  const correlated = conv(images, exchanged(ct), null, {
    dilations: window.strides,
    pads: [...window.padBegin, ...padEnd],
    strides: window.dilations,
    group,
    ...(form === undefined ? {} : { gradient_form: form }),
  });
  return exchanged(correlated);
}

/** Swaps the first two axes. */
function exchanged(x: Tensor): Tensor {
  return transpose(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);
}

/** Drops trailing rows that no window covers, which would give taps beyond the kernel. */
function reachedPart({ input, output, kernel, strides, dilations, padBegin, padEnd }: Window) {
  const unreached = input.map(
    (extent, axis) =>
      extent +
      padBegin[axis] +
      padEnd[axis] -
      (output[axis] - 1) * strides[axis] -
      coveredExtent(kernel[axis], dilations[axis]),
  );
  return {
    input: input.map((extent, axis) => extent - Math.max(0, unreached[axis] - padEnd[axis])),
    padEnd: padEnd.map((extent, axis) => Math.max(0, extent - unreached[axis])),
  };
}
