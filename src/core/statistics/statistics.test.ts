// Statistics, intervals, densities and CSV against SciPy 1.17.1 and by hand.
import { describe, expect, it } from "vitest";
import { writeCsv } from "../formats/csv.js";
import { kernelDensity, silvermanBandwidth } from "./density.js";
import { bootstrapEstimate, meanEstimate, pairedDifferenceEstimate, proportionEstimate } from "./intervals.js";
import { mean, quantile, sampleStandardDeviation } from "./statistics.js";

const accuracies = [98.1, 98.4, 98.3, 97.9, 98.6];
const others = [98.5, 98.6, 98.9, 98.0, 98.8];
const small = [0.1, 0.5, 0.4, 0.9, 1.3, 0.2, 0.8];

function expectInterval(interval: readonly [number, number] | undefined, low: number, high: number): void {
  expect(interval?.[0]).toBeCloseTo(low, 10);
  expect(interval?.[1]).toBeCloseTo(high, 10);
}

describe("descriptive statistics", () => {
  it("agree with NumPy", () => {
    expect(mean(accuracies)).toBeCloseTo(98.26, 12);
    expect(sampleStandardDeviation(accuracies)).toBeCloseTo(0.2701851217221237, 12);
    expect([0.1, 0.25, 0.5, 0.9].map((p) => quantile(small, p))).toEqual(
      [0.16, 0.3, 0.5, 1.06].map((value) => expect.closeTo(value, 12)),
    );
  });

  it("give equal numbers exactly their own mean and deviation 0", () => {
    const equal = new Array<number>(7).fill(0.1);
    expect(mean(equal)).toBe(0.1);
    expect(sampleStandardDeviation(equal)).toBe(0);
    expect(sampleStandardDeviation([3])).toBeNaN();
    expect(mean([])).toBeNaN();
  });
});

describe("intervals", () => {
  it("the t interval of a mean agrees with SciPy, and one value has none", () => {
    const estimate = meanEstimate(accuracies);
    expect(estimate).toMatchObject({ level: 0.95, method: "t", n: 5 });
    expectInterval(estimate.interval, 97.92452086150736, 98.59547913849268);
    expect(meanEstimate([4])).toEqual({ value: 4, level: 0.95, method: "t", n: 1 });
  });

  it("the paired interval agrees with SciPy and excludes 0 where two separate intervals overlap", () => {
    const estimate = pairedDifferenceEstimate(accuracies, others);
    expectInterval(estimate.interval, 0.051667200359239246, 0.5483327996407608);
    expect(meanEstimate(others).interval?.[0]).toBeLessThan(meanEstimate(accuracies).interval?.[1] ?? 0);
  });

  it.each([
    [946, 1000, 0.9302078451539475, 0.9583786862769372],
    [0, 10, 0, 0.27753279986288926],
    [10, 10, 0.7224672001371109, 1],
    [1, 29, 0.006113214292762667, 0.17175521879320282],
  ])("the Wilson interval of %i in %i agrees with SciPy", (successes, n, low, high) => {
    expectInterval(proportionEstimate(successes, n).interval, low, high);
  });

  it("the bootstrap of a mean is near the t interval, and repeats with its seed", () => {
    const values = Array.from({ length: 40 }, (_, i) => Math.sin(i * 1.7) + 0.01 * i);
    const [low, high] = meanEstimate(values).interval ?? [];
    const first = bootstrapEstimate(values, mean, { seed: 3 });
    expect(first.interval?.[0]).toBeCloseTo(low ?? 0, 1);
    expect(first.interval?.[1]).toBeCloseTo(high ?? 0, 1);
    expect(bootstrapEstimate(values, mean, { seed: 3 })).toEqual(first);
    expect(bootstrapEstimate(values, mean, { seed: 4 })).not.toEqual(first);
  });

  it("are refused for an invalid sample, with the reason", () => {
    expect(() => meanEstimate([])).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: meanEstimate: cannot estimate: expected at least one value, all finite, received none. Leave out diverged trials first, and say how many]`,
    );
    expect(() => meanEstimate([1, Number.NaN])).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: meanEstimate: cannot estimate: expected at least one value, all finite, received NaN. Leave out diverged trials first, and say how many]`,
    );
    expect(() => meanEstimate([1, 2], 95)).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: meanEstimate: not a confidence level: expected 0 < level < 1, received 95]`,
    );
    expect(() => pairedDifferenceEstimate([1], [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: pairedDifferenceEstimate: pairs need as many first as second values: expected 1, received 2]`,
    );
    expect(() => proportionEstimate(11, 10)).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: proportionEstimate: not a proportion: expected integers with 0 <= successes <= n and n >= 1, received 11 of 10]`,
    );
  });
});

describe("kernel density", () => {
  it("agrees with SciPy's Gaussian kernel at Silverman's bandwidth", () => {
    expect(silvermanBandwidth(small)).toBeCloseTo(0.25031149412928216, 12);
    const { positions, densities } = kernelDensity(small, 3) ?? { positions: [], densities: [] };
    expect(positions).toEqual([0.1, 0.7, 1.3].map((value) => expect.closeTo(value, 12)));
    expect(densities).toEqual([0.61837586, 0.70888433, 0.32390679].map((value) => expect.closeTo(value, 7)));
  });

  it("is undefined for equal values, one value or none", () => {
    expect(kernelDensity([2, 2, 2])).toBeUndefined();
    expect(kernelDensity([2])).toBeUndefined();
    expect(kernelDensity([])).toBeUndefined();
  });

  it("falls back to the deviation if the quartiles coincide", () => {
    expect(silvermanBandwidth([0, 0, 0, 0, 0, 0, 0, 1])).toBeGreaterThan(0);
  });
});

describe("CSV", () => {
  it("quotes as in RFC 4180, keeps all digits, and leaves null empty", () => {
    const rows = [
      { name: 'a "b", c', value: 0.1 + 0.2 },
      { name: "two\nlines", value: Number.NaN, extra: true },
      { name: "plain", value: null },
    ];
    expect(writeCsv(rows)).toBe(
      'name,value,extra\r\n"a ""b"", c",0.30000000000000004,\r\n"two\nlines",NaN,true\r\nplain,,\r\n',
    );
    expect(writeCsv([], ["x"])).toBe("x\r\n");
  });
});
