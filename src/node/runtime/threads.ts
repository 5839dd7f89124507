// Threads chosen by measurement: two threads can be slower than one on a small network.
import { InvalidInputError } from "../../core/errors.js";

export interface ThreadChoice {
  readonly threads: number;
  /** Median time of each candidate, in the unit of the measurement. */
  readonly medians: ReadonlyMap<number, number>;
}

export interface ThreadChoiceOptions {
  /** Measurements of each candidate that count. 5 by default: a median then survives two disturbed ones. */
  readonly rounds?: number;
  /** Measurements of each candidate thrown away first, for caches and memory arenas. 1 by default. */
  readonly warmUps?: number;
  /** How much slower fewer threads may be and still win, as a fraction. 0.03 by default: below the noise. */
  readonly tolerance?: number;
}

/** 1, 2, 4 ... up to the number of cores, and that number itself. */
export function threadCandidates(cores: number): number[] {
  const candidates: number[] = [];
  for (let threads = 1; threads < cores; threads *= 2) candidates.push(threads);
  return [...candidates, cores];
}

/**
 * Measures all candidates in turn, round by round, so that a disturbance hits them alike, and takes the fewest threads
 * whose median is within the tolerance of the best.
 * @param time runs the work with that many threads and says how long it took.
 */
export async function chooseThreads(
  time: (threads: number) => Promise<number>,
  candidates: readonly number[],
  { rounds = 5, warmUps = 1, tolerance = 0.03 }: ThreadChoiceOptions = {},
): Promise<ThreadChoice> {
  if (candidates.length === 0) {
    throw new InvalidInputError("nothing to choose from", {
      where: "thread candidates",
      expected: "at least one number of threads",
    });
  }
  const ascending = [...new Set(candidates)].sort((a, b) => a - b);
  if (ascending.length === 1) return { threads: ascending[0], medians: new Map() };
  const times = new Map<number, number[]>(ascending.map((threads) => [threads, []]));
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const [threads, measured] of times) {
      const duration = await time(threads);
      if (round >= warmUps) measured.push(duration);
    }
  }
  const medians = new Map([...times].map(([threads, measured]) => [threads, median(measured)]));
  const limit = Math.min(...medians.values()) * (1 + tolerance);
  const threads = ascending.find((candidate) => (medians.get(candidate) ?? Number.POSITIVE_INFINITY) <= limit);
  return { threads: threads ?? ascending[0], medians };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
