// Runs jobs in this process, side by side: every job has a runtime of its own, with as many threads as there is room for.
//
// Results depend on neither the number of workers nor that of threads: a trial is determined by its spec.
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

/** Calls back again and again. */
export interface Timer {
  /** @returns what ends it. */
  every(ms: number, tick: () => void): () => void;
}

export interface LocalExecutorOptions {
  readonly store: RunStore;
  readonly data: DataResolver;
  readonly checkpoints: CheckpointPort;
  /** Makes a runtime with so many cores. */
  readonly openRuntime: (cores: number) => Runtime;
  /** Trials at once at most. */
  readonly workers: number;
  /** Cores for all of them together. */
  readonly threads: number;
  /** Memory for all of them together; default without a bound. */
  readonly memoryBytes?: number;
  readonly now: () => number;
  /** Keeps leases alive whatever a trial is doing. */
  readonly timer: Timer;
  /** Waits while another process runs a trial that is needed here too. */
  readonly wait: (ms: number) => Promise<void>;
  /** Between two checkpoints of a trial; default 10 s. */
  readonly checkpointEveryMs?: number;
}

/** A process that is silent for a minute loses its leases. */
const renewEveryMs = 5000;

/**
 * Trials that are interrupted or killed go on from their checkpoint; one that another process runs is left for later, and
 * its result is taken over. When the runtime of a trial dies, it is tried once more from its checkpoint.
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
  /** Codes of remarks that are made only once. */
  readonly #remarked = new Set<string>();
  /** Jobs in a row that others had: when nothing else is left, there is only waiting. */
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
      // Whoever stops listening stops the work.
      stop();
      await work;
      this.#signal.removeEventListener("abort", stop);
    }
  }

  /** Starts jobs as there is room for them, and waits for all. */
  async #work(): Promise<void> {
    try {
      while (!this.#isStopped) {
        const job = this.#queue.shift();
        if (job !== undefined) await this.#start(job);
        // Whoever runs may lose the lease, and its job comes back.
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

  /** Waits for room, asks for the lease, and runs the job beside the others. */
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

  /** Somebody else works on it: first what nobody works on. */
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
    // A beat that is missed costs nothing; a lease that is lost is noticed when something is to be written.
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
      // One that stays behind is never read: the trial has ended.
      await checkpoints.remove(trial).catch(() => undefined);
      this.#tell({ kind: "ended", trial, worker, status, timings });
    } catch (cause) {
      if (cause instanceof StaleLeaseError) return this.#later(job, "another process", worker);
      // The store may be the very thing that failed; its own error must not hide the cause.
      await store.failTrial(token, messageOf(cause)).catch(() => undefined);
      this.#tell({ kind: "failed", trial, worker, reason: messageOf(cause), willRetry: false });
      throw cause;
    } finally {
      stopRenewing();
    }
  }

  /** Runs a job; once more if its runtime dies. */
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

/** How far a trial is; undefined for events that do not say. */
function progressOf(event: TrialEvent): { readonly step: number; readonly loss?: number } | undefined {
  if (event.kind === "ready") return { step: event.step };
  if (event.kind !== "steps") return undefined;
  const { first, steps, losses } = event;
  const last = losses.subarray(losses.length - losses.length / steps).filter(Number.isFinite);
  const loss = last.reduce((sum, value) => sum + value, 0) / last.length;
  return { step: first + steps, ...(last.length === 0 ? {} : { loss }) };
}
