// Runs the trials of a study side by side: one runtime a worker, one thread each, the next trial to whoever is free.
//
// Results do not depend on the number of workers: a trial is determined by its spec, and rows are kept in design order.
import { TrainscopeError } from "../../core/errors.js";
import type { SeriesBlock } from "../../core/rows.js";
import type { Dataset } from "../../data/dataset.js";
import { pathMatcher } from "../../nn/path-patterns.js";
import { evaluationSeries } from "../../train/metric-rows.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import { trialId } from "../../train/spec/trial-spec.js";
import type { EventOf } from "../../train/trial/events.js";
import { openTrial, type StopSignal, type Trial } from "../../train/trial/trial.js";
import type { PlannedTrial } from "../definition.js";
import { joined, type KeptTensor, type MeasurementPlan } from "../measurement.js";
import type { Lease, RunStore, Timings, TrialEnd } from "../store/store.js";
import { type ExecutorProgress, ProgressBoard } from "./progress-board.js";

/** Where unfinished trials keep their state. */
export interface CheckpointPort {
  read(trial: string): Promise<{ where: string; bytes: Uint8Array } | undefined>;
  write(trial: string, bytes: Uint8Array): Promise<void>;
  remove(trial: string): Promise<void>;
}

export interface ExecutorRequest {
  readonly trials: readonly PlannedTrial[];
  readonly data: Dataset;
  readonly store: RunStore;
  readonly checkpoints: CheckpointPort;
  /** Makes a runtime for one worker. */
  readonly openRuntime: () => Runtime;
  readonly workers: number;
  readonly signal?: Pick<AbortSignal, "aborted">;
  readonly now: () => number;
  /** Waits while another process runs a trial that this run needs too. */
  readonly wait: (ms: number) => Promise<void>;
  readonly onProgress?: (progress: ExecutorProgress) => void;
  /** Receives what a user should know although the work goes on: a checkpoint that could not be read or written. */
  readonly onRemark?: (remark: string) => void;
  /** Between two checkpoints of a trial; default 10 s. */
  readonly checkpointEveryMs?: number;
}

export interface ExecutorResult {
  readonly interrupted: boolean;
  /** Trials that were found finished. */
  readonly found: number;
}

/**
 * Runs every trial that is not finished yet. A trial that is killed or interrupted resumes from its checkpoint; one that
 * another process runs is left for later. When a trial fails for a reason outside the training, the others stop after
 * their segment and save their state, and the failure is thrown.
 */
export async function executeTrials(request: ExecutorRequest): Promise<ExecutorResult> {
  const trials = uniqueTrials(request.trials);
  const shared: Shared = {
    request,
    board: new ProgressBoard(trials, request.data.train.targets.shape[0], request.onProgress),
    remarks: new Remarks(request.onRemark),
    failed: false,
  };
  const queue = [...trials];
  let found = 0;
  // Trials in a row that other processes had: when nothing else is left, there is only waiting.
  let busy = 0;
  const work = async (): Promise<void> => {
    let runtime: Runtime | undefined;
    try {
      for (let trial = queue.shift(); trial !== undefined && !isStopped(shared); trial = queue.shift()) {
        const result = await runOne(shared, trial, () => (runtime ??= request.openRuntime()));
        if (result === "found") found++;
        busy = result === "busy" ? busy + 1 : 0;
        if (result !== "busy") continue;
        queue.push(trial);
        if (busy >= queue.length) await request.wait(500);
      }
    } catch (cause) {
      shared.failed = true;
      throw cause;
    } finally {
      await runtime?.dispose();
    }
  };
  const workers = Math.max(1, Math.min(request.workers, queue.length));
  const outcomes = await Promise.allSettled(Array.from({ length: workers }, work));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return { interrupted: request.signal?.aborted === true && shared.board.open > 0, found };
}

/** What all workers of one call have in common. */
interface Shared {
  readonly request: ExecutorRequest;
  readonly board: ProgressBoard;
  readonly remarks: Remarks;
  /** Set when a worker fails, so that the others stop. */
  failed: boolean;
}

function isStopped({ request, failed }: Shared): boolean {
  return request.signal?.aborted === true || failed;
}

/** Two places of a design may hold the same trial; it is run once, and measured for both. */
function uniqueTrials(trials: readonly PlannedTrial[]): PlannedTrial[] {
  const unique = new Map<string, PlannedTrial>();
  for (const trial of trials) {
    const known = unique.get(trialId(trial.spec));
    const measure = known === undefined ? trial.measure : joined(known.measure, trial.measure);
    unique.set(trialId(trial.spec), { ...trial, measure });
  }
  return [...unique.values()];
}

type Result = "done" | "found" | "interrupted" | "busy";

async function runOne(shared: Shared, trial: PlannedTrial, runtime: () => Runtime): Promise<Result> {
  const { board, remarks } = shared;
  const { store } = shared.request;
  const id = trialId(trial.spec);
  const lease = await store.leaseTrial(id, trial.measure);
  if (lease.kind === "finished") {
    board.ended(trial, "found");
    return "found";
  }
  if (lease.kind === "busy") {
    remarks.once("busy", `${lease.holder} works on some of these trials; its results are used`);
    return "busy";
  }
  try {
    return await runLeased({ ...shared, lease }, trial, runtime());
  } catch (cause) {
    // The store may be the very thing that failed; its own error must not hide the cause.
    await store.failTrial(lease.token, messageOf(cause)).catch(() => undefined);
    throw cause;
  }
}

/** A trial that is ours to run. */
interface Leased extends Shared {
  readonly lease: Extract<Lease, { kind: "leased" }>;
}

/** Runs a trial from its checkpoint. A checkpoint that cannot be used is said so and dropped: the trial starts anew. */
async function runLeased(shared: Leased, trial: PlannedTrial, runtime: Runtime): Promise<"done" | "interrupted"> {
  const { checkpoints } = shared.request;
  const id = trialId(trial.spec);
  const anew = (cause: unknown): void =>
    shared.remarks.say(`a trial starts anew because its checkpoint cannot be used: ${messageOf(cause)}`);
  const saved = await checkpoints.read(id).catch((cause: unknown) => {
    anew(cause);
    return undefined;
  });
  if (saved === undefined) return runFrom(shared, trial, runtime);
  try {
    return await runFrom(shared, trial, runtime, saved);
  } catch (cause) {
    if (!(cause instanceof TrainscopeError) || !cause.parts.where.startsWith(saved.where)) throw cause;
    anew(cause);
    await checkpoints.remove(id).catch(() => undefined);
    return runFrom(shared, trial, runtime);
  }
}

async function runFrom(
  shared: Leased,
  studyTrial: PlannedTrial,
  runtime: Runtime,
  resumeFrom?: { readonly where: string; readonly bytes: Uint8Array },
): Promise<"done" | "interrupted"> {
  const { request, board, lease } = shared;
  const { data, store, checkpoints, checkpointEveryMs, now } = request;
  const id = trialId(studyTrial.spec);
  const trial = openTrial({
    spec: studyTrial.spec,
    data,
    runtime,
    threads: 1,
    now,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    ...(checkpointEveryMs === undefined ? {} : { checkpointEveryMs }),
  });
  const timings = { compileMs: 0, trainMs: 0, evaluateMs: 0 };
  const started = now();
  let renewed = now();
  let before = started;
  try {
    for await (const event of trial.run(stopSignal(shared))) {
      if (now() - renewed > 2000) {
        // A beat that is missed costs nothing unless the process is silent for a minute.
        await store.renewLease(lease.token).catch(() => undefined);
        renewed = now();
      }
      if (event.kind === "ready") timings.compileMs = event.compileMs;
      if (event.kind === "steps") timings.trainMs += event.durationMs;
      // What is computed between a segment and the end of its epoch is the evaluation.
      if (event.kind === "epoch") timings.evaluateMs += now() - before;
      before = now();
      board.heard(studyTrial, event);
      if (event.kind === "checkpoint") await saveCheckpoint(shared, id, event.bytes);
      if (event.kind === "interrupted") {
        await store.releaseTrial(lease.token);
        return "interrupted";
      }
      if (event.kind === "done") {
        const end = endOf(trial, event, { ...timings, totalMs: now() - started });
        const tensors = end.status === "diverged" ? [] : await keptTensors(trial, lease.measure);
        // A checkpoint knows all evaluations before it, so that what was saved on the way is not needed.
        await store.dropAfter(lease.token, 0);
        await store.append(lease.token, { through: event.step, series: measuredSeries(trial, event), tensors });
        await store.finishTrial(lease.token, end);
        // One that stays behind is never read: the trial is finished.
        await checkpoints.remove(id).catch(() => undefined);
        board.ended(studyTrial, end.status);
      }
    }
    return "done";
  } finally {
    await trial.dispose();
  }
}

/** A checkpoint that cannot be written costs time after a kill, and nothing else: the training goes on. */
async function saveCheckpoint({ request, remarks }: Shared, id: string, bytes: Uint8Array): Promise<void> {
  try {
    await request.checkpoints.write(id, bytes);
  } catch (cause) {
    remarks.once("checkpoint", `training goes on, but a checkpoint was not saved: ${messageOf(cause)}`);
  }
}

function stopSignal(shared: Shared): StopSignal {
  return {
    get aborted() {
      return isStopped(shared);
    },
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Remarks, of which some are made only once. */
class Remarks {
  readonly #say: (remark: string) => void;
  readonly #said = new Set<string>();

  constructor(say: (remark: string) => void = () => undefined) {
    this.#say = say;
  }

  say(remark: string): void {
    this.#say(remark);
  }

  once(about: string, remark: string): void {
    if (this.#said.has(about)) return;
    this.#said.add(about);
    this.#say(remark);
  }
}

/** A trial of which no network is left has diverged. */
function endOf({ networks }: Trial, { diverged, stopped }: EventOf<"done">, timings: Timings): TrialEnd {
  const status = diverged.length === networks ? "diverged" : "done";
  return { status, diverged, ...(stopped === undefined ? {} : { stopped }), timings };
}

async function keptTensors(trial: Trial, { tensors }: MeasurementPlan): Promise<KeptTensor[]> {
  const patterns = tensors.filter(({ at }) => at === "end").map(({ of }) => of);
  if (patterns.length === 0) return [];
  const isKept = pathMatcher(patterns);
  const kept: KeptTensor[] = [];
  for (let network = 0; network < trial.networks; network++)
    for (const [path, tensor] of await trial.tensors(network))
      if (isKept(path)) kept.push({ at: "end", network, path, tensor });
  return kept;
}

/** Evaluations of a trial, and of a single training the loss at which it diverged. */
function measuredSeries(trial: Trial, { diverged }: EventOf<"done">): SeriesBlock[] {
  const blocks = trial.history.evaluations.flatMap((evaluation) => evaluationSeries(trial.id, evaluation));
  if (trial.networks > 1 || diverged.length === 0) return blocks;
  const [{ step, epoch, loss }] = diverged;
  return [...blocks, ...evaluationSeries(trial.id, { phase: "train", step, epoch, loss: [loss] })];
}
