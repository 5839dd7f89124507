// Mean and deviation of inputs, channel by channel, for scaling to mean 0 and deviation 1.
import { sizeOf } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import type { Normalization } from "./dataset.js";

/**
 * Statistics over all rows of `[rows, channels, ...]`, in float64 and exact for bytes: the population deviation
 * (divided by the count, as NumPy and PyTorch's published constants do). Bytes are scaled by 1/255 first. A channel that
 * never changes gets deviation 1. Arrays of one axis and integers other than bytes (which number things) have none.
 */
export function normalizationOf({ dtype, shape, data }: TensorData): Normalization | undefined {
  if (shape.length < 2 || (dtype !== "uint8" && dtype !== "float32")) return undefined;
  const scale = dtype === "uint8" ? 1 / 255 : 1;
  const size = sizeOf(shape.slice(2));
  const values = data as Uint8Array | Float32Array;
  const count = shape[0] * size;
  const mean = channelSums(values, shape[1], size, (value) => value).map((sum) => sum / count);
  // In a second pass: the sum of squares about the mean does not cancel.
  const squares = channelSums(values, shape[1], size, (value, channel) => (value - mean[channel]) ** 2);
  return {
    scale,
    mean: Array.from(mean, (value) => value * scale),
    deviation: Array.from(squares, (sum) => (sum === 0 ? 1 : Math.sqrt(sum / count) * scale)),
  };
}

/** Sums in one walk through memory, whatever the number of channels. */
function channelSums(
  values: Uint8Array | Float32Array,
  channels: number,
  size: number,
  term: (value: number, channel: number) => number,
): Float64Array {
  const sums = new Float64Array(channels);
  for (let start = 0, channel = 0; start < values.length; start += size) {
    let sum = 0;
    for (let i = start; i < start + size; i++) sum += term(values[i], channel);
    sums[channel] += sum;
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
  return sums;
}
