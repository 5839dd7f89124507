// Pooling: one number from every window of every channel. Gradients: pooling-gradient.ts.
import { InvalidInputError, ShapeError } from "../../core/errors.js";
import { type Shape, shapeText, sizeOf } from "../../core/shape.js";
import { apply } from "../build.js";
import type { Cost, NdArray, Op } from "../op.js";
import type { Tensor, TensorType } from "../tensor.js";
import type { NoAttributes } from "./elementwise.js";
import { averagePoolGradient, globalAveragePoolGradient, maxPoolGradient } from "./pooling-gradient.js";
import {
  type Tap,
  type Window,
  type WindowAttributes,
  windowAttributeRecords,
  windowOver,
  windowTaps,
} from "./window.js";

export type MaxPoolAttributes = WindowAttributes & {
  readonly ceil_mode: number;
  readonly storage_order: number;
  /** Ours: 1 asks for the second output of ONNX, the flat positions of the maxima in x (int64). */
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
  if (kernel_shape.some((extent, axis) => padBegin[axis] >= extent || padEnd[axis] >= extent)) {
    throw new InvalidInputError("padding is as large as the window", {
      where,
      expected: `pads smaller than the kernel ${shapeText(kernel_shape)}`,
      received: shapeText([...padBegin, ...padEnd]),
    });
  }
  return window;
}

/** One operation (a comparison or an addition) for every element of every window. */
function windowCost(
  _inputs: readonly (TensorType | null)[],
  [y]: readonly TensorType[],
  attrs: WindowAttributes,
): Cost {
  return { macs: 0, flops: sizeOf(y.shape) * sizeOf(attrs.kernel_shape ?? []) };
}

/** Calls `reduce` for every window: the first position of its channel in x, and its taps. */
function overWindows(x: NdArray, window: Window, reduce: (first: number, taps: readonly Tap[]) => number): NdArray {
  const [inputs, outputs] = [sizeOf(window.input), sizeOf(window.output)];
  const taps = windowTaps(window);
  const shape = [...x.shape.slice(0, 2), ...window.output];
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    reduce(Math.floor(i / outputs) * inputs, taps[i % outputs]),
  );
  return { dtype: x.dtype, shape, data };
}

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
    if (attrs.storage_order !== 0) {
      throw new InvalidInputError("column-major indices are not supported", {
        where,
        expected: "storage_order 0",
        received: `${attrs.storage_order}`,
      });
    }
    const shape = [...x!.shape.slice(0, 2), ...poolWindow(where, x!.shape, attrs).output];
    return [{ dtype: x!.dtype, shape }, ...(attrs.with_indices === 1 ? [{ dtype: "int64" as const, shape }] : [])];
  },
  vjp: maxPoolGradient,
  cost: windowCost,
  evaluate([x], attrs) {
    const { data } = x!;
    const positions = overWindows(x!, poolWindow("MaxPool", x!.shape, attrs), (first, taps) => {
      // The first of equal values, in row-major order, as ONNX Runtime and PyTorch have it.
      const best = taps.reduce((kept, tap) => (data[first + tap.input] > data[first + kept.input] ? tap : kept));
      return first + best.input;
    });
    const y = { ...positions, data: positions.data.map((position) => data[position]) };
    return attrs.with_indices === 1 ? [y, { ...positions, dtype: "int64" }] : [y];
  },
};

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
    if (attrs.ceil_mode !== 0) {
      throw new InvalidInputError("averages of partial windows are not supported", {
        where,
        expected: "ceil_mode 0",
        received: `${attrs.ceil_mode}`,
      });
    }
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, 2), ...poolWindow(where, x!.shape, attrs).output] }];
  },
  vjp: averagePoolGradient,
  cost: windowCost,
  evaluate([x], attrs) {
    const window = poolWindow("AveragePool", x!.shape, attrs);
    const mean = overWindows(x!, window, (first, taps) => {
      const sum = taps.reduce((total, tap) => total + x!.data[first + tap.input], 0);
      return sum / (attrs.count_include_pad === 1 ? sizeOf(window.kernel) : taps.length);
    });
    return [mean];
  },
};

export const globalAveragePoolOp: Op<NoAttributes> = {
  name: "GlobalAveragePool",
  arity: [1, 1],
  attributes: {},
  inputNames: ["X"],
  infer([x], _attrs, where) {
    if (x!.shape.length < 3) {
      throw new ShapeError("pooling needs spatial axes", {
        where,
        expected: "an input [batch, channels, spatial...]",
        received: shapeText(x!.shape),
      });
    }
    return [{ dtype: x!.dtype, shape: x!.shape.map((extent, axis) => (axis < 2 ? extent : 1)) }];
  },
  vjp: globalAveragePoolGradient,
  cost: ([x]) => ({ macs: 0, flops: sizeOf(x!.shape) }),
  evaluate([x]) {
    const places = sizeOf(x!.shape.slice(2));
    const shape = x!.shape.map((extent, axis) => (axis < 2 ? extent : 1));
    const data = new Float64Array(sizeOf(shape));
    for (const [i, value] of x!.data.entries()) data[Math.floor(i / places)] += value / places;
    return [{ dtype: x!.dtype, shape, data }];
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

/** Mean of every window; padding is left out of the count unless `count_include_pad` is 1 (then it counts as zeros). */
export function averagePool(
  x: Tensor,
  options: Omit<PoolOptions, "ceil_mode"> & { readonly count_include_pad?: number },
): Tensor {
  return apply(averagePoolOp, [x], options)[0];
}

/** Mean over all spatial axes: `[batch, channels, spatial...]` to `[batch, channels, 1...]`. */
export function globalAveragePool(x: Tensor): Tensor {
  return apply(globalAveragePoolOp, [x])[0];
}
