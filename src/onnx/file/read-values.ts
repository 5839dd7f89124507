// Makes names and numbers from an ONNX file safe to print and to compute with.
import { CorruptFileError } from "../../core/errors.js";

/** Limit on the number of axes, larger than any real tensor's. */
export const mostAxes = 64;

/** A name from the file in quotes, printable on one line. */
export function quoted(name: string): string {
  return `"${printable(name)}"`;
}

/** A text from the file without control characters, shortened. */
export function printable(text: string): string {
  const start = text.slice(0, 120);
  // Called for every node of a file, although the messages are rarely printed, so the common case must be fast.
  return /\p{C}/u.test(start) ? [...start].map((letter) => (/\p{C}/u.test(letter) ? "?" : letter)).join("") : start;
}

/**
 * An integer from the file as a number. Throws CorruptFileError beyond 2^53, except that the largest int64 means "to
 * the end".
 */
export function integer(where: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) || value === 2n ** 63n - 1n || value === -(2n ** 63n)) return number;
  throw new CorruptFileError("an integer is too large", { where, received: `${value}` });
}
