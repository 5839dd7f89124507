// Tables of sines and cosines that tell a network places: fixed numbers, though a file does not say so.
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";

/** Fewer places than these fit almost any wave. */
const fewestRotations = 5;

/**
 * Whether a tensor `[..., places, features]` encodes places as in Vaswani and others (NeurIPS 2017): every row is made of
 * pairs sin(a), cos(a) in whatever order, so that its squares sum to half its length; the first row has a = 0, and every
 * column is the sine or cosine of an angle that grows with the place. Or all of them are cosines, or all sines, as rotary
 * embeddings keep them (Su and others, RoFormer, 2021).
 */
export function isSineTable({ shape, data }: TensorData): boolean {
  const extents = shape.filter((extent) => extent > 1);
  if (extents.length !== 2 || sizeOf(shape) < 8) return false;
  const [places, features] = extents;
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  const rows = Array.from({ length: places }, (_, row) => values.slice(row * features, (row + 1) * features));
  const [first] = rows;
  // float32 sines of large angles are off by a few units of the seventh digit.
  const isPaired = (row: readonly number[]): boolean =>
    Math.abs(row.reduce((sum, value) => sum + value * value, 0) - features / 2) < 1e-4 * features;
  return (
    first.every((value) => value === 0 || value === 1) &&
    (rows.every(isPaired) || isOneKind(rows)) &&
    rows[0].every((_, column) => isWave(rows.map((row) => row[column])))
  );
}

/** All cosines or all sines, of angles that differ. */
function isOneKind(rows: readonly (readonly number[])[]): boolean {
  const [first] = rows;
  if (rows.length < fewestRotations || first.some((value) => value !== first[0])) return false;
  const all = rows.flat();
  // What was initialized to zeros or ones does not vary.
  return all.every((value) => Math.abs(value) <= 1) && all.some((value) => Math.abs(value - first[0]) > 0.1);
}

/** Samples of a sine or cosine at even distances: `f(p + 1) + f(p - 1) = 2 cos(a) f(p)`, whatever p, and not of 0 and 1. */
function isWave(samples: readonly number[]): boolean {
  const inner = samples.slice(1, -1).map((value, i) => ({ value, sum: samples[i] + samples[i + 2] }));
  const largest = inner.reduce((best, one) => (Math.abs(one.value) > Math.abs(best.value) ? one : best), {
    value: 0,
    sum: 0,
  });
  if (Math.abs(largest.value) < 1e-6) return samples.every((value) => Math.abs(value) < 1e-6);
  const factor = largest.sum / largest.value;
  return Math.abs(factor) <= 2 + 1e-3 && inner.every(({ value, sum }) => Math.abs(sum - factor * value) < 1e-3);
}
