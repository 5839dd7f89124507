// The options of `trainscope inspect`.
import type { Shape } from "../../core/numbers/shape.js";

/** Output formats. */
export const formats = ["table", "json", "csv", "markdown"] as const;

/** Sort keys of a table. */
export const sortKeys = ["parameters", "macs", "flops", "activations", "receptive-field", "name"] as const;

export interface InspectOptions {
  readonly models: readonly string[];
  /** By the name of the input or dimension; `""` for the only input. */
  readonly inputShapes: Readonly<Record<string, Shape>>;
  readonly batch?: number;
  readonly format: (typeof formats)[number];
  readonly depth?: number;
  readonly sort?: (typeof sortKeys)[number];
  /** Reverses the order. */
  readonly reverse: boolean;
  readonly freeze: readonly string[];
  readonly optimizer: string;
  /** Prints every digit of every number. */
  readonly exact: boolean;
  /** Includes rows that only move data. */
  readonly all: boolean;
  readonly compare: boolean;
  /** Folder for figures. */
  readonly figures?: string;
  /** The layer whose effective receptive field is measured; `true` for the last one that has a field. */
  readonly effectiveField?: string | true;
  /** Number of inputs to average the effective field over. */
  readonly examples: number;
  /** Seed of weights and inputs of the effective field. */
  readonly seed: number;
}
