// The total progress of the trials of a study.
import type { ExecutionEvent } from "./executor.js";

export interface StudyProgress {
  /** Steps done over all trials, including those found in the store. */
  readonly done: number;
  /** Steps of all trials. Trials that have not started count as the average of the others. */
  readonly total: number;
  readonly trialsDone: number;
  readonly trials: number;
  readonly loss?: number;
}

/** Sums the progress of all workers. */
export class ProgressBoard {
  /** Steps done and planned by trial, for started trials. */
  readonly #known = new Map<string, { readonly step: number; readonly totalSteps: number }>();
  readonly #ended = new Set<string>();
  readonly #expected = new Set<string>();

  /** Adds the trials of another stage; those that an earlier stage has too count once. */
  expect(trials: Iterable<string>): void {
    for (const trial of trials) this.#expected.add(trial);
  }

  /** @returns the total progress; undefined for events that do not change it. */
  heard(event: ExecutionEvent): StudyProgress | undefined {
    const { trial } = event;
    if (event.kind === "progress") {
      const { step, totalSteps, loss } = event;
      this.#known.set(trial, { step, totalSteps });
      return this.#progress(loss === undefined ? {} : { loss });
    }
    if (event.kind !== "ended" && event.kind !== "found") return undefined;
    this.#ended.add(trial);
    const known = this.#known.get(trial);
    if (known !== undefined) this.#known.set(trial, { ...known, step: known.totalSteps });
    return this.#progress({});
  }

  #progress(extra: Pick<StudyProgress, "loss">): StudyProgress {
    const known = [...this.#known.values()];
    const sum = (of: (one: (typeof known)[number]) => number): number => known.reduce((all, one) => all + of(one), 0);
    const wanted = sum(({ totalSteps }) => totalSteps);
    const average = known.length === 0 ? 1 : wanted / known.length;
    const found = [...this.#ended].filter((trial) => !this.#known.has(trial)).length;
    return {
      done: Math.round(sum(({ step }) => step) + found * average),
      total: Math.round(wanted + (this.#expected.size - known.length) * average),
      trialsDone: this.#ended.size,
      trials: this.#expected.size,
      ...extra,
    };
  }
}
