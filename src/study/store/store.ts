// The port to the run store: runs, trials, metric rows, findings and claims, kept for ever and found again.
//
//   createRun -> addTrials -> for each trial: leaseTrial -> saveRows... -> finishTrial -> saveAnalysis -> finishRun
//
// A trial is named by the hash of its spec and belongs to every run that asks for it: once finished, it is found
// again and never run twice. Every method is one transaction: it happens whole or not at all.
// What a store must do is written as a test suite in store-contract.ts.
import type { Claim, Finding } from "../../core/findings.js";
import type { MetricRow } from "../../core/rows.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";
import type { PlannedTrial, TrialResult } from "../definition.js";
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

export type NewRun = Omit<RunRecord, "id" | "status" | "finishedAt">;

/** A trial in its place in a design; the replicate stands among the factors as `seed`. */
export type StudyTrial = Pick<PlannedTrial, "factors" | "spec">;

/** Where and how a trial went bad. */
export interface Divergence {
  readonly step: number;
  /** The first tensor that held NaN or an infinity. */
  readonly tensor: string;
}

/** What a trial leaves behind when it ends. */
export interface TrialOutcome {
  readonly status: "done" | "diverged";
  /** All rows of the trial, in the order in which they were measured; they replace those saved on the way. */
  readonly rows: readonly MetricRow[];
  /** Final parameters and buffers that the study asked for, by path. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  /** Milliseconds by phase: `{ compile, train, evaluate }`. Kept apart from rows: they differ from run to run. */
  readonly timings: Readonly<Record<string, number>>;
  readonly divergence?: Divergence;
}

/** A trial without its rows and tensors. */
export interface TrialRecord {
  readonly id: string;
  readonly spec: TrialSpec;
  readonly status: TrialStatus;
  /** Why it failed; present exactly when the status is `failed`. */
  readonly failure?: string;
  readonly divergence?: Divergence;
  readonly timings: Readonly<Record<string, number>>;
}

/** A trial in its place in the design of a run. */
export interface RunTrial extends TrialRecord {
  readonly factors: StudyTrial["factors"];
}

/** The answer to the wish to run a trial. */
export type Lease =
  /** It is yours: run it, and call `renewLeases` every few seconds. Rows saved before are still there. */
  | { readonly kind: "leased" }
  /** It has already ended as `done` or `diverged`; do not run it. */
  | { readonly kind: "finished" }
  /** Another process runs it: `process 4711 on host`. Ask again later: a dead process loses its lease. */
  | { readonly kind: "busy"; readonly holder: string };

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

  /** Adds trials to a run, in design order. Trials that the store knows keep what they have; twice is as once. */
  addTrials(runId: string, trials: readonly StudyTrial[]): Promise<void>;
  /** The trials of a run, in design order. */
  listTrials(runId: string): Promise<readonly RunTrial[]>;
  findTrial(trial: string): Promise<TrialRecord | undefined>;

  /** Asks for the right to run a trial. @throws InvalidInputError if the trial is unknown. */
  leaseTrial(trial: string): Promise<Lease>;
  /** Shows other processes that this one is alive. Call every few seconds while a lease is held. */
  renewLeases(): Promise<void>;
  /** Gives a trial back as `pending`, with the rows saved so far. Does nothing without the lease. */
  releaseTrial(trial: string): Promise<void>;

  /**
   * Saves rows on the way: those of the trial with `step >= fromStep` are replaced by `rows`. Save rows before the
   * checkpoint that follows them, and on resume from step s read the rows below s.
   * @throws EnvironmentError when the lease was lost to another process.
   */
  saveRows(trial: string, rows: readonly MetricRow[], fromStep: number): Promise<void>;
  /**
   * Ends a trial. The first end counts: specs determine results, so a second one is the same and is ignored.
   * No lease is needed.
   */
  finishTrial(trial: string, outcome: TrialOutcome): Promise<void>;
  /** Ends a trial that could not be run; rows stay. Does nothing without the lease. */
  failTrial(trial: string, reason: string): Promise<void>;

  /** Rows of one trial, in the order in which they were saved. */
  readRows(trial: string): Promise<readonly MetricRow[]>;
  /** Kept tensors of a finished trial, by path. */
  readTensors(trial: string): Promise<Readonly<Record<string, readonly number[]>>>;

  /** Findings and claims of a run; replaces what was there. */
  saveAnalysis(runId: string, analysis: StoredAnalysis): Promise<void>;
  /** Undefined until a run was analyzed. */
  readAnalysis(runId: string): Promise<StoredAnalysis | undefined>;

  /** Gives back all leases and closes. */
  close(): Promise<void>;
}

/** What an analysis takes: every finished trial of a run with its rows and tensors, in design order. */
export async function readTrialResults(store: RunStore, runId: string): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  for (const { id, spec, factors, status } of await store.listTrials(runId)) {
    if (status !== "done" && status !== "diverged") continue;
    const [rows, tensors] = [await store.readRows(id), await store.readTensors(id)];
    const { seed = 0, ...levels } = factors;
    const networks = spec.ensemble ?? 1;
    const diverged = status === "diverged" ? Array.from({ length: networks }, (_, network) => network) : [];
    const place = { id, stage: "", factors: levels, replicate: Number(seed), spec };
    results.push({ ...place, networks, status, diverged, rows, tensors });
  }
  return results;
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
