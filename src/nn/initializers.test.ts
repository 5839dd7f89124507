// Initial values: mean and variance as the formulas say, and each parameter's own stream.
import { describe, expect, test } from "vitest";
import { type InitializerKind, type InitializerOption, initializers, initialValues } from "./initializers.js";

const fans = { fanIn: 40, fanOut: 60 };
const count = 20_000;
const drawn = (option: InitializerOption, { path = "0.weight", seed = 1, size = count } = {}): Float32Array =>
  initialValues(path, option, [size], fans, seed);

interface Expected {
  readonly mean?: number;
  readonly variance: number;
  /** Largest absolute value, for uniform ones. */
  readonly bound?: number;
  readonly option?: InitializerOption;
}

/** An initializer without a row does not type-check. */
const expected: Readonly<Record<InitializerKind, readonly Expected[]>> = {
  glorotNormal: [{ variance: 2 / 100 }, { variance: 8 / 100, option: { kind: "glorotNormal", gain: 2 } }],
  glorotUniform: [{ variance: 2 / 100, bound: Math.sqrt(6 / 100) }],
  heNormal: [{ variance: 2 / 40 }, { variance: 1 / 40, option: { kind: "heNormal", gain: 1 } }],
  heUniform: [{ variance: 2 / 40, bound: Math.sqrt(6 / 40) }],
  normal: [{ variance: 1e-4 }, { mean: 3, variance: 0.25, option: { kind: "normal", mean: 3, deviation: 0.5 } }],
  torchDefault: [{ variance: 1 / 120, bound: 1 / Math.sqrt(40) }],
  constant: [{ variance: 0 }, { mean: 0.5, variance: 0, option: { kind: "constant", value: 0.5 } }],
};

describe.each(Object.entries(expected))("%s", (kind, rows) => {
  test.each(rows)("mean and variance of %j", ({ mean = 0, variance, bound, option = kind }) => {
    const values = drawn(option);
    const found = values.reduce((sum, x) => sum + x, 0) / count;
    const spread = values.reduce((sum, x) => sum + (x - found) ** 2, 0) / count;
    // Four standard errors; of a normal variance 2 sigma^4 / n, of a uniform one less.
    expect(Math.abs(found - mean)).toBeLessThanOrEqual(4 * Math.sqrt(variance / count));
    expect(Math.abs(spread - variance)).toBeLessThanOrEqual(4 * variance * Math.sqrt(2 / count));
    const largest = Math.max(...values.map(Math.abs));
    if (bound !== undefined) {
      expect(largest).toBeLessThanOrEqual(Math.fround(bound));
      expect(largest).toBeGreaterThan(0.999 * bound);
    } else if (variance > 0) expect(largest).toBeGreaterThan(3 * Math.sqrt(variance));
  });

  test.skipIf(kind === "constant")("other seeds and other paths draw other, uncorrelated numbers", () => {
    const values = drawn(kind);
    expect(drawn(kind)).toEqual(values);
    // Fewer values are the first of more: nothing else is drawn in between.
    expect(drawn(kind, { size: 7 })).toEqual(values.slice(0, 7));
    const variance = values.reduce((sum, x) => sum + x * x, 0) / count;
    for (const other of [
      drawn(kind, { seed: 2 }),
      drawn(kind, { path: "1.weight" }),
      drawn(kind, { path: "0.bias" }),
    ]) {
      const correlation = values.reduce((sum, x, i) => sum + x * other[i], 0) / count / variance;
      expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(count));
    }
    const neighbors = values.reduce((sum, x, i) => sum + x * (values[i + 1] ?? 0), 0) / count / variance;
    expect(Math.abs(neighbors)).toBeLessThan(4 / Math.sqrt(count));
  });
});

test("every initializer has options that are complete by themselves", () => {
  for (const [kind, definition] of Object.entries(initializers)) expect(definition().kind).toBe(kind);
});

test("a large seed differs from its lower half", () => {
  expect(drawn("normal", { seed: 2 ** 32 + 1, size: 4 })).not.toEqual(drawn("normal", { seed: 1, size: 4 }));
});
