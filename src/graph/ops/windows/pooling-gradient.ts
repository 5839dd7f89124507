// Gradients of pooling. Disjoint windows need no indices; overlapping windows add into shared positions.
import type { DType } from "../../../core/numbers/dtype.js";
import { sizeOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { coveredExtent, type Window } from "../../accounting/window.js";
import { constant, filled, scalar } from "../../build.js";
import type { VjpContext } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { mul, sub } from "../elementwise/arithmetic.js";
import { equal } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { reciprocal } from "../elementwise/unary.js";
import { scatterElements } from "../indexing/indexing.js";
import { depthToSpace, spaceToDepth } from "../movement/depth-space.js";
import { concat, expand, pad, reshape, slice, split } from "../movement/shape-movement.js";
import { enlarge } from "../resize/resize.js";
import { convTranspose } from "./convolution.js";
import {
  type AveragePoolAttributes,
  averagedPlaces,
  averagePool,
  type CountRun,
  type MaxPoolAttributes,
  maxPool,
  maxPoolWithIndices,
  poolWindow,
} from "./pooling.js";

/** Whether windows tile the leading part of x: as wide as their stride, without padding. */
function isTiling({ input, output, kernel, strides, dilations, padBegin, padEnd }: Window): boolean {
  return kernel.every(
    (extent, axis) =>
      strides[axis] === extent &&
      (dilations[axis] === 1 || extent === 1) &&
      padBegin[axis] === 0 &&
      padEnd[axis] === 0 &&
      output[axis] * extent <= input[axis],
  );
}

/** The part of x that tiles cover; the rest has no influence. */
function tiledPart(x: Tensor, { input, output, kernel }: Window): Tensor {
  const covered = output.map((extent, axis) => extent * kernel[axis]);
  if (covered.every((extent, axis) => extent === input[axis])) return x;
  return slice(x, { starts: covered.map(() => 0), ends: covered, axes: covered.map((_, axis) => axis + 2) });
}

/** Zeros for the part of x that no tile covers. */
function untiledAsZeros(dx: Tensor, { input }: Window): Tensor {
  const missing = input.map((extent, axis) => extent - dx.shape[axis + 2]);
  if (missing.every((extent) => extent === 0)) return dx;
  return pad(dx, [0, 0, ...missing.map(() => 0), 0, 0, ...missing]);
}

/** The whole cotangent of a window goes to its first maximum in row-major order, as in PyTorch. */
export function maxPoolGradient({
  inputs: [x],
  outputs,
  attrs,
  cotangents: [given],
}: VjpContext<MaxPoolAttributes>): (Tensor | null)[] {
  if (given === null) return [null];
  const window = poolWindow("MaxPool", x!.shape, attrs);
  const ct = withoutEmptyWindows(given, window);
  const whole = wholeAxis(window);
  if (whole !== undefined) return [toFirstOfAxis(x!, outputs[0], ct, whole)];
  const block = exactBlock(window);
  if (block !== undefined) return [toFirstOfBlock(x!, outputs[0], ct, block)];
  return [isTiling(window) ? toFirstMaximum(x!, outputs[0], ct, window) : toIndices(x!, outputs, ct, attrs)];
}

/** Zeros for dilated windows that read only padding, whose maximum is not an element of x. */
function withoutEmptyWindows(ct: Tensor, window: Window): Tensor {
  const runs = averagedPlaces(window, false);
  if (runs.every((axis) => axis.every(({ count }) => count > 0))) return ct;
  const isFull = runs.map((axis) => axis.map(({ count, windows }) => ({ count: Math.min(1, count), windows })));
  return mul(ct, countsOf(isFull, ct.dtype));
}

/**
 * The broadcast product of one vector per axis, `[output...]`. Its parts do not grow with the sizes, which
 * a file may declare arbitrarily.
 */
function countsOf(runs: readonly (readonly CountRun[])[], dtype: DType): Tensor {
  const vectors = runs.map((axis, at) => {
    const shapeOf = (windows: number) => runs.map((_, other) => (other === at ? windows : 1));
    const parts = axis.map(({ count, windows }) => expand(scalar(count, dtype), shapeOf(windows)));
    return parts.length === 1 ? parts[0] : concat(parts, { axis: at });
  });
  return vectors.reduce((product, vector) => mul(product, vector));
}

// Each position of the axis costs two passes over the pooled tensor; up to here that is cheaper than ranking.
const longestWholeAxis = 4;

/** The only tensor axis that the window covers, if it covers it completely. */
function wholeAxis({ input, output, kernel, padBegin, padEnd }: Window): number | undefined {
  const pooled = kernel.flatMap((extent, axis) => (extent > 1 ? [axis] : []));
  if (pooled.length !== 1) return undefined;
  const [axis] = pooled;
  const covers =
    kernel[axis] === input[axis] && kernel[axis] <= longestWholeAxis && padBegin[axis] === 0 && padEnd[axis] === 0;
  const others = input.every((extent, other) => other === axis || (extent === output[other] && padBegin[other] === 0));
  return covers && others ? axis + 2 : undefined;
}

function toFirstOfAxis(x: Tensor, y: Tensor, ct: Tensor, axis: number): Tensor {
  return concat(toFirstPlace(split(x, Array<number>(x.shape[axis]).fill(1), { axis }), y, ct), { axis });
}

/** Position by position: a maximum takes the remaining cotangent, and the last position takes the rest. */
function toFirstPlace(places: readonly Tensor[], y: Tensor, ct: Tensor): Tensor[] {
  const zero = scalar(0, y.dtype);
  let left = ct;
  const parts = places.slice(0, -1).map((place) => {
    const taken = where(equal(place, y), left, zero);
    left = sub(left, taken);
    return taken;
  });
  return [...parts, left];
}

const largestBlock = 3;

/** The side of square windows that tile images exactly. */
function exactBlock(window: Window): number | undefined {
  const { input, output, kernel } = window;
  const [side] = kernel;
  const fits = kernel.length === 2 && side === kernel[1] && side <= largestBlock && isTiling(window);
  return fits && output.every((extent, axis) => extent * side === input[axis]) ? side : undefined;
}

/** Compares the positions of all windows as whole blocks of channels. */
function toFirstOfBlock(x: Tensor, y: Tensor, ct: Tensor, block: number): Tensor {
  const phases = split(spaceToDepth(x, block), Array<number>(block * block).fill(x.shape[1]), { axis: 1 });
  return depthToSpace(concat(toFirstPlace(phases, y, ct), { axis: 1 }), block);
}

/**
 * Without the operator's indices, which cost more in ONNX Runtime than all of this. The maxima are where x equals its
 * window's y. There may be several (the background of an image is one value), so each position has a rank, highest for
 * the first of its window, and a second pooling over the ranks of the maxima selects one.
 */
function toFirstMaximum(x: Tensor, y: Tensor, ct: Tensor, window: Window): Tensor {
  const tiles = [1, 1, ...window.kernel];
  const zero = scalar(0, x.dtype);
  const isMaximum = equal(tiledPart(x, window), enlarge(y, tiles));
  const ranks = where(isMaximum, placeRanks(x, window), zero);
  const first = maxPool(ranks, { kernel_shape: window.kernel, strides: window.kernel });
  return untiledAsZeros(where(equal(ranks, enlarge(first, tiles)), enlarge(ct, tiles), zero), window);
}

/** Ranks of the tiled part: the window size for the first position of a window, down to 1 for the last. */
function placeRanks(x: Tensor, { output, kernel }: Window): Tensor {
  const size = sizeOf(kernel);
  const one = tensorFrom(
    x.dtype,
    kernel.flatMap((extent) => [1, extent]),
    Array.from({ length: size }, (_, tap) => size - tap),
  );
  const all = expand(
    constant(one),
    kernel.flatMap((extent, axis) => [output[axis], extent]),
  );
  return reshape(all, [1, 1, ...kernel.map((extent, axis) => output[axis] * extent)]);
}

/** Adds the cotangent of every window at the position of its maximum. */
function toIndices(x: Tensor, outputs: readonly Tensor[], ct: Tensor, attrs: MaxPoolAttributes): Tensor {
  const { with_indices: _, storage_order, ...window } = attrs;
  const given = storage_order === 0 ? outputs[1] : undefined;
  const indices = given ?? maxPoolWithIndices(x, { ...window, kernel_shape: window.kernel_shape! })[1];
  const size = sizeOf(x.shape);
  const places = sizeOf(ct.shape);
  const zeros = expand(filled(x.dtype, [1], 0), [size]);
  const sums = scatterElements(zeros, reshape(indices, [places]), reshape(ct, [places]), { axis: 0, reduction: "add" });
  return reshape(sums, x.shape);
}

/** Every position of a window receives an equal part of its cotangent. */
export function averagePoolGradient({
  inputs: [x],
  attrs,
  cotangents: [ct],
}: VjpContext<AveragePoolAttributes>): (Tensor | null)[] {
  const window = poolWindow("AveragePool", x!.shape, attrs);
  return [sumOfWindows(partsOf(ct!, window, attrs.count_include_pad === 1), window)];
}

/** The cotangent of every window divided by the number of averaged positions. */
function partsOf(ct: Tensor, window: Window, countPadding: boolean): Tensor {
  const runs = averagedPlaces(window, countPadding);
  if (runs.every((axis) => axis.length === 1))
    return mul(ct, scalar(1 / runs.reduce((product, [{ count }]) => product * count, 1), ct.dtype));
  return mul(ct, reciprocal(countsOf(runs, ct.dtype)));
}

/** At every position of x, the sum over all windows that contain it: the transpose of a pooling sum. */
export function sumOfWindows(values: Tensor, window: Window): Tensor {
  if (isTiling(window)) return untiledAsZeros(enlarge(values, [1, 1, ...window.kernel]), window);
  const dense = window.kernel.every((_, axis) => window.strides[axis] === 1 && window.dilations[axis] === 1);
  return dense ? sumOfMirroredWindows(values, window) : spread(values, window);
}

/** Stride 1: the windows that contain a position form a window themselves. */
function sumOfMirroredWindows(parts: Tensor, { kernel, padBegin, padEnd }: Window): Tensor {
  const pads = [
    ...kernel.map((extent, axis) => extent - 1 - padBegin[axis]),
    ...kernel.map((extent, axis) => extent - 1 - padEnd[axis]),
  ];
  const mean = averagePool(parts, { kernel_shape: kernel, pads, count_include_pad: 1 });
  return mul(mean, scalar(sizeOf(kernel), parts.dtype));
}

/** Any windows: a depthwise transposed convolution with a kernel of ones. */
function spread(parts: Tensor, window: Window): Tensor {
  const { input, output, kernel, strides, dilations, padBegin } = window;
  const [batch, channels] = parts.shape;
  // Uncovered positions are missing at the end; positions beyond the input (ceil_mode) are cropped with the pads.
  const ends = output.map(
    (extent, axis) =>
      (extent - 1) * strides[axis] + coveredExtent(kernel[axis], dilations[axis]) - padBegin[axis] - input[axis],
  );
  const ones = filled(parts.dtype, [1, 1, ...kernel], 1);
  const images = reshape(parts, [batch * channels, 1, ...output]);
  const sums = convTranspose(images, ones, null, {
    strides,
    dilations,
    pads: [...padBegin, ...ends.map((end) => Math.max(0, end))],
    output_padding: ends.map((end) => Math.max(0, -end)),
  });
  return reshape(sums, [batch, channels, ...input]);
}
