// randomHorizontalFlip: mirrors a random subset of the images.
import * as z from "zod";
import { tensorData } from "../../core/numbers/tensor-data.js";
import { constant, scalar } from "../../graph/build.js";
import { bitShift } from "../../graph/ops/elementwise/bit-shift.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { less } from "../../graph/ops/elementwise/comparison.js";
import { where as select } from "../../graph/ops/elementwise/selection.js";
import type { Tensor } from "../../graph/tensor.js";
import { randomWords } from "../random/random-words.js";
import { defineAugmentation, imageExtents, pixelsAt } from "./augmentation.js";

/**
 * Mirrors every image left to right with this probability, like torchvision's `RandomHorizontalFlip`. Not for images
 * that mirroring changes in meaning, such as digits and letters.
 */
export const randomHorizontalFlip = defineAugmentation({
  kind: "randomHorizontalFlip",
  about: "mirrors each image left to right, with a probability",
  lookalikes: {
    RandomFlip: "Keras's also flips vertically unless mode is horizontal: write randomHorizontalFlip",
    RandomVerticalFlip: "Images are mirrored left to right only: write randomHorizontalFlip",
  },
  options: z.object({
    probability: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe("probability that an image is mirrored")
      .meta({ aliases: ["p"] }),
  }),
  build({ probability }, x, key, where) {
    const { batch, height, width } = imageExtents(x, where);
    // 24 bits are exact in float32, so that probability 1 mirrors every image.
    const upper = bitShift(randomWords(batch, 1, key), scalar(8, "uint32"), { direction: "RIGHT" });
    const isMirrored = less(cast(upper, "float32"), scalar(probability * 2 ** 24));
    const straight = places(height, width, (column) => column);
    const mirrored = places(height, width, (column) => width - 1 - column);
    return pixelsAt(x, select(isMirrored, mirrored, straight), height, width);
  },
});

/** The source position of each pixel, `int32 [1, height * width]`. */
function places(height: number, width: number, columnOf: (column: number) => number): Tensor {
  const data = Int32Array.from({ length: height * width }, (_, i) => i - (i % width) + columnOf(i % width));
  return constant(tensorData("int32", [1, height * width], data));
}
