// The rule that ends a training early: its smoothed loss has risen too far above its best.
//
//   m[t] = smoothing * m[t - 1] + (1 - smoothing) * loss[t],   m[0] = 0,   t from 1
//   s[t] = m[t] / (1 - smoothing^t)                            without the bias towards 0 (Kingma and Ba, 2015)
//   a network stops at the first t at which s[t] > factor * min(s[1], ..., s[t])
//
// This is how a learning-rate range test ends (L. N. Smith, 2017; fastai stops at four times the best). The rule speaks
// of losses above 0: where the best is 0, any loss is above it. Everything is computed in float64 from the losses before
// each update, in their order, so that it depends neither on the lengths of segments nor on interruptions.
import type { LossRule } from "../../spec/stop-rule.js";

/** Follows the losses of all networks of a trial. */
export class LossWatch {
  readonly #rule: LossRule;
  readonly #means: Float64Array;
  readonly #best: Float64Array;
  /** `smoothing^t`. */
  #power = 1;

  constructor(rule: LossRule, networks: number) {
    this.#rule = rule;
    this.#means = new Float64Array(networks);
    this.#best = new Float64Array(networks).fill(Number.POSITIVE_INFINITY);
  }

  /** Begins a step; then every network that still counts is asked about. */
  nextStep(): void {
    this.#power *= this.#rule.smoothing;
  }

  /** Takes the loss of a network at the step that began. @returns whether the network stops here. */
  isMet(network: number, loss: number): boolean {
    const { factor, smoothing } = this.#rule;
    this.#means[network] = smoothing * this.#means[network] + (1 - smoothing) * loss;
    const smoothed = this.#means[network] / (1 - this.#power);
    this.#best[network] = Math.min(this.#best[network], smoothed);
    return smoothed > factor * this.#best[network];
  }
}
