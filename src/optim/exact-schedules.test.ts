// Schedules whose lengths are fractions, against their formulas in exact arithmetic: no restart is missed by rounding.
import { expect, test } from "vitest";
import { randomStream } from "../core/random/rng.js";
import { scheduleFunction } from "./schedules.js";

/** A fraction by its two parts; the second is above 0. */
type Ratio = readonly [bigint, bigint];

/** `"1.3"` as 13/10. */
function decimal(text: string): Ratio {
  const [whole, digits = ""] = text.split(".");
  return [BigInt(whole + digits), 10n ** BigInt(digits.length)];
}
const plus = ([a, b]: Ratio, [c, d]: Ratio): Ratio => [a * d + c * b, b * d];
const minus = (a: Ratio, [c, d]: Ratio): Ratio => plus(a, [-c, d]);
const times = ([a, b]: Ratio, [c, d]: Ratio): Ratio => [a * c, b * d];
const over = (a: Ratio, [c, d]: Ratio): Ratio => times(a, [d, c]);
const floor = ([a, b]: Ratio): bigint => a / b;
const isBelow = ([a, b]: Ratio, [c, d]: Ratio): boolean => a * d < c * b;
/** Scaled first, since both parts may be beyond the largest double. */
const value = ([a, b]: Ratio): number => Number((a * 10n ** 30n) / b) / 1e30;

const stream = randomStream(7, "fractional lengths");
let drawn = 0;
const draw = (from: number, to: number): number => from + Math.floor(stream.uniform(drawn++) * (to - from + 1));
const pick = <T>(...values: readonly T[]): T => values[draw(0, values.length - 1)];
/** A decimal above 0 with up to three digits behind the point. */
const length = (): string => {
  const digits = draw(0, 3);
  const text = `${draw(1, 5 * 10 ** digits)}`.padStart(digits + 1, "0");
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
};

const learningRate = 0.5;
const low = 0.001;
const steps = 160;

interface Case {
  readonly unit: "step" | "epoch" | "wholeEpoch";
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
}

/** Compares a schedule with a formula of the exact time, at every step. */
function expectFormula(
  { unit, stepsPerEpoch, totalSteps }: Case,
  spec: object,
  formula: (time: Ratio) => number,
): void {
  const schedule = scheduleFunction(spec);
  for (let step = 0; step <= steps; step++) {
    const epochs: Ratio = [BigInt(step), BigInt(stepsPerEpoch)];
    const time: Ratio = unit === "step" ? [BigInt(step), 1n] : unit === "epoch" ? epochs : [floor(epochs), 1n];
    const found = schedule({ step, stepsPerEpoch, totalSteps, learningRate }).learningRate;
    const wanted = formula(time);
    const at = `${JSON.stringify(spec)}, ${stepsPerEpoch} steps an epoch, step ${step}`;
    expect(Math.abs(found - wanted), at).toBeLessThan(1e-9 * Math.max(wanted, 1e-9));
  }
}

function randomCase(): Case {
  return { unit: pick("step", "epoch", "epoch", "wholeEpoch"), stepsPerEpoch: draw(1, 40), totalSteps: draw(1, 300) };
}

const cases = (count: number): Case[] => Array.from({ length: count }, randomCase);
const cosine = (share: number): number => low + (learningRate - low) * (0.5 * (1 + Math.cos(Math.PI * share)));

test("a step decay lowers the rate at the very step", () => {
  for (const one of cases(150)) {
    const every = length();
    expectFormula(one, { kind: "step", every: Number(every), factor: 0.9, unit: one.unit }, (time) =>
      Math.max(1e-300, learningRate * 0.9 ** Number(floor(over(time, decimal(every))))),
    );
  }
});

test("milestones are reached at the very step", () => {
  for (const one of cases(150)) {
    const milestones = [length(), length(), length()];
    const spec = { kind: "multiStep", milestones: milestones.map(Number), factor: 0.5, unit: one.unit };
    expectFormula(
      one,
      spec,
      (time) => learningRate * 0.5 ** milestones.filter((milestone) => !isBelow(time, decimal(milestone))).length,
    );
  }
});

test("a cosine restarts at the very step, in cycles of equal length and in growing ones", () => {
  for (const one of cases(400)) {
    const [first, growth] = [length(), pick("1", "1", "2", "3", "1.5", "1.1", "1.25")];
    const spec = { kind: "cosine", low, length: Number(first), restarts: true, growth: Number(growth), unit: one.unit };
    expectFormula(one, spec, (time) => {
      let [rest, cycle] = [time, decimal(first)];
      if (growth === "1") rest = minus(time, times(cycle, [floor(over(time, cycle)), 1n]));
      else {
        while (!isBelow(rest, cycle)) {
          rest = minus(rest, cycle);
          cycle = times(cycle, decimal(growth));
        }
      }
      return cosine(value(over(rest, cycle)));
    });
  }
});

test("a cosine without restarts, and a polynomial, end where they end", () => {
  for (const one of cases(150)) {
    const end = length();
    const share = (time: Ratio): Ratio => (isBelow(time, decimal(end)) ? over(time, decimal(end)) : [1n, 1n]);
    const span = { low, length: Number(end), unit: one.unit };
    expectFormula(one, { kind: "cosine", ...span }, (time) => cosine(value(share(time))));
    expectFormula(
      one,
      { kind: "polynomial", power: 2, ...span },
      (time) => low + (learningRate - low) * value(minus([1n, 1n], share(time))) ** 2,
    );
  }
});

test("triangles begin anew at the very step", () => {
  for (const one of cases(200)) {
    const [rise, fall] = [length(), length()];
    const period = plus(decimal(rise), decimal(fall));
    const spec = { kind: "triangular2", low, high: 0.4, rise: Number(rise), fall: Number(fall), unit: one.unit };
    expectFormula(one, spec, (time) => {
      const cycle = floor(over(time, period));
      const into = minus(time, times(period, [cycle, 1n]));
      const height = isBelow(into, decimal(rise))
        ? over(into, decimal(rise))
        : over(minus(period, into), decimal(fall));
      return low + (0.4 - low) * value(height) * 0.5 ** Number(cycle);
    });
  }
});

/** Epochs or steps in steps, halves rounded up. */
function wholeSteps(text: string, unit: string, stepsPerEpoch: number): number {
  const exact = unit === "step" ? decimal(text) : times(decimal(text), [BigInt(stepsPerEpoch), 1n]);
  return Number(floor(plus(exact, [1n, 2n])));
}

test("warm-ups, one cycle and range tests take the nearest number of steps", () => {
  for (const { stepsPerEpoch, totalSteps } of cases(300)) {
    const [unit, text] = [pick("step", "epoch"), length()];
    const span = { length: Number(text), unit };
    const count = wholeSteps(text, unit, stepsPerEpoch);
    const at = (spec: object, step: number): number =>
      scheduleFunction(spec)({ step, stepsPerEpoch, totalSteps, learningRate }).learningRate;
    const where = `${JSON.stringify(span)}, ${stepsPerEpoch} steps an epoch`;
    const warmUp = { kind: "warmUp", from: 0, ...span };
    expect(at(warmUp, count), where).toBe(learningRate);
    if (count > 0) expect(at(warmUp, count - 1), where).toBeCloseTo((learningRate * (count - 1)) / count, 12);
    const last = Math.max(1, count) - 1;
    const oneCycle = { kind: "oneCycle", anneal: "linear", ...span };
    const lowest = learningRate / 25 / 1e4;
    expect(at(oneCycle, last), where).toBeCloseTo(lowest, 12);
    expect(at(oneCycle, last + 1), where).toBeCloseTo(lowest, 12);
    if (last > 0) expect(at(oneCycle, last - 1), where).toBeGreaterThan(1.001 * lowest);
    const range = { kind: "rangeTestLinear", low: 1, high: 2, ...span };
    if (count > 1) expect([at(range, count - 1), at(range, count - 2) < 2], where).toEqual([2, true]);
  }
});

test("a length that is a quotient of whole numbers counts as that quotient", () => {
  for (let stepsPerEpoch = 1; stepsPerEpoch <= 60; stepsPerEpoch++)
    for (let every = 1; every <= stepsPerEpoch; every++) {
      const schedule = scheduleFunction({
        kind: "cosine",
        restarts: true,
        unit: "epoch",
        length: every / stepsPerEpoch,
      });
      for (let step = 0; step <= 3 * stepsPerEpoch; step++) {
        const { learningRate: rate } = schedule({ step, stepsPerEpoch, totalSteps: 500, learningRate });
        expect(rate === learningRate, `${every} / ${stepsPerEpoch} at ${step}`).toBe(step % every === 0);
      }
    }
});
