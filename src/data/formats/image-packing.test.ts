// Packing of images: round trips for every layout, and damaged files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { randomStream } from "../../core/random/rng.js";
import { type ImageLayout, packImages, unpackImages } from "./image-packing.js";

/** Smooth gradients with a little noise, the case that prediction is made for. */
function smoothImages({ headerBytes, prefixBytes, channels, height, width, records }: ImageLayout): Uint8Array {
  const noise = randomStream(1, "image");
  const size = prefixBytes + channels * height * width;
  return Uint8Array.from({ length: headerBytes + records * size }, (_, i) => {
    const pixel = (i - headerBytes) % size;
    return 100 + (pixel % width) * 3 + Math.floor(pixel / width) * 2 + (noise.word(i) % 3);
  });
}

describe("packed images", () => {
  it("are unpacked unchanged, for any layout and bytes", () => {
    const layouts = fc.record({
      headerBytes: fc.nat(20),
      prefixBytes: fc.nat(2),
      channels: fc.integer({ min: 1, max: 4 }),
      height: fc.integer({ min: 1, max: 6 }),
      width: fc.integer({ min: 1, max: 6 }),
      records: fc.nat(4),
    });
    fc.assert(
      fc.property(layouts, fc.nat(1000), (layout, seed) => {
        const { headerBytes, prefixBytes, channels, height, width, records } = layout;
        const noise = randomStream(seed, "bytes");
        const length = headerBytes + records * (prefixBytes + channels * height * width);
        const bytes = Uint8Array.from({ length }, (_, i) => noise.word(i));
        expect(unpackImages(packImages(bytes, layout), "x", length)).toEqual(bytes);
      }),
      { seed: 1 },
    );
  });

  it("contain only small numbers if the images are smooth", () => {
    const layout = { headerBytes: 0, prefixBytes: 0, channels: 3, height: 16, width: 16, records: 4 };
    const packed = packImages(smoothImages(layout), layout);
    const errors = packed.subarray(packed.length - 4 * 3 * 256);
    // Folded errors up to 12 represent -6 to 6.
    expect(errors.filter((error) => error > 12).length / errors.length).toBeLessThan(0.02);
  });

  it("are refused or give other bytes when damaged, within the memory limit", () => {
    const layout = { headerBytes: 4, prefixBytes: 1, channels: 3, height: 4, width: 4, records: 3 };
    const bytes = smoothImages(layout);
    const good = packImages(bytes, layout);
    const attempt = (packed: Uint8Array): string => {
      try {
        return `${unpackImages(packed, "x.br", 10_000).length}`;
      } catch (error) {
        if (error instanceof TrainscopeError) return error.message;
        throw error;
      }
    };
    const wide = good.slice();
    new DataView(wide.buffer).setUint32(16, 2 ** 31, true);
    expect([attempt(good.subarray(0, 10)), attempt(good.subarray(0, good.length - 1)), attempt(wide)]).toEqual([
      "x.br: truncated packed images. The packed file is damaged: make it again",
      "x.br: impossible length of packed images. The packed file is damaged: make it again",
      `x.br: packed images are too large: expected at most 10000 bytes, received ${4 + 3 * (1 + 3 * 4 * 2 ** 31)}. The packed file is damaged: make it again`,
    ]);
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
        const packed = good.slice();
        for (const [position, value] of changes) packed[position] = value;
        attempt(packed);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
