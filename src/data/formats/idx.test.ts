// IDX: known bytes, every type, and hostile files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { readIdx, writeIdx } from "./idx.js";

function messageOf(bytes: Uint8Array): string {
  try {
    readIdx(bytes, "labels-idx1-ubyte");
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("IDX", () => {
  it("returns the written bytes in new memory", () => {
    const image = { ...tensorFrom("uint8", [2, 1, 3], [1, 2, 3, 4, 5, 255]), dtype: "uint8" as const };
    const file = writeIdx(image);
    expect([...file.subarray(0, 16)]).toEqual([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3]);
    const read = readIdx(file, "x");
    expect(read).toEqual(image);
    expect(read.data.buffer.byteLength).toBe(6);
  });

  it("reads the wide types, most significant byte first", () => {
    expect(readIdx(Uint8Array.of(0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 1, 0, 255, 255, 255, 254), "x")).toEqual(
      tensorFrom("int32", [2], [256, -2]),
    );
    expect(readIdx(Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 1, 0xc0, 0x20, 0, 0), "x")).toEqual(
      tensorFrom("float32", [1], [-2.5]),
    );
  });

  it("refuses a damaged file with one sentence", () => {
    const cases = {
      empty: [],
      gzip: [0x1f, 0x8b, 8, 0],
      "16-bit integers": [0, 0, 0x0b, 1],
      "header cut off": [0, 0, 8, 3, 0, 0, 0, 1],
      truncated: [0, 0, 8, 1, 0, 0, 0, 3, 1, 2],
      "too long": [0, 0, 8, 1, 0, 0, 0, 1, 1, 2],
      "huge extents": [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255, 7],
    };
    const messages = Object.entries(cases).map(([what, bytes]) => `${what} | ${messageOf(Uint8Array.from(bytes))}`);
    expect(messages).toMatchInlineSnapshot(`
      [
        "empty | labels-idx1-ubyte: not an IDX file that we can read: expected the first bytes 00 00, then a type of 08, 09, 0c, 0d or 0e, received an empty file. The file is damaged, incomplete or of another kind: fetch it again",
        "gzip | labels-idx1-ubyte: not an IDX file that we can read: expected the first bytes 00 00, then a type of 08, 09, 0c, 0d or 0e, received 1f 8b 08 00. The file is damaged, incomplete or of another kind: fetch it again",
        "16-bit integers | labels-idx1-ubyte: not an IDX file that we can read: expected the first bytes 00 00, then a type of 08, 09, 0c, 0d or 0e, received 00 00 0b 01. The file is damaged, incomplete or of another kind: fetch it again",
        "header cut off | labels-idx1-ubyte: truncated IDX header: expected 16 bytes for 3 axes, received 8. The file is damaged, incomplete or of another kind: fetch it again",
        "truncated | labels-idx1-ubyte: truncated IDX file: expected 11 bytes for [3] of uint8, received 10. The file is damaged, incomplete or of another kind: fetch it again",
        "too long | labels-idx1-ubyte: impossible length of an IDX file: expected 9 bytes for [1] of uint8, received 10. The file is damaged, incomplete or of another kind: fetch it again",
        "huge extents | labels-idx1-ubyte: impossible length of an IDX file: expected far more bytes for [4294967295, 4294967295] of uint8, received 13. The file is damaged, incomplete or of another kind: fetch it again",
      ]
    `);
  });

  it("throws only documented errors on random bytes", () => {
    const start = fc.constantFrom([], [0, 0, 8, 1], [0, 0, 0x0e, 2, 0, 0, 0, 0], [0, 0, 8, 255]);
    const bytes = fc.tuple(start, fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(bytes, ([head, tail]) => void messageOf(Uint8Array.from([...head, ...tail]))),
      { seed: 1, numRuns: 1000 },
    );
  });
});
