// npz: agreement with NumPy, and hostile archives.
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { crc32 } from "../../core/formats/crc32.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { type ReadNpzOptions, readNpz, writeNpz } from "./npz.js";

// NumPy 2.4.6: savez_compressed(big=>i4 [-1, 65536], x=column-major float32 [[1, 2, 3], [4, 5, 6]], n=int64 3, flags=[True, False])
const reference =
  "UEsDBC0AAAAIAAAAIQA9pzlW//////////8HABQAYmlnLm5weQEAEACIAAAAAAAAAEsAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpdpoq6j" +
  "oJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQArv9AwMDIwAAAUEsDBC0AAAAIAAAAIQCyZ90j//////////8FABQAeC5ucHkB" +
  "ABAAmAAAAAAAAABXAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK" +
  "5AMuBoYGeyB2YGBgAOIFQOwAxAccAFBLAwQtAAAACAAAACEA2ba66P//////////BQAUAG4ubnB5AQAQAIgAAAAAAAAARgAAAAAAAACb7BfqGxDJ" +
  "yFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqaOgq1ChQBLmYGCAAAUEsDBC0AAAAIAAAAIQDuGbtd////" +
  "//////8JABQAZmxhZ3MubnB5AQAQAIIAAAAAAAAARgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBek2SorqOgnpZfVFKUmBefX5SSChJ3S8wp" +
  "TgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYAUEsBAi0DLQAAAAgAAAAhAD2nOVZLAAAAiAAAAAcAAAAAAAAAAAAAAIABAAAAAGJpZy5ucHlQSwECLQMt" +
  "AAAACAAAACEAsmfdI1cAAACYAAAABQAAAAAAAAAAAAAAgAGEAAAAeC5ucHlQSwECLQMtAAAACAAAACEA2ba66EYAAACIAAAABQAAAAAAAAAAAAAA" +
  "gAESAQAAbi5ucHlQSwECLQMtAAAACAAAACEA7hm7XUYAAACCAAAACQAAAAAAAAAAAAAAgAGPAQAAZmxhZ3MubnB5UEsFBgAAAAAEAAQA0gAAABAC" +
  "AAAAAA==";
const x = tensorFrom("float32", [2, 3], [1, 2, 3, 4, 5, 6]);
const n = tensorFrom("int64", [], [3]);

function messageOf(bytes: Uint8Array, options?: ReadNpzOptions): string {
  try {
    readNpz(bytes, "a.npz", options);
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

/** A copy with one changed 32-bit or 16-bit field in the first directory record. */
function withRecord(bytes: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const copy = bytes.slice();
  const record = Buffer.from(copy.buffer).indexOf("PK\u0001\u0002", 0, "latin1");
  const view = new DataView(copy.buffer);
  for (const [offset, value] of Object.entries(changes)) {
    if (Number(offset) < 16) view.setUint16(record + Number(offset), value, true);
    else view.setUint32(record + Number(offset), value, true);
  }
  return copy;
}

describe("npz", () => {
  it("reads an archive of NumPy", () => {
    expect(readNpz(Buffer.from(reference, "base64"), "a.npz")).toEqual(
      new Map([
        ["big", tensorFrom("int32", [2], [-1, 65536])],
        ["x", x],
        ["n", n],
        ["flags", tensorFrom("bool", [2], [1, 0])],
      ]),
    );
  });

  it("reads back stored and compressed arrays, and unpacks only the requested ones", () => {
    const arrays = new Map([
      ["x", x],
      ["n", n],
    ]);
    for (const compress of [true, false]) expect(readNpz(writeNpz(arrays, { compress }), "a.npz")).toEqual(arrays);
    const large = writeNpz([["zeros", tensorFrom("uint8", [100_000], new Uint8Array(100_000))]]);
    expect(large.length).toBeLessThan(1000);
    expect(readNpz(large, "a.npz").get("zeros")?.shape).toEqual([100_000]);
    expect(readNpz(writeNpz(arrays), "a.npz", { names: ["n"] })).toEqual(new Map([["n", n]]));
  });

  it("knows the check value of CRC-32", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });

  it("refuses a damaged archive with one sentence", () => {
    const good = writeNpz([["x", x]]);
    const cases = {
      empty: new Uint8Array(0),
      truncated: good.subarray(0, good.length - 30),
      "flipped byte": Uint8Array.from(good, (byte, index) => (index === 60 ? byte ^ 1 : byte)),
      "wrong checksum": withRecord(good, { 16: 1 }),
      "longer than declared": withRecord(good, { 24: 100 }),
      "shorter than declared": withRecord(good, { 24: 200 }),
      bomb: withRecord(good, { 24: 0x7fffffff }),
      "4 GB": withRecord(good, { 24: 0xffffffff }),
      encrypted: withRecord(good, { 8: 1 }),
      "unknown method": withRecord(good, { 10: 12 }),
      "outside the file": withRecord(good, { 42: 0x10000000 }),
      "not an array": zipSync({ "x.npy": Uint8Array.of(1, 2, 3) }),
    };
    const messages = Object.entries(cases).map(([what, bytes]) => `${what} | ${messageOf(bytes)}`);
    messages.push(`limit | ${messageOf(good, { maxBytes: 100 })}`, `name | ${messageOf(good, { names: ["y"] })}`);
    expect(messages).toMatchInlineSnapshot(`
      [
        "empty | a.npz: not a zip archive, or its end is missing. The archive is damaged or of another kind: write it again",
        "truncated | a.npz: not a zip archive, or its end is missing. The archive is damaged or of another kind: write it again",
        "flipped byte | a.npz > x.npy: zip entry with a wrong checksum. The archive is damaged or of another kind: write it again",
        "wrong checksum | a.npz > x.npy: zip entry with a wrong checksum. The archive is damaged or of another kind: write it again",
        "longer than declared | a.npz > x.npy: damaged zip entry. The archive is damaged or of another kind: write it again",
        "shorter than declared | a.npz > x.npy: truncated zip entry. The archive is damaged or of another kind: write it again",
        "bomb | a.npz > x.npy: impossible size of a zip entry. The archive is damaged or of another kind: write it again",
        "4 GB | a.npz > x.npy: zip entry of 4 GB or more. The archive is damaged or of another kind: write it again",
        "encrypted | a.npz > x.npy: encrypted zip entry. The archive is damaged or of another kind: write it again",
        "unknown method | a.npz > x.npy: unknown compression method 12. The archive is damaged or of another kind: write it again",
        "outside the file | a.npz > x.npy: damaged zip entry. The archive is damaged or of another kind: write it again",
        "not an array | a.npz > x: not a .npy file. The file is damaged or of another kind: write it again with numpy.save",
        "limit | a.npz: too much to unpack: expected at most 100 bytes, received 152",
        "name | a.npz: unknown array "y". Valid: x",
      ]
    `);
  });

  it("refuses directory records that share their bytes", () => {
    // 1,000 records for one entry of 5 MB: the classic zip bomb without recursion.
    const one = zipSync({ "x.npy": new Uint8Array(5_000_000) }, { level: 9 });
    const start = Buffer.from(one.buffer).lastIndexOf("PK\u0001\u0002", undefined, "latin1");
    const record = one.subarray(start, one.length - 22);
    const end = one.slice(one.length - 22);
    new DataView(end.buffer).setUint16(10, 1000, true);
    const bomb = Buffer.concat([one.subarray(0, start), ...Array.from({ length: 1000 }, () => record), end]);
    expect(messageOf(bomb, { maxBytes: Number.MAX_SAFE_INTEGER })).toMatch(/entries overlap/);
  });

  it("refuses an array without a name, or two arrays with the same name", () => {
    expect(() => writeNpz([["", x]])).toThrow(/empty or given twice/);
    expect(() =>
      writeNpz([
        ["x", x],
        ["x", n],
      ]),
    ).toThrow(/empty or given twice/);
  });

  it("throws only documented errors on mutated archives", () => {
    const good = new Uint8Array(Buffer.from(reference, "base64"));
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 5 }), fc.nat(good.length), (changes, length) => {
        const bytes = good.slice();
        for (const [position, value] of changes) bytes[position] = value;
        messageOf(bytes);
        messageOf(bytes.subarray(0, length));
      }),
      { seed: 3, numRuns: 1000 },
    );
  });
});
