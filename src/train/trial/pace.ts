// How fast a trial is: the time of a step, and the threads that are measured and chosen on the way.
import { ThreadChoice } from "../runtime/thread-choice.js";
import type { Segment } from "./segment.js";

/** Takes the times of segments. They decide how long segments are and when one hears of them, never a result. */
export class Pace {
  readonly #choice: ThreadChoice;
  #stepMs: number | undefined;

  constructor(threadCounts: readonly number[]) {
    this.#choice = new ThreadChoice(threadCounts);
  }

  /** Threads of the next segment. */
  get threads(): number {
    return this.#choice.current;
  }

  /** Of the last segment; undefined before the first. */
  get stepMs(): number | undefined {
    return this.#stepMs;
  }

  /** Takes the time of a segment of the usual batch size. */
  record({ steps }: Segment, durationMs: number): void {
    // The first run of a session warms caches and allocators; it is not a measurement.
    if (this.#stepMs !== undefined || steps > 1) this.#choice.record(durationMs / steps, steps);
    this.#stepMs = durationMs / steps;
  }
}
