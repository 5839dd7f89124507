// Verdicts follow from intervals: inside the region, outside it, or across its edge.
import { expect, test } from "vitest";
import type { Estimate } from "../../core/statistics/intervals.js";
import { judge, type Region } from "./judge.js";
import { percentText } from "./number-text.js";

const estimate = (low: number, high: number): Estimate => ({
  value: (low + high) / 2,
  interval: [low, high],
  level: 0.95,
  method: "t",
  n: 3,
});

const verdict = (low: number, high: number, region: Region) =>
  judge(estimate(low, high), region, { what: "It" }).verdict;

test.each<[string, Region, readonly [number, number], readonly [number, number]]>([
  ["above", { above: 1 }, [1.1, 2], [0, 0.9]],
  ["below", { below: 1 }, [0, 0.9], [1.1, 2]],
  ["within", { within: [-1, 1] }, [-0.5, 0.5], [1.5, 2]],
])("%s: supported inside, not supported outside, inconclusive across or at the edge", (_, region, inside, outside) => {
  expect(verdict(...inside, region)).toBe("supported");
  expect(verdict(...outside, region)).toBe("not supported");
  expect(verdict(0.5, 1.5, region)).toBe("inconclusive");
  expect(verdict(1, 1, region)).toBe("inconclusive");
});

test("the evidence gives the number, its unit and its number of replicates", () => {
  const options = { what: "A minus B", unit: "points" };
  expect(judge(estimate(1, 2), { above: 0 }, options).evidence).toBe(
    "A minus B: 1.50 [1.00, 2.00] points over 3 seeds.",
  );
  expect(judge({ ...estimate(1, 2), of: 5 }, { above: 0 }, options).evidence).toBe(
    "A minus B: 1.50 [1.00, 2.00] points over 3 of 5 seeds.",
  );
  const share = { ...estimate(0.6, 0.7), n: 1000 };
  expect(judge(share, { above: 0.9 }, { what: "Dead", text: percentText, replicates: "network" })).toEqual({
    verdict: "not supported",
    evidence: "Dead: 65.0 % [60.0, 70.0] over 1,000 networks.",
  });
});

test("one replicate or none is inconclusive", () => {
  const one: Estimate = { value: 99, level: 0.95, method: "t", n: 1 };
  expect(judge(one, { above: 0 }, { what: "It" })).toEqual({
    verdict: "inconclusive",
    evidence: "It: 99.00 over 1 seed. One seed gives no interval.",
  });
  expect(judge(undefined, { above: 0 }, { what: "It" }).verdict).toBe("inconclusive");
});
