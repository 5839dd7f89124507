// Reads tar archives: 512-byte headers, each followed by the bytes of one file, padded to 512.
// Format: POSIX.1-1988 (ustar); extension headers of POSIX.1-2001 (pax) and GNU are skipped.
import { CorruptFileError } from "../../core/errors.js";

const blockBytes = 512;
const remedy = "The archive is damaged or of another kind: fetch it again";

/**
 * Regular files by their path in the archive, as views of its bytes. Folders, links and extension headers are skipped.
 * @param where the file, for messages.
 * @throws CorruptFileError for a wrong checksum, a size beyond the archive, and an archive without an end marker.
 */
export function readTar(bytes: Uint8Array, where: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let position = 0;
  while (position + blockBytes <= bytes.length) {
    const header = bytes.subarray(position, position + blockBytes);
    if (header.every((byte) => byte === 0)) return files;
    checkSum(header, where);
    const size = readOctal(header, 124, 12, where);
    const start = position + blockBytes;
    if (start + size > bytes.length) throw new CorruptFileError("truncated tar archive", { where, remedy });
    const kind = header[156];
    // "0", or a zero byte in archives older than the standard.
    if (kind === 0x30 || kind === 0) files.set(pathOf(header), bytes.subarray(start, start + size));
    position = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  throw new CorruptFileError("truncated tar archive", { where, remedy });
}

/** The sum of all bytes of a header, with its own eight bytes counted as spaces. */
function checkSum(header: Uint8Array, where: string): void {
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i];
  if (sum !== readOctal(header, 148, 8, where)) {
    throw new CorruptFileError("not a tar archive, or a damaged one", { where, remedy });
  }
}

function readOctal(header: Uint8Array, start: number, length: number, where: string): number {
  const text = textOf(header, start, length).trim();
  if (!/^[0-7]+$/.test(text)) throw new CorruptFileError("damaged header in a tar archive", { where, remedy });
  return Number.parseInt(text, 8);
}

function pathOf(header: Uint8Array): string {
  const name = textOf(header, 0, 100);
  const prefix = textOf(header, 257, 5) === "ustar" ? textOf(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Up to the first zero byte. */
function textOf(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}
