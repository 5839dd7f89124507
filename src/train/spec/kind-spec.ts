// A definition with its options, as part of a spec.
import * as z from "zod";
import type { Json } from "../../core/formats/json.js";

/** `{ kind: "adam", learningRate: 0.001 }`. */
export type KindSpec = { readonly kind: string; readonly [option: string]: Json };

/** A definition with its options. They are read from its table, which says what is wrong with those that are none. */
export const kindSpec = z.custom<{ readonly kind: string; readonly [option: string]: unknown }>(
  (value) => value !== undefined,
  { error: 'an object with "kind"' },
);
