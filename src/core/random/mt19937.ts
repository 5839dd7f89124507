// NumPy's legacy random numbers (numpy.random.seed, shuffle, permutation), to replay recorded runs. Source: M.
// Matsumoto, T. Nishimura, "Mersenne Twister", ACM Transactions on Modeling and Computer Simulation 8(1), 1998. All our
// own randomness comes from src/core/random/rng.ts.

const size = 624;
const middle = 397;

/** Returns a generator of 32-bit words, seeded like `numpy.random.seed(seed)`. */
export function mt19937(seed: number): () => number {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let position = size;
  return () => {
    if (position === size) {
      twist(state);
      position = 0;
    }
    let word = state[position++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < size; i++) {
    const joined = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
    state[i] = state[(i + middle) % size] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
  }
}

/**
 * Shuffles in place like the legacy `numpy.random.shuffle`: Fisher-Yates from the end, where each index is drawn by
 * rejection under the smallest all-ones mask that covers it. A generator can be reused for several shuffles, as in
 * NumPy.
 */
export function legacyShuffle(values: Int32Array, next: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const mask = 2 ** (32 - Math.clz32(i)) - 1;
    let j = (next() & mask) >>> 0;
    while (j > i) j = (next() & mask) >>> 0;
    [values[i], values[j]] = [values[j], values[i]];
  }
}

/** The legacy `numpy.random.permutation(count)`. */
export function legacyPermutation(count: number, next: () => number): Int32Array {
  const values = Int32Array.from({ length: count }, (_, i) => i);
  legacyShuffle(values, next);
  return values;
}
