// randomShift: moves each image by a few pixels in both directions.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { tensorData } from "../../core/numbers/tensor-data.js";
import { constant, scalar } from "../../graph/build.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { bitShift } from "../../graph/ops/elementwise/bit-shift.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { pad } from "../../graph/ops/movement/padding.js";
import { split } from "../../graph/ops/movement/slicing.js";
import type { Tensor } from "../../graph/tensor.js";
import { randomWords } from "../random/random-words.js";
import { defineAugmentation, imageExtents, pixelsAt } from "./augmentation.js";

const padModes = { zero: "constant", edge: "edge", reflect: "reflect" } as const;

/**
 * Moves every image down and right by whole pixels, both drawn uniformly from `-pixels` to `pixels`; pixels that enter
 * from outside are filled by `fill`. Equivalent to torchvision's `RandomCrop(size, padding=pixels)`, which for CIFAR-10
 * usually has 4 pixels of zeros (K. He et al., CVPR 2016, section 4.2). Zero is a stored value: black for images.
 */
export const randomShift = defineAugmentation({
  kind: "randomShift",
  about: "moves each image by whole pixels, up to a limit in each direction",
  lookalikes: {
    RandomCrop: "Torchvision's takes the size of the images: write randomShift with pixels = padding",
    RandomTranslation: "Keras's takes fractions of the size and interpolates: write randomShift with whole pixels",
  },
  options: z.object({
    // Up to 127, the product of 24 random bits and the number of positions fits in 32 bits.
    pixels: z.int().min(1).max(127).default(4).describe("largest shift in each direction"),
    fill: z.enum(["zero", "edge", "reflect"]).default("zero").describe("what comes in: `zero`, `edge` or `reflect`"),
  }),
  build({ pixels, fill }, x, key, where) {
    const { batch, height, width } = imageExtents(x, where);
    if (fill === "reflect" && pixels >= Math.min(height, width)) {
      throw new ShapeError("an image is too small to be reflected so far", {
        where: `${where}.pixels`,
        expected: `less than ${Math.min(height, width)}, its height and width`,
        received: `${pixels}`,
      });
    }
    const border = [0, 0, pixels, pixels];
    const padded = pad(x, [...border, ...border], 0, { mode: padModes[fill] });
    const [down, right] = split(numbersBelow(2 * pixels + 1, randomWords(batch, 2, key)), [1, 1], { axis: 1 });
    const stride = width + 2 * pixels;
    const first = add(mul(down, scalar(stride, "int32")), right);
    return pixelsAt(padded, add(rowMajor(height, width, stride), first), height, width);
  },
});

/**
 * Maps words to `int32` numbers from 0 to `count - 1` by their upper 24 bits; probabilities differ by at most 1 in
 * 60,000.
 */
function numbersBelow(count: number, words: Tensor): Tensor {
  const upper = bitShift(words, scalar(8, "uint32"), { direction: "RIGHT" });
  return cast(bitShift(mul(upper, scalar(count, "uint32")), scalar(24, "uint32"), { direction: "RIGHT" }), "int32");
}

/** Positions of the pixels of an image with row stride `stride`: `int32 [1, height * width]`. */
function rowMajor(height: number, width: number, stride: number): Tensor {
  const data = Int32Array.from({ length: height * width }, (_, i) => Math.floor(i / width) * stride + (i % width));
  return constant(tensorData("int32", [1, height * width], data));
}
