// Safetensors: round trips, agreement with the reference implementation, and hostile files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../errors.js";
import { dtypes } from "../numbers/dtype.js";
import { type TensorData, tensorFrom } from "../numbers/tensor-data.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const tensor = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    first: fc.integer({ min: 0, max: 1 }),
  })
  .map(({ dtype, shape, first }): TensorData => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tensorFrom(
      dtype,
      shape,
      Array.from({ length: size }, (_, i) => (dtype === "bool" ? (i + first) % 2 : i + first)),
    );
  });
const name = fc.string({ unit: "grapheme" }).filter((text) => text !== "__metadata__");

// safetensors 0.8.0 (Python): save({"w": float32 [[1, -2.5]], "n": int64 3, "b": [True, False, True]}, {"format": "pt"})
const reference =
  "yAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJuIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMi" +
  "OlswLDhdfSwidyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMSwyXSwiZGF0YV9vZmZzZXRzIjpbOCwxNl19LCJiIjp7ImR0eXBlIjoiQk9PTCIs" +
  "InNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzE2LDE5XX19ICAgIAMAAAAAAAAAAACAPwAAIMABAAE=";
const referenceTensors: [string, TensorData][] = [
  ["w", tensorFrom("float32", [1, 2], [1, -2.5])],
  ["n", tensorFrom("int64", [], [3])],
  ["b", tensorFrom("bool", [3], [1, 0, 1])],
];

function file(header: unknown, bodyBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + bodyBytes);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  return bytes;
}

function messageOf(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes, "a.safetensors");
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("safetensors", () => {
  it("reads back every element type, name and metadata, at any alignment", () => {
    const metadata = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor), { maxLength: 5 }), metadata, (pairs, texts) => {
        const bytes = writeSafetensors(pairs, new Map(texts));
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        const read = readSafetensors(shifted.subarray(1), "x");
        expect(new Map(read.tensors)).toEqual(new Map(pairs));
        expect(new Map(read.metadata)).toEqual(new Map(texts));
      }),
      { seed: 1 },
    );
  });

  it("reads and writes the bytes of the reference implementation", () => {
    const bytes = new Uint8Array(Buffer.from(reference, "base64"));
    const read = readSafetensors(bytes, "x");
    expect(new Map(read.tensors)).toEqual(new Map(referenceTensors));
    expect(Buffer.from(writeSafetensors(referenceTensors, read.metadata)).toString("base64")).toBe(reference);
  });

  it("writes the same bytes for any order of the tensors", () => {
    expect(writeSafetensors([...referenceTensors].reverse())).toEqual(writeSafetensors(referenceTensors));
  });

  it("reads numbers of 16 bits as float32", () => {
    const header = {
      h: { dtype: "F16", shape: [2], data_offsets: [0, 4] },
      b: { dtype: "BF16", shape: [1], data_offsets: [4, 6] },
    };
    const json = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + 6);
    bytes[0] = json.length;
    bytes.set(json, 8);
    bytes.set([0x00, 0x3c, 0x00, 0xc1, 0xc0, 0x3f], 8 + json.length);
    const { tensors } = readSafetensors(bytes, "a.safetensors");
    expect([...tensors]).toEqual([
      ["h", tensorFrom("float32", [2], [1, -2.5])],
      ["b", tensorFrom("float32", [1], [1.5])],
    ]);
  });

  it("refuses a damaged file with one sentence", () => {
    const entry = (begin: number, end: number, shape: unknown = [1], dtype = "F32") => ({
      dtype,
      shape,
      data_offsets: [begin, end],
    });
    const good = writeSafetensors(referenceTensors);
    const huge = file("{}");
    huge.fill(255, 0, 8);
    const cases = {
      empty: new Uint8Array(0),
      "header length": huge,
      "not JSON": file("{]"),
      "not an object": file("[]"),
      truncated: good.subarray(0, good.length - 1),
      "trailing bytes": file({ a: entry(0, 4) }, 5),
      overlap: file({ a: entry(0, 4), b: entry(0, 4) }, 4),
      hole: file({ a: entry(0, 4), b: entry(8, 12) }, 12),
      "start after zero": file({ a: entry(4, 8) }, 8),
      "shape beyond the offsets": file({ a: entry(0, 4, [2]) }, 4),
      "shape that overflows": file({ a: entry(0, 0, [2 ** 40, 2 ** 40]) }),
      "negative extent": file({ a: entry(0, 4, [-1]) }, 4),
      "unknown type": file({ a: entry(0, 1, [1], "F8_E5M2") }, 1),
      "half a number": file({ a: entry(0, 3, [1], "F16") }, 3),
      "metadata of numbers": file({ __metadata__: { step: 3 } }),
    };
    const messages = Object.entries(cases).map(([what, bytes]) => `${what} | ${messageOf(bytes)}`);
    expect(messages).toMatchInlineSnapshot(`
      [
        "empty | a.safetensors: truncated safetensors file: expected at least 8 bytes, received 0. The file is damaged or not a safetensors file: write it again",
        "header length | a.safetensors: impossible length of the safetensors header: expected at most 2 bytes, received 18446744073709552000. The file is damaged or not a safetensors file: write it again",
        "not JSON | a.safetensors: the safetensors header is not JSON. The file is damaged or not a safetensors file: write it again",
        "not an object | a.safetensors: the safetensors header is not a JSON object. The file is damaged or not a safetensors file: write it again",
        "truncated | a.safetensors: truncated safetensors file: expected 19 bytes of tensors, received 18. The file is damaged or not a safetensors file: write it again",
        "trailing bytes | a.safetensors: bytes after the last tensor: expected 4 bytes of tensors, received 5. The file is damaged or not a safetensors file: write it again",
        "overlap | a.safetensors > b: tensors overlap: expected a start at byte 4, received 0. The file is damaged or not a safetensors file: write it again",
        "hole | a.safetensors > b: a hole between tensors: expected a start at byte 4, received 8. The file is damaged or not a safetensors file: write it again",
        "start after zero | a.safetensors > a: a hole between tensors: expected a start at byte 0, received 4. The file is damaged or not a safetensors file: write it again",
        "shape beyond the offsets | a.safetensors > a: offsets do not fit the shape: expected 8 bytes for [2] of float32, received 4. The file is damaged or not a safetensors file: write it again",
        "shape that overflows | a.safetensors > a: offsets do not fit the shape: expected far more bytes for [1099511627776, 1099511627776] of float32, received 0. The file is damaged or not a safetensors file: write it again",
        "negative extent | a.safetensors > a: shape or offsets are not lists of integers. The file is damaged or not a safetensors file: write it again",
        "unknown type | a.safetensors > a: unsupported element type: expected F32, F64, U8, I8, I32, U32, I64, BOOL, F16, BF16, received "F8_E5M2". Convert the tensor before saving it",
        "half a number | a.safetensors > a: offsets do not fit the shape: expected 2 bytes for [1] of float32, received 3. The file is damaged or not a safetensors file: write it again",
        "metadata of numbers | a.safetensors > __metadata__: metadata is not text. The file is damaged or not a safetensors file: write it again",
      ]
    `);
  });

  it("refuses to write a tensor under the reserved name", () => {
    expect(() => writeSafetensors([["__metadata__", referenceTensors[0][1]]])).toThrow(/reserved tensor name/);
  });

  it("throws only documented errors on mutated files", () => {
    const good = writeSafetensors(referenceTensors, new Map([["a", "b"]]));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = good.slice();
          for (const [position, value] of changes) bytes[position] = value;
          messageOf(bytes.subarray(0, length));
          messageOf(bytes);
        },
      ),
      { seed: 2, numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.json(), (header) => void messageOf(file(header, 8))),
      { seed: 3, numRuns: 300 },
    );
  });
});
