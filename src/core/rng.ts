// Counter-based random numbers (Philox4x32-10): a value depends on seed, stream and counter only,
// so kill and resume, segment length and thread count cannot change a result.

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/**
 * Ten rounds of Philox4x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * @param counter four words that say which number; @param key two words that say which sequence.
 * @param out receives four words, each uniform over 0 .. 2^32-1.
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of an unsigned 32 x 32 bit product, from 16-bit halves (no BigInt: this runs per number). */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle1 = aHigh * bLow + (low >>> 16);
  const middle2 = aLow * bHigh + (middle1 & 0xffff);
  return (aHigh * bHigh + Math.floor(middle1 / 65536) + Math.floor(middle2 / 65536)) | 0;
}

/** A 32-bit hash of a text (FNV-1a), to turn stream names into key words. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A stateless sequence of random words, addressed by position. */
export interface RandomStream {
  /** Word number `index`, uniform over 0 .. 2^32-1. */
  word(index: number): number;
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
  const key: [number, number] = [seed | 0, Math.floor(seed / 4294967296) | 0];
  const stream = hashText(name) | 0;
  const block = new Uint32Array(4);
  let filled = -1;
  const fill = (index: number): void => {
    if (filled === index) return;
    philox4x32([index | 0, Math.floor(index / 4294967296) | 0, number | 0, stream], key, block);
    filled = index;
  };
  return {
    word(index) {
      fill(Math.floor(index / 4));
      return block[index % 4];
    },
    uniform(index) {
      fill(Math.floor(index / 2));
      const offset = (index % 2) * 2;
      return ((block[offset] >>> 5) * 67108864 + (block[offset + 1] >>> 6)) / 9007199254740992;
    },
    normal(index) {
      fill(Math.floor(index / 2));
      // (0, 1] keeps the logarithm finite.
      const radius = Math.sqrt(-2 * Math.log((block[0] + 1) / 4294967296));
      const angle = 2 * Math.PI * (block[2] / 4294967296);
      return index % 2 === 0 ? radius * Math.cos(angle) : radius * Math.sin(angle);
    },
  };
}

/** A permutation of 0 .. count-1 (Fisher-Yates from the end; each draw rejects the biased tail). */
export function permutation(count: number, stream: RandomStream): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  let draw = 0;
  for (let i = count - 1; i > 0; i--) {
    const bound = i + 1;
    const limit = 4294967296 - (4294967296 % bound);
    let word = stream.word(draw++);
    while (word >= limit) word = stream.word(draw++);
    const j = word % bound;
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
