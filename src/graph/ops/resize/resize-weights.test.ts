// Scales that only a damaged file has.
import { expect, test } from "vitest";
import { repeatedReads } from "./resize-weights.js";

test.each(["linear", "cubic"])(
  "a scale near zero, which moves coordinates off all numbers, ends with mode %s",
  (mode) => {
    const axis = { input: 2, output: 0, scale: 1e-40, roi: [0, 1] } as const;
    const attrs = {
      ...{ antialias: 0, coordinate_transformation_mode: "half_pixel_symmetric", cubic_coeff_a: -0.75 },
      ...{ exclude_outside: 0, extrapolation_value: 0, keep_aspect_ratio_policy: "stretch" },
      ...{ mode, nearest_mode: "floor" },
    };
    const reads = repeatedReads(axis, attrs, 2);
    expect(reads === undefined || reads.places.every((indices) => indices.length <= 5)).toBe(true);
  },
);
