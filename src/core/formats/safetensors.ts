// Reads and writes safetensors files, the format of our checkpoints: a JSON header with the offset of each tensor, then
// their bytes.
//
//   [8 bytes: length of the header, little-endian][header: JSON, padded with spaces][tensors, back to back]
//
// Format: https://github.com/huggingface/safetensors#format

import { CorruptFileError, InvalidInputError } from "../errors.js";
import { type DType, dtypes, dtypeTable } from "../numbers/dtype.js";
import { checkedByteLength, elementBytes, elementsFromBytes } from "../numbers/element-bytes.js";
import { brainToNumber, halfToNumber } from "../numbers/half-precision.js";
import { shapeText } from "../numbers/shape.js";
import { type TensorData, tensorData } from "../numbers/tensor-data.js";

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** Free text by key. */
  readonly metadata: ReadonlyMap<string, string>;
}

const codes: Readonly<Record<DType, string>> = {
  float32: "F32",
  float64: "F64",
  uint8: "U8",
  int8: "I8",
  int32: "I32",
  uint32: "U32",
  int64: "I64",
  bool: "BOOL",
};

/** Types of 16 bits, which become float32. */
const narrowCodes: Readonly<Record<string, (word: number) => number>> = { F16: halfToNumber, BF16: brainToNumber };

/** The limit of the reference implementation, which stops headers made to exhaust memory. */
const maxHeaderBytes = 100_000_000;
const metadataKey = "__metadata__";
const remedy = "The file is damaged or not a safetensors file: write it again";

/**
 * Reads all tensors, in the order of their bytes. 16-bit floats (F16, BF16) become float32. The bytes are copied, so
 * their alignment does not matter.
 * @param where the file, for messages.
 * @throws CorruptFileError if the header is invalid or an offset breaks a rule: every byte belongs to exactly one
 * tensor.
 */
export function readSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  const { header, body } = readHeader(bytes, where);
  const entries: Entry[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) metadata = readMetadata(value, where);
    else entries.push(readEntry(name, value, `${where} > ${clip(name)}`));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, body.length, where);
  const tensors = new Map<string, TensorData>();
  for (const { name, dtype, widen, shape, begin, end } of entries) {
    const bytes = body.subarray(begin, end);
    const data = widen === undefined ? elementsFromBytes(dtype, bytes) : widened(bytes, widen);
    tensors.set(name, tensorData(dtype, shape, data));
  }
  return { tensors, metadata };
}

function widened(bytes: Uint8Array, toNumber: (word: number) => number): Float32Array {
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => toNumber(bytes[2 * i] | (bytes[2 * i + 1] << 8)));
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  /** Converts one 16-bit element to a number. */
  readonly widen?: (word: number) => number;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readHeader(bytes: Uint8Array, where: string): { header: object; body: Uint8Array } {
  if (bytes.length < 8) {
    throw new CorruptFileError("truncated safetensors file", {
      where,
      expected: "at least 8 bytes",
      received: `${bytes.length}`,
      remedy,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 4294967296;
  const limit = Math.min(maxHeaderBytes, bytes.length - 8);
  if (length > limit) {
    throw new CorruptFileError("impossible length of the safetensors header", {
      where,
      expected: `at most ${limit} bytes`,
      received: `${length}`,
      remedy,
    });
  }
  const header = parseJson(bytes.subarray(8, 8 + length), where);
  return { header, body: bytes.subarray(8 + length) };
}

function parseJson(bytes: Uint8Array, where: string): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CorruptFileError("the safetensors header is not JSON", { where, remedy, cause });
  }
  if (!isObject(value)) throw new CorruptFileError("the safetensors header is not a JSON object", { where, remedy });
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, where: string): Map<string, string> {
  const metadata = new Map<string, string>();
  const entries: [string, unknown][] = isObject(value) ? Object.entries(value) : [["", value]];
  for (const [key, text] of entries) {
    if (typeof text !== "string") {
      throw new CorruptFileError("metadata is not text", { where: `${where} > ${metadataKey}`, remedy });
    }
    metadata.set(key, text);
  }
  return metadata;
}

function readEntry(name: string, value: unknown, where: string): Entry {
  const { dtype: code, shape, data_offsets: offsets } = isObject(value) ? value : {};
  const widen = typeof code === "string" && Object.hasOwn(narrowCodes, code) ? narrowCodes[code] : undefined;
  const dtype = widen === undefined ? dtypes.find((candidate) => codes[candidate] === code) : "float32";
  if (dtype === undefined) {
    throw new CorruptFileError("unsupported element type", {
      where,
      expected: [...Object.values(codes), ...Object.keys(narrowCodes)].join(", "),
      received: clip(JSON.stringify(code) ?? "none"),
      remedy: "Convert the tensor before saving it",
    });
  }
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw new CorruptFileError("shape or offsets are not lists of integers", { where, remedy });
  }
  const [begin, end] = offsets;
  const expected = checkedByteLength(dtype, shape) / (widen === undefined ? 1 : 2);
  if (end - begin !== expected) {
    throw new CorruptFileError("offsets do not fit the shape", {
      where,
      expected: `${Number.isNaN(expected) ? "far more" : expected} bytes for ${clip(shapeText(shape))} of ${dtype}`,
      received: `${end - begin}`,
      remedy,
    });
  }
  return { name, dtype, ...(widen === undefined ? {} : { widen }), shape, begin, end };
}

/** Shortens text from the file for messages. */
function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** Tensors, sorted by offset, must cover the body exactly: no gap, no overlap, nothing before or after. */
function checkCoverage(entries: readonly Entry[], bodyLength: number, where: string): void {
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) {
      throw new CorruptFileError(begin < position ? "tensors overlap" : "a hole between tensors", {
        where: `${where} > ${clip(name)}`,
        expected: `a start at byte ${position}`,
        received: `${begin}`,
        remedy,
      });
    }
    position = end;
  }
  if (position !== bodyLength) {
    throw new CorruptFileError(position > bodyLength ? "truncated safetensors file" : "bytes after the last tensor", {
      where,
      expected: `${position} bytes of tensors`,
      received: `${bodyLength}`,
      remedy,
    });
  }
}

/**
 * Writes tensors with the widest element types first, so that each is aligned, then by name: equal contents give equal
 * bytes.
 * @throws InvalidInputError for a tensor named `__metadata__`, which the format reserves.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, TensorData]>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const sorted = sortedTensors(tensors);
  const members: [string, unknown][] = [];
  if (metadata.size > 0) members.push([metadataKey, Object.fromEntries([...metadata].sort(byName))]);
  let position = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const end = position + data.byteLength;
    members.push([name, { dtype: codes[dtype], shape, data_offsets: [position, end] }]);
    position = end;
  }
  const header = encodeHeader(members);
  const bytes = new Uint8Array(8 + header.length + position);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 8);
  position = 8 + header.length;
  for (const [, { data }] of sorted) {
    bytes.set(elementBytes(data), position);
    position += data.byteLength;
  }
  return bytes;
}

function sortedTensors(tensors: Iterable<readonly [string, TensorData]>): [string, TensorData][] {
  const byKey = new Map(tensors);
  if (byKey.has(metadataKey)) {
    throw new InvalidInputError("reserved tensor name", {
      where: "safetensors",
      received: `"${metadataKey}"`,
      remedy: "Rename the tensor",
    });
  }
  const width = ({ dtype }: TensorData) => dtypeTable[dtype].bytes;
  return [...byKey].sort((a, b) => width(b[1]) - width(a[1]) || byName(a, b));
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/**
 * JSON padded to a multiple of 8 bytes. Encoded member by member, because an object would lose a name such as
 * `__proto__`.
 */
function encodeHeader(members: readonly (readonly [string, unknown])[]): Uint8Array {
  const json = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const bytes = new TextEncoder().encode(json);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8).fill(0x20);
  padded.set(bytes);
  return padded;
}
