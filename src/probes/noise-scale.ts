// The gradient noise scale: the batch size beyond which larger batches stop paying off.

/** The measurement of one step: squared norms of the mean gradients of half the batch and of the whole batch. */
export interface NoiseMeasurement {
  readonly halfBatchSquaredNorm: number;
  readonly batchSquaredNorm: number;
}

export interface GradientNoise {
  /** Trace of the covariance of single-example gradients, unbiased. */
  readonly noise: number;
  /** Squared norm of the true gradient, unbiased; noise may make it negative. */
  readonly signal: number;
}

/**
 * Noise and signal of one step, from batches of `half` and `2 half` examples (McCandlish et al., "An Empirical Model of
 * Large-Batch Training", 2018, appendix A.1): the expected squared norm of a mean over B examples is `signal + noise /
 * B`.
 */
export function gradientNoise(
  { halfBatchSquaredNorm, batchSquaredNorm }: NoiseMeasurement,
  half: number,
): GradientNoise {
  return {
    noise: 2 * half * (halfBatchSquaredNorm - batchSquaredNorm),
    signal: 2 * batchSquaredNorm - halfBatchSquaredNorm,
  };
}

/**
 * The simple noise scale `tr(covariance) / |gradient|^2` in examples, over many steps: the ratio of the means, since
 * the mean of the ratios would be biased. `undefined` without a measurement, or if noise makes the signal non-positive.
 */
export function gradientNoiseScale(measured: readonly GradientNoise[]): number | undefined {
  const mean = (of: (one: GradientNoise) => number): number =>
    measured.reduce((total, one) => total + of(one), 0) / measured.length;
  const signal = mean((one) => one.signal);
  return signal > 0 ? mean((one) => one.noise) / signal : undefined;
}
