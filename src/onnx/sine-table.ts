// Tables of sines and cosines that tell a network places: fixed numbers, though a file does not say so.
import { sizeOf } from "../core/shape.js";
import type { TensorData } from "../core/tensor-data.js";

/**
 * Whether a tensor `[..., places, features]` encodes places as in Vaswani and others (NeurIPS 2017): every row is made of
 * pairs sin(a), cos(a) in whatever order, so that its squares sum to half its length, and the first row has a = 0.
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
  return first.every((value) => value === 0 || value === 1) && rows.every(isPaired);
}
