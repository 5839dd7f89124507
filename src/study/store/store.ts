// The port to the run store: runs, trials, measurements, findings and claims, kept for ever and found again.
//
//   createRun -> addTrials -> for each trial: leaseTrial -> append... -> finishTrial -> saveAnalysis -> setRunStatus
//
// A trial is named by the hash of its spec and belongs to every run that asks for it: once finished, it is found again
// by every run whose measurements it covers, and not run twice.
//
// Consistency. Every method is atomic: it happens whole or not at all. What a method wrote before it returned is seen by
// every call that starts later, through any opening of the store. Nothing holds between two calls: others write too.
//
// Ownership. A run belongs to the process that set it running. A trial belongs to no run; who holds its lease is the
// only one to write its measurements and its end. A token proves the lease. Every lease has a higher number than all
// before it, and a token whose lease has passed to somebody else or has ended is refused by everything that writes
// (StaleLeaseError): a process that slept and wakes cannot write into the work of its successor. Tokens are plain JSON:
// whoever was handed one holds the lease, be it another process or another host.
//
// Crashes. A process may die at any moment. What was written stays, a power failure included. Its leases go to whoever
// asks next: at once where the process can be seen to be dead, else after a silence. The next holder gets what was
// measured up to the last `append`, and drops what the checkpoint that it goes on from does not know.
//
// What a store must do is written as a test suite in store-contract.ts.
import type { Claim, Finding } from "../../core/findings.js";
import type { Phase, SeriesBlock } from "../../core/rows.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";
import type { Divergence, Stop } from "../../train/trial/events.js";
import type { DataIdentity, PlannedTrial } from "../definition.js";
import type { KeptTensor, MeasurementPlan, PathPattern } from "../measurement.js";
import type { Settings } from "../settings.js";

/** `interrupted` runs saved their state and go on when the same command is given again. */
export type RunStatus = "running" | "done" | "failed" | "interrupted";

/** `failed` trials broke for a reason outside the training (disk, memory); the next run tries them again. */
export type TrialStatus = "pending" | "running" | "done" | "diverged" | "failed";

/** A study, or one training, that somebody started. */
export interface RunRecord {
  /** `normalization-20261122-202501`: what was run and when (UTC). */
  readonly id: string;
  /** Study id, or `train`. */
  readonly study: string;
  /** A name that the study gave to a size; absent for `train` and where nothing is trained. */
  readonly preset?: string;
  readonly settings: Settings;
  /** One a replicate, in the order of their numbers. */
  readonly seeds: readonly number[];
  /** The data by its role in the study. Empty where nothing is trained. */
  readonly data: Readonly<Record<string, DataIdentity>>;
  /** What was designed so far: names of trials in design order, stage by stage. */
  readonly stages: readonly { readonly id: string; readonly trials: readonly string[] }[];
  /** The command line that started it, for repeating. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly status: RunStatus;
  /** `{ trainscope: "0.1.0", node: "20.20.2", runtime: "onnxruntime-node 1.30.0 (cpu)" }`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Processor, cores, memory, operating system. */
  readonly machine: string;
}

export type NewRun = Omit<RunRecord, "id" | "status" | "finishedAt" | "stages">;

/** Milliseconds of a trial. Kept apart from measurements: they differ from run to run. */
export interface Timings {
  /** Building and loading the programs. */
  readonly compileMs: number;
  /** Inside training steps. */
  readonly trainMs: number;
  /** Measuring whole splits. */
  readonly evaluateMs: number;
  /** From start to end, all of the above and what is between them. Of a resumed trial: since it resumed. */
  readonly totalMs: number;
}

/** How a trial ended. Its measurements are in the store already. */
export interface TrialEnd {
  /** `diverged`: no network is left. Some of an ensemble may diverge while it is `done`. */
  readonly status: "done" | "diverged";
  readonly diverged: readonly Divergence[];
  /** Networks that met the rule for stopping before the end. */
  readonly stopped?: readonly Stop[];
  readonly timings: Timings;
}

/** A trial without its measurements. */
export interface TrialRecord {
  readonly id: string;
  readonly spec: TrialSpec;
  readonly status: TrialStatus;
  /** Why it failed; present exactly when the status is `failed`. */
  readonly failure?: string;
  /** What its measurements hold; present once it has ended as `done` or `diverged`. */
  readonly measured?: MeasurementPlan;
  /** How it ended; present with `measured`. */
  readonly end?: TrialEnd;
}

/**
 * A trial in its place in the design of a run. It counts as `pending` while it was measured for other runs only, and what
 * they wanted does not cover what this one wants.
 */
export interface RunTrial extends TrialRecord, PlannedTrial {
  readonly stage: string;
}

/** Proof of a lease. */
export interface LeaseToken {
  readonly trial: string;
  /** Higher than that of every lease of this trial before. */
  readonly number: number;
}

/** The answer to the wish to run a trial. */
export type Lease =
  /** It is yours: run it, and call `renewLease` every few seconds. */
  | {
      readonly kind: "leased";
      readonly token: LeaseToken;
      /** What to measure: what is wanted now, and what others took from the trial before. */
      readonly measure: MeasurementPlan;
      /**
       * What was measured up to this many updates is in the store; 0 if nothing is. A checkpoint of a later step cannot be
       * gone on from; from one of an earlier step call `dropAfter` first.
       */
      readonly through: number;
    }
  /** It has ended, and its measurements cover what is wanted; do not run it. */
  | { readonly kind: "finished" }
  /** Somebody runs it: `process 4711 on host`. Ask again later: a dead process loses its lease. */
  | { readonly kind: "busy"; readonly holder: string };

/** What a trial measured since the part before. */
export interface MeasuredPart {
  /** Updates done when all of it had been measured. Parts of a trial come in this order. */
  readonly through: number;
  readonly series: readonly SeriesBlock[];
  readonly tensors?: readonly KeptTensor[];
}

/** Which series, and what of them; everything when left out. */
export interface SeriesQuery {
  readonly phases?: readonly Phase[];
  readonly metrics?: readonly string[];
  readonly paths?: readonly PathPattern[];
  /** Numbers of networks; the blocks then have these alone, in this order. */
  readonly networks?: readonly number[];
  /** Only steps that are multiples of this. */
  readonly every?: number;
}

export interface StoredAnalysis {
  readonly findings: readonly Finding[];
  readonly claims: readonly Claim[];
}

/** A store that is open; `close` it when done. All numbers come back bit for bit, NaN and negative zero included. */
export interface RunStore {
  /** Path or address, for messages. */
  readonly location: string;

  /** Records a new run as `running` and names it. */
  createRun(run: NewRun): Promise<RunRecord>;
  /** Ends a run, or marks it as running again (`finishedAt` is then dropped). Throws InvalidInputError if unknown. */
  setRunStatus(runId: string, status: RunStatus, at: string): Promise<void>;
  /** Newest first. */
  listRuns(): Promise<readonly RunRecord[]>;
  findRun(runId: string): Promise<RunRecord | undefined>;
  /**
   * Removes a run, and the trials that no other run uses. Returns the names of those trials, whose checkpoints may go.
   * @throws InvalidInputError if the run is unknown or a living process works on one of those trials.
   */
  removeRun(runId: string): Promise<readonly string[]>;

  /**
   * Adds trials to a stage of a run, in design order. Trials that the store knows keep what they have; twice is as once.
   * @throws InvalidInputError if the run is unknown.
   */
  addTrials(runId: string, stage: string, trials: readonly PlannedTrial[]): Promise<void>;
  /** The trials of a run, in design order. */
  listTrials(runId: string): Promise<readonly RunTrial[]>;
  findTrial(trial: string): Promise<TrialRecord | undefined>;

  /**
   * Asks for the right to run a trial. A finished one whose measurements do not cover what is wanted is run again: what
   * it has stays to be read until the new end takes its place.
   * @throws InvalidInputError if the trial is unknown.
   */
  leaseTrial(trial: string, wanted: MeasurementPlan): Promise<Lease>;
  /** Shows that the holder of a lease is alive. @throws StaleLeaseError */
  renewLease(token: LeaseToken): Promise<void>;
  /** Gives a trial back with what was measured so far. Does nothing without the lease. */
  releaseTrial(token: LeaseToken): Promise<void>;

  /**
   * Adds to what the trial measured. Append before the checkpoint that follows is written, so that all that a checkpoint
   * knows is in the store.
   * @throws StaleLeaseError
   */
  append(token: LeaseToken, part: MeasuredPart): Promise<void>;
  /**
   * Drops the parts that end after a step: those that a trial that goes on from it will measure again. -1 drops all.
   * @throws StaleLeaseError
   */
  dropAfter(token: LeaseToken, step: number): Promise<void>;
  /** Ends a trial and its lease. What was appended takes the place of what an earlier end left. @throws StaleLeaseError */
  finishTrial(token: LeaseToken, end: TrialEnd): Promise<void>;
  /** Ends a trial that could not be run; what was measured stays. Does nothing without the lease. */
  failTrial(token: LeaseToken, reason: string): Promise<void>;

  /**
   * The series of a trial, each in one or several blocks by ascending step. Of a trial that has ended, what its end left;
   * of any other, what was measured so far.
   */
  readSeries(trial: string, query?: SeriesQuery): AsyncIterable<SeriesBlock>;
  /** Kept tensors of a trial, those at the start first, by network and path. */
  readTensors(trial: string): Promise<readonly KeptTensor[]>;

  /** Findings and claims of a run; replaces what was there. */
  saveAnalysis(runId: string, analysis: StoredAnalysis): Promise<void>;
  /** Undefined until a run was analyzed. */
  readAnalysis(runId: string): Promise<StoredAnalysis | undefined>;

  /** Gives back all leases that were taken here, and closes. */
  close(): Promise<void>;
}

/** The name of a run that starts at an instant: `lenet-20261122-202501`; stores add `-2` and so on if it is taken. */
export function runName(study: string, startedAt: string, isTaken: (name: string) => boolean): string {
  const digits = startedAt.replace(/\D/g, "");
  const base = `${study}-${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
  for (let suffix = 1; ; suffix++) {
    const name = suffix === 1 ? base : `${base}-${suffix}`;
    if (!isTaken(name)) return name;
  }
}
