// Schedules as tables of numbers, and the step schedule against PyTorch's StepLR.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { constant, scheduleFunction, schedules, step } from "./schedules.js";

interface StepFixture {
  readonly every: number;
  readonly factor: number;
  readonly learningRate: number;
  /** One rate an epoch. */
  readonly rates: readonly number[];
}
const file = new URL("../../tools/oracle/fixtures/optimizers.json", import.meta.url);
const fixtures = (JSON.parse(readFileSync(file, "utf8")) as { schedules: readonly StepFixture[] }).schedules;

/** Rates at the given steps, with 4 steps an epoch and a rate of 0.5. */
const rates = (spec: unknown, ...steps: number[]): number[] =>
  steps.map((number) => scheduleFunction(spec)({ step: number, stepsPerEpoch: 4, learningRate: 0.5 }));

test("constant gives the optimizer's rate at every step", () => {
  expect(rates(constant(), 0, 1, 1000)).toEqual([0.5, 0.5, 0.5]);
});

test("step multiplies at epoch ends or at steps, counted from 0", () => {
  expect(rates(step({ every: 2, factor: 0.5 }), 0, 7, 8, 15, 16)).toEqual([0.5, 0.5, 0.25, 0.25, 0.125]);
  expect(rates(step({ every: 3, factor: 0.5, unit: "step" }), 0, 2, 3, 5, 6)).toEqual([0.5, 0.5, 0.25, 0.25, 0.125]);
});

test.each(fixtures)(
  "step every $every epochs by $factor equals PyTorch's StepLR",
  ({ every, factor, learningRate, rates: expected }) => {
    const rate = scheduleFunction(step({ every, factor }));
    for (const [epoch, wanted] of expected.entries()) {
      // The first and the last step of the epoch. PyTorch multiplies again and again, we raise to a power.
      for (const number of [epoch * 7, epoch * 7 + 6]) {
        expect(Math.abs(rate({ step: number, stepsPerEpoch: 7, learningRate }) / wanted - 1)).toBeLessThan(1e-13);
      }
    }
  },
);

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
      `[UnknownNameError: schedule: unknown schedule "steps". Did you mean "step"? Valid: constant, step]`,
    );
    expect(() => scheduleFunction({ kind: "step", every: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (step).every: expected a number above 0, received 0]`,
    );
    expect(() => scheduleFunction({ kind: "step", unit: "epochs" })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (step).unit: expected one of "epoch", "step", received "epochs"]`,
    );
    expect(() => scheduleFunction({ kind: "constant", rate: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: schedule (constant): unknown option "rate". It takes no options]`,
    );
  });
});
