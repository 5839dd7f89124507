// Room for jobs on one host: threads and memory are shared out, the number of jobs at once is bounded.
import type { JobNeeds } from "./needs.js";

export interface CapacityOptions {
  /** Jobs at once at most. */
  readonly workers: number;
  /** Threads of all jobs together. */
  readonly threads: number;
  /** Memory of all jobs together; default without a bound. */
  readonly memoryBytes?: number;
}

/** What a job got. */
export interface Share {
  /** The lowest number that no other job has, from 1. */
  readonly worker: number;
  readonly threads: number;
  readonly memoryBytes: number;
}

/**
 * Packs threads rather than jobs: a single training gets one, an ensemble as many as it can use. A job waits until there
 * is room for all that it can use here, so that a large ensemble has all cores instead of the one that happens to be free.
 */
export class Capacity {
  readonly #options: CapacityOptions;
  readonly #taken = new Set<Share>();

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /** A share for a job, or undefined as long as it has to wait. Where nothing else runs, there is room for every job. */
  take({ threads: wanted, memoryBytes }: JobNeeds): Share | undefined {
    const { workers, threads: all, memoryBytes: memory = Number.POSITIVE_INFINITY } = this.#options;
    const taken = [...this.#taken];
    const sum = (of: (share: Share) => number): number => taken.reduce((total, share) => total + of(share), 0);
    const threads = Math.max(1, Math.min(wanted, all));
    const isRoom =
      taken.length < workers &&
      sum((share) => share.threads) + threads <= all &&
      sum((share) => share.memoryBytes) + memoryBytes <= memory;
    if (!isRoom && taken.length > 0) return undefined;
    let worker = 1;
    while (taken.some((share) => share.worker === worker)) worker++;
    const share = { worker, threads, memoryBytes };
    this.#taken.add(share);
    return share;
  }

  giveBack(share: Share): void {
    this.#taken.delete(share);
  }
}
