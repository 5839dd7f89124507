// What a trial is asked to probe, and how often.
import * as z from "zod";
import { parseOptions } from "../core/definition.js";
import { greatestCommonDivisor } from "../core/numbers/integers.js";
import { type StatisticName, statistics } from "./statistics.js";

/** What probes can measure: inputs and outputs of non-linearities, their gradients, parameters, gradients, updates. */
export const probeTargets = [
  "preActivations",
  "activations",
  "activationGradients",
  "weights",
  "gradients",
  "updates",
] as const;

export type ProbeTarget = (typeof probeTargets)[number];

const statisticNames = Object.keys(statistics) as [StatisticName, ...StatisticName[]];

/** Options of probes, complete after parsing. */
export const probeOptions = z.strictObject({
  /** Steps between two readings; the first is at step 0. */
  every: z.int().positive().default(100),
  of: z.array(z.enum(probeTargets)).default([...probeTargets]),
  statistics: z.array(z.enum(statisticNames)).default(statisticNames),
  /** Bins of histograms; 0 for none. */
  histogramBins: z.int().min(0).max(4096).default(32),
  /** Whether to measure the ingredients of the gradient noise scale: one more pass over the batch, in two halves. */
  noiseScale: z.boolean().default(false),
});

export type ProbeSpec = z.output<typeof probeOptions>;

/** Probes with their defaults filled in. @throws InvalidInputError that names the invalid option. */
export function readProbeSpec(given: unknown): ProbeSpec {
  return parseOptions("probes", probeOptions, given) as ProbeSpec;
}

/**
 * Whether the readings taken under `had` contain everything that `wanted` asks for: at least its steps, tensors and
 * statistics, and histograms that are at least as fine.
 */
export function probesCover(had: ProbeSpec, wanted: ProbeSpec): boolean {
  return (
    wanted.every % had.every === 0 &&
    wanted.of.every((target) => had.of.includes(target)) &&
    wanted.statistics.every((statistic) => had.statistics.includes(statistic)) &&
    had.histogramBins >= wanted.histogramBins &&
    (had.noiseScale || !wanted.noiseScale)
  );
}

/** The smallest probes that cover both. */
export function joinedProbes(a: ProbeSpec, b: ProbeSpec): ProbeSpec {
  return {
    every: greatestCommonDivisor(a.every, b.every),
    of: probeTargets.filter((target) => a.of.includes(target) || b.of.includes(target)),
    statistics: statisticNames.filter((name) => a.statistics.includes(name) || b.statistics.includes(name)),
    histogramBins: Math.max(a.histogramBins, b.histogramBins),
    noiseScale: a.noiseScale || b.noiseScale,
  };
}
