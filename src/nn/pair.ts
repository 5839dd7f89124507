// Sizes of two axes, given as one number for both or as [height, width].
import * as z from "zod";

export type Pair = number | readonly [number, number];

/** The option: one integer or two, not below `minimum`. */
export function pairOption(minimum: number) {
  const extent = z.int().min(minimum);
  return z.union([extent, z.tuple([extent, extent])], {
    error: `an integer from ${minimum}, or two as [height, width]`,
  });
}

/** `[height, width]`. */
export function pair(value: Pair): [number, number] {
  return typeof value === "number" ? [value, value] : [value[0], value[1]];
}
