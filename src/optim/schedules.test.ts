// Schedules as tables of numbers, and every one against PyTorch's over hundreds of steps.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expRange, oneCycle, rangeTestExponential, triangular, triangular2 } from "./cyclic-schedules.js";
import { constant, cosine, exponential, multiStep, polynomial, step } from "./decay-schedules.js";
import type { OptimizerPart } from "./optimizer.js";
import { adagrad } from "./optimizers/adagrad.js";
import { adam } from "./optimizers/adam.js";
import { sgd } from "./optimizers/sgd.js";
import { checkMomentum, dependsOnLength, scheduleFunction, schedules, warmUp } from "./schedules.js";

interface ScheduleFixture {
  readonly spec: { readonly kind: string; readonly [option: string]: unknown };
  readonly rates: readonly number[];
  readonly momenta?: readonly number[];
}
const file = new URL("../../tools/oracle/fixtures/schedules.json", import.meta.url);
const oracle = JSON.parse(readFileSync(file, "utf8")) as {
  readonly learningRate: number;
  readonly totalSteps: number;
  readonly steps: readonly number[];
  readonly fixtures: readonly ScheduleFixture[];
  /** One rate an epoch. */
  readonly epochFixtures: readonly ScheduleFixture[];
};

/** Rates at the given steps, with 4 steps an epoch and a rate of 0.5. */
const rates = (spec: unknown, ...steps: number[]): number[] =>
  steps.map(
    (number) =>
      scheduleFunction(spec)({ step: number, stepsPerEpoch: 4, totalSteps: 100, learningRate: 0.5 }).learningRate,
  );

test("constant gives the optimizer's rate at every step", () => {
  expect(rates(constant(), 0, 1, 1000)).toEqual([0.5, 0.5, 0.5]);
});

test("step multiplies at epoch ends or at steps, counted from 0", () => {
  expect(rates(step({ every: 2, factor: 0.5 }), 0, 7, 8, 15, 16)).toEqual([0.5, 0.5, 0.25, 0.25, 0.125]);
  expect(rates(step({ every: 3, factor: 0.5, unit: "step" }), 0, 2, 3, 5, 6)).toEqual([0.5, 0.5, 0.25, 0.25, 0.125]);
});

test("milestones count from the epoch or step that they name, in any order", () => {
  expect(rates(multiStep({ milestones: [3, 2], factor: 0.5 }), 7, 8, 11, 12)).toEqual([0.5, 0.25, 0.25, 0.125]);
});

test("an epoch's fraction counts unless whole epochs are asked for", () => {
  expect(rates(exponential({ factor: 0.25 }), 0, 2, 4)).toEqual([0.5, 0.25, 0.125]);
  expect(rates(exponential({ factor: 0.25, unit: "wholeEpoch" }), 0, 2, 4)).toEqual([0.5, 0.5, 0.125]);
  // 25 epochs are the whole training.
  expect(rates(polynomial({ unit: "epoch" }), 0, 50, 100, 200)).toEqual([0.5, 0.25, 0, 0]);
});

test("what has ended stays where it ended", () => {
  const low = 0.125;
  expect(rates(cosine({ low, length: 10 }), 10, 11, 500)).toEqual([low, low, low]);
  expect(rates(polynomial({ low, length: 10 }), 10, 11, 500)).toEqual([low, low, low]);
  expect(rates(rangeTestExponential({ low: 0.25, high: 8, length: 6 }), 0, 1, 5, 6, 500)).toEqual([0.25, 0.5, 8, 8, 8]);
  const [last, after] = rates(oneCycle({ length: 10 }), 9, 500);
  expect(last).toBeCloseTo(0.5 / 25 / 1e4, 15);
  expect(after).toBe(last);
});

test.each(oracle.fixtures)("$spec gives PyTorch's numbers", ({ spec, rates: wanted, momenta }) => {
  const { learningRate, totalSteps, steps } = oracle;
  const plan = scheduleFunction(spec);
  const largest = Math.max(...wanted);
  for (const [i, number] of steps.entries()) {
    const found = plan({ step: number, stepsPerEpoch: 7, totalSteps, learningRate });
    expect(Math.abs(found.learningRate - wanted[i]) / largest, `step ${number}`).toBeLessThan(1e-12);
    if (momenta === undefined) expect(found.momentum).toBeUndefined();
    else expect(Math.abs((found.momentum ?? Number.NaN) - momenta[i]), `step ${number}`).toBeLessThan(1e-12);
  }
});

test.each(oracle.epochFixtures)("$spec gives PyTorch's numbers once an epoch", ({ spec, rates: wanted }) => {
  const plan = scheduleFunction(spec);
  for (const [epoch, rate] of wanted.entries()) {
    // The first and the last step of the epoch. PyTorch multiplies again and again, we raise to a power.
    for (const number of [epoch * 7, epoch * 7 + 6]) {
      const found = plan({ step: number, stepsPerEpoch: 7, totalSteps: 140, learningRate: oracle.learningRate });
      expect(Math.abs(found.learningRate / rate - 1)).toBeLessThan(1e-12);
    }
  }
});

test("every schedule has numbers of PyTorch's to be compared with", () => {
  // A plateau needs losses: plateau-schedules.test.ts has PyTorch's definition.
  const kinds = Object.keys(schedules).filter((kind) => kind !== "reduceOnPlateau");
  expect(new Set(oracle.fixtures.map(({ spec }) => spec.kind))).toEqual(new Set(kinds));
});

test("cyclical rates are those of Smith's formulas", () => {
  const options = { low: 1e-3, high: 6e-3 };
  const at = (spec: unknown) =>
    rates(spec, 0, 1000, 2000, 3000, 4000, 5000, 6000).map((rate) => Number(rate.toFixed(8)));
  expect(at(triangular(options))).toEqual([0.001, 0.0035, 0.006, 0.0035, 0.001, 0.0035, 0.006]);
  expect(at(triangular2(options)).slice(4)).toEqual([0.001, 0.00225, 0.0035]);
  expect(at(expRange(options))).toEqual([0.001, 0.00335441, 0.00543459, 0.00308816, 0.001, 0.00285203, 0.00448834]);
});

test("a triangle without rates goes from a quarter of the optimizer's rate up to it, in epochs if asked for", () => {
  expect(rates(triangular({ rise: 2, unit: "epoch" }), 0, 4, 8, 16)).toEqual([0.125, 0.3125, 0.5, 0.125]);
});

test("a warm-up rises to the first rate of what follows, which has its own beginning and what is left of the training", () => {
  const spec = warmUp({ length: 10, unit: "step", from: 0.2, next: cosine() });
  const [first, middle] = rates(spec, 0, 5);
  expect([first, middle.toFixed(12)]).toEqual([0.1, "0.300000000000"]);
  expect(rates(spec, 10, 55, 100)).toEqual([0.5, 0.25, 0]);
  // 2 epochs of 4 steps.
  expect(rates(warmUp({ length: 2, from: 0 }), 0, 4, 8)).toEqual([0, 0.25, 0.5]);
});

test("momentum is never changed unless asked for", () => {
  for (const definition of Object.values(schedules)) {
    const value = scheduleFunction(definition())({ step: 3, stepsPerEpoch: 4, totalSteps: 100, learningRate: 0.5 });
    expect(value.momentum).toBeUndefined();
  }
  const spec = warmUp({ next: oneCycle({ cycleMomentum: true }) });
  const { momentum } = scheduleFunction(spec)({ step: 2, stepsPerEpoch: 4, totalSteps: 100, learningRate: 0.5 });
  expect(momentum).toBe(0.95);
});

describe("a momentum schedule", () => {
  const schedule = scheduleFunction(triangular({ cycleMomentum: true }));
  const check = (part: unknown, spec: { readonly kind: string }) => () =>
    checkMomentum(schedule, { part: part as OptimizerPart<unknown>, spec });

  test("drives optimizers that have momentum", () => {
    expect(check(sgd, sgd({ momentum: 0.5 }))).not.toThrow();
    expect(check(adam, adam())).not.toThrow();
  });

  test("is refused for those without", () => {
    expect(check(sgd, sgd())).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: optimizer (sgd).momentum: the schedule changes its momentum: expected above 0, received 0. Set momentum to 0.9, with which the schedule starts, or omit cycleMomentum]`,
    );
    expect(check(adagrad, adagrad())).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: optimizer (adagrad): it has no momentum that the schedule could change. Use a schedule without cycleMomentum, or an optimizer with momentum such as sgd or adam]`,
    );
  });
});

test("a schedule without a length of its own depends on that of the training", () => {
  expect([cosine(), oneCycle(), warmUp({ next: polynomial() })].map(dependsOnLength)).toEqual([true, true, true]);
  const fixed = [
    constant(),
    step(),
    triangular(),
    cosine({ length: 5 }),
    warmUp(),
    warmUp({ next: cosine({ length: 5 }) }),
  ];
  expect(fixed.map(dependsOnLength)).toEqual(fixed.map(() => false));
});

describe("specs", () => {
  test("survive JSON, and defaults are filled in", () => {
    for (const definition of Object.values(schedules)) {
      const spec = definition();
      expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
      expect(rates({ kind: definition.kind }, 0, 50)).toEqual(rates(spec, 0, 50));
    }
  });

  test("that are wrong are refused", () => {
    expect(() => scheduleFunction({ kind: "steps" })).toThrowErrorMatchingInlineSnapshot(
      `[UnknownNameError: schedule: unknown schedule "steps". Did you mean "step"? 14 are known]`,
    );
    expect(() => scheduleFunction({ kind: "step", every: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (step).every: expected a number above 0, received 0]`,
    );
    expect(() => scheduleFunction({ kind: "step", unit: "epochs" })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (step).unit: expected one of "step", "epoch", "wholeEpoch", received "epochs"]`,
    );
    expect(() => scheduleFunction({ kind: "constant", rate: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (constant): unknown option "rate". It takes no options]`,
    );
    expect(() =>
      scheduleFunction({ kind: "warmUp", next: { kind: "cosine", low: -1 } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (warmUp).next (cosine).low: expected a number at least 0, received -1]`,
    );
    expect(() => scheduleFunction({ kind: "warmUp", next: "cosine" })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (warmUp).next: expected a schedule, received "cosine"]`,
    );
  });
});
