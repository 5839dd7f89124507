// What differs between training one network and many; everything that a trial is beside that stands in loop.ts.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { SplitName } from "../../data/dataset.js";
import type { ProbeRecord } from "../program/probe-record.js";
import { ofNetworks } from "../program/program.js";
import type { Measured, ProbeReading } from "./events.js";
import type { StepMeasurements } from "./history.js";
import type { Segment } from "./segment.js";

/** What a segment gave: losses before each update, right answers in each batch, and what drove it. */
export interface SegmentResult extends StepMeasurements {
  /** `[steps]`, or `[steps, networks]` where the networks have learning rates of their own. */
  readonly learningRates: Float64Array;
  /** `[steps]`; absent for optimizers without momentum. */
  readonly momenta?: Float64Array;
  /** `[steps, networks]`: norm of each gradient before it is clipped; absent where nobody asked and nothing is clipped. */
  readonly gradientNorms?: Float32Array;
  /** Of the same form: 1 where a limit changed the gradient, otherwise 0; absent without limits. */
  readonly clipped?: Float32Array;
  /** Inside the runtime. */
  readonly durationMs: number;
  /** Threads that worked. */
  readonly threads: number;
}

/** What may be done for the coming segment while the runtime works on this one. */
export interface Ahead {
  /** The coming segment, if one is known to come. An engine that asks gets this very segment next. */
  segment(): Segment | undefined;
  /** Whether the runtime is expected to be still at work. */
  hasTime(): boolean;
}

/**
 * Trains the networks of a trial on a runtime, a segment at a time. It holds two generations of state: the current one,
 * and that before the last segment.
 */
export interface TrialEngine {
  readonly networks: number;
  /** Thread counts among which the trial may choose; all give the same bits. */
  readonly threadCounts: readonly number[];
  /** The most steps that one segment may have from this step on. */
  mostSteps(step: number): number;
  /** Hands the data and the state to the runtime; without a state, the one that seed or caller give. */
  upload(state: readonly TensorData[] | undefined): Promise<void>;
  /** Builds and loads the programs that the first segments from a step on need; others follow when they are needed. */
  compile(step: number, threads: number): Promise<void>;
  runSegment(segment: Segment, threads: number, ahead: Ahead): Promise<SegmentResult>;
  /** Goes back to the state after the first so many steps of the last segment. Done at most once for a segment. */
  rewind(segment: Segment, steps: number, threads: number): Promise<void>;
  /** Losses of all networks on the batch of a step in the current state, which stays as it is. */
  lossesAt(step: number, threads: number): Promise<Float32Array>;
  /** Computes the coming step beside the training, and keeps statistics of it. */
  probe(step: number, threads: number): Promise<ProbeRecord>;
  /** What the kept numbers say, one reading of each network. */
  readings(record: ProbeRecord): readonly ProbeReading[];
  /** Loss and accuracy of a split with the current state and inference statistics. */
  evaluate(split: SplitName, threads: number): Promise<Measured>;
  /** State vectors of all networks, in the order of `stateNames`. */
  readState(): Promise<TensorData[]>;
  /** Puts another state in place of the current one. */
  writeState(state: readonly TensorData[]): Promise<void>;
  /** The first value that is not a number in the step that comes next, in order of execution; only of one network. */
  whereDiverged?(step: number, threads: number): Promise<string>;
  /** Frees what the runtime holds for the trial. */
  dispose(): Promise<void>;
}

/** What a program measured in every step, `[steps, networks]`. */
export type MeasuredSteps = StepMeasurements & Pick<SegmentResult, "gradientNorms" | "clipped">;

export function stepMeasurements(
  { loss, correct, weight, counted, gradientNorm, clipped }: Readonly<Record<string, TensorData>>,
  steps: number,
  networks: number,
): MeasuredSteps {
  return {
    losses: loss.data as Float32Array,
    correct: (correct?.data as Float32Array | undefined) ?? new Float32Array(0),
    ...(weight === undefined ? {} : { weights: ofNetworks(weight, steps, networks) }),
    ...(counted === undefined ? {} : { counted: ofNetworks(counted, steps, networks) }),
    ...(gradientNorm === undefined ? {} : { gradientNorms: gradientNorm.data as Float32Array }),
    ...(clipped === undefined ? {} : { clipped: clipped.data as Float32Array }),
  };
}
