// What a running trial tells: losses of a segment, evaluations, checkpoints, the end.
import type { ProbeTarget } from "../../probes/probe-spec.js";
import type { Epoch } from "../data/row-order.js";
import type { ProbedValue } from "../program/probe-program.js";

/** Loss and accuracy over a whole split. */
export interface Evaluation {
  /** Of the training split, or of the one that is held out. */
  readonly phase: "train" | "validation";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** Share of right answers, 0 to 1; absent for regression. */
  readonly accuracy?: number;
}

/** Elements counted in equal bins from `low` to `high`. */
export interface ProbedHistogram {
  readonly of: ProbeTarget;
  readonly path: string;
  readonly low: number;
  readonly high: number;
  readonly counts: Float32Array;
}

export type TrialEvent =
  /** The programs are built and loaded. */
  | {
      readonly kind: "ready";
      readonly compileMs: number;
      readonly step: number;
      readonly totalSteps: number;
      readonly stepsPerEpoch: number;
    }
  /** A segment of consecutive steps is done. Losses are those before each step's update. */
  | {
      readonly kind: "steps";
      readonly first: number;
      /** The epoch that all of them belong to. */
      readonly epoch: Epoch;
      readonly losses: Float32Array;
      /** Right answers in each batch; empty for regression. */
      readonly correct: Float32Array;
      /** Examples in each batch. */
      readonly examples: Int32Array;
      readonly learningRates: Float64Array;
      /** Inside the runtime. */
      readonly durationMs: number;
      readonly threads: number;
    }
  /** What probes found in the state before this step, on the batch of this step. */
  | {
      readonly kind: "probes";
      readonly step: number;
      /** The epoch of that step. */
      readonly epoch: Epoch;
      readonly values: readonly (ProbedValue & { readonly value: number })[];
      readonly histograms: readonly ProbedHistogram[];
    }
  /** Training loss and accuracy averaged over an epoch's examples, and the held-out split after it. */
  | {
      readonly kind: "epoch";
      readonly epoch: number;
      readonly step: number;
      readonly train: Evaluation;
      /** Absent when no split is held out. */
      readonly validation?: Evaluation;
    }
  /** State that can be written to a file. */
  | { readonly kind: "checkpoint"; readonly step: number; readonly bytes: Uint8Array }
  /** The loss stopped being a number. The trial ends here. */
  | { readonly kind: "diverged"; readonly step: number; readonly loss: number; readonly tensor: string }
  /** Stopped by the signal, after a whole segment. */
  | { readonly kind: "interrupted"; readonly step: number }
  | { readonly kind: "done"; readonly step: number };
