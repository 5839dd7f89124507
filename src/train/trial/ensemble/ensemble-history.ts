// What an ensemble measured so far, and which of its networks diverged.
import type { Divergence, EnsembleEvaluation } from "./ensemble-events.js";

/** Losses and right answers of every step and network. A network that diverged has NaN from then on. */
export class EnsembleHistory {
  readonly networks: number;
  /** One row of `networks` numbers for each step. */
  readonly #losses: Float32Array[] = [];
  readonly #correct: Float32Array[] = [];
  readonly #diverged = new Map<number, number>();
  readonly evaluations: EnsembleEvaluation[] = [];

  constructor(networks: number) {
    this.networks = networks;
  }

  /** Steps recorded. */
  get steps(): number {
    return this.#losses.length;
  }

  /** In the order of the networks. */
  get diverged(): Divergence[] {
    return [...this.#diverged].map(([network, step]) => ({ network, step })).sort((a, b) => a.network - b.network);
  }

  /**
   * Adds the steps of a segment, `[steps, networks]`, and gives its losses with NaN behind every divergence: what a
   * network computes afterwards says nothing, even if it should be a number.
   */
  add(losses: Float32Array, correct: Float32Array): Float32Array {
    const cleaned = losses.slice();
    for (let at = 0; at < cleaned.length; at += this.networks) {
      const step = this.#losses.length;
      for (let i = 0; i < this.networks; i++) {
        if (this.#diverged.has(i)) cleaned[at + i] = Number.NaN;
        else if (!Number.isFinite(cleaned[at + i])) this.#diverged.set(i, step);
      }
      this.#losses.push(cleaned.subarray(at, at + this.networks));
      if (correct.length > 0) this.#correct.push(correct.subarray(at, at + this.networks));
    }
    return cleaned;
  }

  /** Says that a network's parameters went bad in the last update, which no loss shows. */
  diverge(network: number, step: number): void {
    if (!this.#diverged.has(network)) this.#diverged.set(network, step);
  }

  hasDiverged(network: number): boolean {
    return this.#diverged.has(network);
  }

  /** Loss of one network before each update. */
  lossesOf(network: number): number[] {
    return this.#losses.map((row) => row[network]);
  }

  /** Losses before the update of a step, one for each network. */
  lossesAt(step: number): Float32Array {
    return this.#losses[step];
  }

  /** Means over steps of an epoch, weighted by the examples of each. */
  mean(first: number, sizes: readonly number[]): Pick<EnsembleEvaluation, "loss" | "accuracy"> {
    const examples = sizes.reduce((total, size) => total + size, 0);
    const of = (rows: readonly Float32Array[], weight: (step: number) => number): number[] =>
      Array.from(
        { length: this.networks },
        (_, i) => sizes.reduce((total, _size, step) => total + rows[first + step][i] * weight(step), 0) / examples,
      );
    const loss = of(this.#losses, (step) => sizes[step]);
    if (this.#correct.length === 0) return { loss };
    return { loss, accuracy: this.#known(of(this.#correct, () => 1)) };
  }

  /** Evaluations as they are reported: a network that diverged has none. */
  #known(values: readonly number[]): number[] {
    return values.map((value, i) => (this.#diverged.has(i) ? Number.NaN : value));
  }

  /** Measurements of a whole split, with NaN for networks that diverged. */
  measured(values: Iterable<number>): number[] {
    return this.#known([...values]);
  }

  /** Everything in two arrays, `[steps, networks]`, for a checkpoint. */
  arrays(): { losses: Float32Array; correct: Float32Array } {
    return { losses: joined(this.#losses, this.networks), correct: joined(this.#correct, this.networks) };
  }
}

function joined(rows: readonly Float32Array[], networks: number): Float32Array {
  const all = new Float32Array(rows.length * networks);
  for (const [i, row] of rows.entries()) all.set(row, i * networks);
  return all;
}
