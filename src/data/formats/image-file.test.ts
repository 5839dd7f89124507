// Images: every kind of PNG, JPEG in color and gray, PyTorch's resizing, and hostile files.

import fc from "fast-check";
import { zlibSync } from "fflate";
import jpeg from "jpeg-js";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { crc32 } from "../../core/formats/crc32.js";
import { ImageCollector } from "../user/image-set.js";
import { decodeImage } from "./image-file.js";
import { resizeImage } from "./resize-image.js";

function chunk(kind: string, body: Uint8Array | readonly number[]): number[] {
  const typed = [...new TextEncoder().encode(kind), ...body];
  const word = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
  return [...word(body.length), ...typed, ...word(crc32(Uint8Array.from(typed)))];
}

interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly color: number;
  /** Scan lines, each with its filter byte in front. */
  readonly lines: readonly number[] | Uint8Array;
  readonly before?: readonly number[];
}

function png({ width, height, depth, color, lines, before = [] }: PngParts): Uint8Array {
  const word = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    ...chunk("IHDR", [...word(width), ...word(height), depth, color, 0, 0, 0]),
    ...before,
    ...chunk("IDAT", zlibSync(Uint8Array.from(lines))),
    ...chunk("IEND", []),
  ]);
}

function messageOf(bytes: Uint8Array): string {
  try {
    decodeImage(bytes, "a.png");
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

const gray2x2 = png({ width: 2, height: 2, depth: 8, color: 0, lines: [0, 10, 20, 2, 1, 2] });

describe("PNG", () => {
  it.each([
    ["gray of 8 bits, filter up", gray2x2, 1, [10, 20, 11, 22]],
    [
      "gray of 1 bit",
      png({ width: 3, height: 2, depth: 1, color: 0, lines: [0, 0b10100000, 0, 0b01000000] }),
      1,
      [255, 0, 255, 0, 255, 0],
    ],
    ["gray of 4 bits", png({ width: 3, height: 1, depth: 4, color: 0, lines: [0, 0x0f, 0x80] }), 1, [0, 255, 136]],
    [
      "gray of 16 bits",
      png({ width: 2, height: 1, depth: 16, color: 0, lines: [0, 0x12, 0x34, 0xff, 0x00] }),
      1,
      [0x12, 0xff],
    ],
    ["gray and alpha", png({ width: 2, height: 1, depth: 8, color: 4, lines: [0, 7, 0, 9, 255] }), 1, [7, 9]],
    [
      "color, filter left",
      png({ width: 2, height: 1, depth: 8, color: 2, lines: [1, 1, 2, 3, 4, 5, 6] }),
      3,
      [1, 5, 2, 7, 3, 9],
    ],
    [
      "color and alpha",
      png({ width: 1, height: 2, depth: 8, color: 6, lines: [0, 1, 2, 3, 0, 0, 4, 5, 6, 9] }),
      3,
      [1, 4, 2, 5, 3, 6],
    ],
    [
      "a palette",
      png({
        width: 3,
        height: 1,
        depth: 2,
        color: 3,
        lines: [0, 0b00011000],
        before: chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      }),
      3,
      [1, 4, 7, 2, 5, 8, 3, 6, 9],
    ],
  ])("of %s", (_, bytes, channels, data) => {
    const image = decodeImage(bytes, "a.png");
    expect([image.channels, [...image.data]]).toEqual([channels, data]);
  });

  it("is refused with one sentence if it is damaged or needs too much memory", () => {
    const flipped = gray2x2.slice();
    flipped[45] ^= 1;
    const bomb = png({ width: 1, height: 1, depth: 8, color: 0, lines: new Uint8Array(40_000_000) });
    const texts = chunk("zTXt", [97, 0, 0, ...zlibSync(new Uint8Array(1_000_000))]);
    const cases = [
      new Uint8Array(0),
      gray2x2.subarray(0, 20),
      gray2x2.subarray(0, gray2x2.length - 5),
      flipped,
      bomb,
      png({ width: 100_000, height: 100_000, depth: 8, color: 0, lines: [0] }),
      png({ width: 0, height: 1, depth: 8, color: 0, lines: [0] }),
      png({ width: 2, height: 2, depth: 3, color: 0, lines: [0] }),
      png({ width: 2, height: 2, depth: 8, color: 0, lines: [0, 1] }),
      png({ width: 1, height: 1, depth: 8, color: 0, lines: [0, 1], before: texts }),
    ];
    expect(cases.map(messageOf)).toMatchInlineSnapshot(`
      [
        "a.png: neither PNG nor JPEG. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: truncated PNG file. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: truncated PNG file. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: picture that cannot be decoded: received CRC mismatch for chunk IDAT. Expected 2853743517, found 1171964067. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: PNG file with more pixels than it declares. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: picture of an impossible size: expected at most 32000000 pixels, received 100000 x 100000. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: picture of an impossible size: expected at most 32000000 pixels, received 0 x 1. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: PNG file with fewer pixels than it declares. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: PNG file with fewer pixels than it declares. The file is damaged or of another kind: write it again, or leave it out",
        "no error",
      ]
    `);
  });

  it("of 16 bits and many pixels needs no JavaScript object per sample", () => {
    const lines = new Uint8Array(5600 * (1 + 8 * 5600));
    const image = decodeImage(png({ width: 5600, height: 5600, depth: 16, color: 6, lines }), "a.png");
    expect([image.channels, image.data.length]).toEqual([3, 3 * 5600 ** 2]);
  }, 60_000);

  it("throws nothing but its own errors on mutated files", () => {
    const change = fc.tuple(fc.nat(gray2x2.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.nat(gray2x2.length), (changes, length) => {
        const bytes = gray2x2.slice();
        for (const [position, value] of changes) bytes[position] = value;
        messageOf(bytes);
        messageOf(bytes.subarray(0, length));
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe("JPEG", () => {
  const [width, height] = [16, 8];
  const data = Uint8Array.from(
    { length: width * height * 4 },
    (_, i) => [40 + (i >> 4), 200 - (i >> 3), 90, 255][i % 4],
  );
  const color = jpeg.encode({ width, height, data }, 100).data;

  it("is decoded to planes, within the loss of its compression", () => {
    const image = decodeImage(color, "a.jpg");
    expect([image.channels, image.height, image.width]).toEqual([3, 8, 16]);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) expect(Math.abs(image.data[c * 128 + i] - data[4 * i + c])).toBeLessThan(8);
    }
  });

  it("with one component is gray", () => {
    // One block of 8 x 8: tables of one code each, a direct part of 0 and the end of the block, bits 00.
    const huffman = [1, ...new Array<number>(15).fill(0), 0];
    const gray = [
      ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...new Array<number>(64).fill(1)],
      ...[0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0],
      ...[0xff, 0xc4, 0, 20, 0x00, ...huffman, 0xff, 0xc4, 0, 20, 0x10, ...huffman],
      ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x3f, 0xff, 0xd9],
    ];
    const image = { channels: 1, height: 8, width: 8, data: new Uint8Array(64).fill(128) };
    expect(decodeImage(Uint8Array.from(gray), "a.jpg")).toEqual(image);
  });

  it("is refused before decoding if it is too short for its pixels, or would take minutes", () => {
    const frame = color.findIndex((byte, i) => byte === 0xff && color[i + 1] === 0xc0);
    const sized = (extent: number): Buffer => {
      const bytes = Buffer.from(color);
      bytes.writeUInt16BE(extent, frame + 5);
      bytes.writeUInt16BE(extent, frame + 7);
      return bytes;
    };
    const [head, rest] = [color.subarray(0, frame), color.subarray(frame)];
    const end = frame + 19;
    const scans = Array.from({ length: 5000 }, () => [0xff, 0xda, 0, 12, 3, 1, 0, 2, 17, 3, 17, 0, 63, 0, 0]).flat();
    const slow = Buffer.concat([sized(1600).subarray(0, end), Uint8Array.from(scans), sized(1600).subarray(end)]);
    const twice = Buffer.concat([head, rest.subarray(0, 19), rest]);
    expect([sized(5000), slow, twice].map(messageOf).map((message) => message.slice(0, 120))).toMatchInlineSnapshot(`
      [
        "a.png: truncated JPEG file. The file is damaged or of another kind: write it again, or leave it out",
        "a.png: JPEG file that takes too long to decode: expected at most 250 scans of 1600 x 1600 pixels, received 5001. The fil",
        "a.png: JPEG file of a kind that we cannot read: expected one frame of 1, 3 or 4 color components, received 2 frames. The",
      ]
    `);
  });

  it("throws only documented errors when it is truncated or changed", () => {
    const attempt = (bytes: Uint8Array) => {
      try {
        decodeImage(bytes, "a.jpg");
      } catch (error) {
        if (!(error instanceof TrainscopeError)) throw error;
      }
    };
    const change = fc.tuple(fc.nat(color.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(color.length), (changes, length) => {
        const bytes = Uint8Array.from(color);
        for (const [position, value] of changes) bytes[position] = value;
        attempt(bytes);
        attempt(bytes.subarray(0, length));
      }),
      { seed: 8, numRuns: 200 },
    );
  });
});

describe("resizing", () => {
  // torch 2.13: F.interpolate(x.float(), size, mode="bilinear", align_corners=False).round() of 37 i mod 256, 5 x 7.
  const image = {
    channels: 1,
    height: 5,
    width: 7,
    data: Uint8Array.from({ length: 35 }, (_, i) => (37 * i) % 256),
  } as const;

  it.each([
    [3, 4, [15, 80, 144, 209, 20, 85, 149, 214, 25, 90, 154, 219]],
    [
      8,
      10,
      [
        0, 20, 46, 72, 98, 124, 150, 176, 202, 222, 1, 22, 48, 73, 99, 125, 151, 177, 203, 223, 3, 24, 49, 75, 101, 127,
        153, 179, 205, 225, 5, 25, 51, 77, 103, 129, 155, 181, 207, 227, 7, 27, 53, 79, 105, 131, 157, 183, 209, 229, 9,
        29, 55, 81, 107, 133, 159, 185, 210, 231, 11, 31, 57, 83, 109, 135, 161, 186, 212, 233, 12, 32, 58, 84, 110,
        136, 162, 188, 214, 234,
      ],
    ],
    [5, 3, [25, 111, 197, 28, 114, 200, 31, 117, 203, 34, 120, 206, 37, 123, 209]],
    [1, 1, [117]],
  ] as [number, number, number[]][])("to %i x %i gives the bytes of PyTorch", (height, width, expected) => {
    expect([...resizeImage(image, height, width).data]).toEqual(expected);
  });

  it("to the same size changes nothing", () => {
    expect(resizeImage(image, 5, 7)).toBe(image);
  });
});

describe("a set of images", () => {
  it("has one plane until the first color image, then three", () => {
    const collector = new ImageCollector("folder", 2, undefined, 100);
    collector.add({ channels: 1, height: 1, width: 2, data: Uint8Array.of(1, 2) }, "a", "1.png");
    collector.add({ channels: 3, height: 1, width: 2, data: Uint8Array.of(3, 4, 5, 6, 7, 8) }, "b", "2.png");
    const { inputs, targets } = collector.examples();
    expect(inputs.get("images")).toEqual({
      dtype: "uint8",
      shape: [2, 3, 1, 2],
      data: Uint8Array.of(1, 2, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8),
    });
    expect(targets.values).toEqual({ texts: ["a", "b"], shape: [2] });
  });

  it("has images of one size and respects the size limit", () => {
    const collector = new ImageCollector("folder", 2, undefined, 100);
    const image = (height: number, width: number) =>
      ({ channels: 1, height, width, data: new Uint8Array(height * width) }) as const;
    collector.add(image(1, 2), "a", "1.png");
    expect(() => collector.add(image(2, 1), "a", "2.png")).toThrow(
      "2.png: pictures differ in size: expected 1 x 2 (height x width), as 1.png, received 2 x 1. " +
        "Give the size that all of them shall have: --image-size 1x2",
    );
    expect(() => new ImageCollector("folder", 2, undefined, 100).add(image(10, 10), "a", "1.png")).toThrow(
      /folder: pictures take too much memory: expected at most 100 bytes, received 200 for 2 pictures of 1 x 10 x 10/,
    );
  });
});
