// The port of executors: jobs in, events out. An executor decides where the jobs run.
//
//   TrialJob[] -> executor.run -> ExecutionEvent...    in this process (localExecutor), or by a queue on other hosts
import type { Remark } from "../../core/remark.js";
import type { Timings } from "../store/store.js";
import type { TrialJob } from "./job.js";

export type ExecutionEvent = {
  readonly trial: string;
  /** Name of the worker, which stays the same from trial to trial. */
  readonly worker: string;
} & (
  | { readonly kind: "started" }
  /** It was finished before, with all requested measurements. */
  | { readonly kind: "found" }
  | {
      readonly kind: "progress";
      /** Updates done. */
      readonly step: number;
      readonly totalSteps: number;
      /** Loss of the last step, the mean over the remaining networks; absent before the first step. */
      readonly loss?: number;
    }
  /** Its results are stored. */
  | { readonly kind: "ended"; readonly status: "done" | "diverged"; readonly timings: Timings }
  /** It stopped after the signal and saved its state. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "failed"; readonly reason: string; readonly willRetry: boolean }
  | { readonly kind: "remark"; readonly remark: Remark }
);

export interface Executor {
  /**
   * Runs every unfinished job, in this order as far as there is room. The stream ends when all have ended, or after the
   * signal, when every running trial has saved its state. A trial that fails for a reason outside the training stops the
   * others in the same way; the reason is thrown.
   */
  run(jobs: readonly TrialJob[], signal: AbortSignal): AsyncIterable<ExecutionEvent>;
}
