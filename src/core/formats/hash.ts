// SHA-256 from a library that runs in every host.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "./json.js";

/** Lower-case hexadecimal SHA-256 of bytes. */
export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** The same hash of consecutive pieces, without joining them. */
export function sha256OfPieces(pieces: Iterable<Uint8Array>): string {
  const hash = sha256.create();
  for (const piece of pieces) hash.update(piece);
  return bytesToHex(hash.digest());
}

/** The name of a JSON value: the first 16 hexadecimal digits of the SHA-256 of its canonical text. */
export function jsonHash(value: unknown): string {
  return sha256Hex(utf8ToBytes(canonicalJson(value))).slice(0, 16);
}
