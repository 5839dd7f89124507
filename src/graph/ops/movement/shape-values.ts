// Operators that create values from shapes and counts: Shape, Size, ConstantOfShape, Range, EyeLike.

import { InvalidInputError } from "../../../core/errors.js";
import { type DType, dtypeFromOnnx, dtypeTable } from "../../../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { type TensorData, tensorFrom, toNumbers } from "../../../core/numbers/tensor-data.js";
import { apply, scalar } from "../../build.js";
import { type NdArray, noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { requireOneType } from "../record/element-types.js";
import type { NoAttributes } from "../record/elementwise.js";
import { asKnown, knownValues } from "../record/known-value.js";

export type ShapeAttributes = { readonly start: number; readonly end?: number };
export type ConstantOfShapeAttributes = { readonly value?: TensorData };
export type EyeLikeAttributes = { readonly dtype?: number; readonly k: number };

/**
 * The sizes that Shape returns: from `start` to `end`, where negative values count from the end, clamped to the rank.
 */
function toldExtents(shape: Shape, { start, end }: ShapeAttributes): Shape {
  const clamp = (position: number): number =>
    Math.max(0, Math.min(shape.length, position < 0 ? position + shape.length : position));
  return shape.slice(clamp(start), Math.max(clamp(start), clamp(end ?? shape.length)));
}

export const shapeOp: Op<ShapeAttributes> = {
  name: "Shape",
  arity: [1, 1],
  attributes: { start: { type: "int", default: 0 }, end: { type: "int" } },
  inputNames: ["data"],
  readsTypesOnly: true,
  infer: ([x], attrs) => [{ dtype: "int64", shape: [toldExtents(x!.shape, attrs).length] }],
  vjp: "none",
  cost: noCost,
  evaluate([x], attrs) {
    const extents = Float64Array.from(toldExtents(x!.shape, attrs));
    return [{ dtype: "int64", shape: [extents.length], data: extents }];
  },
};

export const sizeOp: Op<NoAttributes> = {
  name: "Size",
  arity: [1, 1],
  attributes: {},
  inputNames: ["data"],
  readsTypesOnly: true,
  infer: () => [{ dtype: "int64", shape: [] }],
  vjp: "none",
  cost: noCost,
  evaluate: ([x]) => [{ dtype: "int64", shape: [], data: Float64Array.of(sizeOf(x!.shape)) }],
};

const zero: TensorData = tensorFrom("float32", [1], [0]);

function checkedExtents(where: string, extents: readonly number[]): Shape {
  if (extents.every((extent) => Number.isInteger(extent) && extent >= 0)) return extents;
  throw new InvalidInputError("extents out of range", {
    where,
    expected: "whole numbers from 0",
    received: extents.join(", "),
  });
}

export const constantOfShapeOp: Op<ConstantOfShapeAttributes> = {
  name: "ConstantOfShape",
  arity: [1, 1],
  attributes: { value: { type: "tensor" } },
  inputNames: ["input"],
  staticInputs: [0],
  infer([extents], { value = zero }, where) {
    if (value.data.length !== 1) {
      throw new InvalidInputError("value does not fit", {
        where,
        expected: "one element",
        received: `${value.data.length}`,
      });
    }
    return [{ dtype: value.dtype, shape: checkedExtents(where, knownValues(where, "the shape", extents)!) }];
  },
  vjp: "none",
  cost: noCost,
  evaluate([extents], { value = zero }) {
    const [element] = toNumbers(value);
    return [ndFill(value.dtype, [...extents!.data], () => element)];
  },
};

/** The number of values from `start` up to (or down to) but excluding `limit`, in steps of `delta`. */
function rangeCount(where: string, [start, limit, delta]: readonly number[]): number {
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (Number.isSafeInteger(count)) return count;
  throw new InvalidInputError("the range does not end", {
    where,
    expected: "finite bounds, and a delta other than 0",
    received: `${start} to ${limit} by ${delta}`,
  });
}

export const rangeOp: Op<NoAttributes> = {
  name: "Range",
  arity: [3, 3],
  attributes: {},
  inputNames: ["start", "limit", "delta"],
  staticInputs: [0, 1, 2],
  infer(inputs, _attrs, where) {
    requireOneType(where, ...inputs);
    const names = ["start", "limit", "delta"];
    const bounds = inputs.map((input, i) => knownValues(where, names[i], input)![0]);
    return [{ dtype: inputs[0]!.dtype, shape: [rangeCount(where, bounds)] }];
  },
  // The bounds are static inputs: the number of elements has no gradient.
  vjp: "none",
  cost: noCost,
  evaluate(inputs) {
    const bounds = asKnown(inputs).map((input) => input!.value!.data[0]);
    const [start, , delta] = bounds;
    return [ndFill(inputs[0]!.dtype, [rangeCount("Range", bounds)], (i) => start + i * delta)];
  },
};

function eyeType(where: string, given: DType, dtype: number | undefined): DType {
  const wanted = dtype === undefined ? given : dtypeFromOnnx(dtype);
  if (wanted !== undefined) return wanted;
  throw new InvalidInputError("unknown element type", { where, received: `dtype = ${dtype}` });
}

function checkMatrix(where: string, shape: Shape): void {
  if (shape.length === 2) return;
  throw new InvalidInputError("not a matrix", { where, expected: "two axes", received: `${shape.length}` });
}

export const eyeLikeOp: Op<EyeLikeAttributes> = {
  name: "EyeLike",
  arity: [1, 1],
  attributes: { dtype: { type: "int" }, k: { type: "int", default: 0 } },
  inputNames: ["input"],
  readsTypesOnly: true,
  infer([x], { dtype }, where) {
    checkMatrix(where, x!.shape);
    return [{ dtype: eyeType(where, x!.dtype, dtype), shape: x!.shape }];
  },
  // Only the sizes of the input matter.
  vjp: () => [null],
  cost: noCost,
  evaluate: ([x], { dtype, k }) => [diagonal(eyeType("EyeLike", x!.dtype, dtype), x!.shape, k)],
};

function diagonal(dtype: DType, shape: Shape, k: number): NdArray {
  const [, columns] = shape;
  return ndFill(dtype, shape, (i) => ((i % columns) - Math.floor(i / columns) === k ? 1 : 0));
}

/** The extents of x from axis `start` (0) up to but without `end` (the rank), as `int64`. */
export function shapeOf(x: Tensor, options: { readonly start?: number; readonly end?: number } = {}): Tensor {
  return apply(shapeOp, [x], options)[0];
}

/** The number of elements of x, an `int64` scalar. */
export function size(x: Tensor): Tensor {
  return apply(sizeOp, [x])[0];
}

/** A tensor of a shape that is computed from constants and static shapes, filled with one value (float32 0). */
export function constantOfShape(extents: Tensor, value?: TensorData): Tensor {
  return apply(constantOfShapeOp, [extents], value === undefined ? {} : { value })[0];
}

/** `start`, `start + delta`, ... up to but without `limit`; `int64` unless said otherwise. */
export function range(start: number, limit: number, delta = 1, dtype: DType = "int64"): Tensor {
  return apply(
    rangeOp,
    [start, limit, delta].map((bound) => scalar(bound, dtype)),
  )[0];
}

/** Ones on diagonal `k` (0: the main one, above it positive) of a matrix of x's shape and type, zeros elsewhere. */
export function eyeLike(x: Tensor, { dtype, k = 0 }: { readonly dtype?: DType; readonly k?: number } = {}): Tensor {
  return apply(eyeLikeOp, [x], { k, ...(dtype === undefined ? {} : { dtype: dtypeTable[dtype].onnx }) })[0];
}
