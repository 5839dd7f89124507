// The name of a data set's contents: everything that determines a training on it.
import { sha256OfPieces } from "../core/formats/hash.js";
import type { Dataset, Split } from "./dataset.js";

/** Hexadecimal SHA-256 of the pieces, one after the other. */
export type HashPieces = (pieces: Iterable<Uint8Array>) => string;

/**
 * 16 hexadecimal digits that change with any name, type, shape or element of the splits.
 * @param before what stands in front: the hashes of streamed rows, which are not in memory.
 */
export function contentFingerprint(
  { train, validation, test }: Pick<Dataset, "train" | "validation" | "test">,
  { hash = sha256OfPieces, before = [] }: { readonly hash?: HashPieces; readonly before?: readonly string[] } = {},
): string {
  const splits = [train, validation, test].filter((split) => split !== undefined);
  return hash(piecesOf(splits, before)).slice(0, 16);
}

function* piecesOf(splits: readonly Split[], before: readonly string[]): Iterable<Uint8Array> {
  const text = new TextEncoder();
  for (const word of before) yield text.encode(word);
  for (const { inputs, moreInputs, targets } of splits) {
    for (const [name, { dtype, shape, data }] of [
      ["", inputs] as const,
      ...(moreInputs ?? []),
      ["targets", targets] as const,
    ]) {
      yield text.encode(JSON.stringify([name, dtype, shape]));
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
  }
}
