// Our side of a race: a real trial, advanced a few segments at a time.
import { EnvironmentError } from "../../../core/errors.js";
import { nodeRuntime } from "../../../node/runtime/node-runtime.js";
import { dataUse } from "../../../train/spec/data-use.js";
import type { TrialEvent } from "../../../train/trial/events.js";
import { openTrial, type Trial } from "../../../train/trial/trial.js";
import { syntheticData } from "../workloads/synthetic-data.js";
import type { Assignment } from "../workloads/workload.js";

/** Timed steps, from requesting the first to receiving the last one's loss. */
export interface TimedSteps {
  readonly steps: number;
  readonly milliseconds: number;
  /** The part spent inside ONNX Runtime. */
  readonly insideMilliseconds: number;
  /** Threads of the last segment. */
  readonly threads: number;
}

// Caches, memory arenas and the segment length settle within this many steps, or this long for slow ones.
const warmUpSteps = 40;
const warmUpMs = 3000;

/**
 * A user's training without evaluation and checkpoints. Shuffling, feeds and the round trip to the worker
 * are included in the times.
 */
export class OwnTrial {
  readonly #runtime = nodeRuntime();
  readonly #trial: Trial;
  readonly #events: AsyncGenerator<TrialEvent>;
  #stepsPerEpoch = 0;

  constructor(assignment: Assignment) {
    const { model, batchSize, optimizer, threads, dropLast, probes } = assignment;
    const data = syntheticData(assignment);
    this.#trial = openTrial({
      spec: {
        model,
        data: dataUse(data),
        optimizer,
        batchSize,
        // Continues as long as requests arrive.
        steps: 1e9,
        dropLast,
      },
      ...(probes === undefined ? {} : { probes }),
      data,
      runtime: this.#runtime,
      evaluate: false,
      checkpointEveryMs: Number.POSITIVE_INFINITY,
      now: () => performance.now(),
      ...(threads === undefined ? {} : { threads }),
    });
    this.#events = this.#trial.run();
  }

  /** Builds the programs. */
  async open(): Promise<void> {
    const event = await this.#next();
    if (event.kind === "ready") this.#stepsPerEpoch = event.stepsPerEpoch;
  }

  async warmUp(): Promise<TimedSteps> {
    const { milliseconds, steps } = await this.time(2);
    const fitting = Math.max(2, Math.min(warmUpSteps, Math.round((warmUpMs * steps) / milliseconds)));
    await this.time(fitting);
    return this.time(fitting);
  }

  /** At least this many steps, rounded up to whole segments. */
  async time(wanted: number): Promise<TimedSteps> {
    const start = performance.now();
    let [steps, insideMilliseconds, threads] = [0, 0, 0];
    while (steps < wanted) {
      const event = await this.#next();
      if (event.kind === "diverged") throw new EnvironmentError("the synthetic trial diverged", { where: "bench" });
      if (event.kind !== "steps") continue;
      steps += event.losses.length;
      insideMilliseconds += event.durationMs;
      threads = event.threads;
    }
    return { steps, milliseconds: performance.now() - start, insideMilliseconds, threads };
  }

  /** One epoch; earlier ones must be complete. */
  epoch(): Promise<TimedSteps> {
    return this.time(this.#stepsPerEpoch);
  }

  async dispose(): Promise<void> {
    await this.#events.return(undefined);
    await this.#trial.dispose();
    await this.#runtime.dispose();
  }

  async #next(): Promise<TrialEvent> {
    const { value, done } = await this.#events.next();
    if (done === true) throw new EnvironmentError("the trial ended early", { where: "bench" });
    return value;
  }
}
