// The port to the run store: permanent runs, trials, measurements, findings and claims.
//
//   createRun -> addTrials -> for each trial: leaseTrial -> append... -> finishTrial -> saveAnalysis -> setRunStatus
//
// A trial is named by the hash of its spec and belongs to every run that requests it. A finished trial serves every run
// whose measurements it covers and does not run again.
//
// Consistency. Every method is atomic. Its effects are visible to every call that starts after it returned, through any
// connection to the store. The store may change between two calls, because other processes write too.
//
// Ownership. A run belongs to the process that started it. A trial belongs to no run: only the holder of its lease may
// write its measurements and its end. A token proves the lease. Every lease has a higher number than all earlier ones, and
// writing methods refuse a token whose lease has ended or passed to another holder (StaleLeaseError), so a process that
// wakes from sleep cannot write into the work of its successor. Tokens are plain JSON and may be passed to another process
// or host, which then holds the lease.
//
// Crashes. A process may die at any moment. Everything written survives, even a power failure. Its leases pass to the next
// process that requests them: at once if the holder is known to be dead, otherwise after a timeout. The next holder gets the
// measurements up to the last `append`, and drops those after the checkpoint from which it resumes.
//
// The test suite in contract/store-contract.ts states this contract as tests.
import type { Claim, Finding } from "../../core/findings.js";
import type { Phase, SeriesBlock } from "../../core/rows.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";
import type { Divergence, Stop } from "../../train/trial/events.js";
import type { DataIdentity, PlannedTrial } from "../definition.js";
import type { KeptTensor, MeasurementPlan, PathPattern } from "../measurement.js";
import type { Settings } from "../settings.js";

/** `interrupted` runs have saved their state and continue when the same command is run again. */
export type RunStatus = "running" | "done" | "failed" | "interrupted";

/** `failed` trials ended for a reason outside the training (disk, memory); the next run tries them again. */
export type TrialStatus = "pending" | "running" | "done" | "diverged" | "failed";

/** A started study or single training. */
export interface RunRecord {
  /** Name with the start time in UTC: `normalization-20261122-202501`. */
  readonly id: string;
  /** Study id, or `train`. */
  readonly study: string;
  /** Preset of the study; absent for `train` and if nothing is trained. */
  readonly preset?: string;
  readonly settings: Settings;
  /** One per replicate, in replicate order. */
  readonly seeds: readonly number[];
  /** The data by its role in the study. Empty if nothing is trained. */
  readonly data: Readonly<Record<string, DataIdentity>>;
  /** The design so far: names of trials in design order, stage by stage. */
  readonly stages: readonly { readonly id: string; readonly trials: readonly string[] }[];
  /** The command line that started it. */
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

/** Durations of a trial in milliseconds. They differ from run to run, so they are not measurements. */
export interface Timings {
  /** For building and loading the programs. */
  readonly compileMs: number;
  /** For training steps. */
  readonly trainMs: number;
  /** For evaluating whole splits. */
  readonly evaluateMs: number;
  /** From start (or resume) to end, including all of the above. */
  readonly totalMs: number;
}

/** The end of a trial, whose measurements are already in the store. */
export interface TrialEnd {
  /** `diverged`: no network is left. A `done` ensemble may include diverged networks. */
  readonly status: "done" | "diverged";
  readonly diverged: readonly Divergence[];
  /** Networks that met the stop rule. */
  readonly stopped?: readonly Stop[];
  readonly timings: Timings;
}

/** A trial without its measurements. */
export interface TrialRecord {
  readonly id: string;
  readonly spec: TrialSpec;
  readonly status: TrialStatus;
  /** The reason of a failure; present exactly if the status is `failed`. */
  readonly failure?: string;
  /** The plan that its measurements cover; present once it has ended as `done` or `diverged`. */
  readonly measured?: MeasurementPlan;
  /** Its end; present with `measured`. */
  readonly end?: TrialEnd;
}

/**
 * A trial in its place in the design of a run. It counts as `pending` if the measurements for other runs do not cover those
 * of this run.
 */
export interface RunTrial extends TrialRecord, PlannedTrial {
  readonly stage: string;
}

/** Proof of a lease. */
export interface LeaseToken {
  readonly trial: string;
  /** Higher than that of every earlier lease of this trial. */
  readonly number: number;
}

/** The reply to a request to run a trial. */
export type Lease =
  /** Granted: run the trial, and call `renewLease` every few seconds. */
  | {
      readonly kind: "leased";
      readonly token: LeaseToken;
      /** The requested measurements, plus those of earlier runs. */
      readonly measure: MeasurementPlan;
      /**
       * Number of updates whose measurements are in the store; 0 if there are none. A checkpoint of a later step cannot be
       * resumed; before resuming an earlier one, call `dropAfter`.
       */
      readonly through: number;
    }
  /** It has ended, and its measurements cover the requested ones; do not run it. */
  | { readonly kind: "finished" }
  /** Another process runs it: `process 4711 on host`. Ask again later, since a dead process loses its lease. */
  | { readonly kind: "busy"; readonly holder: string };

/** The measurements of a trial since the previous part. */
export interface MeasuredPart {
  /** Number of updates at its last measurement. Parts of a trial are appended in this order. */
  readonly through: number;
  readonly series: readonly SeriesBlock[];
  readonly tensors?: readonly KeptTensor[];
}

/** Selects series and their contents; everything by default. */
export interface SeriesQuery {
  readonly phases?: readonly Phase[];
  readonly metrics?: readonly string[];
  readonly paths?: readonly PathPattern[];
  /** Indices of networks; blocks then contain only these, in this order. */
  readonly networks?: readonly number[];
  /** Only steps that are multiples of this. */
  readonly every?: number;
}

export interface StoredAnalysis {
  readonly findings: readonly Finding[];
  readonly claims: readonly Claim[];
}

/** An open store; `close` it when done. All numbers are stored bit for bit, including NaN and negative zero. */
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
   * Removes a run and the trials that no other run uses. Returns the names of those trials, whose checkpoints may be removed.
   * @throws InvalidInputError if the run is unknown or a live process works on one of those trials.
   */
  removeRun(runId: string): Promise<readonly string[]>;

  /**
   * Adds trials to a stage of a run, in design order. Existing trials keep their results. Idempotent.
   * @throws InvalidInputError if the run is unknown.
   */
  addTrials(runId: string, stage: string, trials: readonly PlannedTrial[]): Promise<void>;
  /** The trials of a run, in design order. */
  listTrials(runId: string): Promise<readonly RunTrial[]>;
  findTrial(trial: string): Promise<TrialRecord | undefined>;

  /**
   * Requests the right to run a trial. A finished trial whose measurements do not cover the requested ones runs again; its
   * old results stay readable until the new end replaces them.
   * @throws InvalidInputError if the trial is unknown.
   */
  leaseTrial(trial: string, wanted: MeasurementPlan): Promise<Lease>;
  /** Renews a lease, as a heartbeat of its holder. @throws StaleLeaseError */
  renewLease(token: LeaseToken): Promise<void>;
  /** Releases a trial with its measurements so far. Does nothing without the lease. */
  releaseTrial(token: LeaseToken): Promise<void>;

  /**
   * Adds measurements of the trial. Append before writing the next checkpoint, so that the store has all measurements up to
   * every checkpoint.
   * @throws StaleLeaseError
   */
  append(token: LeaseToken, part: MeasuredPart): Promise<void>;
  /**
   * Drops the parts that end after a step, which a trial that resumes from the step will measure again. -1 drops all.
   * @throws StaleLeaseError
   */
  dropAfter(token: LeaseToken, step: number): Promise<void>;
  /** Ends a trial and its lease. Its measurements replace those of an earlier end. @throws StaleLeaseError */
  finishTrial(token: LeaseToken, end: TrialEnd): Promise<void>;
  /** Ends a failed trial; its measurements stay. Does nothing without the lease. */
  failTrial(token: LeaseToken, reason: string): Promise<void>;

  /**
   * The series of a trial, each in one or several blocks by ascending step: the results of a trial that has ended, or the
   * measurements so far.
   */
  readSeries(trial: string, query?: SeriesQuery): AsyncIterable<SeriesBlock>;
  /** Kept tensors of a trial: those of the start first, by network and path. */
  readTensors(trial: string): Promise<readonly KeptTensor[]>;

  /** Stores the findings and claims of a run, replacing earlier ones. */
  saveAnalysis(runId: string, analysis: StoredAnalysis): Promise<void>;
  /** The findings and claims of a run; undefined until it has been analyzed. */
  readAnalysis(runId: string): Promise<StoredAnalysis | undefined>;

  /** Releases all leases of this connection and closes it. */
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
