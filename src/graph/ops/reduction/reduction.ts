// Reductions over axes. Axes are a constant `int64` input, as in ONNX since opset 18 (ReduceSum: 13).

import { ShapeError } from "../../../core/errors.js";
import { type DType, dtypes, isFloat } from "../../../core/numbers/dtype.js";
import {
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeText,
  sizeOf,
  stridesOf,
} from "../../../core/numbers/shape.js";
import { reducedOver } from "../../accounting/reach.js";
import { apply, int64s, scalar } from "../../build.js";
import type { Cost, InferInput, NdArray, Op, Vjp } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { div, mul } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { equal } from "../elementwise/comparison.js";
import { expand, reshape } from "../movement/shape-movement.js";
import { bounds } from "../record/element-types.js";
import { requireDType, wrapped } from "../record/elementwise.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";

export type ReductionAttributes = { readonly keepdims: number; readonly noop_with_empty_axes: number };
export type ArgMaxAttributes = { readonly axis: number; readonly keepdims: number; readonly select_last_index: number };

export function reducedAxes(
  where: string,
  [x, axes]: readonly (InferInput | null)[],
  attrs: ReductionAttributes,
): number[] {
  const given = knownValues(where, "axes", axes) ?? [];
  if (given.length > 0) return normalizeAxes(where, given, x!.shape.length);
  return attrs.noop_with_empty_axes === 1 ? [] : x!.shape.map((_, axis) => axis);
}

export function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): number[] {
  return keep
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
}

export interface ReductionRecord {
  readonly name: string;
  /** The result for one group of elements of this type. */
  readonly value: (elements: readonly number[], dtype: DType) => number;
  /** Element types; by default floats and integers of 32 bits and more. */
  readonly operands?: readonly DType[];
  /** The cotangent of `x`. The given cotangent and `y` have the rank of `x`, with size 1 on reduced axes. */
  readonly back: (parts: { x: Tensor; y: Tensor; ct: Tensor; count: number }) => Tensor;
}

const wide: readonly DType[] = ["float32", "float64", "int32", "uint32", "int64"];

/** A reduction, given by its value for a group of elements and its gradient. */
export function reduction({ name, value, back, operands = wide }: ReductionRecord): Op<ReductionAttributes> {
  const vjp: Vjp<ReductionAttributes> = ({ inputs, outputs, attrs, cotangents }) => {
    const x = inputs[0]!;
    const axes = reducedAxes(`gradient of ${name}`, knownInputs(inputs), attrs);
    const kept = reducedShape(x.shape, axes, true);
    const keep = (tensor: Tensor): Tensor => (sameShape(tensor.shape, kept) ? tensor : reshape(tensor, kept));
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    const result = back({ x, y: keep(outputs[0]), ct: keep(cotangents[0]!), count });
    return [sameShape(result.shape, x.shape) ? result : expand(result, x.shape), null];
  };
  return {
    name,
    reach: ({ inputs, attrs }) => reducedOver(inputs[0]!.shape, reducedAxes(name, inputs, attrs), attrs.keepdims === 1),
    arity: [1, 2],
    attributes: { keepdims: { type: "int", default: 1 }, noop_with_empty_axes: { type: "int", default: 0 } },
    inputNames: ["data", "axes"],
    staticInputs: [1],
    infer(inputs, attrs, where) {
      const { dtype, shape } = inputs[0]!;
      requireDType(where, inputs[0]!, operands);
      return [{ dtype, shape: reducedShape(shape, reducedAxes(where, inputs, attrs), attrs.keepdims === 1) }];
    },
    vjp,
    cost: perInputElement,
    evaluate(inputs, attrs) {
      const x = inputs[0]!;
      const axes = reducedAxes(name, asKnown(inputs), attrs);
      const whole = isFloat(x.dtype) ? (result: number) => result : Math.trunc;
      const data = Float64Array.from(grouped(x, axes), (elements) => wrapped(x.dtype, whole(value(elements, x.dtype))));
      return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, attrs.keepdims === 1), data }];
    },
  };
}

/** One operation per input element. */
export function perInputElement(inputs: readonly (TensorType | null)[]): Cost {
  return { macs: 0, flops: sizeOf(inputs[0]!.shape) };
}

/** The group of elements, in order, for every element of the result. */
function grouped(x: NdArray, axes: readonly number[]): number[][] {
  const kept = reducedShape(x.shape, axes, true);
  const inner = stridesOf(x.shape);
  const outer = stridesOf(kept);
  const groups = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  for (const [index, element] of x.data.entries()) {
    let place = 0;
    for (const [axis, stride] of inner.entries()) {
      if (!axes.includes(axis)) place += (Math.floor(index / stride) % x.shape[axis]) * outer[axis];
    }
    groups[place].push(element);
  }
  return groups;
}

const total = (elements: readonly number[]): number => elements.reduce((sum, element) => sum + element, 0);

export const reduceSumOp = reduction({ name: "ReduceSum", value: total, back: ({ ct }) => ct });

export const reduceMeanOp = reduction({
  name: "ReduceMean",
  value: (elements) => total(elements) / elements.length,
  back: ({ ct, count }) => mul(ct, scalar(1 / count, ct.dtype)),
});

export const reduceSumSquareOp = reduction({
  name: "ReduceSumSquare",
  value: (elements) => total(elements.map((element) => element * element)),
  back: ({ x, ct }) => mul(x, mul(ct, scalar(2, ct.dtype))),
});

/** Equal extremes share the gradient, as in `torch.amax`. */
const shared: ReductionRecord["back"] = ({ x, y, ct }) => {
  const chosen = cast(equal(x, y), x.dtype);
  const axes = x.shape.flatMap((extent, axis) => (y.shape[axis] !== extent ? [axis] : []));
  return axes.length === 0 ? ct : mul(chosen, div(ct, reduceSum(chosen, axes, { keepdims: 1 })));
};

export const reduceMaxOp = reduction({
  name: "ReduceMax",
  value: (elements, dtype) => elements.reduce((a, b) => Math.max(a, b), bounds(dtype)[0]),
  operands: dtypes,
  back: shared,
});

export const reduceMinOp = reduction({
  name: "ReduceMin",
  value: (elements, dtype) => elements.reduce((a, b) => Math.min(a, b), bounds(dtype)[1]),
  operands: dtypes,
  back: shared,
});

/** The index of the extreme element on an axis: the first of equal ones, or the last if requested. */
function placeOf(name: string, better: (a: number, b: number) => number): Op<ArgMaxAttributes> {
  return {
    name,
    reach: ({ inputs: [x], attrs }) =>
      reducedOver(x!.shape, [normalizeAxis(name, attrs.axis, x!.shape.length)], attrs.keepdims === 1),
    arity: [1, 1],
    attributes: {
      axis: { type: "int", default: 0 },
      keepdims: { type: "int", default: 1 },
      select_last_index: { type: "int", default: 0 },
    },
    inputNames: ["data"],
    infer([x], attrs, where) {
      const axis = normalizeAxis(where, attrs.axis, x!.shape.length);
      const shape = reducedShape(x!.shape, [axis], attrs.keepdims === 1);
      if (x!.shape[axis] === 0 && sizeOf(shape) > 0) {
        const expected = `at least one element on axis ${axis}`;
        throw new ShapeError("nothing to choose from", { where, expected, received: shapeText(x!.shape) });
      }
      return [{ dtype: "int64", shape }];
    },
    vjp: "none",
    cost: perInputElement,
    evaluate([x], attrs) {
      const axis = normalizeAxis(name, attrs.axis, x!.shape.length);
      const find = (elements: readonly number[]): number => {
        const best = elements.reduce(better);
        return attrs.select_last_index === 1 ? elements.lastIndexOf(best) : elements.indexOf(best);
      };
      const data = Float64Array.from(grouped(x!, [axis]), find);
      return [{ dtype: "int64", shape: reducedShape(x!.shape, [axis], attrs.keepdims === 1), data }];
    },
  };
}

export const argMaxOp = placeOf("ArgMax", (a, b) => Math.max(a, b));
export const argMinOp = placeOf("ArgMin", (a, b) => Math.min(a, b));

export interface ReductionOptions {
  /** 1 keeps reduced axes with size 1. 0 by default (ONNX: 1), so that a full reduction is a scalar. */
  readonly keepdims?: 0 | 1;
}

/** Applies a reduction. */
export function reduce(
  op: Op<ReductionAttributes>,
  x: Tensor,
  axes: readonly number[] | undefined,
  keepdims: 0 | 1,
): Tensor {
  // In ONNX an empty list means all axes; here it means none.
  if (axes !== undefined && axes.length === 0) return apply(op, [x], { keepdims, noop_with_empty_axes: 1 })[0];
  return apply(op, axes === undefined ? [x] : [x, int64s(axes)], { keepdims })[0];
}

/** `sum x` over the axes; all by default. */
export function reduceSum(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceSumOp, x, axes, keepdims);
}

/** `sum x / n` over the axes; all by default. */
export function reduceMean(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceMeanOp, x, axes, keepdims);
}

/** `sum x^2` over the axes; all by default. */
export function reduceSumSquare(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceSumSquareOp, x, axes, keepdims);
}

/** Largest element over the axes; all by default. Equal ones share the gradient. */
export function reduceMax(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceMaxOp, x, axes, keepdims);
}

/** Smallest element over the axes; all by default. Equal ones share the gradient. */
export function reduceMin(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceMinOp, x, axes, keepdims);
}

export interface ArgMaxOptions extends ReductionOptions {
  readonly axis: number;
  /** 1 takes the last of equal elements; the first by default. */
  readonly select_last_index?: 0 | 1;
}

/** Index of the largest element on an axis, `int64`. */
export function argMax(x: Tensor, { axis, keepdims = 0, select_last_index = 0 }: ArgMaxOptions): Tensor {
  return apply(argMaxOp, [x], { axis, keepdims, select_last_index })[0];
}

/** Index of the smallest element on an axis, `int64`. */
export function argMin(x: Tensor, { axis, keepdims = 0, select_last_index = 0 }: ArgMaxOptions): Tensor {
  return apply(argMinOp, [x], { axis, keepdims, select_last_index })[0];
}

/**
 * Undoes broadcasting: sums `x` over the axes on which a tensor of `shape` was repeated.
 * @throws ShapeError if `shape` does not broadcast to the shape of `x`.
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const offset = x.shape.length - shape.length;
  const fits = offset >= 0 && shape.every((extent, axis) => extent === 1 || extent === x.shape[offset + axis]);
  if (!fits) {
    throw new ShapeError("cannot sum to this shape", {
      where: "sumTo",
      expected: `a shape that broadcasts to ${shapeText(x.shape)}`,
      received: shapeText(shape),
    });
  }
  const repeated = x.shape.flatMap((extent, axis) => (axis < offset || shape[axis - offset] !== extent ? [axis] : []));
  const keepdims = repeated.some((axis) => axis >= offset) ? 1 : 0;
  const summed = repeated.length === 0 ? x : reduceSum(x, repeated, { keepdims });
  return sameShape(summed.shape, shape) ? summed : reshape(summed, shape);
}
