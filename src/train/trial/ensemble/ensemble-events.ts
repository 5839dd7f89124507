// What a running ensemble tells: the events of a trial, with one number of every network.
import type { TrialEvent } from "../events.js";

/** Loss and accuracy of every network over a whole split. */
export interface EnsembleEvaluation {
  /** Of the training split, or of the one that is held out. */
  readonly phase: "train" | "validation";
  readonly step: number;
  readonly epoch: number;
  /** NaN for a network that diverged. */
  readonly loss: readonly number[];
  /** Shares of right answers, 0 to 1; absent for regression. */
  readonly accuracy?: readonly number[];
}

/** What probes found in one network: what they would find in its trial alone. */
export interface EnsembleLook extends Omit<Extract<TrialEvent, { kind: "probes" }>, "kind" | "epoch"> {
  readonly network: number;
}

export type EnsembleEvent =
  | Extract<TrialEvent, { kind: "ready" | "checkpoint" | "interrupted" }>
  /** A segment of consecutive steps is done. Losses are those before each step's update. */
  | {
      readonly kind: "steps";
      readonly first: number;
      readonly steps: number;
      /** `[steps, networks]`, row-major. The first that is not finite is a network's divergence; NaN from then on. */
      readonly losses: Float32Array;
      /** Right answers in each batch, `[steps, networks]`; empty for regression. */
      readonly correct: Float32Array;
      /** Examples in each batch. */
      readonly examples: number;
      /** Inside the runtime. */
      readonly durationMs: number;
      readonly threads: number;
    }
  /** What probes found in the state before this step, on the batch of this step, in every network. */
  | { readonly kind: "probes"; readonly step: number; readonly looks: readonly EnsembleLook[] }
  /** Training loss and accuracy averaged over an epoch's examples, and the held-out split after it. */
  | {
      readonly kind: "epoch";
      readonly epoch: number;
      readonly step: number;
      readonly train: EnsembleEvaluation;
      /** Absent when no split is held out. */
      readonly validation?: EnsembleEvaluation;
    }
  /** All steps are done. Networks that diverged did so by themselves: the others are what they would be alone. */
  | { readonly kind: "done"; readonly step: number; readonly diverged: readonly Divergence[] };

/** A network whose loss, or whose parameters after the last step, stopped being numbers. */
export interface Divergence {
  readonly network: number;
  readonly step: number;
}
