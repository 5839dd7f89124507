// What a trial measured so far: losses of every step, evaluations, and which networks ended before the others.
import { groupBy } from "../../core/group-by.js";
import { type Epoch, passedEpochs } from "../data/row-order.js";
import type { Keep, StopRule } from "../spec/trial-spec.js";
import { ratio, rightAnswers, sumOf, weightedMean } from "./epochs/counted-means.js";
import { ImprovementWatch, MeasuredEpochs, PatienceWatch } from "./epochs/measured-epochs.js";
import { LossWatch } from "./epochs/stop-rule.js";
import type { Divergence, Evaluation, Measured, Stop } from "./events.js";
import { GrowingRows } from "./growing-rows.js";

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

/** What steps measured, each an array `[steps, networks]`. */
export interface StepMeasurements {
  readonly losses: Float32Array;
  /** Empty for regression. */
  readonly correct: Float32Array;
  /** Divisors of the losses, where they depend on the targets of a batch. */
  readonly weights?: Float32Array;
  /** Targets that count as right or wrong, where some are ignored. */
  readonly counted?: Float32Array;
}

/** The steps of a segment as they are reported. */
export interface RecordedSteps {
  /** `[steps, networks]`, up to the step at which the last network ended. */
  readonly losses: Float32Array;
  readonly correct: Float32Array;
  /** Networks that diverged in these steps. */
  readonly diverged: readonly Divergence[];
}

interface LossJudgement {
  readonly tensor?: string;
  readonly except?: (network: number) => boolean;
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
  readonly #weights: GrowingRows;
  readonly #counted: GrowingRows;
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
    this.#weights = new GrowingRows(networks);
    this.#counted = new GrowingRows(networks);
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
  add({ losses, correct, weights, counted }: StepMeasurements): RecordedSteps {
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
    if (weights !== undefined) this.#weights.add(weights.subarray(0, end));
    if (counted !== undefined) this.#counted.add(counted.subarray(0, end));
    return { ...kept, diverged: [...this.#diverged.values()].slice(before) };
  }

  /** Looks at the losses of one step, and replaces those that say nothing. */
  #addStep(step: number, losses: Float32Array): void {
    this.#watch?.nextStep();
    for (let network = 0; network < losses.length; network++) {
      const loss = losses[network];
      if (this.#diverged.has(network)) losses[network] = Number.NaN;
      // It goes on only because others do.
      else if (this.hasEnded(network)) continue;
      else if (!Number.isFinite(loss)) this.diverge({ network, step, loss });
      else if (this.#watch?.isMet(network, loss) === true)
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
  restore({ losses, correct, weights, counted }: StepMeasurements, evaluations: readonly Evaluation[]): void {
    let done = 0;
    const addUntil = (step: number): void => {
      const part = (values: Float32Array) => values.subarray(done * this.networks, step * this.networks);
      this.add({
        ...{ losses: part(losses), correct: part(correct) },
        ...(weights === undefined ? {} : { weights: part(weights) }),
        ...(counted === undefined ? {} : { counted: part(counted) }),
      });
      done = step;
    };
    for (const measured of groupBy(evaluations, ({ step }) => `${step}`).values()) {
      addUntil(measured[0].step);
      this.addEpoch(measured);
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

  /**
   * Records the networks whose loss, measured after the last update, is not finite.
   * @param tensor names the loss if it is that of a split.
   * @param except networks that are not judged; default those that diverged.
   * @returns the divergences that are new.
   */
  divergeByLoss(
    losses: ArrayLike<number>,
    step: number,
    { tensor, except = (network) => this.hasDiverged(network) }: LossJudgement = {},
  ): Divergence[] {
    const named = tensor === undefined ? {} : { tensor };
    return Array.from(losses).flatMap((loss, network) =>
      Number.isFinite(loss) || except(network) ? [] : [this.diverge({ network, step, loss, ...named })],
    );
  }

  hasDiverged(network: number): boolean {
    return this.#diverged.has(network);
  }

  /**
   * Whether a network diverged, ended with an epoch, or met the stop rule while others go on: what it computes since then
   * says nothing. A network by itself that met the rule goes back to the state before, which is judged.
   */
  hasEnded(network: number): boolean {
    if (this.#diverged.has(network)) return true;
    return this.#stopped.has(network) && (this.#patience !== undefined || this.networks > 1);
  }

  /** Loss of one network before each update. */
  lossesOf(network = 0): number[] {
    return Array.from({ length: this.steps }, (_, step) => this.#losses.row(step)[network]);
  }

  /** Losses before the update of a step, one for each network. */
  lossesAt(step: number): Float32Array {
    return this.#losses.row(step);
  }

  /**
   * Means over consecutive steps, weighted by what counts in each: the examples, or the weights of the targets. Summed in
   * float64, step by step.
   */
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
    const weights = this.#divisors(this.#weights, first, sizes.length);
    const loss =
      weights === undefined
        ? of(this.#losses, (step) => sizes[step])
        : weights.map((own, i) => weightedMean(this.#column(this.#losses, i, first, sizes.length), own));
    if (this.#correct.rows === 0) return { loss };
    const counted = this.#divisors(this.#counted, first, sizes.length);
    const accuracy =
      counted === undefined
        ? of(this.#correct, () => 1)
        : counted.map((own, i) => {
            const correct = this.#column(this.#correct, i, first, sizes.length);
            return ratio(sumOf(own.map((count, step) => rightAnswers(correct[step], count, sizes[step]))), sumOf(own));
          });
    return { loss, accuracy: this.#known(accuracy) };
  }

  /** Of every network, the divisors of consecutive steps; undefined where examples count alike, or where they are unknown. */
  #divisors(rows: GrowingRows, first: number, steps: number): number[][] | undefined {
    if (rows.rows < first + steps) return undefined;
    const own = Array.from({ length: this.networks }, (_, i) => this.#column(rows, i, first, steps));
    // Of the steps of an older checkpoint nobody knows them.
    return own.some((values) => values.some(Number.isNaN)) ? undefined : own;
  }

  #column(rows: GrowingRows, network: number, first: number, steps: number): number[] {
    return Array.from({ length: steps }, (_, step) => rows.row(first + step)[network]);
  }

  /**
   * Measurements of a whole split, with NaN for networks that diverged. Of outputs that are no numbers some answers are
   * right by chance: there is no accuracy where there is no loss.
   */
  measured({ loss, accuracy }: Measured): Measured {
    const known = this.#known(loss);
    if (accuracy === undefined) return { loss: known };
    const right = this.#known(accuracy).map((value, i) => (Number.isNaN(known[i]) ? Number.NaN : value));
    return { loss: known, accuracy: right };
  }

  /** The first so many steps in arrays, `[steps, networks]`, for a checkpoint. */
  arrays(steps = this.steps): StepMeasurements {
    return {
      losses: this.#losses.copy(steps),
      correct: this.#correct.copy(steps),
      ...(this.#weights.rows === 0 ? {} : { weights: this.#weights.copy(steps) }),
      ...(this.#counted.rows === 0 ? {} : { counted: this.#counted.copy(steps) }),
    };
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
