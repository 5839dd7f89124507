// npy: agreement with NumPy, order of the elements, and hostile files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { dtypes } from "../../core/numbers/dtype.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { readNpy, writeNpy } from "./npy.js";

// NumPy 2.4.6: save(file, asfortranarray([[1, 2, 3], [4, 5, 6]], float32))
const fortran =
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAg" +
  "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AACAQAAAAEAAAKBAAABAQAAAwEA=";

function file(dictionary: string, body: readonly number[] = []): Uint8Array {
  const header = new TextEncoder().encode(dictionary);
  return Uint8Array.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
    ...header,
    ...body,
  ]);
}

function header(descr: string, shape: string, order = "False"): string {
  return `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
}

function messageOf(bytes: Uint8Array): string {
  try {
    readNpy(bytes, "x.npy");
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("npy", () => {
  it("reads back every element type and shape", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...dtypes), shapes, (dtype, shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const tensor = tensorFrom(
          dtype,
          shape,
          Array.from({ length: size }, (_, i) => (dtype === "bool" ? i % 2 : i)),
        );
        const bytes = writeNpy(tensor);
        expect((bytes.length - tensor.data.byteLength) % 64).toBe(0);
        expect(readNpy(bytes, "x")).toEqual(tensor);
      }),
      { seed: 1 },
    );
  });

  it("converts a column-major file of NumPy to row-major order", () => {
    expect(readNpy(Buffer.from(fortran, "base64"), "x")).toEqual(tensorFrom("float32", [2, 3], [1, 2, 3, 4, 5, 6]));
    const cube = file(header("|u1", "(2, 2, 3)", "True"), [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11]);
    expect(readNpy(cube, "x")).toEqual(tensorFrom("uint8", [2, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
  });

  it("reads keys in any order, big-endian elements, Python 2 sizes and booleans of any byte", () => {
    const reordered = "{ 'shape': (2L,), 'fortran_order': False, 'descr': '>i4' }";
    expect(readNpy(file(reordered, [0, 0, 1, 0, 255, 255, 255, 255]), "x")).toEqual(
      tensorFrom("int32", [2], [256, -1]),
    );
    expect(readNpy(file(header("|b1", "(3,)"), [0, 1, 7]), "x")).toEqual(tensorFrom("bool", [3], [0, 1, 1]));
  });

  it("widens NumPy types that we lack, in both byte orders", () => {
    // numpy.array([1.5, -65504, 6e-8, inf], "<f2").tobytes()
    const halves = [0, 62, 255, 251, 1, 0, 0, 124];
    expect(readNpy(file(header("<f2", "(4,)"), halves), "x")).toEqual(
      tensorFrom("float32", [4], [1.5, -65504, 2 ** -24, Number.POSITIVE_INFINITY]),
    );
    expect(readNpy(file(header(">i2", "(2,)"), [255, 254, 1, 0]), "x")).toEqual(tensorFrom("int32", [2], [-2, 256]));
    expect(readNpy(file(header("<u2", "(1,)"), [255, 255]), "x")).toEqual(tensorFrom("int32", [1], [65535]));
    expect(readNpy(file(header(">u8", "(1,)"), [0, 0, 0, 0, 0, 0, 1, 2]), "x")).toEqual(
      tensorFrom("int64", [1], [258]),
    );
  });

  it("refuses a damaged file with one sentence", () => {
    const long = file(header("<f4", "()"));
    long[9] = 255;
    const versioned = file(header("<f4", "()"), [0, 0, 0, 0]);
    versioned[6] = 9;
    const cases = {
      empty: new Uint8Array(0),
      version: versioned,
      "header length": long,
      "no dictionary": file("descr fortran shape"),
      "key missing": file("{'descr': '<f4', 'shape': (1,)}"),
      "negative extent": file(header("<f4", "(-1,)"), [0, 0, 0, 0]),
      "extent beyond counting": file(header("<f4", "(99999999999999999999,)")),
      "many axes": file(header("|u1", `(${"1, ".repeat(65)})`), [0]),
      truncated: file(header("<f8", "(2,)"), [0, 0, 0]),
      "too long": file(header("|u1", "(1,)"), [0, 0, 0]),
      "product that overflows": file(header("<f8", "(4294967296, 4294967296)")),
      "long double": file(header("<f16", "(1,)"), new Array<number>(16).fill(0)),
      text: file(header("<U3", "(1,)"), new Array<number>(12).fill(0)),
      "beyond int64": file(header("<u8", "(1,)"), [0, 0, 0, 0, 0, 0, 0, 128]),
      objects: file(header("|O", "(1,)"), [0]),
      structured: file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0]),
    };
    const messages = Object.entries(cases).map(([what, bytes]) => `${what} | ${messageOf(bytes)}`);
    expect(messages).toMatchInlineSnapshot(`
      [
        "empty | x.npy: not a .npy file. The file is damaged or of another kind: write it again with numpy.save",
        "version | x.npy: unknown .npy version: expected 1, 2 or 3, received 9. The file is damaged or of another kind: write it again with numpy.save",
        "header length | x.npy: impossible length of the .npy header: expected at most 55 bytes, received 65335. The file is damaged or of another kind: write it again with numpy.save",
        "no dictionary | x.npy: the .npy header is not a dictionary of descr, fortran_order and shape. The file is damaged or of another kind: write it again with numpy.save",
        "key missing | x.npy: the .npy header is not a dictionary of descr, fortran_order and shape. The file is damaged or of another kind: write it again with numpy.save",
        "negative extent | x.npy: the .npy header is not a dictionary of descr, fortran_order and shape. The file is damaged or of another kind: write it again with numpy.save",
        "extent beyond counting | x.npy: impossible .npy shape: expected at most 64 extents. The file is damaged or of another kind: write it again with numpy.save",
        "many axes | x.npy: impossible .npy shape: expected at most 64 extents. The file is damaged or of another kind: write it again with numpy.save",
        "truncated | x.npy: truncated .npy file: expected 16 bytes for [2] of float64, received 3. The file is damaged or of another kind: write it again with numpy.save",
        "too long | x.npy: impossible length of a .npy file: expected 1 bytes for [1] of uint8, received 3. The file is damaged or of another kind: write it again with numpy.save",
        "product that overflows | x.npy: impossible length of a .npy file: expected far more bytes for [4294967296, 4294967296] of float64, received 0. The file is damaged or of another kind: write it again with numpy.save",
        "long double | x.npy: unsupported element type: expected float32, float64, uint8, int8, int32, uint32, int64, bool, float16, int16, uint16, uint64, received '<f16'. Convert it before saving: numpy.save(file, array.astype('float32'))",
        "text | x.npy: unsupported element type: expected float32, float64, uint8, int8, int32, uint32, int64, bool, float16, int16, uint16, uint64, received '<U3'. Convert it before saving: numpy.save(file, array.astype('float32'))",
        "beyond int64 | x.npy: number too large: expected at most 2^63 - 1, received 9223372036854775808. Save the array as int64 or float64",
        "objects | x.npy: arrays of Python objects are not read, because they can run code. Save numbers: numpy.save(file, numpy.array(values, 'float32'))",
        "structured | x.npy: structured arrays cannot be read. Save each field as its own array",
      ]
    `);
  });

  it("throws only documented errors on mutated files", () => {
    const good = new Uint8Array(Buffer.from(fortran, "base64"));
    const change = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(0, 32, 39, 40, 41, 44, 48, 57, 123, 125, 255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(good.length), (changes, length) => {
        const bytes = good.slice();
        for (const [position, value] of changes) bytes[position] = value;
        messageOf(bytes);
        messageOf(bytes.subarray(0, length));
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
});
