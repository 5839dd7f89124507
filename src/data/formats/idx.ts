// Reads IDX, the format of MNIST and similar sets: two zero bytes, a type, a rank, big-endian sizes, the elements.
// Format: http://yann.lecun.com/exdb/mnist (section "File formats")

import { CorruptFileError } from "../../core/errors.js";
import type { DType } from "../../core/numbers/dtype.js";
import { checkedByteLength, elementsFromBytes } from "../../core/numbers/element-bytes.js";
import { shapeText } from "../../core/numbers/shape.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";

/** Type codes of the format. 0x0b (16-bit integers) has no counterpart among our element types. */
const types: ReadonlyMap<number, DType> = new Map([
  [0x08, "uint8"],
  [0x09, "int8"],
  [0x0c, "int32"],
  [0x0d, "float32"],
  [0x0e, "float64"],
]);

const remedy = "The file is damaged, incomplete or of another kind: fetch it again";

/**
 * Reads one array from the uncompressed bytes of an IDX file. Allocates memory only for elements that are present.
 * @param where the file, for messages.
 * @throws CorruptFileError unless the header matches the exact length.
 */
export function readIdx(bytes: Uint8Array, where: string): TensorData {
  const { dtype, rank } = readMagic(bytes, where);
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw new CorruptFileError("truncated IDX header", {
      where,
      expected: `${headerBytes} bytes for ${rank} axes`,
      received: `${bytes.length}`,
      remedy,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = headerBytes + checkedByteLength(dtype, shape);
  if (bytes.length !== expected) {
    throw new CorruptFileError(bytes.length < expected ? "truncated IDX file" : "impossible length of an IDX file", {
      where,
      expected: `${Number.isNaN(expected) ? "far more" : expected} bytes for ${shapeText(shape)} of ${dtype}`,
      received: `${bytes.length}`,
      remedy,
    });
  }
  return tensorData(dtype, shape, elementsFromBytes(dtype, bytes.subarray(headerBytes), { bigEndian: true }));
}

function readMagic(bytes: Uint8Array, where: string): { dtype: DType; rank: number } {
  const dtype = types.get(bytes[2]);
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || dtype === undefined) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new CorruptFileError("not an IDX file that we can read", {
      where,
      expected: "the first bytes 00 00, then a type of 08, 09, 0c, 0d or 0e",
      received: start === "" ? "an empty file" : start,
      remedy,
    });
  }
  return { dtype, rank: bytes[3] };
}

/** Writes an array of bytes (images or labels) as an IDX file, for the embedded samples and for tests. */
export function writeIdx({ dtype, shape, data }: TensorData & { readonly dtype: "uint8" }): Uint8Array<ArrayBuffer> {
  const headerBytes = 4 + 4 * shape.length;
  const bytes = new Uint8Array(headerBytes + data.length);
  const view = new DataView(bytes.buffer);
  for (const [code, type] of types) if (type === dtype) view.setUint8(2, code);
  view.setUint8(3, shape.length);
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent);
  bytes.set(data as Uint8Array, headerBytes);
  return bytes;
}
