// Counter-based random words: integer operators in the graph, and the same words computed in plain code.
//
//   row[n]    = mix(n * P1 ^ key0) ^ key1         one word per example of the batch
//   word[n,j] = finish(j * P2 + row[n])           one word per value
//
// Only (key, n, j) enter, so segment length, thread count and resuming cannot change a word.
import { tensorData } from "../../core/numbers/tensor-data.js";
import { constant, scalar } from "../../graph/build.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { bitShift } from "../../graph/ops/elementwise/bit-shift.js";
import { bitwiseXor } from "../../graph/ops/elementwise/bits.js";
import type { Tensor } from "../../graph/tensor.js";

// Odd constants of well-mixing integer hashes (xxHash32 primes 2 and 3; C. Wellons' "lowbias32").
const P1 = 0x85ebca77;
const P2 = 0xc2b2ae3d;
const M1 = 0x7feb352d;
const M2 = 0x846ca68b;

/**
 * Two `uint32` scalars that change at every step, and, if these are not the first examples of the batch, the number of
 * examples before them: micro-batches use the rows of the whole batch's words.
 */
export type RandomKeyTensors = readonly [Tensor, Tensor, Tensor?];

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

/** `uint32 [rows, columns]`, one row per example. The upper bits are uniform; do not use the lower half. */
export function randomWords(rows: number, columns: number, key: RandomKeyTensors): Tensor {
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
  return finish(add(columnCounter, rowWord));
}

/** The same words computed without the graph: the slow reference for tests. */
export function recomputedWords(rows: number, columns: number, key: readonly [number, number], first = 0): Uint32Array {
  const words = new Uint32Array(rows * columns);
  for (let n = 0; n < rows; n++) {
    let row = Math.imul(first + n, P1) ^ key[0];
    row = Math.imul(row ^ (row >>> 16), M1);
    row = Math.imul(row ^ (row >>> 15), M2);
    row = row ^ (row >>> 16) ^ key[1];
    for (let j = 0; j < columns; j++) {
      let x = (Math.imul(j, P2) + row) | 0;
      x = Math.imul(x ^ (x >>> 16), M1);
      words[n * columns + j] = Math.imul(x ^ (x >>> 15), M2);
    }
  }
  return words;
}
