// The port of executors: jobs in, events out. Where the jobs run is an executor's own business.
//
//   TrialJob[] -> executor.run -> ExecutionEvent...    in this process (localExecutor), or by a queue on other hosts
import type { Remark } from "../../core/remark.js";
import type { Timings } from "../store/store.js";
import type { TrialJob } from "./job.js";

export type ExecutionEvent = {
  readonly trial: string;
  /** Who runs it: a name that stays the same for whoever runs one trial after the other. */
  readonly worker: string;
} & (
  | { readonly kind: "started" }
  /** It had ended before, with everything that is wanted. */
  | { readonly kind: "found" }
  | {
      readonly kind: "progress";
      /** Updates done. */
      readonly step: number;
      readonly totalSteps: number;
      /** Of the last step, the mean over networks that are left; absent when there is none yet. */
      readonly loss?: number;
    }
  /** It is stored. */
  | { readonly kind: "ended"; readonly status: "done" | "diverged"; readonly timings: Timings }
  /** The signal was seen, and its state is saved. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "failed"; readonly reason: string; readonly willRetry: boolean }
  | { readonly kind: "remark"; readonly remark: Remark }
);

export interface Executor {
  /**
   * Runs every job that has not ended yet, in this order as far as there is room. The stream ends when all have ended, or
   * when the signal was seen and every running trial has saved its state. A trial that fails for a reason outside the
   * training stops the others in the same way; the reason is thrown.
   */
  run(jobs: readonly TrialJob[], signal: AbortSignal): AsyncIterable<ExecutionEvent>;
}
