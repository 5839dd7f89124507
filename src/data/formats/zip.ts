// Reads possibly hostile zip archives: before anything is inflated, sizes are known and bounded, and entries do not overlap.
// Format: PKWARE APPNOTE 6.3.10, sections 4.3.12 (central directory) and 4.3.16 (its end)
import { Inflate } from "fflate";
import { CorruptFileError } from "../../core/errors.js";
import { crc32 } from "../../core/formats/crc32.js";

export interface ZipEntry {
  readonly name: string;
  /** Inflated size in bytes. */
  readonly size: number;
  /** Inflates, and checks size and CRC-32. */
  readonly read: () => Uint8Array<ArrayBuffer>;
}

const endBytes = 22;
const maxCommentBytes = 65_535;
/** The maximum ratio of deflate is 1,032 to 1. */
const maxExpansion = 1032;
/** Compressed bytes per call of the inflater; bounds the output of one call before the size is checked. */
const pieceBytes = 16_384;
const remedy = "The archive is damaged or of another kind: write it again";

/**
 * Lists an archive without inflating anything.
 * @param where the file, for messages.
 * @param maxBytes limit for the sum of all inflated sizes.
 * @throws CorruptFileError for an invalid directory, and for archives that are encrypted, split or larger than 4 GB.
 */
export function readZip(bytes: Uint8Array, where: string, maxBytes: number): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = findEnd(view, where);
  const count = view.getUint16(end + 10, true);
  let position = view.getUint32(end + 16, true);
  const entries: ZipEntry[] = [];
  let total = 0;
  let packed = 0;
  for (let i = 0; i < count; i++) {
    const record = readRecord(view, position, where);
    position = record.next;
    total += record.size;
    packed += record.packedSize;
    if (packed > bytes.length) throw corrupt("entries overlap", where);
    if (total > maxBytes) {
      throw new CorruptFileError("too much to unpack", {
        where,
        expected: `at most ${maxBytes} bytes`,
        received: `${total}`,
      });
    }
    entries.push({
      name: record.name,
      size: record.size,
      read: () => inflate(view, record, `${where} > ${record.name}`),
    });
  }
  return entries;
}

function corrupt(summary: string, where: string, cause?: unknown): CorruptFileError {
  return new CorruptFileError(summary, { where, remedy, cause });
}

/** The end record of the directory is at the end of the file, followed by a comment of unknown length. */
function findEnd(view: DataView, where: string): number {
  const last = view.byteLength - endBytes;
  for (let position = last; position >= Math.max(0, last - maxCommentBytes); position--) {
    if (view.getUint32(position, true) === 0x06054b50) return position;
  }
  throw corrupt("not a zip archive, or its end is missing", where);
}

interface ZipRecord {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Offset of the local header. */
  readonly offset: number;
  /** Offset of the next record. */
  readonly next: number;
}

function readRecord(view: DataView, position: number, where: string): ZipRecord {
  if (position + 46 > view.byteLength || view.getUint32(position, true) !== 0x02014b50) {
    throw corrupt("damaged zip directory", where);
  }
  const flags = view.getUint16(position + 8, true);
  const method = view.getUint16(position + 10, true);
  const [crc, packedSize, size] = [16, 20, 24].map((offset) => view.getUint32(position + offset, true));
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
    view.getUint16(position + offset, true),
  );
  const offset = view.getUint32(position + 42, true);
  if (position + 46 + nameLength > view.byteLength) throw corrupt("damaged zip directory", where);
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + position + 46, nameLength));
  const entry = `${where} > ${name.slice(0, 80)}`;
  if ((flags & 1) !== 0) throw corrupt("encrypted zip entry", entry);
  if (method !== 0 && method !== 8) throw corrupt(`unknown compression method ${method}`, entry);
  if (packedSize === 0xffffffff || size === 0xffffffff) throw corrupt("zip entry of 4 GB or more", entry);
  const possible = method === 0 ? size === packedSize : size <= packedSize * maxExpansion;
  if (!possible) throw corrupt("impossible size of a zip entry", entry);
  return {
    name,
    method,
    crc,
    packedSize,
    size,
    offset,
    next: position + 46 + nameLength + extraLength + commentLength,
  };
}

function inflate(view: DataView, record: ZipRecord, where: string): Uint8Array<ArrayBuffer> {
  const { offset, packedSize, size } = record;
  if (offset + 30 > view.byteLength || view.getUint32(offset, true) !== 0x04034b50)
    throw corrupt("damaged zip entry", where);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedSize > view.byteLength) throw corrupt("truncated zip entry", where);
  const packed = new Uint8Array(view.buffer, view.byteOffset + start, packedSize);
  const result = new Uint8Array(size);
  if (record.method === 0) result.set(packed);
  else inflateInto(result, packed, where);
  if (crc32(result) !== record.crc) throw corrupt("zip entry with a wrong checksum", where);
  return result;
}

/** Inflates in pieces, so that a stream longer than its declared size stops early. */
function inflateInto(result: Uint8Array, packed: Uint8Array, where: string): void {
  let filled = 0;
  const stream = new Inflate((piece) => {
    if (filled + piece.length > result.length) throw new RangeError("longer than declared");
    result.set(piece, filled);
    filled += piece.length;
  });
  try {
    for (let from = 0; from < packed.length; from += pieceBytes) {
      const to = Math.min(packed.length, from + pieceBytes);
      stream.push(packed.subarray(from, to), to === packed.length);
    }
  } catch (cause) {
    throw corrupt("damaged zip entry", where, cause);
  }
  if (filled !== result.length) throw corrupt("truncated zip entry", where);
}
