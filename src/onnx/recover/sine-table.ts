// Recognizes sine and cosine tables that encode positions. They are constants, although files store them like weights.
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";

/** Fewer positions than this would fit almost any wave. */
const fewestRotations = 5;

/**
 * Whether a tensor `[..., positions, features]` is a positional encoding as in Vaswani and others (NeurIPS 2017): every
 * row consists of pairs sin(a), cos(a) in any order, so its squares sum to half its length; the first row has a = 0,
 * and every column is the sine or cosine of an angle that grows with the position. Also accepts tables of only cosines
 * or only sines, as rotary embeddings store them (Su and others, RoFormer, 2021).
 */
export function isSineTable({ shape, data }: TensorData): boolean {
  const extents = shape.filter((extent) => extent > 1);
  if (extents.length !== 2 || sizeOf(shape) < 8) return false;
  const [places, features] = extents;
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  const rows = Array.from({ length: places }, (_, row) => values.slice(row * features, (row + 1) * features));
  const [first] = rows;
  // float32 sines of large angles are wrong by a few units in the seventh digit.
  const isPaired = (row: readonly number[]): boolean =>
    Math.abs(row.reduce((sum, value) => sum + value * value, 0) - features / 2) < 1e-4 * features;
  return (
    first.every((value) => value === 0 || value === 1) &&
    (rows.every(isPaired) || isOneKind(rows)) &&
    rows[0].every((_, column) => isWave(rows.map((row) => row[column])))
  );
}

/** Whether all values are cosines, or all are sines, of different angles. */
function isOneKind(rows: readonly (readonly number[])[]): boolean {
  const [first] = rows;
  if (rows.length < fewestRotations || first.some((value) => value !== first[0])) return false;
  const all = rows.flat();
  // A tensor that was initialized to zeros or ones does not vary.
  return all.every((value) => Math.abs(value) <= 1) && all.some((value) => Math.abs(value - first[0]) > 0.1);
}

/**
 * Whether samples are a sine or cosine at equal distances: `f(p + 1) + f(p - 1) = 2 cos(a) f(p)` for every p, with
 * values other than 0 and 1.
 */
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
