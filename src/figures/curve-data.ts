// What curves are drawn from, and what is drawn.
import type { Level } from "./level.js";
import type { ReferenceLine } from "./reference-line.js";

/** One measurement of one trial. */
export interface CurveRow {
  readonly variant: string;
  readonly seed: number;
  readonly phase: string;
  readonly metric: string;
  /** Place on the horizontal axis: the epoch, unless `x` says otherwise. */
  readonly x: number;
  readonly value: number;
}

/** A row of panels. */
export interface CurveMetric extends Level {
  /** Printed after the title: `nats`, `%`. */
  readonly unit?: string;
  /** `linear` unless told otherwise. On a `log` axis, values of zero and below are left out, and counted. */
  readonly scale?: "linear" | "log";
  /** What the metric can be at all; bands end there. */
  readonly bounds?: readonly [number, number];
  readonly references?: readonly ReferenceLine[];
}

/** The horizontal axis: its column in the CSV file, its title, its scale (`linear` unless told otherwise). */
export interface CurveAxis {
  readonly name: string;
  readonly title: string;
  readonly scale?: "linear" | "log";
}

/** A point of a line: what is drawn, and written as CSV. */
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
