// What a trial measured so far: losses of every step, evaluations, and which networks ended before the others.
import { type Epoch, passedEpochs } from "../data/row-order.js";
import type { Keep, StopRule } from "../spec/trial-spec.js";
import { ImprovementWatch, MeasuredEpochs, PatienceWatch } from "./epochs/measured-epochs.js";
import type { Divergence, Evaluation, Measured, Stop } from "./events.js";
import { LossWatch } from "./stop-rule.js";

export interface HistoryRequest {
  readonly networks: number;
  /** The epoch that a step belongs to. */
  readonly epochAt: (step: number) => Epoch;
  readonly stop?: StopRule | undefined;
  readonly keep?: Keep | undefined;
}

/** What an epoch decided, by network. */
export interface EpochVerdict {
  /** Networks whose weights are the best so far, where the best are kept. */
  readonly improved: readonly number[];
  /** Networks that end with this epoch. */
  readonly stopped: readonly number[];
}

/** The steps of a segment as they are reported. */
export interface RecordedSteps {
  /** `[steps, networks]`, up to the step at which the last network ended. */
  readonly losses: Float32Array;
  readonly correct: Float32Array;
  /** Networks that diverged in these steps. */
  readonly diverged: readonly Divergence[];
}

/** Losses and right answers of every step and network. A network that diverged has NaN from then on. */
export class TrialHistory {
  readonly networks: number;
  readonly evaluations: Evaluation[] = [];
  /** What schedules and rules go by. */
  readonly epochs = new MeasuredEpochs();
  readonly #epochAt: (step: number) => Epoch;
  readonly #watch: LossWatch | undefined;
  readonly #patience: PatienceWatch | undefined;
  readonly #best: ImprovementWatch | undefined;
  readonly #losses: GrowingRows;
  readonly #correct: GrowingRows;
  readonly #diverged = new Map<number, Divergence>();
  readonly #stopped = new Map<number, Stop>();

  constructor({ networks, epochAt, stop, keep }: HistoryRequest) {
    this.networks = networks;
    this.#epochAt = epochAt;
    this.#watch = stop?.kind === "lossAbove" ? new LossWatch(stop, networks) : undefined;
    this.#patience = stop?.kind === "noImprovement" ? new PatienceWatch(stop, networks) : undefined;
    this.#best = keep === undefined ? undefined : new ImprovementWatch(keep.best, 0, networks);
    this.#losses = new GrowingRows(networks);
    this.#correct = new GrowingRows(networks);
  }

  /** Steps recorded. Where the last network ended at a step, its loss counts although there was no update. */
  get steps(): number {
    return this.#losses.rows;
  }

  /** In the order of the networks. */
  get diverged(): readonly Divergence[] {
    return inOrder(this.#diverged);
  }

  /** Networks that met the stop rule, in their order; undefined without a rule. */
  get stopped(): readonly Stop[] | undefined {
    return this.#watch === undefined && this.#patience === undefined ? undefined : inOrder(this.#stopped);
  }

  /** Whether no network is left to be trained: each diverged or met the stop rule. */
  get isOver(): boolean {
    if (this.#diverged.size + this.#stopped.size < this.networks) return false;
    for (let i = 0; i < this.networks; i++) if (!this.#diverged.has(i) && !this.#stopped.has(i)) return false;
    return true;
  }

  /** Whether all networks diverged. */
  get isLost(): boolean {
    return this.#diverged.size === this.networks;
  }

  /**
   * Adds the steps of a segment, `[steps, networks]`, with NaN behind every divergence: what a network computes
   * afterwards says nothing, even if it should be a number. Steps after the end of the last network are left out.
   */
  add(losses: Float32Array, correct: Float32Array): RecordedSteps {
    const before = this.#diverged.size;
    const cleaned = losses.slice();
    let end = 0;
    while (end < cleaned.length && !this.isOver) {
      this.#addStep(this.steps + end / this.networks, cleaned.subarray(end, end + this.networks));
      end += this.networks;
    }
    const kept = { losses: cleaned.subarray(0, end), correct: correct.subarray(0, end) };
    this.#losses.add(kept.losses);
    this.#correct.add(kept.correct);
    return { ...kept, diverged: [...this.#diverged.values()].slice(before) };
  }

  /** Looks at the losses of one step, and replaces those that say nothing. */
  #addStep(step: number, losses: Float32Array): void {
    this.#watch?.nextStep();
    for (let network = 0; network < losses.length; network++) {
      const loss = losses[network];
      if (this.#diverged.has(network)) losses[network] = Number.NaN;
      // It goes on only because others do: its weights are those of its end.
      else if (this.hasEnded(network)) continue;
      else if (!Number.isFinite(loss)) this.diverge({ network, step, loss });
      else if (!this.#stopped.has(network) && this.#watch?.isMet(network, loss) === true)
        this.#stopped.set(network, { network, step, epoch: this.#passed(step), loss });
    }
  }

  /** Takes what an epoch measured: of the training split, and of the one that is held out. */
  addEpoch(measured: readonly Evaluation[]): EpochVerdict {
    this.evaluations.push(...measured);
    for (const evaluation of measured) this.epochs.add(evaluation);
    const { last } = this.epochs;
    const [improved, stopped]: number[][] = [[], []];
    if (last === undefined) return { improved, stopped };
    for (let network = 0; network < this.networks; network++) {
      if (this.#diverged.has(network) || this.#stopped.has(network)) continue;
      if (this.#best?.isBetter(last, network) === true) improved.push(network);
      if (this.#patience?.isMet(last, network) !== true) continue;
      stopped.push(network);
      this.#stopped.set(network, { network, step: last.step, epoch: last.epoch, loss: last.loss[network] });
    }
    return { improved, stopped };
  }

  /** Takes what a checkpoint has, in the order in which it was measured. */
  restore(losses: Float32Array, correct: Float32Array, evaluations: readonly Evaluation[]): void {
    let done = 0;
    const addUntil = (step: number): void => {
      const part = (values: Float32Array) => values.subarray(done * this.networks, step * this.networks);
      this.add(part(losses), part(correct));
      done = step;
    };
    for (const [i, { step }] of evaluations.entries()) {
      if (evaluations[i - 1]?.step === step) continue;
      addUntil(step);
      this.addEpoch(evaluations.filter((evaluation) => evaluation.step === step));
    }
    addUntil(losses.length / this.networks);
  }

  /** Records a divergence, unless the network diverged before; or more about the one that is known. */
  diverge(found: Omit<Divergence, "epoch">): Divergence {
    const known = this.#diverged.get(found.network);
    const divergence = { ...found, epoch: this.#passed(found.step), ...known };
    this.#diverged.set(found.network, divergence);
    return divergence;
  }

  hasDiverged(network: number): boolean {
    return this.#diverged.has(network);
  }

  /** Whether a network diverged, or ended with an epoch: what it computes since then says nothing. */
  hasEnded(network: number): boolean {
    return this.#diverged.has(network) || (this.#patience !== undefined && this.#stopped.has(network));
  }

  /** Loss of one network before each update. */
  lossesOf(network = 0): number[] {
    return Array.from({ length: this.steps }, (_, step) => this.#losses.row(step)[network]);
  }

  /** Losses before the update of a step, one for each network. */
  lossesAt(step: number): Float32Array {
    return this.#losses.row(step);
  }

  /** Means over consecutive steps, weighted by the examples of each. Summed in float64, step by step. */
  mean(first: number, sizes: readonly number[]): Measured {
    const examples = sizes.reduce((total, size) => total + size, 0);
    const of = (rows: GrowingRows, weight: (step: number) => number): number[] => {
      const totals = new Array<number>(this.networks).fill(0);
      for (let step = 0; step < sizes.length; step++) {
        const row = rows.row(first + step);
        const factor = weight(step);
        for (let i = 0; i < totals.length; i++) totals[i] += row[i] * factor;
      }
      return totals.map((total) => total / examples);
    };
    const loss = of(this.#losses, (step) => sizes[step]);
    if (this.#correct.rows === 0) return { loss };
    return { loss, accuracy: this.#known(of(this.#correct, () => 1)) };
  }

  /** Measurements of a whole split, with NaN for networks that diverged. */
  measured({ loss, accuracy }: Measured): Measured {
    return { loss: this.#known(loss), ...(accuracy === undefined ? {} : { accuracy: this.#known(accuracy) }) };
  }

  /** The first so many steps in two arrays, `[steps, networks]`, for a checkpoint. */
  arrays(steps = this.steps): { losses: Float32Array; correct: Float32Array } {
    return { losses: this.#losses.copy(steps), correct: this.#correct.copy(steps) };
  }

  #known(values: readonly number[]): number[] {
    return values.map((value, i) => (this.#diverged.has(i) ? Number.NaN : value));
  }

  #passed(step: number): number {
    return passedEpochs(this.#epochAt(step), step);
  }
}

function inOrder<T extends { readonly network: number }>(ends: ReadonlyMap<number, T>): T[] {
  return [...ends.values()].sort((a, b) => a.network - b.network);
}

/** Rows of equal width in one array that is doubled when it is full. */
class GrowingRows {
  readonly #width: number;
  #data = new Float32Array(0);
  #length = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get rows(): number {
    return this.#length / this.#width;
  }

  add(values: Float32Array): void {
    const length = this.#length + values.length;
    if (length > this.#data.length) {
      const larger = new Float32Array(Math.max(length, 2 * this.#data.length));
      larger.set(this.#data.subarray(0, this.#length));
      this.#data = larger;
    }
    this.#data.set(values, this.#length);
    this.#length = length;
  }

  row(index: number): Float32Array {
    return this.#data.subarray(index * this.#width, (index + 1) * this.#width);
  }

  copy(rows: number): Float32Array {
    return this.#data.slice(0, Math.min(this.#length, rows * this.#width));
  }
}
