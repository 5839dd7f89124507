// What `trainscope inspect` can be told.
import type { Shape } from "../../core/numbers/shape.js";

/** How results can be printed. */
export const formats = ["table", "json", "csv", "markdown"] as const;

/** What a table can be sorted by. */
export const sortKeys = ["parameters", "macs", "flops", "activations", "receptive-field", "name"] as const;

export interface InspectOptions {
  readonly models: readonly string[];
  /** By the name of the input or dimension; `""` for the only input. */
  readonly inputShapes: Readonly<Record<string, Shape>>;
  readonly batch?: number;
  readonly format: (typeof formats)[number];
  readonly depth?: number;
  readonly sort?: (typeof sortKeys)[number];
  /** The other way round. */
  readonly reverse: boolean;
  readonly freeze: readonly string[];
  readonly optimizer: string;
  /** Every digit of every number. */
  readonly exact: boolean;
  /** Rows that only move data, too. */
  readonly all: boolean;
  readonly compare: boolean;
  /** Folder for figures. */
  readonly figures?: string;
  /** The layer whose effective receptive field is measured; the last one that has a field with `true`. */
  readonly effectiveField?: string | true;
  /** Inputs that the effective field is averaged over. */
  readonly examples: number;
  /** Draws weights and inputs of the effective field. */
  readonly seed: number;
}
