// Reads and writes .npy, one NumPy array: a magic text, a version, a header that is a Python dictionary, the elements.
// Format: NumPy Enhancement Proposal 1 and numpy.lib.format

import { CorruptFileError, InvalidInputError } from "../../core/errors.js";
import { type DType, dtypes, dtypeTable, type TypedArray } from "../../core/numbers/dtype.js";
import { checkedByteLength, elementBytes, elementsFromBytes } from "../../core/numbers/element-bytes.js";
import { shapeText, stridesOf } from "../../core/numbers/shape.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";

/** Type strings without the byte order. */
const descriptors: Readonly<Record<DType, string>> = {
  float32: "f4",
  float64: "f8",
  uint8: "u1",
  int8: "i1",
  int32: "i4",
  uint32: "u4",
  int64: "i8",
  bool: "b1",
};

/** The representation of elements in a file. */
export interface NpyElements {
  /** The name of the type in NumPy and ONNX. */
  readonly name: string;
  /** Bytes of one element in the file. */
  readonly bytes: number;
  /** The element type after reading. */
  readonly dtype: DType;
  /** Reads one element of a type that has no typed array here. */
  readonly read?: (view: DataView, offset: number, littleEndian: boolean) => number | bigint;
}

/** NumPy types that we lack: they are read as the next wider type. */
const widened: Readonly<Record<string, NpyElements>> = {
  f2: {
    name: "float16",
    bytes: 2,
    dtype: "float32",
    read: (view, offset, little) => halfValue(view.getUint16(offset, little)),
  },
  i2: { name: "int16", bytes: 2, dtype: "int32", read: (view, offset, little) => view.getInt16(offset, little) },
  u2: { name: "uint16", bytes: 2, dtype: "int32", read: (view, offset, little) => view.getUint16(offset, little) },
  u8: { name: "uint64", bytes: 8, dtype: "int64", read: (view, offset, little) => view.getBigUint64(offset, little) },
};

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function halfValue(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy refuses longer headers as well, and more axes. */
const maxHeaderBytes = 10_000;
const maxRank = 64;
const remedy = "The file is damaged or of another kind: write it again with numpy.save";

/**
 * Reads one array into row-major order, whatever its order in the file. Allocates the array once, or twice if the order
 * changes, and only after the header has matched the exact length. `float16`, `int16`, `uint16` and `uint64` become
 * `float32`, `int32`, `int32` and `int64`.
 * @param where the file, for messages.
 * @throws CorruptFileError for damaged bytes; InvalidInputError for an unsupported element type.
 */
export function readNpy(bytes: Uint8Array, where: string): TensorData {
  const layout = readNpyLayout(bytes, bytes.length, where);
  const { elements, shape, isFortran } = layout;
  const data = decodeNpyElements(bytes.subarray(layout.start), layout, where);
  return tensorData(elements.dtype, shape, isFortran ? rowMajor(data, shape, elements.dtype) : data);
}

/** Position, type and shape of the elements of a file. */
export interface NpyLayout {
  readonly elements: NpyElements;
  readonly bigEndian: boolean;
  /** Whether the order is column-major: the first axis varies fastest. */
  readonly isFortran: boolean;
  readonly shape: readonly number[];
  /** Offset of the first element. */
  readonly start: number;
}

/**
 * Reads only the header, from the first bytes of a file.
 * @param head at least `npyHeadBytes` bytes, or the whole file if it is shorter.
 * @param fileBytes size of the file, which must equal that of header and elements.
 * @throws as `readNpy`.
 */
export function readNpyLayout(head: Uint8Array, fileBytes: number, where: string): NpyLayout {
  const { text, start } = splitHeader(head, where);
  const { descriptor, fortranOrder, shape } = parseHeader(text, where);
  const { elements, bigEndian } = parseDescriptor(descriptor, where);
  // As `uint8`, the bytes of an element are one more axis, and its size is checked like the others.
  const expected = checkedByteLength("uint8", [...shape, elements.bytes]);
  if (fileBytes - start !== expected) {
    throw new CorruptFileError(
      fileBytes - start < expected ? "truncated .npy file" : "impossible length of a .npy file",
      {
        where,
        expected: `${Number.isNaN(expected) ? "far more" : expected} bytes for ${shapeText(shape)} of ${elements.name}`,
        received: `${fileBytes - start}`,
        remedy,
      },
    );
  }
  // Arrays with at most one axis longer than 1 have the same elements in both orders.
  const isFortran = fortranOrder && shape.filter((extent) => extent !== 1).length > 1;
  return { elements, bigEndian, isFortran, shape, start };
}

/** Elements in file order. `bytes` holds a whole number of them. */
export function decodeNpyElements(
  bytes: Uint8Array,
  { elements, bigEndian }: Pick<NpyLayout, "elements" | "bigEndian">,
  where: string,
): TypedArray {
  const { read, dtype, bytes: size } = elements;
  if (read === undefined) return elementsFromBytes(dtype, bytes, { bigEndian });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data = new dtypeTable[dtype].array(bytes.length / size);
  for (let i = 0; i < data.length; i++) {
    const value = read(view, i * size, !bigEndian);
    if (typeof value === "bigint" && value >= 2n ** 63n) {
      throw new InvalidInputError("number too large", {
        where,
        expected: "at most 2^63 - 1",
        received: `${value}`,
        remedy: "Save the array as int64 or float64",
      });
    }
    data[i] = value;
  }
  return data;
}

/** Size of the longest accepted header with its prefix. */
export const npyHeadBytes = 12 + 10_000;

function splitHeader(bytes: Uint8Array, where: string): { text: string; start: number } {
  if (bytes.length < 12 || !magic.every((byte, index) => bytes[index] === byte)) {
    throw new CorruptFileError("not a .npy file", { where, remedy });
  }
  const version = bytes[6];
  if (version < 1 || version > 3) {
    throw new CorruptFileError("unknown .npy version", {
      where,
      expected: "1, 2 or 3",
      received: `${version}`,
      remedy,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const limit = Math.min(maxHeaderBytes, bytes.length - start);
  if (length > limit) {
    throw new CorruptFileError("impossible length of the .npy header", {
      where,
      expected: `at most ${limit} bytes`,
      received: `${length}`,
      remedy,
    });
  }
  const header = bytes.subarray(start, start + length);
  // Version 3 allows UTF-8, but only in field names, which are not supported here.
  return { text: String.fromCharCode(...header), start: start + length };
}

interface Header {
  readonly descriptor: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** Reads the dictionary: three keys in any order, each with the only forms of value that NumPy writes. */
function parseHeader(text: string, where: string): Header {
  const descriptor = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)\b/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (descriptor?.[2] !== undefined) {
    throw new InvalidInputError("structured arrays cannot be read", {
      where,
      remedy: "Save each field as its own array",
    });
  }
  if (!/^\s*\{.*\}\s*$/s.test(text) || descriptor === null || order === null || shape === null) {
    throw new CorruptFileError("the .npy header is not a dictionary of descr, fortran_order and shape", {
      where,
      remedy,
    });
  }
  const extents = shape[1]
    .split(",")
    .map((part) => part.trim().replace(/L$/, ""))
    .filter((part) => part !== "")
    .map(Number);
  if (extents.length > maxRank || extents.some((extent) => !Number.isSafeInteger(extent))) {
    throw new CorruptFileError("impossible .npy shape", { where, expected: `at most ${maxRank} extents`, remedy });
  }
  return { descriptor: descriptor[1], fortranOrder: order[1] === "True", shape: extents };
}

function parseDescriptor(descriptor: string, where: string): { elements: NpyElements; bigEndian: boolean } {
  const code = descriptor.slice(1);
  const dtype = dtypes.find((candidate) => descriptors[candidate] === code);
  const own = dtype === undefined ? undefined : { name: dtype, dtype, bytes: dtypeTable[dtype].bytes };
  const elements = own ?? (Object.hasOwn(widened, code) ? widened[code] : undefined);
  if (code === "O") {
    throw new InvalidInputError("arrays of Python objects are not read, because they can run code", {
      where,
      remedy: "Save numbers: numpy.save(file, numpy.array(values, 'float32'))",
    });
  }
  if (elements === undefined || !"<>|=".includes(descriptor[0])) {
    throw new InvalidInputError("unsupported element type", {
      where,
      expected: [...dtypes, ...Object.values(widened).map(({ name }) => name)].join(", "),
      received: `'${descriptor.slice(0, 40)}'`,
      remedy: "Convert it before saving: numpy.save(file, array.astype('float32'))",
    });
  }
  return { elements, bigEndian: descriptor[0] === ">" };
}

/** Converts column-major elements to row-major order. */
function rowMajor(data: TypedArray, shape: readonly number[], dtype: DType): TypedArray {
  const result = new dtypeTable[dtype].array(data.length);
  const steps = stridesOf([...shape].reverse()).reverse();
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** The bytes that `numpy.save` writes for this array in version 1.0. */
export function writeNpy({ dtype, shape, data }: TensorData): Uint8Array<ArrayBuffer> {
  const order = dtypeTable[dtype].bytes === 1 ? "|" : "<";
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${order}${descriptors[dtype]}', 'fortran_order': False, 'shape': (${extents}), }`;
  // The elements start at a multiple of 64 bytes, and the header ends with a newline.
  const headerBytes = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const bytes = new Uint8Array(headerBytes + data.byteLength);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, headerBytes - 10, true);
  bytes.set(new TextEncoder().encode(`${dictionary.padEnd(headerBytes - 11)}\n`), 10);
  bytes.set(elementBytes(data), headerBytes);
  return bytes;
}
