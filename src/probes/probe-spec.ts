// What a trial is asked to probe: which tensors, when, on which inputs, and what is kept of them.
import * as z from "zod";
import { parseOptions } from "../core/definition.js";
import { canonicalJson } from "../core/formats/json.js";
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

/** Targets that need a loss, and so the right answers of the inputs. */
const lossTargets: readonly ProbeTarget[] = ["activationGradients", "gradients", "updates"];

const statisticNames = Object.keys(statistics) as [StatisticName, ...StatisticName[]];

const probeMoments = ["start", "end"] as const;

/** The most values that are kept of a tensor at a reading, and the most inputs that may be chosen. */
const mostKept = 65_536;

const grid = z
  .strictObject({ kind: z.literal("grid"), low: z.number(), high: z.number(), points: z.int().min(2).max(mostKept) })
  .refine(({ low, high }) => low < high, { error: "low < high" });
const rows = z.strictObject({
  kind: z.literal("rows"),
  split: z.enum(["train", "validation", "test"]),
  rows: z.array(z.int().min(0)).min(1).max(mostKept).readonly(),
});

/** Options of probes, complete after parsing. */
export const probeOptions = z
  .strictObject({
    /** Steps between two readings; the first is at step 0. `null` for none but those of `at`. */
    every: z.int().positive().nullable().default(100),
    /** Further readings: of the initial state, and of the state after the last update. */
    at: z.array(z.enum(probeMoments)).readonly().default([]),
    /**
     * What the network is computed on: the batch of the coming step, numbers at equal distances from `low` to `high` as
     * its only input, or examples by their numbers in a split.
     */
    inputs: z
      .union([z.literal("batch"), grid, rows], {
        error:
          '"batch", { kind: "grid", low, high, points } with low < high and 2 points or more, or { kind: "rows", split, rows }',
      })
      .default("batch"),
    of: z.array(z.enum(probeTargets)).default([...probeTargets]),
    statistics: z
      .array(z.enum(statisticNames))
      // Only the output has it, and a batch says little of whether a network is constant.
      .default(statisticNames.filter((name) => name !== "isConstant")),
    /** Bins of histograms; 0 for none. */
    histogramBins: z.int().min(0).max(4096).default(32),
    /** The most values of each tensor that are kept as they are; 0 for none. */
    samples: z.int().min(0).max(mostKept).default(0),
    /** Whether to measure the ingredients of the gradient noise scale: one more pass over the batch, in two halves. */
    noiseScale: z.boolean().default(false),
  })
  .refine(({ inputs, of }) => !isGrid(inputs) || !of.some((target) => lossTargets.includes(target)), {
    path: ["of"],
    error: "some of preActivations, activations, weights: a grid has no right answers, and so no loss",
  })
  .refine(({ inputs, noiseScale }) => !isGrid(inputs) || !noiseScale, {
    path: ["noiseScale"],
    error: "false: a grid has no right answers, and so no loss",
  });

export type ProbeSpec = z.output<typeof probeOptions>;
export type ProbeInputs = ProbeSpec["inputs"];

const isGrid = (inputs: unknown): boolean =>
  typeof inputs === "object" && inputs !== null && "kind" in inputs && inputs.kind === "grid";

/** Whether the inputs have right answers, and with them a loss. */
export function hasLoss({ inputs }: Pick<ProbeSpec, "inputs">): boolean {
  return !isGrid(inputs);
}

/** Probes with their defaults filled in. @throws InvalidInputError that names the invalid option. */
export function readProbeSpec(given: unknown): ProbeSpec {
  return parseOptions("probes", probeOptions, given) as ProbeSpec;
}

/** Whether there is a reading before this step. The first is at step 0. */
export function isProbedBefore({ every, at }: ProbeSpec, step: number): boolean {
  if (step === 0 && at.includes("start")) return true;
  return every !== null && step % every === 0;
}

/** Whether there is a reading after the last update; a training of no steps has its first reading then. */
export function isProbedAfter(spec: ProbeSpec, updates: number): boolean {
  return spec.at.includes("end") || (updates === 0 && isProbedBefore(spec, 0));
}

/**
 * Whether the readings taken under `had` contain everything that `wanted` asks for: at least its steps, tensors and
 * statistics on the same inputs, histograms that are at least as fine, and at least as many samples.
 */
export function probesCover(had: ProbeSpec, wanted: ProbeSpec): boolean {
  return (
    timesCover(had, wanted) &&
    haveSameInputs(had, wanted) &&
    wanted.of.every((target) => had.of.includes(target)) &&
    wanted.statistics.every((statistic) => had.statistics.includes(statistic)) &&
    had.histogramBins >= wanted.histogramBins &&
    had.samples >= wanted.samples &&
    (had.noiseScale || !wanted.noiseScale)
  );
}

/** A cadence has the start, since its first reading is at step 0. */
function timesCover(had: ProbeSpec, wanted: ProbeSpec): boolean {
  const everyCovers = wanted.every === null || (had.every !== null && wanted.every % had.every === 0);
  const hasStart = had.every !== null || had.at.includes("start");
  return (
    everyCovers && (hasStart || !wanted.at.includes("start")) && (had.at.includes("end") || !wanted.at.includes("end"))
  );
}

/** Readings on other inputs are other measurements: no plan has those of two. */
export function haveSameInputs(a: ProbeSpec, b: ProbeSpec): boolean {
  return canonicalJson(a.inputs) === canonicalJson(b.inputs);
}

/** The smallest probes that cover both, which look at the same inputs. */
export function joinedProbes(a: ProbeSpec, b: ProbeSpec): ProbeSpec {
  return {
    every: a.every === null || b.every === null ? (a.every ?? b.every) : greatestCommonDivisor(a.every, b.every),
    at: probeMoments.filter((moment) => a.at.includes(moment) || b.at.includes(moment)),
    inputs: a.inputs,
    of: probeTargets.filter((target) => a.of.includes(target) || b.of.includes(target)),
    statistics: statisticNames.filter((name) => a.statistics.includes(name) || b.statistics.includes(name)),
    histogramBins: Math.max(a.histogramBins, b.histogramBins),
    samples: Math.max(a.samples, b.samples),
    noiseScale: a.noiseScale || b.noiseScale,
  };
}
