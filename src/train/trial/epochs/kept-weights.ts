// The weights that networks of a trial end with, where those are not the last: each network's of one of its epochs.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { StateLayout } from "../../program/state-layout.js";

/** Weights as a checkpoint has them. */
export interface KeptState {
  /** Updates done when they were taken, by network; null for a network without. */
  readonly steps: readonly (number | null)[];
  /** Vectors of parameters and buffers, with zeros for networks without. */
  readonly weights: readonly TensorData[];
}

export class KeptWeights {
  readonly #layout: StateLayout;
  readonly #steps: (number | null)[];
  #weights: readonly Float32Array[] = [];

  constructor(layout: StateLayout, networks: number) {
    this.#layout = layout;
    this.#steps = new Array<number | null>(networks).fill(null);
  }

  /** What a checkpoint needs; undefined while no network has any. */
  get state(): KeptState | undefined {
    if (this.#weights.length === 0) return undefined;
    return {
      steps: [...this.#steps],
      weights: this.#weights.map((data) => ({ dtype: "float32", shape: [data.length], data })),
    };
  }

  /** Updates done when the weights of a network were taken. */
  stepOf(network: number): number | undefined {
    return this.#steps[network] ?? undefined;
  }

  /** Goes on from a checkpoint. */
  restore({ steps, weights }: KeptState): void {
    for (const [network, step] of steps.entries()) this.#steps[network] = step;
    this.#weights = weights.map(({ data }) => Float32Array.from(data as Float32Array));
  }

  /** Takes the weights of some networks out of the state of all, in place of what they had. */
  take(state: readonly TensorData[], networks: readonly number[], step: number): void {
    const current = this.#weightsIn(state).map(({ data }) => data as Float32Array);
    if (this.#weights.length === 0) this.#weights = current.map(({ length }) => new Float32Array(length));
    this.#copy(current, this.#weights, networks);
    for (const network of networks) this.#steps[network] = step;
  }

  /** The state with what some networks have in place of their weights. */
  appliedTo(state: readonly TensorData[], networks: readonly number[]): TensorData[] {
    const weights = new Set(this.#weightsIn(state));
    const changed = state.map((vector) =>
      weights.has(vector) ? { ...vector, data: Float32Array.from(vector.data as Float32Array) } : vector,
    );
    this.#copy(
      this.#weights,
      this.#weightsIn(changed).map(({ data }) => data as Float32Array),
      networks,
    );
    return changed;
  }

  /** Parameters come first and buffers last; the optimizer's slots are between them. */
  #weightsIn(state: readonly TensorData[]): readonly TensorData[] {
    const { parameters, buffers } = this.#layout;
    return [...state.slice(0, parameters.length), ...state.slice(state.length - buffers.length)];
  }

  /** The networks are on the last axis. */
  #copy(from: readonly Float32Array[], into: readonly Float32Array[], networks: readonly number[]): void {
    const stride = this.#steps.length;
    for (const [i, vector] of from.entries())
      for (const network of networks) for (let at = network; at < vector.length; at += stride) into[i][at] = vector[at];
  }
}
