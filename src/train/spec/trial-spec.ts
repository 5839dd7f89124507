// A trial as data: complete, plain JSON. Its hash names it; a finished trial is never run again.
import { jsonHash } from "../../core/formats/hash.js";
import type { Json } from "../../core/formats/json.js";

/** A definition with its options: `{ kind: "adam", learningRate: 0.001 }`. */
export type KindSpec = { readonly kind: string; readonly [option: string]: Json };

/**
 * Ends a training whose smoothed, bias-corrected loss exceeds `factor` times its best so far: see trial/stop-rule.ts.
 * `smoothing` is the weight of the past, at least 0 and below 1.
 */
export interface StopRule {
  readonly kind: "lossAbove";
  readonly factor: number;
  readonly smoothing: number;
}

export interface TrialSpec {
  readonly schema: 1;
  /** A layer with its options, or `{ kind: "onnx", fingerprint }` for a model from a file. */
  readonly model: KindSpec;
  readonly data: {
    readonly dataset: string;
    /** Fingerprint of the bytes, so that a sample and the full set are different trials. */
    readonly fingerprint: string;
    /** Use only the first so many examples of each split. */
    readonly trainExamples?: number;
    readonly testExamples?: number;
    /** `standardize` (per channel, the set's own statistics), `unit` (scale only) or `raw`. */
    readonly scaling: "standardize" | "unit" | "raw";
  };
  readonly loss: KindSpec;
  readonly optimizer: KindSpec;
  /** Learning rate, and momentum if it says so, as functions of the step. */
  readonly schedule: KindSpec;
  /** Limits of the gradient: `norm` of all parameters together, `value` of each element. Default none. */
  readonly clip?: { readonly norm?: number; readonly value?: number };
  /** Patterns of parameters and running statistics to freeze. */
  readonly freeze?: readonly string[];
  /** Examples of one update. */
  readonly batchSize: number;
  /** Examples of one update as a function of the epoch; `batchSize` throughout when left out. */
  readonly batchSchedule?: KindSpec;
  /** Examples whose activations are in memory at once; gradients are summed over such parts. Default: all. */
  readonly microBatchSize?: number;
  /** Exactly one of `epochs` and `steps`. */
  readonly epochs?: number;
  readonly steps?: number;
  /** `shared`: the networks of an ensemble see the same shuffled order, that of the first. Alone the same as `shuffle`. */
  readonly order: "shuffle" | "sequential" | "shared";
  /** Leave out a last batch that is smaller than `batchSize`. */
  readonly dropLast: boolean;
  readonly seed: number;
  /** So many independent networks trained as one program; number i has the seed `seed + i`. Absent: one network. */
  readonly ensemble?: number;
  /** A learning rate for every network of an ensemble, in place of the optimizer's. */
  readonly learningRates?: readonly number[];
  /** Ends the training early; all steps are done when left out. */
  readonly stop?: StopRule;
  /** What to look at on the way, and how often; nothing when left out. See `probeOptions`. */
  readonly probes?: Readonly<Record<string, Json>>;
}

/** The name of a trial: the hash of its spec. */
export function trialId(spec: TrialSpec): string {
  return jsonHash(spec);
}
