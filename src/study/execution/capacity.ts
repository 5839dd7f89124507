// The capacity of one host: divides threads and memory among jobs, and limits their number.
import type { JobNeeds } from "./needs.js";

export interface CapacityOptions {
  /** Most jobs at a time. */
  readonly workers: number;
  /** Threads of all jobs together. */
  readonly threads: number;
  /** Memory of all jobs together; default without a bound. */
  readonly memoryBytes?: number;
}

/** The resources of a job. */
export interface Share {
  /** The lowest free number, from 1. */
  readonly worker: number;
  readonly threads: number;
  readonly memoryBytes: number;
}

/**
 * Divides threads rather than counting jobs: a single training gets one, an ensemble as many as it can use. A job waits until
 * all of them are free, so that a large ensemble gets all cores instead of the single one that happens to be free.
 */
export class Capacity {
  readonly #options: CapacityOptions;
  readonly #taken = new Set<Share>();

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /** The share of a job, or undefined while it has to wait. If nothing else runs, every job gets a share. */
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
