// Counter-based dropout masks: integer operators in the graph, and the same numbers recomputed in plain code.
//
//   row[n]    = mix(n * P1 ^ key0) ^ key1         one word per example of the batch
//   word[n,j] = finish(j * P2 + row[n])           one word per value
//   keep      = float32(word) >= rate * 2^32
//
// Only (key, n, j) enter, so segment length, thread count and resuming cannot change a mask.
import { type Shape, sizeOf } from "../core/numbers/shape.js";
import { tensorData } from "../core/numbers/tensor-data.js";
import { constant, scalar } from "../graph/build.js";
import { add, mul } from "../graph/ops/elementwise/arithmetic.js";
import { bitShift } from "../graph/ops/elementwise/bit-shift.js";
import { bitwiseXor } from "../graph/ops/elementwise/bits.js";
import { cast } from "../graph/ops/elementwise/cast.js";
import { greaterOrEqual } from "../graph/ops/elementwise/comparison.js";
import { reshape } from "../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";

// Odd constants of well-mixing integer hashes (xxHash32 primes 2 and 3; C. Wellons' "lowbias32").
const P1 = 0x85ebca77;
const P2 = 0xc2b2ae3d;
const M1 = 0x7feb352d;
const M2 = 0x846ca68b;

const word = (value: number): Tensor => scalar(value, "uint32");

/** x ^ (x >> bits) */
function xorShift(x: Tensor, bits: number): Tensor {
  return bitwiseXor(x, bitShift(x, word(bits), { direction: "RIGHT" }));
}

/** Three rounds of a bijective integer hash: every input bit reaches every output bit. */
function mix(x: Tensor): Tensor {
  return xorShift(mul(xorShift(mul(xorShift(x, 16), word(M1)), 15), word(M2)), 16);
}

/** The last rounds without the final shift: only the upper bits are used. */
function finish(x: Tensor): Tensor {
  return mul(xorShift(mul(xorShift(x, 16), word(M1)), 15), word(M2));
}

/**
 * A mask of zeros and `1 / (1 - rate)`, float32, of `shape` (axis 0 counts examples).
 * @param key two `uint32` scalars that change at every step, and, if these are not the first examples of the batch,
 *   how many came before them: micro-batches get the rows of the whole batch's mask.
 */
export function dropoutMask(shape: Shape, rate: number, key: readonly [Tensor, Tensor, Tensor?]): Tensor {
  const rows = shape[0];
  const columns = sizeOf(shape) / rows;
  const rowCounter = constant(
    tensorData(
      "uint32",
      [rows, 1],
      Uint32Array.from({ length: rows }, (_, n) => Math.imul(n, P1)),
    ),
  );
  const columnCounter = constant(
    tensorData(
      "uint32",
      [1, columns],
      Uint32Array.from({ length: columns }, (_, j) => Math.imul(j, P2)),
    ),
  );
  const counted = key[2] === undefined ? rowCounter : add(rowCounter, mul(key[2], word(P1)));
  const rowWord = bitwiseXor(mix(bitwiseXor(counted, key[0])), key[1]);
  const words = finish(add(columnCounter, rowWord));
  const keep = cast(greaterOrEqual(cast(words, "float32"), scalar(rate * 4294967296)), "float32");
  return reshape(mul(keep, scalar(1 / (1 - rate))), shape);
}

/** The same mask recomputed without the graph: the slow twin that a test compares with. */
export function recomputedDropoutMask(shape: Shape, rate: number, key: readonly [number, number]): Float32Array {
  const rows = shape[0];
  const columns = sizeOf(shape) / rows;
  const mask = new Float32Array(rows * columns);
  const threshold = Math.fround(rate * 4294967296);
  const kept = Math.fround(1 / (1 - rate));
  for (let n = 0; n < rows; n++) {
    let row = Math.imul(n, P1) ^ key[0];
    row = Math.imul(row ^ (row >>> 16), M1);
    row = Math.imul(row ^ (row >>> 15), M2);
    row = row ^ (row >>> 16) ^ key[1];
    for (let j = 0; j < columns; j++) {
      let x = (Math.imul(j, P2) + row) | 0;
      x = Math.imul(x ^ (x >>> 16), M1);
      x = Math.imul(x ^ (x >>> 15), M2);
      mask[n * columns + j] = Math.fround(x >>> 0) >= threshold ? kept : 0;
    }
  }
  return mask;
}
