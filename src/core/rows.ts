// Tidy rows: what trials emit, what the store keeps, what figures draw.

export type Cell = string | number | boolean | null;

/** One observation. Figures are pure functions from lists of these. */
export type Row = Readonly<Record<string, Cell>>;

export type Phase = "train" | "validation" | "test";

/** One number measured in one trial. */
export interface MetricRow {
  /** Hash of the trial's spec. */
  readonly trial: string;
  readonly phase: Phase;
  /** Updates done before the measurement, from 0. */
  readonly step: number;
  /** Passes over the training data done, possibly fractional. */
  readonly epoch: number;
  /** `loss`, `accuracy`, `learningRate`, or a probe's name. */
  readonly metric: string;
  /** Layer or parameter path, or "" for the whole network. */
  readonly path: string;
  /** Which network of an ensemble, from 0; absent for a single one. */
  readonly network?: number;
  /** `NaN` and infinities are kept: divergence is a result. */
  readonly value: number;
}
