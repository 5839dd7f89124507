// Names and numbers of an ONNX file, made safe to print and to count with.
import { CorruptFileError } from "../../core/errors.js";

/** More axes than any tensor has. */
export const mostAxes = 64;

/** A name of the file in quotes, as far as it can be printed in one line. */
export function quoted(name: string): string {
  return `"${printable(name)}"`;
}

/** A text of the file without control characters, shortened. */
export function printable(text: string): string {
  const start = text.slice(0, 120);
  // Every node of a file is named in messages that are seldom printed.
  return /\p{C}/u.test(start) ? [...start].map((letter) => (/\p{C}/u.test(letter) ? "?" : letter)).join("") : start;
}

/** An integer of the file as a number. Throws CorruptFileError beyond 2^53; the largest int64 stands for "to the end". */
export function integer(where: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) || value === 2n ** 63n - 1n || value === -(2n ** 63n)) return number;
  throw new CorruptFileError("an integer is too large", { where, received: `${value}` });
}
