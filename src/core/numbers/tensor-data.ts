// Concrete tensors: a shape, an element type and a typed array. All interfaces of the program pass tensors in this
// form.

import { ShapeError } from "../errors.js";
import { type DType, dtypeTable, type TypedArray } from "./dtype.js";
import { type Shape, shapeText, sizeOf } from "./shape.js";

export interface TensorData {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Row-major; `sizeOf(shape)` elements. */
  readonly data: TypedArray;
}

/**
 * Wraps a typed array. The array is not copied.
 * @throws ShapeError when the length does not fit the shape.
 */
export function tensorData(dtype: DType, shape: Shape, data: TypedArray): TensorData {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError("element count does not fit the shape", {
      where: `tensor of ${dtype}`,
      expected: `${sizeOf(shape)} elements for ${shapeText(shape)}`,
      received: `${data.length}`,
    });
  }
  return { dtype, shape, data };
}

export function zeros(dtype: DType, shape: Shape): TensorData {
  return { dtype, shape, data: new dtypeTable[dtype].array(sizeOf(shape)) };
}

/** A tensor from plain numbers, converted to the element type. */
export function tensorFrom(dtype: DType, shape: Shape, values: ArrayLike<number>): TensorData {
  const data = new dtypeTable[dtype].array(values.length);
  for (let i = 0; i < values.length; i++) {
    data[i] = dtype === "int64" ? toInt64(values[i]) : values[i];
  }
  return tensorData(dtype, shape, data);
}

/** The largest int64 is 2^63 as a number, which would wrap to the smallest; files use it for "to the end". */
export function toInt64(element: number): bigint {
  if (element >= 2 ** 63) return 2n ** 63n - 1n;
  if (element <= -(2 ** 63)) return -(2n ** 63n);
  // A remainder of a division by 0 is NaN.
  return Number.isNaN(element) ? 0n : BigInt(element);
}

/** All elements as plain numbers. Integers beyond 2^53 lose their last digits. */
export function toNumbers(tensor: TensorData): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
