// Converts tensor elements to and from little-endian bytes, the order of safetensors, npy, ONNX and all supported
// hosts.
import { type DType, dtypeTable, type TypedArray } from "./dtype.js";

/** The bytes of an array's elements. A view: nothing is copied. */
export function elementBytes(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Elements from bytes at any offset of their buffer. The bytes are copied, so the result owns its memory and can be
 * transferred to another thread. For `bool`, every nonzero byte becomes 1.
 * @param bytes a whole number of elements.
 * @param bigEndian whether the most significant byte comes first, as in IDX files.
 */
export function elementsFromBytes(dtype: DType, bytes: Uint8Array, { bigEndian = false } = {}): TypedArray {
  const { array, bytes: size } = dtypeTable[dtype];
  // Not `bytes.slice()`, which is a view for Node's Buffer.
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
 * Number of bytes of a tensor with this shape, or `NaN` if the shape contains anything but non-negative integers or the
 * size is not a safe integer. Checks shapes from untrusted files before anything is allocated.
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
