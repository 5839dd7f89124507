// Initializers that do not depend on shape or fans: constants, uniform and normal numbers.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { normalProbability, normalQuantile } from "../../core/statistics/special-functions.js";
import { defineInitializer, normalValues, type Sampler, type Streams } from "./initializer.js";

const same = (value: number) => () => (): number => value;

/** The same value everywhere. */
export const constantInitializer = defineInitializer({
  kind: "constant",
  about: "the same value everywhere",
  options: z.object({
    value: z
      .number()
      .default(0)
      .describe("value of every element")
      .meta({ aliases: ["val"] }),
  }),
  sampler: ({ value }) => same(value),
});

/** 0 everywhere. */
export const zeros = defineInitializer({
  kind: "zeros",
  about: "0 everywhere",
  options: z.object({}),
  sampler: () => same(0),
});

/** 1 everywhere. */
export const ones = defineInitializer({
  kind: "ones",
  about: "1 everywhere",
  options: z.object({}),
  sampler: () => same(1),
});

/** U(low, high). The default is Keras's; PyTorch's `uniform_` is U(0, 1). */
export const uniform = defineInitializer({
  kind: "uniform",
  about: "uniform between two bounds",
  aliases: ["RandomUniform"],
  differs: { PyTorch: "uniform_ is between 0 and 1" },
  options: z.object({
    low: z
      .number()
      .default(-0.05)
      .describe("least value")
      .meta({ aliases: ["a", "minval"] }),
    high: z
      .number()
      .default(0.05)
      .describe("upper bound, exclusive")
      .meta({ aliases: ["b", "maxval"] }),
  }),
  sampler({ low, high }, { where }) {
    if (low >= high) throw emptyRange(where, low, high);
    return ({ own }) =>
      (index) =>
        low + (high - low) * own.uniform(index);
  },
});

/** N(mean, deviation^2). */
export const normal = defineInitializer({
  kind: "normal",
  about: "normal with a given mean and standard deviation",
  aliases: [{ name: "RandomNormal", options: { deviation: 0.05 } }],
  differs: { PyTorch: "normal_ has deviation 1" },
  options: z.object({
    mean: z.number().default(0).describe("mean"),
    deviation: z
      .number()
      .positive()
      .default(0.01)
      .describe("standard deviation")
      .meta({ aliases: ["std", "stddev"] }),
  }),
  sampler: ({ mean, deviation }) => normalValues(deviation, mean),
});

/** Beyond this many deviations, float64 probabilities are too coarse to distinguish values. */
const farthest = 6;

/**
 * N(mean, deviation^2) truncated at `mean + low deviation` and `mean + high deviation`; the remaining density is
 * rescaled, so its standard deviation is smaller (0.87962566 deviation if truncated at 2). Drawn by inversion.
 * PyTorch's `trunc_normal_` takes the bounds themselves: a = mean + low deviation, b = mean + high deviation.
 */
export const truncatedNormal = defineInitializer({
  kind: "truncatedNormal",
  about: "normal, truncated at a number of standard deviations from the mean",
  differs: { Keras: "deviation 0.05" },
  lookalikes: {
    trunc_normal:
      "PyTorch's bounds are values, those here standard deviations from the mean: write truncatedNormal with low = (a - mean) / std and high = (b - mean) / std",
  },
  options: z.object({
    mean: z.number().default(0).describe("mean before truncation"),
    deviation: z
      .number()
      .positive()
      .default(0.02)
      .describe("standard deviation before truncation")
      .meta({ aliases: ["std", "stddev"] }),
    low: z.number().max(farthest).default(-2).describe("least value, in standard deviations from the mean"),
    high: z.number().min(-farthest).default(2).describe("largest value, in standard deviations from the mean"),
  }),
  sampler({ mean, deviation, low, high }, { where }) {
    if (low >= high) throw emptyRange(where, low, high);
    return truncatedValues({ mean, deviation, low, high });
  },
});

/**
 * Truncated normal numbers, with bounds in deviations: the normal quantile of a probability drawn uniformly between the
 * bounds'.
 */
export function truncatedValues(cut: {
  readonly mean: number;
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}): (streams: Streams) => Sampler {
  const { mean, deviation, low, high } = cut;
  const least = normalProbability(low);
  const width = normalProbability(high) - least;
  return ({ own }) =>
    (index) => {
      const probability = least + width * own.uniform(index);
      // Probabilities of 0 and 1 have no quantile, and rounding may slightly exceed the range.
      const value = probability <= 0 ? low : probability >= 1 ? high : normalQuantile(probability);
      return mean + deviation * Math.min(high, Math.max(low, value));
    };
}

function emptyRange(where: string, low: number, high: number): InvalidInputError {
  return new InvalidInputError("no value lies between the bounds", {
    where,
    expected: "low below high",
    received: `low ${low}, high ${high}`,
  });
}
