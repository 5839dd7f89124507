// A definition with its options, as part of a spec.
import * as z from "zod";
import type { Json } from "../../core/formats/json.js";

/** `{ kind: "adam", learningRate: 0.001 }`. */
export type KindSpec = { readonly kind: string; readonly [option: string]: Json };

/** Anything with a kind; its options are read from the table of its definition. */
export const kindSpec = z.custom<{ readonly kind: string; readonly [option: string]: unknown }>(
  (value) => typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string",
  { error: 'an object with "kind"' },
);
