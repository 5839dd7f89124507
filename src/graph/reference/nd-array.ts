// Arrays of the reference evaluation: conversion to and from stored tensors.

import type { DType } from "../../core/numbers/dtype.js";
import { dtypeTable } from "../../core/numbers/dtype.js";
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, toInt64 } from "../../core/numbers/tensor-data.js";
import type { NdArray } from "../op.js";

export function ndArray(dtype: DType, shape: Shape, data: Float64Array): NdArray {
  return { dtype, shape, data };
}

/** An array whose elements come from a function of the flat index. */
export function ndFill(dtype: DType, shape: Shape, value: (index: number) => number): NdArray {
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return { dtype, shape, data };
}

export function fromTensorData(tensor: TensorData): NdArray {
  return {
    dtype: tensor.dtype,
    shape: tensor.shape,
    data: Float64Array.from(tensor.data as ArrayLike<number | bigint>, Number),
  };
}

/** Rounds to the stored type. */
export function toTensorData(array: NdArray): TensorData {
  const data = new dtypeTable[array.dtype].array(array.data.length);
  for (const [i, element] of array.data.entries()) {
    if (data instanceof BigInt64Array) data[i] = toInt64(element);
    else data[i] = element;
  }
  return { dtype: array.dtype, shape: array.shape, data };
}
