// How far all workers of a study are, together.

import { trialId } from "../../train/spec/trial-spec.js";
import type { TrialEvent } from "../../train/trial/events.js";
import type { PlannedTrial } from "../definition.js";

export interface ExecutorProgress {
  /** Steps done, over all trials, those found in the store included. */
  readonly done: number;
  readonly total: number;
  readonly trialsDone: number;
  readonly trials: number;
  /** A trial that just ended. */
  readonly ended?: { readonly trial: PlannedTrial; readonly status: "done" | "diverged" | "found" };
  readonly loss?: number;
}

/** Adds up what all workers have done. */
export class ProgressBoard {
  readonly #onProgress: (progress: ExecutorProgress) => void;
  readonly #steps = new Map<string, number>();
  readonly #totals = new Map<string, number>();
  readonly #trials: number;
  #ended = 0;

  /** @param examples in the training data. */
  constructor(
    trials: readonly PlannedTrial[],
    examples: number,
    onProgress: (progress: ExecutorProgress) => void = () => undefined,
  ) {
    this.#onProgress = onProgress;
    this.#trials = trials.length;
    for (const { spec } of trials) {
      const perEpoch = Math.ceil((spec.data.examples?.train ?? examples) / spec.batchSize);
      this.#totals.set(trialId(spec), spec.steps ?? (spec.epochs ?? 1) * perEpoch);
    }
  }

  /** Trials that have not ended. */
  get open(): number {
    return this.#trials - this.#ended;
  }

  heard({ spec }: PlannedTrial, event: TrialEvent): void {
    if (event.kind === "ready") this.#steps.set(trialId(spec), event.step);
    if (event.kind !== "steps") return;
    this.#steps.set(trialId(spec), event.first + event.losses.length);
    this.#report({ loss: event.losses[event.losses.length - 1] });
  }

  ended(trial: PlannedTrial, status: "done" | "diverged" | "found"): void {
    const id = trialId(trial.spec);
    this.#steps.set(id, this.#totals.get(id) ?? 0);
    this.#ended++;
    this.#report({ ended: { trial, status } });
  }

  #report(extra: Pick<ExecutorProgress, "ended" | "loss">): void {
    const sum = (counts: ReadonlyMap<string, number>): number =>
      [...counts.values()].reduce((total, count) => total + count, 0);
    this.#onProgress({
      done: sum(this.#steps),
      total: sum(this.#totals),
      trialsDone: this.#ended,
      trials: this.#trials,
      ...extra,
    });
  }
}
