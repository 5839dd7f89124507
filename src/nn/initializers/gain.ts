// Gains: the factors by which weights must grow so that the following non-linearity preserves the variance.
import * as z from "zod";

/** Factors for the standard deviation of weights, as `torch.nn.init.calculate_gain` gives them. */
const gains = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  /** `sqrt(2 / (1 + slope^2))` */
  leakyRelu: (slope: number) => Math.sqrt(2 / (1 + slope ** 2)),
  selu: () => 3 / 4,
} as const satisfies Readonly<Record<string, (slope: number) => number>>;

export type GainName = keyof typeof gains;

export const gainNames = Object.keys(gains) as GainName[];

/**
 * The gain of a non-linearity: `calculateGain("leakyRelu", 0.2)`. PyTorch's `calculate_gain`.
 * @param slope of a leaky ReLU below 0; default 0.01.
 */
export function calculateGain(nonlinearity: GainName, slope = 0.01): number {
  return gains[nonlinearity](slope);
}

/** Schema of a gain option: a number, or the name of the following non-linearity. */
export function gainOption(preset: number) {
  return z
    .union([z.number().positive(), z.enum(gainNames)], {
      error: `a positive number, or one of ${gainNames.join(", ")}`,
    })
    .default(preset)
    .describe("factor of the standard deviation, or the name of the following non-linearity");
}

/** The number that a gain option stands for. */
export function gainValue(gain: number | GainName): number {
  return typeof gain === "number" ? gain : calculateGain(gain);
}
