import { expect, test } from "vitest";
import { isMet, ratioOfMedians, spreadOf } from "./measurement.js";

test("the ratio is that of the medians, and its range is that of neighboring turns", () => {
  // Both were disturbed in the third round, only the peer in the fourth.
  expect(ratioOfMedians([5, 4, 10, 5], [6, 6, 11, 30])).toEqual({ value: 8.5 / 5, low: 1.1, high: 6 });
  expect(ratioOfMedians([2], [3])).toEqual({ value: 1.5, low: 1.5, high: 1.5 });
});

test("a spread consists of the median and its extremes", () => {
  expect(spreadOf([3, 1, 2, 9])).toEqual({ value: 2.5, low: 1, high: 9 });
});

test("a budget bounds the ratio or our time from above or below; without a ratio there is no verdict", () => {
  const figure = (value: number) => ({ ...spreadOf([value]), setting: "" });
  const fast = { of: "ratio", bound: "at least", value: 1 } as const;
  const cheap = { of: "ratio", bound: "at most", value: 1.05 } as const;
  const soon = { of: "ours", bound: "at most", value: 2 } as const;
  expect(isMet({ must: fast, ours: figure(5), ratio: spreadOf([1]) })).toBe(true);
  expect(isMet({ must: fast, ours: figure(5), ratio: spreadOf([0.99]) })).toBe(false);
  expect(isMet({ must: cheap, ours: figure(5), ratio: spreadOf([1.06]) })).toBe(false);
  expect(isMet({ must: soon, ours: figure(2) })).toBe(true);
  expect(isMet({ must: soon, ours: figure(2.1), ratio: spreadOf([0]) })).toBe(false);
  expect(isMet({ must: fast, ours: figure(5) })).toBeUndefined();
  expect(isMet({ ours: figure(5) })).toBeUndefined();
});
