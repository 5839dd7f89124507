// Noise images for timing, with the shapes, element types and fraction of background of the real ones, but no download.

import { sizeOf } from "../../../core/numbers/shape.js";
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import { randomStream } from "../../../core/random/rng.js";
import type { Dataset, Split } from "../../../data/dataset.js";
import { localData } from "../../../data/source.js";
import type { Workload } from "./workload.js";

/** Fraction of pixels that are 0 in MNIST: 80.9 % in the training images. */
const background = 0.8;
const testExamples = 64;

/**
 * The time of a step does not depend on the values, with one exception: zeros matter
 * (no denormals, ties in max-pooling), so background is as frequent as in the real images.
 */
export function syntheticData({ inputShape, examples, classes, normalization }: Workload): Dataset {
  return {
    ...localData("synthetic", "synthetic"),
    title: "synthetic images",
    train: split(inputShape, examples, classes),
    test: split(inputShape, testExamples, classes),
    inputShape,
    classes: Array.from({ length: classes }, (_, label) => String(label)),
    normalization,
  };
}

function split(inputShape: readonly number[], examples: number, classes: number): Split {
  const inputs: TensorData = { dtype: "uint8", shape: [examples, ...inputShape], data: pixels(examples, inputShape) };
  const labels = Int32Array.from({ length: examples }, (_, example) => example % classes);
  return { inputs, targets: { dtype: "int32", shape: [examples], data: labels } };
}

/**
 * A few thousand different images, repeated, because drawing tens of millions of numbers would take longer than the
 * race.
 */
function pixels(examples: number, inputShape: readonly number[]): Uint8Array {
  const size = sizeOf(inputShape);
  const different = Math.min(examples, 512) * size;
  const stream = randomStream(0, "benchmark pixels");
  const data = new Uint8Array(examples * size);
  for (let i = 0; i < different; i++) {
    const word = stream.word(i);
    // High bits decide whether a pixel has ink, low bits how much.
    data[i] = word / 4294967296 < background ? 0 : 1 + (word % 255);
  }
  for (let filled = different; filled < data.length; filled *= 2)
    data.copyWithin(filled, 0, Math.min(filled, data.length - filled));
  return data;
}
