// Threads chosen by measurement, on real steps of the trial itself: nothing is run only to be timed.
import type { Target } from "../../graph/targets/target.js";

// Segments measured with each candidate before the choice; the best of them counts, since noise only adds time.
const rounds = 3;
// Fewer threads leave cores to others: they win unless more are clearly faster.
const preference = 0.97;

/**
 * Gives the thread count for each segment: every candidate in turn for a few segments, then, for good, the fewest
 * threads that are within three percent of the fastest.
 * Results of a trial do not depend on the choice; only the time does.
 */
export class ThreadChoice {
  readonly #candidates: readonly number[];
  readonly #best = new Map<number, number>();
  #measured = 0;
  #chosen: number | undefined;

  /** @param candidates thread counts; the first is used first. One candidate is no choice. */
  constructor(candidates: readonly number[]) {
    this.#candidates = candidates;
    if (candidates.length === 1) this.#chosen = candidates[0];
  }

  /** Threads for the next segment. */
  get current(): number {
    return this.#chosen ?? this.#candidates[this.#measured % this.#candidates.length];
  }

  /** Whether the choice is made. */
  get settled(): boolean {
    return this.#chosen !== undefined;
  }

  /** Takes the time of a segment that ran with `current` threads. Segments of a few steps say too little. */
  record(stepMs: number, steps: number): void {
    if (this.#chosen !== undefined || steps < 4) return;
    const threads = this.current;
    this.#best.set(threads, Math.min(stepMs, this.#best.get(threads) ?? Number.POSITIVE_INFINITY));
    this.#measured++;
    if (this.#measured < rounds * this.#candidates.length) return;
    const limit = Math.min(...this.#best.values()) / preference;
    this.#chosen = [...this.#candidates]
      .sort((a, b) => a - b)
      .find((count) => (this.#best.get(count) as number) <= limit);
  }
}

/** Results must not depend on what a clock says, so only counts that give the same bits are measured. */
export function equalThreadCounts(cores: number, { mostInvariantThreads = 1 }: Target): number[] {
  const most = Math.min(cores, mostInvariantThreads);
  return most > 1 ? [most, 1] : [1];
}
