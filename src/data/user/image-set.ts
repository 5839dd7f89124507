// Pictures of equal size as one array, with a class each: what a folder of images becomes.
import { InvalidInputError } from "../../core/errors.js";
import { tensorData } from "../../core/numbers/tensor-data.js";
import type { DecodedImage } from "../formats/image-file.js";
import { resizeImage } from "../formats/resize-image.js";
import type { StoredExamples } from "./user-dataset.js";

export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Collects pictures one after the other, so that only one is decoded at a time. */
export class ImageCollector {
  readonly #where: string;
  readonly #count: number;
  readonly #maxBytes: number;
  #size: (ImageSize & { readonly of: string }) | undefined;
  #channels: 1 | 3 = 1;
  #data = new Uint8Array(0);
  #filled = 0;
  readonly #labels: string[] = [];

  /**
   * @param where the folder, for messages.
   * @param count how many pictures will come.
   * @param size what all are resized to; without it all must be of one size.
   * @param maxBytes ceiling for all of them together.
   */
  constructor(where: string, count: number, size: ImageSize | undefined, maxBytes: number) {
    this.#where = where;
    this.#count = count;
    this.#maxBytes = maxBytes;
    if (size !== undefined) this.#size = { ...size, of: "--image-size" };
  }

  /** @throws InvalidInputError for another size, and when the pictures would take too much memory. */
  add(image: DecodedImage, label: string, where: string): void {
    this.#size ??= { height: image.height, width: image.width, of: where };
    const { height, width, of } = this.#size;
    const isGiven = of === "--image-size";
    if (!isGiven && (image.height !== height || image.width !== width)) {
      throw new InvalidInputError("pictures differ in size", {
        where,
        expected: `${height} x ${width} (height x width), as ${of}`,
        received: `${image.height} x ${image.width}`,
        remedy: `Give the size that all of them shall have: --image-size ${height}x${width}`,
      });
    }
    if (image.channels > this.#channels || this.#filled === 0) this.#reserve(image.channels);
    const resized = resizeImage(image, height, width);
    const size = height * width;
    for (let channel = 0; channel < this.#channels; channel++) {
      const plane = resized.channels === 1 ? 0 : channel;
      this.#data.set(resized.data.subarray(plane * size, (plane + 1) * size), this.#filled + channel * size);
    }
    this.#filled += this.#channels * size;
    this.#labels.push(label);
  }

  /** Room for all pictures; those that are there become three equal planes when the first in color comes. */
  #reserve(channels: 1 | 3): void {
    const { height, width } = this.#size as ImageSize;
    const size = height * width;
    const bytes = this.#count * channels * size;
    if (bytes > this.#maxBytes) {
      throw new InvalidInputError("pictures take too much memory", {
        where: this.#where,
        expected: `at most ${this.#maxBytes} bytes`,
        received: `${bytes} for ${this.#count} pictures of ${channels} x ${height} x ${width}`,
        remedy: "Make them smaller with --image-size",
      });
    }
    const data = new Uint8Array(bytes);
    const done = this.#filled / size / this.#channels;
    for (let i = 0; i < done; i++) {
      const gray = this.#data.subarray(i * size, (i + 1) * size);
      for (let channel = 0; channel < channels; channel++) data.set(gray, (i * channels + channel) * size);
    }
    this.#filled = done * channels * size;
    this.#data = data;
    this.#channels = channels;
  }

  /** `images` as `uint8 [pictures, channels, height, width]`, and the names of their classes. */
  examples(): StoredExamples {
    const { height, width } = this.#size ?? { height: 0, width: 0 };
    const shape = [this.#labels.length, this.#channels, height, width];
    return {
      where: this.#where,
      inputs: new Map([["images", tensorData("uint8", shape, this.#data)]]),
      targets: { name: "classes", values: { texts: this.#labels, shape: [this.#labels.length] } },
      isGrouped: true,
    };
  }
}
