// The description of a race's workload, from which both sides build the same work.
import type { Normalization } from "../../../data/dataset.js";
import type { ProbeSpec } from "../../../probes/probe-spec.js";
import type { KindSpec } from "../../../train/spec/trial-spec.js";

export interface Workload {
  /** The name of the same network in the peer's script. */
  readonly peerModel: "lenet5" | "lenet5-batch-norm" | "mlp" | "mlp-dropout" | "mini-googlenet";
  readonly model: KindSpec;
  readonly optimizer: KindSpec;
  /** The same optimizer for the peer: `{ name: "SGD", options: { lr: 0.1, momentum: 0.9 } }`. */
  readonly peerOptimizer: { readonly name: string; readonly options: Readonly<Record<string, number | boolean>> };
  /** Of one example: `[channels, height, width]`. */
  readonly inputShape: readonly number[];
  readonly examples: number;
  readonly classes: number;
  readonly batchSize: number;
  readonly normalization: Normalization;
}

/** A workload for one process, with its threads. */
export interface Assignment extends Workload {
  /** If absent, the trial chooses (ours only). */
  readonly threads?: number;
  /** Whether the last, smaller batch of an epoch is dropped. A race drops it, so that every step is the same work. */
  readonly dropLast: boolean;
  /** Probes (ours only). Default: none. */
  readonly probes?: Partial<ProbeSpec>;
}
