// Softmax, LogSoftmax and Hardmax along one axis.
import { normalizeAxis, type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { normalizedOver } from "../../accounting/reach.js";
import { apply } from "../../build.js";
import type { Cost, InferInput, NdArray, Op } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { mul, sub } from "../elementwise/arithmetic.js";
import { exp } from "../elementwise/unary.js";
import { perInputElement, reduceSum } from "./reduction.js";

export type SoftmaxAttributes = { readonly axis: number };

function infer([x]: readonly (InferInput | null)[], { axis }: SoftmaxAttributes, where: string): TensorType[] {
  normalizeAxis(where, axis, x!.shape.length);
  return [{ dtype: x!.dtype, shape: x!.shape }];
}

/** Maximum, difference, exponential, sum and quotient: five operations per element. */
function cost([x]: readonly (TensorType | null)[]): Cost {
  return { macs: 0, flops: 5 * sizeOf(x!.shape) };
}

const axisOf = (shape: Shape, { axis }: SoftmaxAttributes): number[] => [normalizeAxis("Softmax", axis, shape.length)];

export const softmaxOp: Op<SoftmaxAttributes> = {
  name: "Softmax",
  reach: normalizedOver(axisOf),
  arity: [1, 1],
  attributes: { axis: { type: "int", default: -1 } },
  inputNames: ["input"],
  infer,
  vjp({ outputs: [y], attrs: { axis }, cotangents: [ct] }) {
    const weighted = mul(ct!, y);
    return [sub(weighted, mul(y, reduceSum(weighted, [axis], { keepdims: 1 })))];
  },
  cost,
  evaluate: ([x], { axis }) => [mapRows(x!, axis, (row) => logSoftmaxRow(row).map(Math.exp))],
};

export const logSoftmaxOp: Op<SoftmaxAttributes> = {
  name: "LogSoftmax",
  reach: normalizedOver(axisOf),
  arity: [1, 1],
  attributes: { axis: { type: "int", default: -1 } },
  inputNames: ["input"],
  infer,
  vjp({ outputs: [y], attrs: { axis }, cotangents: [ct] }) {
    return [sub(ct!, mul(exp(y), reduceSum(ct!, [axis], { keepdims: 1 })))];
  },
  cost,
  evaluate: ([x], { axis }) => [mapRows(x!, axis, logSoftmaxRow)],
};

/**
 * 1 at the largest element of each line (the first of equal ones), 0 elsewhere; piecewise constant, the gradient is 0.
 */
export const hardmaxOp: Op<SoftmaxAttributes> = {
  name: "Hardmax",
  reach: normalizedOver(axisOf),
  arity: [1, 1],
  attributes: { axis: { type: "int", default: -1 } },
  inputNames: ["input"],
  infer,
  vjp: () => [null],
  cost: perInputElement,
  evaluate: ([x], { axis }) => [mapRows(x!, axis, hardmaxRow)],
};

/** Subtracts the largest element first to prevent overflow. */
function logSoftmaxRow(row: readonly number[]): number[] {
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const log = Math.log(row.reduce((total, element) => total + Math.exp(element - largest), 0));
  return row.map((element) => element - largest - log);
}

function hardmaxRow(row: readonly number[]): number[] {
  const place = row.indexOf(row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  return row.map((_, i) => (i === place ? 1 : 0));
}

function mapRows(x: NdArray, given: number, f: (row: readonly number[]) => number[]): NdArray {
  const axis = normalizeAxis("softmax", given, x.shape.length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const extent = x.shape[axis];
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += inner * extent) {
    for (let column = start; column < start + inner; column++) {
      const row = Array.from({ length: extent }, (_, i) => x.data[column + i * inner]);
      for (const [i, value] of f(row).entries()) data[column + i * inner] = value;
    }
  }
  return { ...x, data };
}

/** `e^x / sum e^x` along `axis` (the last by default). */
export function softmax(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  return apply(softmaxOp, [x], options)[0];
}

/** `x - log sum e^x` along `axis` (the last by default). */
export function logSoftmax(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  return apply(logSoftmaxOp, [x], options)[0];
}

/** 1 at the largest element along `axis` (the last by default), 0 elsewhere. The gradient is 0. */
export function hardmax(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  return apply(hardmaxOp, [x], options)[0];
}
