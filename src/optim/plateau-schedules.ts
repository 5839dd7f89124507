// Schedules that watch what the epochs measured.
import * as z from "zod";
import { defineSchedule, type MeasuredEpoch, type ScheduleContext } from "./schedule.js";

const options = z.object({
  monitor: z
    .enum(["loss", "accuracy"])
    .default("loss")
    .describe("what is watched: of the validation split, or of the training split where nothing is held out"),
  mode: z.enum(["min", "max"]).optional().describe("whether less is better, or more; default: as the monitor has it"),
  factor: z.number().positive().lt(1).default(0.1).describe("factor of the rate"),
  patience: z.int().min(0).default(10).describe("epochs without improvement that are borne"),
  threshold: z
    .number()
    .nonnegative()
    .default(1e-4)
    .describe("what counts as an improvement")
    .meta({ aliases: ["min_delta"] }),
  thresholdMode: z
    .enum(["relative", "absolute"])
    .default("relative")
    .describe("whether the threshold is a share of the best value")
    .meta({ values: { relative: ["rel"], absolute: ["abs"] } }),
  cooldown: z.int().min(0).default(0).describe("epochs after a reduction that do not count"),
  low: z
    .number()
    .nonnegative()
    .default(0)
    .describe("lowest rate")
    .meta({ aliases: ["min_lr"] }),
  smallest: z
    .number()
    .nonnegative()
    .default(1e-8)
    .describe("reductions by no more than this are left out")
    .meta({ aliases: ["eps"] }),
});

type PlateauSpec = Readonly<z.output<typeof options>>;

/**
 * Multiplies the rate by `factor` once the monitored value has not improved for more than `patience` epochs, as PyTorch's
 * ReduceLROnPlateau whose `step` is called after every epoch. An epoch is an improvement if its value is below
 * `best (1 - threshold)`, or below `best - threshold` in mode `absolute`; where more is better, above `best (1 + threshold)`
 * or `best + threshold`. The `cooldown` epochs after a reduction are not counted. The rate depends on the measurements
 * alone, so that a training that was interrupted goes on with the same.
 */
export const reduceOnPlateau = defineSchedule({
  kind: "reduceOnPlateau",
  about: "multiplied by a factor when the validation loss stops falling",
  aliases: ["ReduceLROnPlateau"],
  differs: {
    Keras: "it reduces one epoch earlier, after patience epochs, and its min_delta is absolute (thresholdMode)",
  },
  options,
  monitored: ({ monitor }) => monitor,
  plan: (spec) => {
    // The steps of an epoch all ask for the same.
    let known: { readonly measured: unknown; readonly from: number; readonly learningRate: number } | undefined;
    return ({ learningRate: from, measured = none }: ScheduleContext) => {
      if (known?.measured !== measured || known.from !== from)
        known = { measured, from, learningRate: reducedRate(spec, from, measured) };
      return { learningRate: known.learningRate };
    };
  },
});

const none: readonly MeasuredEpoch[] = [];

function reducedRate(spec: PlateauSpec, learningRate: number, measured: readonly MeasuredEpoch[]): number {
  const { monitor, mode = monitor === "loss" ? "min" : "max", factor, patience, cooldown, low, smallest } = spec;
  let [rate, best, bad, cooling] = [learningRate, mode === "min" ? Number.POSITIVE_INFINITY : -Infinity, 0, 0];
  for (const { [monitor]: value = Number.NaN } of measured) {
    if (isBetter(spec, mode, value, best)) [best, bad] = [value, 0];
    else bad++;
    if (cooling > 0) [cooling, bad] = [cooling - 1, 0];
    if (bad <= patience) continue;
    const lower = Math.max(rate * factor, low);
    if (rate - lower > smallest) rate = lower;
    [cooling, bad] = [cooldown, 0];
  }
  return rate;
}

function isBetter(
  { threshold, thresholdMode }: PlateauSpec,
  mode: "min" | "max",
  value: number,
  best: number,
): boolean {
  if (mode === "min") return value < (thresholdMode === "relative" ? best * (1 - threshold) : best - threshold);
  return value > (thresholdMode === "relative" ? best * (threshold + 1) : best + threshold);
}
