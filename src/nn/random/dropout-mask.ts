// Counter-based dropout masks: integer operators in the graph, and the same numbers computed in plain code.
//
//   keep = float32(word) >= rate * 2^32           with the words of random-words.ts
import { type Shape, sizeOf } from "../../core/numbers/shape.js";
import { scalar } from "../../graph/build.js";
import { mul } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { greaterOrEqual } from "../../graph/ops/elementwise/comparison.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import { type RandomKeyTensors, randomWords, recomputedWords } from "./random-words.js";

/** A float32 mask of zeros and `1 / (1 - rate)` of `shape` (axis 0 is the batch). */
export function dropoutMask(shape: Shape, rate: number, key: RandomKeyTensors): Tensor {
  const rows = shape[0];
  const words = randomWords(rows, sizeOf(shape) / rows, key);
  const keep = cast(greaterOrEqual(cast(words, "float32"), scalar(rate * 4294967296)), "float32");
  return reshape(mul(keep, scalar(1 / (1 - rate))), shape);
}

/** The same mask computed without the graph: the slow reference for tests. */
export function recomputedDropoutMask(shape: Shape, rate: number, key: readonly [number, number]): Float32Array {
  const rows = shape[0];
  const threshold = Math.fround(rate * 4294967296);
  const kept = Math.fround(1 / (1 - rate));
  const words = recomputedWords(rows, sizeOf(shape) / rows, key);
  return Float32Array.from(words, (word) => (Math.fround(word) >= threshold ? kept : 0));
}
