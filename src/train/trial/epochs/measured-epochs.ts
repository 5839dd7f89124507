// What the epochs of a trial measured, by network: what schedules, stop rules and the choice of weights go by.
import type { MeasuredEpoch, Monitor } from "../../../optim/schedule.js";
import type { PatienceRule } from "../../spec/stop-rule.js";
import type { Evaluation } from "../events.js";

/** Of each epoch the validation split, or the training split where nothing is held out. */
export class MeasuredEpochs {
  readonly #epochs: Evaluation[] = [];

  /** Takes an evaluation after an epoch. Of the same epoch, that of the validation split comes last. */
  add(evaluation: Evaluation): void {
    if (evaluation.phase === "test") return;
    if (this.#epochs.at(-1)?.step === evaluation.step) this.#epochs.pop();
    this.#epochs.push(evaluation);
  }

  /** The last one. */
  get last(): Evaluation | undefined {
    return this.#epochs.at(-1);
  }

  /** The epochs of a network that were over before a step. */
  of(network: number, step: number): readonly MeasuredEpoch[] {
    return this.#epochs
      .filter((epoch) => epoch.step <= step)
      .map(({ step: end, loss, accuracy }) => ({
        step: end,
        loss: loss[network],
        ...(accuracy === undefined ? {} : { accuracy: accuracy[network] }),
      }));
  }
}

/** Follows a quantity from epoch to epoch: whether it is better than ever. */
export class ImprovementWatch {
  readonly #monitor: Monitor;
  readonly #minDelta: number;
  readonly #best: number[];

  constructor(monitor: Monitor, minDelta: number, networks: number) {
    this.#monitor = monitor;
    this.#minDelta = minDelta;
    this.#best = new Array<number>(networks).fill(monitor === "loss" ? Number.POSITIVE_INFINITY : -Infinity);
  }

  /** The quantity of a network; NaN where it was not measured. */
  value(epoch: Evaluation, network: number): number {
    return epoch[this.#monitor]?.[network] ?? Number.NaN;
  }

  /** Takes an epoch. @returns whether the network improved by more than `minDelta`. */
  isBetter(epoch: Evaluation, network: number): boolean {
    const [value, best] = [this.value(epoch, network), this.#best[network]];
    const isBetter = this.#monitor === "loss" ? value + this.#minDelta < best : value - this.#minDelta > best;
    if (isBetter) this.#best[network] = value;
    return isBetter;
  }
}

/** Follows the rule that ends a training after epochs without improvement. */
export class PatienceWatch {
  readonly #improvement: ImprovementWatch;
  readonly #patience: number;
  /** Epochs in a row without improvement, by network. */
  readonly #waits: number[];

  constructor({ monitor, minDelta, patience }: PatienceRule, networks: number) {
    this.#improvement = new ImprovementWatch(monitor, minDelta, networks);
    this.#patience = patience;
    this.#waits = new Array<number>(networks).fill(0);
  }

  /** Takes an epoch of a network. @returns whether the network ends with it. */
  isMet(epoch: Evaluation, network: number): boolean {
    this.#waits[network] = this.#improvement.isBetter(epoch, network) ? 0 : this.#waits[network] + 1;
    return this.#waits[network] >= this.#patience;
  }
}
