// Runs jobs in parallel in this process. Every job has its own runtime, with as many threads as there is room for.
//
// Results do not depend on the number of workers or threads, because the spec determines a trial.
import { RuntimeCrashError, StaleLeaseError } from "../../core/errors.js";
import type { Remark } from "../../core/remark.js";
import type { DataResolver } from "../../data/resolver.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import type { TrialEvent } from "../../train/trial/events.js";
import type { Lease, RunStore } from "../store/store.js";
import { Capacity, type Share } from "./capacity.js";
import { EventChannel } from "./event-channel.js";
import type { ExecutionEvent, Executor } from "./executor.js";
import type { TrialJob } from "./job.js";
import { messageOf, runTrialJob } from "./run-trial-job.js";
import { RuntimePool } from "./runtime-pool.js";
import { type CheckpointPort, storeSink, type TrialHost, type TrialOutcome } from "./trial-host.js";

/** Calls back periodically. */
export interface Timer {
  /** @returns a function that stops it. */
  every(ms: number, tick: () => void): () => void;
}

export interface LocalExecutorOptions {
  readonly store: RunStore;
  readonly data: DataResolver;
  readonly checkpoints: CheckpointPort;
  /** Opens a runtime with the given number of cores. */
  readonly openRuntime: (cores: number) => Runtime;
  /** Most trials at a time. */
  readonly workers: number;
  /** Threads for all trials together. */
  readonly threads: number;
  /** Memory for all trials together; default without a bound. */
  readonly memoryBytes?: number;
  readonly now: () => number;
  /** Renews leases, even during a long step. */
  readonly timer: Timer;
  /** Waits while another process runs a trial that this run needs too. */
  readonly wait: (ms: number) => Promise<void>;
  /** Time between two checkpoints of a trial; default 10 s. */
  readonly checkpointEveryMs?: number;
}

/** Interval of renewal; a process that is silent for a minute loses its leases. */
const renewEveryMs = 5000;

/**
 * Interrupted and killed trials continue from their checkpoints. A trial that another process runs is postponed, and its
 * result is used. If the runtime of a trial dies, the trial continues from its checkpoint, once.
 */
export function localExecutor(options: LocalExecutorOptions): Executor {
  return { run: (jobs, signal) => new LocalRun(options, jobs, signal).events() };
}

type Leased = Extract<Lease, { kind: "leased" }>;

/** One call of the executor. */
class LocalRun {
  readonly #options: LocalExecutorOptions;
  readonly #queue: TrialJob[];
  readonly #signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #capacity: Capacity;
  readonly #runtimes: RuntimePool;
  readonly #channel = new EventChannel<ExecutionEvent>();
  readonly #running = new Set<Promise<void>>();
  /** Codes of remarks that have been made, since each is made only once. */
  readonly #remarked = new Set<string>();
  /** Consecutive jobs that other processes run; if no others remain, the executor waits. */
  #busy = 0;
  #failure: { readonly cause: unknown } | undefined;

  constructor(options: LocalExecutorOptions, jobs: readonly TrialJob[], signal: AbortSignal) {
    this.#options = options;
    this.#queue = [...jobs];
    this.#signal = signal;
    this.#capacity = new Capacity(options);
    this.#runtimes = new RuntimePool(options.openRuntime);
  }

  async *events(): AsyncGenerator<ExecutionEvent, void, undefined> {
    const stop = (): void => this.#stop.abort();
    if (this.#signal.aborted) stop();
    this.#signal.addEventListener("abort", stop);
    const work = this.#work();
    try {
      yield* this.#channel.events();
    } finally {
      // The end of listening ends the work.
      stop();
      await work;
      this.#signal.removeEventListener("abort", stop);
    }
  }

  /** Starts jobs when there is room for them, and waits for all. */
  async #work(): Promise<void> {
    try {
      while (!this.#isStopped) {
        const job = this.#queue.shift();
        if (job !== undefined) await this.#start(job);
        // A running job may lose its lease and return to the queue.
        else if (this.#running.size > 0) await Promise.race(this.#running);
        else break;
      }
    } catch (cause) {
      this.#fail(cause);
    }
    await Promise.all(this.#running);
    await this.#runtimes.dispose().catch((cause: unknown) => this.#fail(cause));
    this.#channel.close(this.#failure);
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#stop.abort();
  }

  /** Waits for room, requests the lease, and runs the job in parallel with the others. */
  async #start(job: TrialJob): Promise<void> {
    let share = this.#capacity.take(job.needs);
    while (share === undefined) {
      await Promise.race(this.#running);
      share = this.#capacity.take(job.needs);
    }
    const worker = `${share.worker}`;
    let lease: Lease | undefined;
    try {
      if (!this.#isStopped) lease = await this.#options.store.leaseTrial(job.trial, job.measure);
    } finally {
      if (lease?.kind !== "leased") this.#capacity.giveBack(share);
    }
    if (lease?.kind === "finished") this.#tell({ kind: "found", trial: job.trial, worker });
    if (lease?.kind === "leased") this.#begin(job, lease, share);
    if (lease?.kind !== "busy") {
      this.#busy = 0;
      return;
    }
    this.#later(job, lease.holder, worker);
    this.#busy++;
    if (this.#busy >= this.#queue.length) await this.#options.wait(500);
  }

  /** Postpones a job that another process runs, in favor of free ones. */
  #later(job: TrialJob, holder: string, worker: string): void {
    const text = "works on some of these trials; its results are used";
    this.#remark(job.trial, worker, { code: "trial-elsewhere", where: holder, text });
    this.#queue.push(job);
  }

  #begin(job: TrialJob, lease: Leased, share: Share): void {
    const running = this.#runLeased(job, lease, share)
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => {
        this.#capacity.giveBack(share);
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  async #runLeased(job: TrialJob, lease: Leased, share: Share): Promise<void> {
    const { store, checkpoints, timer } = this.#options;
    const { token } = lease;
    const [trial, worker] = [job.trial, `${share.worker}`];
    this.#tell({ kind: "started", trial, worker });
    // A missed renewal does no harm, and a lost lease is noticed at the next write.
    const stopRenewing = timer.every(renewEveryMs, () => void store.renewLease(token).catch(() => undefined));
    try {
      const outcome = await this.#attempts(job, lease, share);
      if (outcome.kind === "interrupted") {
        await store.releaseTrial(token);
        this.#tell({ kind: "interrupted", trial, worker });
        return;
      }
      const { status, timings } = outcome.end;
      await store.finishTrial(token, outcome.end);
      // A remaining checkpoint is never read, since the trial has ended.
      await checkpoints.remove(trial).catch(() => undefined);
      this.#tell({ kind: "ended", trial, worker, status, timings });
    } catch (cause) {
      if (cause instanceof StaleLeaseError) return this.#later(job, "another process", worker);
      // The store itself may have failed, and its error must not hide the cause.
      await store.failTrial(token, messageOf(cause)).catch(() => undefined);
      this.#tell({ kind: "failed", trial, worker, reason: messageOf(cause), willRetry: false });
      throw cause;
    } finally {
      stopRenewing();
    }
  }

  /** Runs a job, and runs it again if its runtime dies, once. */
  async #attempts(job: TrialJob, lease: Leased, share: Share): Promise<TrialOutcome> {
    const rows = storeSink(this.#options.store, lease);
    const wanted = { ...job, measure: lease.measure };
    try {
      return await this.#attempt(wanted, rows, share);
    } catch (cause) {
      if (!(cause instanceof RuntimeCrashError) || this.#isStopped) throw cause;
      const [trial, worker] = [job.trial, `${share.worker}`];
      this.#tell({ kind: "failed", trial, worker, reason: messageOf(cause), willRetry: true });
      return this.#attempt(wanted, rows, share);
    }
  }

  async #attempt(job: TrialJob, rows: TrialHost["rows"], share: Share): Promise<TrialOutcome> {
    const { data, checkpoints, now, checkpointEveryMs } = this.#options;
    const [trial, worker] = [job.trial, `${share.worker}`];
    const runtime = this.#runtimes.take(share.threads);
    let isAlive = true;
    try {
      let totalSteps = 0;
      const host: TrialHost = {
        ...{ runtime, data, checkpoints, rows, now },
        ...(checkpointEveryMs === undefined ? {} : { checkpointEveryMs }),
        onRemark: (remark) => this.#remark(trial, worker, remark),
        onEvent: (event) => {
          if (event.kind === "ready") totalSteps = event.totalSteps;
          const progress = progressOf(event);
          if (progress !== undefined) this.#tell({ kind: "progress", trial, worker, totalSteps, ...progress });
        },
      };
      return await runTrialJob(job, host, this.#stop.signal);
    } catch (cause) {
      isAlive = !(cause instanceof RuntimeCrashError);
      throw cause;
    } finally {
      await this.#runtimes.giveBack(share.threads, runtime, isAlive);
    }
  }

  #tell(event: ExecutionEvent): void {
    this.#channel.push(event);
  }

  #remark(trial: string, worker: string, remark: Remark): void {
    const isOnce = remark.code === "trial-elsewhere" || remark.code === "checkpoint-not-saved";
    if (isOnce && this.#remarked.has(remark.code)) return;
    this.#remarked.add(remark.code);
    this.#tell({ kind: "remark", trial, worker, remark });
  }
}

/** The progress of a trial; undefined for events without it. */
function progressOf(event: TrialEvent): { readonly step: number; readonly loss?: number } | undefined {
  if (event.kind === "ready") return { step: event.step };
  if (event.kind !== "steps") return undefined;
  const { first, steps, losses } = event;
  const last = losses.subarray(losses.length - losses.length / steps).filter(Number.isFinite);
  const loss = last.reduce((sum, value) => sum + value, 0) / last.length;
  return { step: first + steps, ...(last.length === 0 ? {} : { loss }) };
}
