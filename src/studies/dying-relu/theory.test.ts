// The theory of networks that are born dead, against values counted by others, closed forms and simulation.
import { describe, expect, it } from "vitest";
import { simulatedBornDead } from "./simulation.js";
import { bornDeadBounds, exactBornDead, oneSignedDeath, paperLowerBound } from "./theory.js";

/** Four million simulated networks of two units per layer, from an independent program: standard error 2.5e-4 or less. */
const counted: Readonly<Record<number, number>> = {
  2: 0.1563,
  3: 0.3401,
  5: 0.6217,
  8: 0.8401,
  9: 0.8801,
  10: 0.9101,
  11: 0.9326,
  20: 0.9949,
};

describe("the exact probability", () => {
  it("is 0 for one hidden layer and 5/32 for two, with two units each", () => {
    const exact = exactBornDead(2, 2) ?? [];
    expect(exact[0]).toBe(0);
    expect(exact[1]).toBeCloseTo(5 / 32, 9);
  });

  it("agrees with networks counted by an independent program", () => {
    const exact = exactBornDead(20, 2) ?? [];
    for (const [depth, share] of Object.entries(counted)) {
      expect(Math.abs(exact[Number(depth) - 1] - share), `${depth} layers`).toBeLessThan(5e-4);
    }
  });

  it("halves the survivors with every layer of one unit after the first", () => {
    expect(exactBornDead(4, 1)).toEqual([0, 0.5, 0.75, 0.875]);
  });

  it("is not claimed for three units", () => {
    expect(exactBornDead(4, 3)).toBeUndefined();
  });
});

describe("the bounds", () => {
  it.each([1, 2, 3, 5, 10])("enclose simulated networks of width %i", (units) => {
    for (const [i, { interval = [0, 1] }] of simulatedBornDead(12, units, 20_000, 3).entries()) {
      const [low, high] = bornDeadBounds(i + 1, units);
      expect(interval[1], `${i + 1} layers`).toBeGreaterThanOrEqual(low);
      expect(interval[0], `${i + 1} layers`).toBeLessThanOrEqual(high);
      expect(interval[1], `${i + 1} layers, bound of the paper`).toBeGreaterThanOrEqual(
        paperLowerBound(i + 1, units) - 1e-12,
      );
    }
  });

  it("are those of the paper and of this page at 10 layers of 2 units", () => {
    expect(paperLowerBound(10, 2)).toBeCloseTo(0.9026, 4);
    expect(bornDeadBounds(10, 2)[0]).toBeCloseTo(0.8902, 4);
    expect(bornDeadBounds(10, 2)[1]).toBeCloseTo(0.9249, 4);
  });

  it("of the paper are exact for two hidden layers", () => {
    expect(paperLowerBound(2, 2)).toBeCloseTo(5 / 32, 12);
  });
});

describe("simulated networks", () => {
  it.each([1, 2])("agree with the exact value at width %i", (units) => {
    const exact = exactBornDead(12, units) ?? [];
    for (const [i, { value }] of simulatedBornDead(12, units, 40_000).entries()) {
      expect(Math.abs(value - exact[i]), `${i + 1} layers`).toBeLessThan(4 * 0.0025);
    }
  });

  it("are the same for the same seed, and others for another", () => {
    expect(simulatedBornDead(5, 3, 2000, 1)).toEqual(simulatedBornDead(5, 3, 2000, 1));
    expect(simulatedBornDead(5, 3, 2000, 1)).not.toEqual(simulatedBornDead(5, 3, 2000, 2));
  });
});

it("a point of one sign survives each layer with 1 - 2^-N", () => {
  expect(oneSignedDeath(10, 2)).toBeCloseTo(1 - 0.75 ** 10, 12);
});
