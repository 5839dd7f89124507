// The seal of a checkpoint: a checksum of every byte of the file, inside its own metadata.

import { CorruptFileError } from "../../core/errors.js";
import { crc32 } from "../../core/formats/crc32.js";

/** The metadata entry that holds it, as eight hexadecimal digits. */
export const sealKey = "crc32";
/** What stands in its place while the checksum is computed. */
export const openSeal = "00000000";

// Quotes inside other texts of the header are escaped, so that this stands only before the entry itself.
const before = new TextEncoder().encode(`"${sealKey}":"`);

/** Puts the checksum where `openSeal` stands. The bytes are changed in place. */
export function seal(bytes: Uint8Array): void {
  const at = placeOfSeal(bytes);
  if (at === -1) throw new RangeError("there is no open seal");
  bytes.set(new TextEncoder().encode(checksum(bytes, at)), at);
}

/**
 * Throws CorruptFileError unless the file is, byte for byte, what was sealed.
 * @param where the file, for messages.
 */
export function checkSeal(bytes: Uint8Array, where: string): void {
  const at = placeOfSeal(bytes);
  const received = at === -1 ? "none" : String.fromCharCode(...bytes.subarray(at, at + openSeal.length));
  const expected = at === -1 ? "one" : checksum(bytes, at);
  if (expected === received) return;
  throw new CorruptFileError("the checkpoint is damaged: its checksum does not fit", {
    where,
    expected,
    received: /^\w+$/.test(received) ? received : "no number",
    remedy: "Resume from another checkpoint, or start anew without --resume",
  });
}

function checksum(bytes: Uint8Array, at: number): string {
  const head = crc32(bytes.subarray(0, at));
  const sum = crc32(bytes.subarray(at + openSeal.length), crc32(new TextEncoder().encode(openSeal), head));
  return sum.toString(16).padStart(openSeal.length, "0");
}

/** Where the digits are in the header; -1 where there are none. */
function placeOfSeal(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = Math.min(bytes.length, bytes.length < 8 ? 0 : 8 + view.getUint32(0, true)) - openSeal.length;
  for (let start = 8; start + before.length <= end; start++) {
    if (before.every((byte, i) => bytes[start + i] === byte)) return start + before.length;
  }
  return -1;
}
