// What a running trial tells, of one network or of many: losses of a segment, evaluations, checkpoints, the end.
//
//   ready -> [ probes? -> steps -> diverged* -> epoch? -> checkpoint? ]*
//     -> diverged* -> probes? -> checkpoint? -> test? -> diverged* -> done
//     -> checkpoint -> interrupted
//
// `trained` comes once, before what is measured after the last update: the last `epoch`, if the training ends with one.
//
// A single training is the case `networks = 1`. A number of every network stands in a list of that length; a table of
// steps is `[steps, networks]`, row-major. Everything is numbers and typed arrays, and can be sent to another thread:
//
//   { kind: "steps", first: 8, steps: 2, losses: Float32Array [2.31, 2.28], examples: Int32Array [64, 64], ... }
//   { kind: "done", step: 940, diverged: [{ network: 3, step: 17, epoch: 0.018, loss: NaN }] }
import type { Phase } from "../../core/rows.js";
import type { Epoch } from "../data/row-order.js";
import type { ProbeFindings } from "../program/probe-record.js";

/** Loss and accuracy over a whole split, of every network. */
export interface Measured {
  /** NaN for a network that diverged. */
  readonly loss: readonly number[];
  /** Fractions of right answers, 0 to 1; absent for regression. */
  readonly accuracy?: readonly number[];
}

/** What was measured after an epoch, or at the end. */
export interface Evaluation extends Measured {
  /** Of the training split, of the one that is measured after every epoch, or of the test split at the end. */
  readonly phase: Phase;
  /** Updates done. */
  readonly step: number;
  /** Epochs done. */
  readonly epoch: number;
}

/** What probes found in one network before a step, on the batch of this step or on the inputs that they name. */
export interface ProbeReading extends ProbeFindings {
  readonly network: number;
  /** Examples looked at: those of the step's batch, or the inputs that were named. */
  readonly examples: number;
}

/** Where a network ended before the others. */
interface NetworkEnd {
  readonly network: number;
  /** Updates done before the loss was measured. */
  readonly step: number;
  /** The same in passes over the training data, possibly fractional. */
  readonly epoch: number;
}

/** A network whose loss stopped being a number; or after the last update, its state or the loss of a split. */
export interface Divergence extends NetworkEnd {
  /** NaN or an infinity. */
  readonly loss: number;
  /** The first value that is not a number, where it is known: always for a single network. */
  readonly tensor?: string;
}

/** A network that met the trial's stop rule. */
export interface Stop extends NetworkEnd {
  /** Of that step, before its update; where epochs are compared, what the last of them measured. */
  readonly loss: number;
}

/** The epoch whose weights a network ends with. */
export interface Kept {
  readonly network: number;
  /** Updates done when the weights were taken. */
  readonly step: number;
  readonly epoch: number;
}

export type TrialEvent =
  /** The programs are built and loaded. */
  | {
      readonly kind: "ready";
      readonly compileMs: number;
      /** Updates done: those of the checkpoint that is gone on from, else 0. */
      readonly step: number;
      readonly totalSteps: number;
      /** Of the first epoch; the same for all, unless batch sizes follow a schedule. */
      readonly stepsPerEpoch: number;
      readonly networks: number;
    }
  /** A segment of consecutive steps is done. Losses are those before each step's update. */
  | {
      readonly kind: "steps";
      readonly first: number;
      readonly steps: number;
      /** The epoch that all of them belong to. */
      readonly epoch: Epoch;
      /** `[steps, networks]`. The first of a network that is not finite is its divergence; NaN from then on. */
      readonly losses: Float32Array;
      /** Right answers in each batch, `[steps, networks]`; empty for regression. */
      readonly correct: Float32Array;
      /** Examples in each batch. */
      readonly examples: Int32Array;
      /** `[steps]`; `[steps, networks]` where the networks have learning rates of their own. */
      readonly learningRates: Float64Array;
      /** Momentum of each step; absent for optimizers without. */
      readonly momenta?: Float64Array;
      /**
       * `[steps, networks]`: norm of the gradient of all parameters together, before it is clipped; NaN from the divergence
       * of a network on. Present where it was asked for, and where gradients are clipped.
       */
      readonly gradientNorms?: Float32Array;
      /** `[steps, networks]`: 1 where a limit changed the gradient, otherwise 0; absent without limits. */
      readonly clipped?: Float32Array;
      /** Inside the runtime. */
      readonly durationMs: number;
      readonly threads: number;
    }
  /** What probes found in the state before this step, or after the last one, one reading of each network. */
  | {
      readonly kind: "probes";
      readonly step: number;
      /** The epoch of that step. */
      readonly epoch: Epoch;
      readonly readings: readonly ProbeReading[];
    }
  /** Training loss and accuracy averaged over an epoch's examples; then the held-out split, if there is one. */
  | {
      readonly kind: "epoch";
      readonly epoch: number;
      readonly step: number;
      readonly measured: readonly Evaluation[];
    }
  /** The test split after the last step, once, where a validation split was there for choices. */
  | { readonly kind: "test"; readonly measured: Evaluation }
  /** A network diverged. The others go on; with the last of them the training ends. */
  | ({ readonly kind: "diverged" } & Divergence)
  /** State that can be written to a file. */
  | { readonly kind: "checkpoint"; readonly step: number; readonly bytes: Uint8Array }
  /** All updates are done, and what they left is sound in some network; what is measured of it comes after. */
  | { readonly kind: "trained"; readonly step: number }
  /** Stopped by the signal, after a whole segment. */
  | { readonly kind: "interrupted"; readonly step: number }
  /**
   * The end: all steps are done, or no network is left to be trained. Lists are in the order of the networks; without
   * a stop rule there is no `stopped`.
   */
  | {
      readonly kind: "done";
      readonly step: number;
      readonly diverged: readonly Divergence[];
      readonly stopped?: readonly Stop[];
      /** Networks whose best weights were kept, where a spec asks for them. */
      readonly kept?: readonly Kept[];
    };

/** The event of one kind. */
export type EventOf<Kind extends TrialEvent["kind"]> = Extract<TrialEvent, { readonly kind: Kind }>;
