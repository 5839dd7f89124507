// Broadcasting for the reference evaluation: index arithmetic spelled out.
import type { DType } from "../../core/numbers/dtype.js";
import { broadcastShapes, type Shape, sizeOf, stridesOf } from "../../core/numbers/shape.js";
import type { NdArray } from "../op.js";

/** Applies a function to corresponding elements of broadcast operands. */
export function mapBroadcast(
  dtype: DType,
  operands: readonly NdArray[],
  f: (values: readonly number[]) => number,
): NdArray {
  const shape = broadcastShapes("reference evaluation", ...operands.map((operand) => operand.shape));
  const readers = operands.map((operand) => broadcastReader(operand, shape));
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = f(readers.map((read) => read(i)));
  return { dtype, shape, data };
}

/** Reads an array as if it had been expanded to `shape`, by flat index of that shape. */
export function broadcastReader(array: NdArray, shape: Shape): (index: number) => number {
  const strides = stridesOf(array.shape);
  const outer = stridesOf(shape);
  const offset = shape.length - array.shape.length;
  return (index) => {
    let position = 0;
    for (let axis = offset; axis < shape.length; axis++) {
      if (array.shape[axis - offset] !== 1)
        position += (Math.floor(index / outer[axis]) % shape[axis]) * strides[axis - offset];
    }
    return array.data[position];
  };
}
