// Counter-based random numbers (Philox4x32-10): a value depends only on seed, stream and counter, so resuming, segment
// length and thread count cannot change a result.

import { permutationByKernel } from "./permutation-kernel.js";

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/**
 * Ten rounds of Philox4x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * @param counter four words that select the number; @param key two words that select the sequence.
 * @param out receives four words, each uniform over 0 .. 2^32-1.
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  philoxInto(out, 0, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
}

/**
 * The same with separate variables instead of arrays, which takes a third of the time: shuffling for thousands of
 * networks takes millions of blocks. Upper halves of products are computed from 16-bit halves of the factors, with
 * integer carries.
 */
function philoxInto(
  out: Uint32Array,
  offset: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    let low = c0 & 0xffff;
    let high = c0 >>> 16;
    let crossed = Math.imul(M0 >>> 16, low);
    let other = Math.imul(M0 & 0xffff, high);
    let carry = ((Math.imul(M0 & 0xffff, low) >>> 16) + (crossed & 0xffff) + (other & 0xffff)) >>> 16;
    const high0 = (Math.imul(M0 >>> 16, high) + (crossed >>> 16) + (other >>> 16) + carry) | 0;
    const low0 = Math.imul(M0, c0);
    low = c2 & 0xffff;
    high = c2 >>> 16;
    crossed = Math.imul(M1 >>> 16, low);
    other = Math.imul(M1 & 0xffff, high);
    carry = ((Math.imul(M1 & 0xffff, low) >>> 16) + (crossed & 0xffff) + (other & 0xffff)) >>> 16;
    const high1 = (Math.imul(M1 >>> 16, high) + (crossed >>> 16) + (other >>> 16) + carry) | 0;
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[offset] = c0;
  out[offset + 1] = c1;
  out[offset + 2] = c2;
  out[offset + 3] = c3;
}

/** FNV-1a, a 32-bit hash of a text, which turns stream names into key words. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A stateless sequence of random words, addressed by index. */
export interface RandomStream {
  /** Word number `index`, uniform over 0 .. 2^32-1. */
  word(index: number): number;
  /**
   * Fills `out` with consecutive words starting at `first`. Both `first` and the length of `out` are multiples of 4.
   */
  words(first: number, out: Uint32Array): void;
  /**
   * Like `permutation` but four times as fast. The result is in memory that the next call of any stream overwrites;
   * `undefined` if unavailable.
   */
  permuted?(count: number): Int32Array | undefined;
  /** Uniform in [0, 1) with 53 bits, number `index`. */
  uniform(index: number): number;
  /** Standard normal, number `index` (Box-Muller on one Philox block). */
  normal(index: number): number;
}

/**
 * The stream of a seed, a name ("init", "shuffle", "dropout") and a number such as an epoch or a step.
 * @param seed an integer from 0 to 2^53-1.
 */
export function randomStream(seed: number, name: string, number = 0): RandomStream {
  return new PhiloxStream(seed | 0, Math.floor(seed / 4294967296) | 0, number | 0, hashText(name) | 0);
}

// Blocks are computed here before a stream copies their words.
const made = new Uint32Array(4);

/** A class instead of closures, because an ensemble makes a stream for every parameter of every network. */
class PhiloxStream implements RandomStream {
  readonly #k0: number;
  readonly #k1: number;
  readonly #number: number;
  readonly #stream: number;
  // Index of the last computed block; its words follow.
  #filled = -1;
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #word3 = 0;

  constructor(k0: number, k1: number, number: number, stream: number) {
    this.#k0 = k0;
    this.#k1 = k1;
    this.#number = number;
    this.#stream = stream;
  }

  word(index: number): number {
    this.#fill(Math.floor(index / 4));
    const place = index % 4;
    return place < 2 ? (place === 0 ? this.#word0 : this.#word1) : place === 2 ? this.#word2 : this.#word3;
  }

  words(first: number, out: Uint32Array): void {
    for (let i = 0; i < out.length; i += 4) this.#block((first + i) / 4, out, i);
  }

  permuted(count: number): Int32Array | undefined {
    return permutationByKernel(count, [this.#number, this.#stream], [this.#k0, this.#k1]);
  }

  uniform(index: number): number {
    this.#fill(Math.floor(index / 2));
    const isFirst = index % 2 === 0;
    const high = isFirst ? this.#word0 : this.#word2;
    const low = isFirst ? this.#word1 : this.#word3;
    return ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
  }

  normal(index: number): number {
    this.#fill(Math.floor(index / 2));
    // (0, 1] keeps the logarithm finite.
    const radius = Math.sqrt(-2 * Math.log((this.#word0 + 1) / 4294967296));
    const angle = 2 * Math.PI * (this.#word2 / 4294967296);
    return index % 2 === 0 ? radius * Math.cos(angle) : radius * Math.sin(angle);
  }

  #fill(index: number): void {
    if (this.#filled === index) return;
    this.#block(index, made, 0);
    this.#word0 = made[0];
    this.#word1 = made[1];
    this.#word2 = made[2];
    this.#word3 = made[3];
    this.#filled = index;
  }

  #block(index: number, out: Uint32Array, offset: number): void {
    const upper = Math.floor(index / 4294967296) | 0;
    philoxInto(out, offset, index | 0, upper, this.#number, this.#stream, this.#k0, this.#k1);
  }
}

// Words are drawn in chunks of this size: a call per word would cost more than the word.
const drawnAtOnce = 256;

/** A permutation of 0 .. count-1 (Fisher-Yates from the end; each draw rejects the biased tail). */
export function permutation(count: number, stream: RandomStream): Int32Array {
  return stream.permuted?.(count)?.slice() ?? permutationByWords(count, stream);
}

/** Writes a permutation into a table: the first number at index `at`, the others at intervals of `stride`. */
export function writePermutation(
  count: number,
  stream: RandomStream,
  { into, at, stride }: { readonly into: Int32Array; readonly at: number; readonly stride: number },
): void {
  const order = stream.permuted?.(count) ?? permutationByWords(count, stream);
  for (let i = 0, place = at; i < count; i++, place += stride) into[place] = order[i];
}

/** The same, drawing word by word. */
export function permutationByWords(count: number, stream: RandomStream): Int32Array {
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const words = new Uint32Array(Math.min(drawnAtOnce, 4 * Math.ceil(count / 4)));
  let draw = 0;
  for (let i = count - 1; i > 0; i--) {
    const bound = i + 1;
    for (;;) {
      const place = draw % words.length;
      if (place === 0) stream.words(draw, words);
      draw++;
      const word = words[place];
      // Exact: the quotient of two such numbers never rounds up to the next integer.
      const j = word - Math.floor(word / bound) * bound;
      // Words in the incomplete run of `bound` numbers below 2^32 would favor small results.
      if (word - j > 4294967296 - bound) continue;
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
      break;
    }
  }
  return order;
}
