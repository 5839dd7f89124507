// Runs the trials of a study side by side: one runtime a worker, one thread each, the next trial to whoever is free.
//
// Results do not depend on the number of workers: a trial is determined by its spec, and rows are kept in design order.
import type { MetricRow, Phase } from "../core/rows.js";
import type { Dataset } from "../data/dataset.js";
import type { Evaluation, TrialEvent } from "../train/events.js";
import type { Runtime } from "../train/runtime.js";
import { Trial } from "../train/trial.js";
import { type TrialSpec, trialId } from "../train/trial-spec.js";
import type { RunStore, TrialOutcome } from "./store.js";
import type { StudyTrial } from "./study.js";

/** Where unfinished trials keep their state. */
export interface CheckpointPort {
  read(trial: string): Promise<{ where: string; bytes: Uint8Array } | undefined>;
  write(trial: string, bytes: Uint8Array): Promise<void>;
  remove(trial: string): Promise<void>;
}

export interface ExecutorRequest {
  readonly trials: readonly StudyTrial[];
  readonly data: Dataset;
  readonly store: RunStore;
  readonly checkpoints: CheckpointPort;
  /** Makes a runtime for one worker. */
  readonly openRuntime: () => Runtime;
  readonly workers: number;
  /** Paths of the final tensors to keep from a trial. */
  readonly keepTensors: (spec: TrialSpec) => readonly string[];
  readonly signal?: AbortSignal;
  readonly now: () => number;
  /** Waits while another process runs a trial that this run needs too. */
  readonly wait: (ms: number) => Promise<void>;
  readonly onProgress?: (progress: ExecutorProgress) => void;
}

export interface ExecutorProgress {
  /** Steps done, over all trials, those found in the store included. */
  readonly done: number;
  readonly total: number;
  readonly trialsDone: number;
  readonly trials: number;
  /** A trial that just ended. */
  readonly ended?: { readonly trial: StudyTrial; readonly status: "done" | "diverged" | "found" };
  readonly loss?: number;
}

export interface ExecutorResult {
  readonly interrupted: boolean;
  /** Trials that were found finished. */
  readonly found: number;
}

/** Runs every trial that is not finished yet. A trial that is killed or interrupted resumes from its checkpoint. */
export async function executeTrials(request: ExecutorRequest): Promise<ExecutorResult> {
  const queue = uniqueTrials(request.trials);
  const board = new ProgressBoard(request, queue);
  let next = 0;
  let found = 0;
  let interrupted = false;
  const work = async (): Promise<void> => {
    let runtime: Runtime | undefined;
    try {
      while (next < queue.length && !interrupted) {
        const trial = queue[next++];
        const result = await runOne(request, trial, () => (runtime ??= request.openRuntime()), board);
        if (result === "found") found++;
        if (result === "interrupted") interrupted = true;
      }
    } finally {
      await runtime?.dispose();
    }
  };
  const workers = Math.max(1, Math.min(request.workers, queue.length));
  const outcomes = await Promise.allSettled(Array.from({ length: workers }, work));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return { interrupted, found };
}

/** Two places of a design may hold the same trial; it is run once. */
function uniqueTrials(trials: readonly StudyTrial[]): StudyTrial[] {
  return [...new Map(trials.map((trial) => [trialId(trial.spec), trial])).values()];
}

async function runOne(
  request: ExecutorRequest,
  trial: StudyTrial,
  runtime: () => Runtime,
  board: ProgressBoard,
): Promise<"done" | "found" | "interrupted"> {
  const { store, signal } = request;
  const id = trialId(trial.spec);
  for (;;) {
    if (signal?.aborted === true) return "interrupted";
    const lease = await store.leaseTrial(id);
    if (lease.kind === "finished") {
      board.ended(trial, "found");
      return "found";
    }
    if (lease.kind === "leased") break;
    await request.wait(500);
  }
  try {
    return await runLeased(request, trial, runtime(), board);
  } catch (cause) {
    await store.failTrial(id, cause instanceof Error ? cause.message : String(cause));
    throw cause;
  }
}

async function runLeased(
  request: ExecutorRequest,
  studyTrial: StudyTrial,
  runtime: Runtime,
  board: ProgressBoard,
): Promise<"done" | "interrupted"> {
  const { data, store, checkpoints, signal, now } = request;
  const id = trialId(studyTrial.spec);
  const resumeFrom = await checkpoints.read(id);
  const trial = new Trial({
    spec: studyTrial.spec,
    data,
    runtime,
    threads: 1,
    now,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    ...(signal === undefined ? {} : { signal }),
  });
  const timings = { compileMs: 0, trainMs: 0 };
  const started = now();
  let renewed = now();
  try {
    for await (const event of trial.run()) {
      if (now() - renewed > 2000) {
        await store.renewLeases();
        renewed = now();
      }
      if (event.kind === "ready") timings.compileMs = event.compileMs;
      if (event.kind === "steps") timings.trainMs += event.durationMs;
      board.heard(studyTrial, event);
      if (event.kind === "checkpoint") await checkpoints.write(id, event.bytes);
      if (event.kind === "interrupted") {
        await store.releaseTrial(id);
        return "interrupted";
      }
      if (event.kind === "done" || event.kind === "diverged") {
        const outcome = await outcomeOf(trial, event, request.keepTensors(studyTrial.spec), {
          ...timings,
          totalMs: now() - started,
        });
        await store.finishTrial(id, outcome);
        await checkpoints.remove(id);
        board.ended(studyTrial, outcome.status);
      }
    }
    return "done";
  } finally {
    await trial.dispose();
  }
}

async function outcomeOf(
  trial: Trial,
  event: Extract<TrialEvent, { kind: "done" | "diverged" }>,
  keep: readonly string[],
  timings: Readonly<Record<string, number>>,
): Promise<TrialOutcome> {
  const rows = evaluationRows(trial.id, trial.evaluations);
  if (event.kind === "diverged") {
    const row: MetricRow = {
      trial: trial.id,
      phase: "train",
      step: event.step,
      epoch: Number.NaN,
      metric: "loss",
      path: "",
      value: event.loss,
    };
    return {
      status: "diverged",
      rows: [...rows, row],
      tensors: {},
      timings,
      divergence: { step: event.step, tensor: event.tensor },
    };
  }
  const tensors: Record<string, readonly number[]> = {};
  for (const [path, { data }] of await trial.tensors()) {
    if (keep.includes(path)) tensors[path] = Array.from(data as Float32Array);
  }
  return { status: "done", rows, tensors, timings };
}

/** Rows of a trial's evaluations, which alternate between training and validation. */
export function evaluationRows(trial: string, evaluations: readonly Evaluation[]): MetricRow[] {
  return evaluations.flatMap((evaluation, i) => {
    const phase: Phase = i % 2 === 0 ? "train" : "validation";
    const { step, epoch, loss, accuracy } = evaluation;
    const row = (metric: string, value: number): MetricRow => ({ trial, phase, step, epoch, metric, path: "", value });
    return accuracy === undefined ? [row("loss", loss)] : [row("loss", loss), row("accuracy", accuracy)];
  });
}

/** Adds up what all workers have done. */
class ProgressBoard {
  readonly #request: ExecutorRequest;
  readonly #steps = new Map<string, number>();
  readonly #totals = new Map<string, number>();
  readonly #trials: number;
  #ended = 0;

  constructor(request: ExecutorRequest, trials: readonly StudyTrial[]) {
    this.#request = request;
    this.#trials = trials.length;
    const examples = request.data.train.inputs.shape[0];
    for (const { spec } of trials) {
      const perEpoch = Math.ceil((spec.data.trainExamples ?? examples) / spec.batchSize);
      this.#totals.set(trialId(spec), spec.steps ?? (spec.epochs ?? 1) * perEpoch);
    }
  }

  heard({ spec }: StudyTrial, event: TrialEvent): void {
    if (event.kind === "ready") this.#steps.set(trialId(spec), event.step);
    if (event.kind !== "steps") return;
    this.#steps.set(trialId(spec), event.first + event.losses.length);
    this.#report({ loss: event.losses[event.losses.length - 1] });
  }

  ended(trial: StudyTrial, status: "done" | "diverged" | "found"): void {
    const id = trialId(trial.spec);
    this.#steps.set(id, this.#totals.get(id) ?? 0);
    this.#ended++;
    this.#report({ ended: { trial, status } });
  }

  #report(extra: Pick<ExecutorProgress, "ended" | "loss">): void {
    const sum = (counts: ReadonlyMap<string, number>): number =>
      [...counts.values()].reduce((total, count) => total + count, 0);
    this.#request.onProgress?.({
      done: sum(this.#steps),
      total: sum(this.#totals),
      trialsDone: this.#ended,
      trials: this.#trials,
      ...extra,
    });
  }
}
