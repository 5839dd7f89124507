// Reads and writes .npy, one NumPy array: a magic text, a version, a header that is a Python dictionary, the elements.
// Format: NumPy Enhancement Proposal 1 and numpy.lib.format
import { type DType, dtypeTable, type TypedArray } from "../core/dtype.js";
import { checkedByteLength, elementBytes, elementsFromBytes } from "../core/element-bytes.js";
import { CorruptFileError, InvalidInputError } from "../core/errors.js";
import { shapeText, stridesOf } from "../core/shape.js";
import { type TensorData, tensorData } from "../core/tensor-data.js";

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

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy refuses longer headers as well, and more axes. */
const maxHeaderBytes = 10_000;
const maxRank = 64;
const remedy = "The file is damaged or of another kind: write it again with numpy.save";

/**
 * Reads one array, in row-major order whatever its order in the file. Takes memory for the array once, twice when the
 * order changes, and only after header and length agree to the byte.
 * @param where the file, for messages.
 * @throws CorruptFileError for damaged bytes; InvalidInputError for an element type that we do not have.
 */
export function readNpy(bytes: Uint8Array, where: string): TensorData {
  const { text, body } = splitHeader(bytes, where);
  const { descriptor, fortranOrder, shape } = parseHeader(text, where);
  const { dtype, bigEndian } = parseDescriptor(descriptor, where);
  const expected = checkedByteLength(dtype, shape);
  if (body.length !== expected) {
    throw new CorruptFileError(body.length < expected ? "truncated .npy file" : "impossible length of a .npy file", {
      where,
      expected: `${Number.isNaN(expected) ? "far more" : expected} bytes for ${shapeText(shape)} of ${dtype}`,
      received: `${body.length}`,
      remedy,
    });
  }
  const data = elementsFromBytes(dtype, body, { bigEndian });
  return tensorData(dtype, shape, fortranOrder ? rowMajor(data, shape, dtype) : data);
}

function splitHeader(bytes: Uint8Array, where: string): { text: string; body: Uint8Array } {
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
  // Version 3 allows UTF-8, but only for field names, which we do not read.
  return { text: String.fromCharCode(...header), body: bytes.subarray(start + length) };
}

interface Header {
  readonly descriptor: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** Reads the dictionary member by member: three keys in any order, with the only values that NumPy gives them. */
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

function parseDescriptor(descriptor: string, where: string): { dtype: DType; bigEndian: boolean } {
  const entry = Object.entries(descriptors).find(([, code]) => code === descriptor.slice(1));
  if (entry === undefined || !"<>|=".includes(descriptor[0])) {
    throw new InvalidInputError("element type that we cannot read", {
      where,
      expected: Object.keys(descriptors).join(", "),
      received: `'${descriptor.slice(0, 40)}'`,
      remedy: "Convert it before saving: numpy.save(file, array.astype('float32'))",
    });
  }
  return { dtype: entry[0] as DType, bigEndian: descriptor[0] === ">" };
}

/** Reorders elements whose first axis runs fastest. */
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

/** The bytes that `numpy.save` writes for this array, version 1.0. */
export function writeNpy({ dtype, shape, data }: TensorData): Uint8Array<ArrayBuffer> {
  const order = dtypeTable[dtype].bytes === 1 ? "|" : "<";
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${order}${descriptors[dtype]}', 'fortran_order': False, 'shape': (${extents}), }`;
  // Elements start at a multiple of 64 bytes, and a newline ends the header.
  const headerBytes = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const bytes = new Uint8Array(headerBytes + data.byteLength);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, headerBytes - 10, true);
  bytes.set(new TextEncoder().encode(`${dictionary.padEnd(headerBytes - 11)}\n`), 10);
  bytes.set(elementBytes(data), headerBytes);
  return bytes;
}
