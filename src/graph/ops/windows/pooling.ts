// Pooling: one number from every window of every channel. Gradients: pooling-gradient.ts.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { type Shape, shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import {
  allIndices,
  coveredExtent,
  type Tap,
  type Window,
  type WindowAttributes,
  windowAttributeRecords,
  windowOver,
  windowTaps,
} from "../../accounting/window.js";
import { apply } from "../../build.js";
import type { Cost, NdArray, Op } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { averagePoolGradient, maxPoolGradient } from "./pooling-gradient.js";

export type MaxPoolAttributes = WindowAttributes & {
  readonly ceil_mode: number;
  readonly storage_order: number;
  /** Internal: 1 requests ONNX's second output, the flat positions of the maxima in x (int64). */
  readonly with_indices: number;
};

export type AveragePoolAttributes = WindowAttributes & {
  readonly ceil_mode: number;
  readonly count_include_pad: number;
};

/** The windows of a pooling operator over x. */
export function poolWindow(where: string, x: Shape, attrs: WindowAttributes & { readonly ceil_mode: number }): Window {
  const { kernel_shape } = attrs;
  if (x.length < 3) {
    throw new ShapeError("pooling needs spatial axes", {
      where,
      expected: "an input [batch, channels, spatial...]",
      received: shapeText(x),
    });
  }
  if (kernel_shape === undefined) throw new InvalidInputError("missing kernel_shape", { where });
  const window = windowOver(where, x.slice(2), kernel_shape, attrs, attrs.ceil_mode === 1);
  const { padBegin, padEnd } = window;
  const isGiven = attrs.auto_pad === "NOTSET";
  if (isGiven && kernel_shape.some((extent, axis) => padBegin[axis] >= extent || padEnd[axis] >= extent)) {
    throw new InvalidInputError("padding is as large as the window", {
      where,
      expected: `pads smaller than the kernel ${shapeText(kernel_shape)}`,
      received: shapeText([...padBegin, ...padEnd]),
    });
  }
  return window;
}

/** One operation (a comparison or an addition) per element of every window. */
export function windowCost(
  _inputs: readonly (TensorType | null)[],
  [y]: readonly TensorType[],
  attrs: WindowAttributes,
): Cost {
  return { macs: 0, flops: sizeOf(y.shape) * sizeOf(attrs.kernel_shape ?? []) };
}

/** Calls `reduce` for every window: the first position of its channel in x, and its taps. */
export function overWindows(
  x: NdArray,
  window: Window,
  reduce: (first: number, taps: readonly Tap[]) => number,
): NdArray {
  const [inputs, outputs] = [sizeOf(window.input), sizeOf(window.output)];
  const taps = windowTaps(window);
  const shape = [...x.shape.slice(0, 2), ...window.output];
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    reduce(Math.floor(i / outputs) * inputs, taps[i % outputs]),
  );
  return { dtype: x.dtype, shape, data };
}

/** The position that ONNX Runtime returns for the maximum of a (dilated) window that reads only padding. */
const nowhere = -1;

export const maxPoolOp: Op<MaxPoolAttributes> = {
  name: "MaxPool",
  order: "picks",
  arity: [1, 1],
  attributes: {
    ...windowAttributeRecords,
    ceil_mode: { type: "int", default: 0 },
    storage_order: { type: "int", default: 0 },
    with_indices: { type: "int", default: 0, internal: true },
  },
  inputNames: ["X"],
  infer([x], attrs, where) {
    const shape = [...x!.shape.slice(0, 2), ...poolWindow(where, x!.shape, attrs).output];
    return [{ dtype: x!.dtype, shape }, ...(attrs.with_indices === 1 ? [{ dtype: "int64" as const, shape }] : [])];
  },
  vjp: maxPoolGradient,
  window: ([x], attrs) => poolWindow("MaxPool", x!.shape, attrs),
  cost: windowCost,
  evaluate([x], attrs) {
    const { data } = x!;
    const window = poolWindow("MaxPool", x!.shape, attrs);
    const positions = overWindows(x!, window, (first, taps) => {
      // The first of equal values in row-major order, as in ONNX Runtime and PyTorch.
      if (taps.length === 0) return nowhere;
      const best = taps.reduce((kept, tap) => (data[first + tap.input] > data[first + kept.input] ? tap : kept));
      return first + best.input;
    });
    const y = { ...positions, data: positions.data.map((at) => (at === nowhere ? -Infinity : data[at])) };
    if (attrs.with_indices !== 1) return [y];
    const told = attrs.storage_order === 1 ? columnMajor(positions, window.input) : positions;
    return [y, { ...told, dtype: "int64" }];
  },
};

/** Converts positions so that the first spatial axis varies fastest; channels stay slowest. */
function columnMajor(positions: NdArray, input: Shape): NdArray {
  const size = sizeOf(input);
  const strides = stridesOf(input);
  const data = positions.data.map((position) => {
    let place = 0;
    for (let axis = input.length - 1; axis >= 0; axis--)
      place = place * input[axis] + (Math.floor((position % size) / strides[axis]) % input[axis]);
    return Math.floor(position / size) * size + place;
  });
  return { ...positions, data };
}

/** Consecutive windows of one axis that average over the same number of positions. */
export interface CountRun {
  readonly count: number;
  readonly windows: number;
}

/**
 * The number of averaged positions of the windows along every axis: those inside the input, and the padding before and
 * after it if that counts. Positions of a last `ceil_mode` window beyond the padding never count, as in PyTorch.
 * Encoded as runs of equal counts, since an axis may be arbitrarily long and only windows at its ends have fewer
 * positions.
 */
export function averagedPlaces(window: Window, countPadding: boolean): CountRun[][] {
  const { input, output, kernel, strides, dilations, padBegin, padEnd } = window;
  return output.map((extent, axis) => {
    const [least, most] = countPadding ? [-padBegin[axis], input[axis] + padEnd[axis]] : [0, input[axis]];
    const [stride, dilation] = [strides[axis], dilations[axis]];
    const runs: { count: number; windows: number }[] = [];
    const put = (count: number, windows: number): void => {
      const last = runs.at(-1);
      if (last?.count === count) last.windows += windows;
      else if (windows > 0) runs.push({ count, windows });
    };
    const countAt = (place: number): number => {
      const first = place * stride - padBegin[axis];
      const skipped = Math.max(0, Math.ceil((least - first) / dilation));
      return Math.max(0, Math.min(kernel[axis], Math.ceil((most - first) / dilation)) - skipped);
    };
    // The first window that starts inside, and the first later one that ends outside.
    const firstWhole = Math.min(extent, Math.max(0, Math.ceil((least + padBegin[axis]) / stride)));
    const lastStart = most - coveredExtent(kernel[axis], dilation) + padBegin[axis];
    const firstCut = Math.min(extent, Math.max(firstWhole, Math.floor(lastStart / stride) + 1));
    for (let place = 0; place < firstWhole; place++) put(countAt(place), 1);
    put(kernel[axis], firstCut - firstWhole);
    for (let place = firstCut; place < extent; place++) put(countAt(place), 1);
    return runs;
  });
}

export const averagePoolOp: Op<AveragePoolAttributes> = {
  name: "AveragePool",
  arity: [1, 1],
  attributes: {
    ...windowAttributeRecords,
    ceil_mode: { type: "int", default: 0 },
    count_include_pad: { type: "int", default: 0 },
  },
  inputNames: ["X"],
  infer([x], attrs, where) {
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, 2), ...poolWindow(where, x!.shape, attrs).output] }];
  },
  vjp: averagePoolGradient,
  window: ([x], attrs) => poolWindow("AveragePool", x!.shape, attrs),
  cost: windowCost,
  evaluate([x], attrs) {
    const window = poolWindow("AveragePool", x!.shape, attrs);
    const sums = overWindows(x!, window, (first, taps) =>
      taps.reduce((total, tap) => total + x!.data[first + tap.input], 0),
    );
    const counts = averagedPlaces(window, attrs.count_include_pad === 1).map((runs) =>
      runs.flatMap(({ count, windows }) => Array<number>(windows).fill(count)),
    );
    const places = allIndices(window.output).map((index) =>
      index.reduce((count, place, axis) => count * counts[axis][place], 1),
    );
    return [{ ...sums, data: sums.data.map((sum, i) => sum / places[i % places.length]) }];
  },
};

/** Window attributes with the kernel required; strides 1, pads 0, dilations 1 unless given. */
export type PoolOptions = Partial<WindowAttributes> & {
  readonly kernel_shape: readonly number[];
  readonly ceil_mode?: number;
};

/** Largest value of every window; x `[batch, channels, spatial...]`. Padding never wins. */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  return apply(maxPoolOp, [x], options)[0];
}

/** `maxPool`, and the flat row-major positions in x of the maxima (the first of equal ones) as `int64`. */
export function maxPoolWithIndices(x: Tensor, options: PoolOptions): readonly Tensor[] {
  return apply(maxPoolOp, [x], { ...options, with_indices: 1 });
}

/** Mean of every window; padding is excluded unless `count_include_pad` is 1 (then it counts as zeros). */
export function averagePool(x: Tensor, options: PoolOptions & { readonly count_include_pad?: number }): Tensor {
  return apply(averagePoolOp, [x], options)[0];
}
