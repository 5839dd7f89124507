// Bilinear resizing of images.
import type { DecodedImage } from "./image-file.js";

/**
 * Resizes by bilinear interpolation between the four nearest pixels. Output pixel `i` is at `(i + 0.5) * in / out - 0.5` in
 * the input, clamped to the border, and values are rounded to the nearest integer, halves to even. The same as
 * `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)` on bytes: there is no antialiasing when an image
 * shrinks. An image that already has the size is returned as it is.
 */
export function resizeImage(image: DecodedImage, height: number, width: number): DecodedImage {
  if (image.height === height && image.width === width) return image;
  const rows = sampling(image.height, height);
  const columns = sampling(image.width, width);
  const data = new Uint8Array(image.channels * height * width);
  let to = 0;
  for (let channel = 0; channel < image.channels; channel++) {
    const plane = image.data.subarray(channel * image.height * image.width);
    for (const row of rows) {
      const [above, below] = [row.low * image.width, row.high * image.width];
      for (const { low, high, weight } of columns) {
        const top = plane[above + low] * (1 - weight) + plane[above + high] * weight;
        const bottom = plane[below + low] * (1 - weight) + plane[below + high] * weight;
        data[to++] = roundHalfEven(top * (1 - row.weight) + bottom * row.weight);
      }
    }
  }
  return { channels: image.channels, height, width, data };
}

interface Sample {
  readonly low: number;
  readonly high: number;
  /** Weight of `high`. */
  readonly weight: number;
}

function sampling(inputSize: number, outputSize: number): Sample[] {
  return Array.from({ length: outputSize }, (_, i) => {
    const position = Math.max(0, ((i + 0.5) * inputSize) / outputSize - 0.5);
    const low = Math.min(inputSize - 1, Math.floor(position));
    return { low, high: Math.min(inputSize - 1, low + 1), weight: Math.min(1, position - low) };
  });
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
