// Means over what counts in several batches: sums over all of them, divided once.

/** `sum / divisor`; 0 where nothing counts, as the loss of a batch in which nothing does (PyTorch: NaN). */
export function ratio(sum: number, divisor: number): number {
  return divisor === 0 ? sum : sum / divisor;
}

/** `sum weight value / sum weight` over batches. @param values means of the batches. */
export function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = values.reduce((sum, value, i) => sum + weights[i] * value, 0);
  return ratio(total, sumOf(weights));
}

/**
 * Right answers in a batch of which some targets are ignored: a whole number.
 * @param correct the share of right answers times the examples, as programs give it.
 */
export function rightAnswers(correct: number, counted: number, examples: number): number {
  return Math.round((correct * counted) / examples);
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
