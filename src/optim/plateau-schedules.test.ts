// Rates that are reduced on a plateau: the definition of PyTorch's ReduceLROnPlateau, over random losses and options.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { randomStream } from "../core/random/rng.js";
import { reduceOnPlateau } from "./plateau-schedules.js";
import type { MeasuredEpoch } from "./schedule.js";
import { monitoredBy, scheduleFunction, warmUp } from "./schedules.js";

interface Options {
  readonly mode: "min" | "max";
  readonly factor: number;
  readonly patience: number;
  readonly threshold: number;
  readonly thresholdMode: "relative" | "absolute";
  readonly cooldown: number;
  readonly low: number;
  readonly smallest: number;
}

/** Rates of the epochs from the first on: each before it is measured. */
function ratesOf(spec: unknown, values: readonly number[], learningRate: number, stepsPerEpoch = 3): number[] {
  const schedule = scheduleFunction(spec);
  return values.map((_, epoch) => {
    const measured = values
      .slice(0, epoch)
      .map((value, i): MeasuredEpoch => ({ step: stepsPerEpoch * (i + 1), loss: value, accuracy: value }));
    const at = (step: number) =>
      schedule({ step, stepsPerEpoch, totalSteps: stepsPerEpoch * values.length, learningRate, measured }).learningRate;
    const [first, last] = [at(stepsPerEpoch * epoch), at(stepsPerEpoch * (epoch + 1) - 1)];
    expect(last).toBe(first);
    return first;
  });
}

/**
 * Rates before each epoch by the definition, looking back from every epoch: the rate is reduced after one that is more than
 * `patience` epochs behind the last improvement and behind the last epoch of the last cooldown.
 */
function ratesByHand(values: readonly number[], options: Options, learningRate: number): number[] {
  const { mode, factor, patience, threshold, thresholdMode, cooldown, low, smallest } = options;
  const sign = mode === "min" ? 1 : -1;
  // What a value must be below, where less is better.
  const bound = (best: number): number =>
    sign * (thresholdMode === "relative" ? best * (1 - sign * threshold) : best - sign * threshold);
  let [best, improved, counted] = [sign * Number.POSITIVE_INFINITY, -1, -1];
  const rates = [learningRate];
  for (const [epoch, value] of values.entries()) {
    if (sign * value < bound(best)) [best, improved] = [value, epoch];
    const isDue = epoch - Math.max(improved, counted) > patience;
    if (isDue) counted = epoch + cooldown;
    const reduced = Math.max(rates[epoch] * factor, low);
    rates.push(isDue && rates[epoch] - reduced > smallest ? reduced : rates[epoch]);
  }
  return rates.slice(0, values.length);
}

const stream = randomStream(3, "plateaus");
let drawn = 0;
const uniform = (): number => stream.uniform(drawn++);
const pick = <T>(...values: readonly T[]): T => values[Math.floor(uniform() * values.length)];

test("hundreds of random sequences give the rates of PyTorch's definition", () => {
  let reductions = 0;
  for (let i = 0; i < 400; i++) {
    const options = {
      mode: pick("min", "max"),
      factor: pick(0.1, 0.5, 0.9),
      patience: pick(0, 1, 2, 5),
      threshold: pick(0, 1e-4, 0.05, 0.3),
      thresholdMode: pick("relative", "absolute"),
      cooldown: pick(0, 1, 3),
      low: pick(0, 0.01, 0.2),
      smallest: pick(1e-8, 0.02),
    } as const;
    const values = Array.from({ length: 40 }, (_, epoch) =>
      uniform() < 0.02 ? Number.NaN : Math.exp(-epoch / pick(5, 20)) + pick(0, 0.2, 1) * uniform() - pick(0, 0.5),
    );
    const wanted = ratesByHand(values, options, 0.3);
    const monitor = options.mode === "min" ? "loss" : "accuracy";
    expect(ratesOf(reduceOnPlateau({ ...options, monitor }), values, 0.3), JSON.stringify(options)).toEqual(wanted);
    reductions += new Set(wanted).size - 1;
  }
  expect(reductions).toBeGreaterThan(400);
});

interface Fixture {
  readonly spec: Options & { readonly kind: string };
  /** `null` is NaN. */
  readonly values: readonly (number | null)[];
  readonly rates: readonly number[];
}

const oracle = JSON.parse(
  readFileSync(new URL("../../tools/oracle/fixtures/schedules.json", import.meta.url), "utf8"),
) as { readonly learningRate: number; readonly plateauFixtures: readonly Fixture[] };

test("PyTorch's own rates over modes, thresholds, patiences, cooldowns, lowest rates and smallest reductions", () => {
  expect(oracle.plateauFixtures).toHaveLength(96);
  for (const { spec, values, rates } of oracle.plateauFixtures) {
    const measured = values.map((value) => value ?? Number.NaN);
    expect(ratesOf(spec, measured, oracle.learningRate), JSON.stringify(spec)).toEqual(rates);
  }
  expect(oracle.plateauFixtures.filter(({ rates }) => new Set(rates).size > 1).length).toBeGreaterThan(60);
});

test("more is better where accuracies are watched, unless the mode says otherwise", () => {
  const rising = [0.1, 0.2, 0.3, 0.4];
  const options = { patience: 0, factor: 0.5 };
  expect(ratesOf(reduceOnPlateau({ ...options, monitor: "accuracy" }), rising, 1)).toEqual([1, 1, 1, 1]);
  expect(ratesOf(reduceOnPlateau(options), rising, 1)).toEqual([1, 1, 0.5, 0.25]);
  expect(ratesOf(reduceOnPlateau({ ...options, mode: "max" }), rising, 1)).toEqual([1, 1, 1, 1]);
});

test("after a warm-up, epochs that ended before it does are of no account", () => {
  const spec = warmUp({ length: 6, unit: "step", from: 0.5, next: reduceOnPlateau({ patience: 0, factor: 0.5 }) });
  const schedule = scheduleFunction(spec);
  const losses = [1, 2, 3, 4, 5];
  const rates = losses.map((_, epoch) => {
    const measured = losses.slice(0, epoch).map((loss, i) => ({ step: 3 * (i + 1), loss }));
    return schedule({ step: 3 * epoch, stepsPerEpoch: 3, totalSteps: 15, learningRate: 1, measured }).learningRate;
  });
  // The first two epochs are the warm-up; the third is the best of those that count.
  expect(rates).toEqual([0.5, 0.75, 1, 1, 0.5]);
  expect([monitoredBy(spec), monitoredBy({ kind: "cosine" })]).toEqual(["loss", undefined]);
});
