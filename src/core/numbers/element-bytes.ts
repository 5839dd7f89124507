// Elements of tensors as little-endian bytes, the order of safetensors, npy and ONNX, and of every host that we run on.
import { type DType, dtypeTable, type TypedArray } from "./dtype.js";

/** The bytes of an array's elements. A view: nothing is copied. */
export function elementBytes(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Elements from bytes, which may start at any offset of their buffer. The bytes are copied, so that the result owns
 * its memory and may be moved to another thread. For `bool`, every byte but 0 becomes 1.
 * @param bytes a whole number of elements.
 * @param bigEndian whether the most significant byte comes first, as in IDX files.
 */
export function elementsFromBytes(dtype: DType, bytes: Uint8Array, { bigEndian = false } = {}): TypedArray {
  const { array, bytes: size } = dtypeTable[dtype];
  // Not `bytes.slice()`: for a Buffer of Node that is a view.
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (bigEndian && size > 1) swapBytes(copy, size);
  if (dtype === "bool") for (let i = 0; i < copy.length; i++) copy[i] = copy[i] === 0 ? 0 : 1;
  return new array(copy.buffer, 0, copy.length / size);
}

/** Reverses the bytes of every element in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}

/**
 * Bytes of a tensor with this shape, or `NaN` when the shape holds anything but non-negative integers that a
 * number can count exactly. Meant for shapes from untrusted files, before anything is allocated.
 */
export function checkedByteLength(dtype: DType, shape: readonly number[]): number {
  let size = dtypeTable[dtype].bytes;
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) return Number.NaN;
    size *= extent;
    if (!Number.isSafeInteger(size)) return Number.NaN;
  }
  return size;
}
