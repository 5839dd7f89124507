// Measurements: series of numbers by the step, as trials emit and the store keeps them; tidy rows, as figures draw them.

export type Cell = string | number | boolean | null;

/** One observation. Figures are pure functions from lists of these. */
export type Row = Readonly<Record<string, Cell>>;

export type Phase = "train" | "validation" | "test";

/** What a series is of; its name within a store. */
export interface SeriesKey {
  /** Hash of the trial's spec. */
  readonly trial: string;
  readonly phase: Phase;
  /** `loss`, `accuracy`, `batchLoss`, `learningRate`, ..., or a probe's name. */
  readonly metric: string;
  /** Layer or parameter path, or "" for the whole network. */
  readonly path: string;
}

/** A piece of a series: consecutive measurements of one quantity in all networks of a trial, as columns. */
export interface SeriesBlock extends SeriesKey {
  /** Networks of the trial; 1 for a single training. */
  readonly networks: number;
  /** Updates done before each measurement, from 0, ascending: `[rows]`. Samples of one tensor have the same step. */
  readonly steps: Int32Array;
  /** Passes over the training data done, possibly fractional: `[rows]`. NaN where a measurement belongs to no epoch. */
  readonly epochs: Float64Array;
  /** `[rows, networks]`, row-major. `NaN` and infinities are kept: divergence is a result. */
  readonly values: Float64Array;
}

/** One number measured in one trial: the tidy view of a series. */
export interface MetricRow extends SeriesKey {
  /** Updates done before the measurement, from 0. */
  readonly step: number;
  /** Passes over the training data done, possibly fractional. */
  readonly epoch: number;
  /** A mean over the steps of the epoch that ends here, not a measurement before the step that follows. */
  readonly over?: "epoch";
  /** Which network of an ensemble, from 0; absent for a single one. */
  readonly network?: number;
  /** `NaN` and infinities are kept: divergence is a result. */
  readonly value: number;
}

/** The rows of a block, by step and then by network. A single training has no `network`. */
export function* rowsOf(block: SeriesBlock): Generator<MetricRow> {
  const { trial, phase, metric, path, networks, steps, epochs, values } = block;
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / networks);
    const [step, epoch, value] = [steps[at], epochs[at], values[i]];
    yield networks === 1
      ? { trial, phase, step, epoch, metric, path, value }
      : { trial, phase, step, epoch, metric, path, network: i % networks, value };
  }
}
