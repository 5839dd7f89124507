// What a training uses of which data set.
import * as z from "zod";
import type { Dataset } from "../../data/dataset.js";
import { type DataSource, dataSourceSchema } from "../../data/source.js";
import { type KindSpec, kindSpec } from "./kind-spec.js";

/** How stored inputs become network inputs. */
export type Scaling = "standardize" | "unit" | "raw";

export interface DataUse {
  /** Names the bytes as well, so that a sample and the full set are different trials. */
  readonly source: DataSource;
  /** Use only the first examples of each split. Absent: all. */
  readonly examples?: { readonly train?: number; readonly validation?: number; readonly test?: number };
  /** The part of the training examples that is held out for choices, drawn by a seed of its own. Absent: none. */
  readonly validation?: { readonly fraction: number; readonly seed: number };
  /** `standardize` (per channel, the set's own statistics), `unit` (scale only) or `raw`. */
  readonly scaling: Scaling;
  /** Random changes of the training batches, in turn. */
  readonly augment: readonly KindSpec[];
}

const count = z.int().positive();

export const dataUseSchema = z.strictObject({
  source: dataSourceSchema,
  examples: z
    .strictObject({ train: count.optional(), validation: count.optional(), test: count.optional() })
    .optional(),
  validation: z.strictObject({ fraction: z.number().gt(0).lt(1), seed: z.int().min(0).default(0) }).optional(),
  scaling: z.enum(["standardize", "unit", "raw"]),
  augment: z.array(kindSpec).readonly().default([]),
} satisfies Readonly<Record<keyof DataUse, z.ZodType>>);

export type DataUseInput = Readonly<z.input<typeof dataUseSchema>>;

/**
 * The use of a data set, with the defaults that depend on the set: its source, and its own scaling, else `standardize`
 * where the set knows its statistics and `raw` where it does not.
 */
export function dataUse(
  data: Dataset,
  { scaling, ...options }: Omit<DataUseInput, "source" | "scaling"> & { readonly scaling?: Scaling | undefined } = {},
): DataUseInput {
  return { ...options, source: data.source, scaling: scaling ?? scalingOf(data) };
}

function scalingOf({ scaling, normalization }: Dataset): Scaling {
  return scaling ?? (normalization === undefined ? "raw" : "standardize");
}
