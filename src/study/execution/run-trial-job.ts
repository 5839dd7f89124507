// Runs one job: the same function in this process, in a worker, or on another host.
//
//   data + checkpoint -> trial -> events -> measurements to the sink, state to the checkpoint -> outcome
import { CorruptFileError, InterruptedError, InvalidInputError, type TrainscopeError } from "../../core/errors.js";
import type { Dataset } from "../../data/dataset.js";
import { checkpointStep } from "../../train/trial/checkpoint.js";
import type { EventOf, TrialEvent } from "../../train/trial/events.js";
import { openTrial, type Trial } from "../../train/trial/trial.js";
import type { Timings, TrialEnd } from "../store/store.js";
import type { TrialJob } from "./job.js";
import { MeasurementRecorder } from "./measurement-recorder.js";
import type { TrialHost, TrialOutcome } from "./trial-host.js";

type Checkpoint = { readonly where: string; readonly bytes: Uint8Array; readonly step: number };

/**
 * Runs a job to its end, or to the next segment after the signal. It resumes from the trial's checkpoint; an unusable
 * checkpoint is dropped with a remark, and the trial starts over.
 * @throws EnvironmentError if the checkpoint cannot be read now or a newer version wrote it, and then keeps it;
 * StaleLeaseError if another process has taken over the trial, RuntimeCrashError if the runtime died, and any other error
 * that prevents the trial.
 */
export async function runTrialJob(job: TrialJob, host: TrialHost, signal: AbortSignal): Promise<TrialOutcome> {
  const saved = await readCheckpoint(job, host);
  if (saved === undefined) return runFrom(job, host, signal, undefined);
  try {
    return await runFrom(job, host, signal, saved);
  } catch (cause) {
    if (!isAbout(saved, cause)) throw cause;
    await dropCheckpoint(job, host, messageOf(cause));
    return runFrom(job, host, signal, undefined);
  }
}

/** The checkpoint to resume from, if all its measurements are in the sink. */
async function readCheckpoint(job: TrialJob, host: TrialHost): Promise<Checkpoint | undefined> {
  const saved = await host.checkpoints.read(job.trial);
  if (saved === undefined) return undefined;
  try {
    const step = checkpointStep(saved.where, saved.bytes);
    if (step <= host.rows.through) return { ...saved, step };
    await dropCheckpoint(job, host, `what was measured before step ${step} is not stored`);
  } catch (cause) {
    if (!isUnusable(cause)) throw cause;
    await dropCheckpoint(job, host, messageOf(cause));
  }
  return undefined;
}

async function dropCheckpoint({ trial }: TrialJob, host: TrialHost, reason: string): Promise<void> {
  const text = `begins anew because its checkpoint cannot be used: ${reason}`;
  host.onRemark?.({ code: "checkpoint-not-usable", where: `trial ${trial}`, text });
  await host.checkpoints.remove(trial).catch(() => undefined);
}

/** Whether no later attempt can use the checkpoint either; a disk that cannot be read now may be readable tomorrow. */
function isUnusable(cause: unknown): cause is TrainscopeError {
  return cause instanceof CorruptFileError || cause instanceof InvalidInputError;
}

function isAbout({ where }: Checkpoint, cause: unknown): boolean {
  return isUnusable(cause) && cause.parts.where.startsWith(where);
}

async function runFrom(
  job: TrialJob,
  host: TrialHost,
  signal: AbortSignal,
  resumeFrom: Checkpoint | undefined,
): Promise<TrialOutcome> {
  const { spec, measure } = job;
  const { runtime, now, checkpointEveryMs } = host;
  const started = now();
  const data = await openData(job, host, signal);
  if (data === undefined) return { kind: "interrupted", step: resumeFrom?.step ?? 0 };
  const { most } = runtime.capabilities.threads;
  const trial = openTrial({
    ...{ spec, data, runtime, now, evaluate: measure.evaluations },
    // With several threads, the trial chooses how to use them.
    ...(most === 1 ? { threads: 1 } : {}),
    gradientNorm: measure.steps?.metrics.includes("gradientNorm") === true,
    ...(measure.probes === undefined ? {} : { probes: measure.probes }),
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    ...(checkpointEveryMs === undefined ? {} : { checkpointEveryMs }),
  });
  for (const text of trial.remarks)
    host.onRemark?.({ code: "training-learns-little", where: `trial ${job.trial}`, text });
  try {
    return await follow(trial, job, host, signal, started);
  } finally {
    await trial.dispose();
  }
}

/** Undefined if the signal came first. */
async function openData({ spec }: TrialJob, host: TrialHost, signal: AbortSignal): Promise<Dataset | undefined> {
  try {
    return await host.data.open(spec.data.source, signal);
  } catch (cause) {
    if (signal.aborted && cause instanceof InterruptedError) return undefined;
    throw cause;
  }
}

/** Handles every event of a trial: measurements first, so that those before a checkpoint are saved before it. */
async function follow(
  trial: Trial,
  job: TrialJob,
  host: TrialHost,
  signal: AbortSignal,
  started: number,
): Promise<TrialOutcome> {
  const recorder = new MeasurementRecorder(trial, job.measure, host.rows);
  const clock = new TrialClock(host.now, started);
  for await (const event of trial.run(signal)) {
    clock.heard(event);
    await recorder.heard(event);
    host.onEvent?.(event);
    if (event.kind === "checkpoint") await saveCheckpoint(job, host, event.bytes);
    if (event.kind === "interrupted") return { kind: "interrupted", step: event.step };
    if (event.kind === "done") return { kind: "ended", end: endOf(trial, event, clock.timings) };
    clock.handled();
  }
  throw new Error("the trial ended without a word");
}

/** A trial without remaining networks has diverged. */
function endOf({ networks }: Trial, { diverged, stopped }: EventOf<"done">, timings: Timings): TrialEnd {
  const status = diverged.length === networks ? "diverged" : "done";
  return { status, diverged, ...(stopped === undefined ? {} : { stopped }), timings };
}

/** Without a checkpoint, only a killed training loses time, so a failure to write one is a remark. */
async function saveCheckpoint({ trial }: TrialJob, host: TrialHost, bytes: Uint8Array): Promise<void> {
  try {
    await host.checkpoints.write(trial, bytes);
  } catch (cause) {
    const text = `training goes on, but a checkpoint was not saved: ${messageOf(cause)}`;
    host.onRemark?.({ code: "checkpoint-not-saved", where: `trial ${trial}`, text });
  }
}

/** Measures the parts of a trial's time. */
class TrialClock {
  readonly #now: () => number;
  readonly #started: number;
  #before: number;
  #compileMs = 0;
  #trainMs = 0;
  #evaluateMs = 0;

  constructor(now: () => number, started: number) {
    this.#now = now;
    this.#started = started;
    this.#before = started;
  }

  heard(event: TrialEvent): void {
    if (event.kind === "ready") this.#compileMs += event.compileMs;
    if (event.kind === "steps") this.#trainMs += event.durationMs;
    // The time between a segment and the end of its epoch is the evaluation.
    if (event.kind === "epoch" || event.kind === "test") this.#evaluateMs += this.#now() - this.#before;
  }

  /** Called before the trial continues, so that handling its event does not count as its time. */
  handled(): void {
    this.#before = this.#now();
  }

  get timings(): Timings {
    const totalMs = this.#now() - this.#started;
    return { compileMs: this.#compileMs, trainMs: this.#trainMs, evaluateMs: this.#evaluateMs, totalMs };
  }
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
