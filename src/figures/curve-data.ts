// The input rows of curves, and the points that are drawn.
import type { Level } from "./level.js";
import type { ReferenceLine } from "./reference-line.js";

/** One measurement of one trial. */
export interface CurveRow {
  readonly variant: string;
  readonly seed: number;
  readonly phase: string;
  readonly metric: string;
  /** Horizontal position: the epoch, unless `x` names another axis. */
  readonly x: number;
  readonly value: number;
}

/** A row of panels. */
export interface CurveMetric extends Level {
  /** Unit, printed after the title: `nats`, `%`. */
  readonly unit?: string;
  /** Default `linear`. A `log` axis omits values of zero and below, and counts them. */
  readonly scale?: "linear" | "log";
  /** Possible range of the metric; bands end there. */
  readonly bounds?: readonly [number, number];
  readonly references?: readonly ReferenceLine[];
}

/** The horizontal axis: its column in the CSV file, its title, its scale (default `linear`). */
export interface CurveAxis {
  readonly name: string;
  readonly title: string;
  readonly scale?: "linear" | "log";
}

/** A point of a line, as drawn and as written to CSV. */
export interface CurvePoint {
  readonly variant: string;
  readonly phase: string;
  readonly metric: string;
  readonly x: number;
  readonly mean: number;
  /** Ends of the interval; `null` for one seed. */
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
}
