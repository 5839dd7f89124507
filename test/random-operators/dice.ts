// Random choices from a seed.
import { randomStream } from "../../src/core/random/rng.js";

export interface Dice {
  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  /** True with probability 1 / n. */
  oneIn(n: number): boolean;
  /** `count` integers. */
  ints(count: number, low: number, high: number): number[];
  /** Some of the numbers below `count`, in random order. */
  some(count: number, least?: number): number[];
  shuffled<T>(from: readonly T[]): T[];
}

/** The choices of one case, determined by seed and name. */
export function dice(seed: number, name: string): Dice {
  const stream = randomStream(seed, name);
  let drawn = 0;
  const int = (low: number, high: number): number => low + Math.floor((high - low + 1) * stream.uniform(drawn++));
  const ints = (count: number, low: number, high: number) => Array.from({ length: count }, () => int(low, high));
  const shuffled = <T>(from: readonly T[]): T[] => {
    const left = [...from];
    return from.map(() => left.splice(int(0, left.length - 1), 1)[0]);
  };
  return {
    int,
    ints,
    shuffled,
    pick: (from) => from[int(0, from.length - 1)],
    oneIn: (n) => int(1, n) === 1,
    some: (count, least = 1) =>
      shuffled(Array.from({ length: count }, (_, i) => i)).slice(0, int(Math.min(least, count), count)),
  };
}
