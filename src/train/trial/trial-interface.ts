// What a trial is asked for, and what it offers while it runs and afterwards.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Dataset, SplitName } from "../../data/dataset.js";
import type { NetworkSource } from "../../nn/network.js";
import type { ProbeSpec } from "../../probes/probe-spec.js";
import type { Runtime } from "../runtime/runtime.js";
import type { TrialSpec, TrialSpecInput } from "../spec/trial-spec.js";
import type { Measured, ProbeReading, TrialEvent } from "./events.js";
import type { TrialHistory } from "./history.js";

export interface TrialRequest {
  /** What determines the training; what is left out takes its default. */
  readonly spec: TrialSpecInput;
  /** What is trained, where the spec names it only: a model from a file. Default: the layers of `spec.model`. */
  readonly network?: NetworkSource;
  readonly data: Dataset;
  readonly runtime: Runtime;
  /** Intra-op threads; measured among 1 and the runtime's cores when left out. */
  readonly threads?: number;
  /** A checkpoint to go on from. */
  readonly resumeFrom?: { readonly where: string; readonly bytes: Uint8Array };
  /** Initial parameters by path instead of those that the seed gives. For one network. */
  readonly initial?: ReadonlyMap<string, Float32Array>;
  /** Row numbers to train on, batch after batch, instead of the spec's order. For one network. */
  readonly rows?: Int32Array;
  /** What to look at on the way, and how often; nothing when left out. It changes no bit of the training. */
  readonly probes?: Partial<ProbeSpec>;
  /**
   * Checkpoints come this often, the first after a second, and one at the end. Infinity for none but the last;
   * default 10 s.
   */
  readonly checkpointEveryMs?: number;
  /** Whether to measure held-out splits, after every epoch and at the end. Default true. */
  readonly evaluate?: boolean;
  /** Whether steps tell the norm of their gradient, as they do where it is clipped. Default false: it takes time. */
  readonly gradientNorm?: boolean;
  /** A clock in milliseconds: time comes from outside. */
  readonly now: () => number;
}

/** A signal that is looked at between two segments. */
export type StopSignal = Pick<AbortSignal, "aborted">;

export interface Trial {
  /** Hash of the spec. */
  readonly id: string;
  /** Complete: with every default, and the hashes of arrays that were handed in. */
  readonly spec: TrialSpec;
  readonly networks: number;
  /** What a user should hear before the training: why it will learn less than it seems, one sentence each. */
  readonly remarks: readonly string[];
  /** Losses, evaluations, divergences and stops so far; those before a resume included. */
  readonly history: TrialHistory;
  /** What probes found so far, look by look, in each of them one reading a network; those before a resume included. */
  readonly probed: readonly (readonly ProbeReading[])[];
  /** The split that is measured after every epoch: `validation`, or `test` where there is no other. */
  readonly everyEpoch: SplitName | undefined;
  /** Whether the data has such a split. */
  has(split: SplitName): boolean;
  /**
   * Trains. The stream ends with `done`, or with `interrupted` when the signal was seen after a segment; then the
   * values of the trial can be read. A trial runs once.
   */
  run(signal?: StopSignal): AsyncGenerator<TrialEvent, void, undefined>;
  /**
   * Loss and accuracy of a split with the current state and inference statistics, one number a network.
   * @throws InvalidInputError where no examples are held out.
   */
  evaluate(split: SplitName): Promise<Measured>;
  /** Current parameters and buffers of one network by path. @throws InvalidInputError for a network that is not there. */
  tensors(network?: number): Promise<Map<string, TensorData>>;
  /** Parameters and buffers of all networks by path. In an ensemble the last axis counts the networks. */
  allTensors(): Promise<Map<string, TensorData>>;
  /** Frees what the runtime holds for this trial. */
  dispose(): Promise<void>;
}
