// Initial values have the mean and variance of their formulas, and each parameter has its own stream.
import { describe, expect, test } from "vitest";
import {
  type InitializerKind,
  type InitializerOption,
  initializers,
  initialValues,
  readInitializer,
} from "./initializers.js";

const fans = { fanIn: 40, fanOut: 60 };
const count = 20_000;
const drawn = (option: InitializerOption, { path = "0.weight", seed = 1, size = count } = {}): Float32Array =>
  initialValues(path, option, shapeOf(option, size), fans, seed);

/** Rows of 40 inputs for initializers that depend on rows. */
function shapeOf(option: InitializerOption, size: number): readonly number[] {
  const kind = typeof option === "string" ? option : option.kind;
  return /orthogonal|identity|Asymmetric/.test(kind) ? [Math.ceil(size / 40), 40] : [size];
}

interface Expected {
  readonly mean?: number;
  readonly variance: number;
  /** Largest absolute value, if bounded. */
  readonly bound?: number;
  /** Fourth central moment over the squared variance, if above that of a normal. */
  readonly kurtosis?: number;
  readonly option?: InitializerOption;
}

/** One entry of 41 is drawn from Beta(2, 1), of mean 2/3 and second moment 1/2; the others have variance 0.6007^2 / 40. */
const asymmetricMean = 2 / 3 / 41;
const asymmetricVariance = (0.5 + 0.6007 ** 2) / 41 - asymmetricMean ** 2;
/** Variance of a standard normal between a and b, with density f and distribution F: 1 + (a f(a) - b f(b)) / F - mean^2. */
const cutVariance = 0.7737413035499232;
// a = 0, b = 1: mean (f(0) - f(1)) / (F(1) - F(0)), variance 1 - f(1) / (F(1) - F(0)) - mean^2.
const [cutMean, oneSided] = [0.45986223, 1 - 0.24197072 / 0.34134475 - 0.45986223 ** 2];

/** An initializer without a row does not type-check. */
const expected: Readonly<Record<InitializerKind, readonly Expected[]>> = {
  glorotNormal: [
    { variance: 2 / 100 },
    { variance: 8 / 100, option: { kind: "glorotNormal", gain: 2 } },
    { variance: 1 / 60, option: "glorot-normal:fan-mode=fan-out" },
  ],
  glorotUniform: [
    { variance: 2 / 100, bound: Math.sqrt(6 / 100) },
    { variance: 25 / 9 / 40, bound: Math.sqrt(75 / 9 / 40), option: "glorotUniform:gain=tanh,fanMode=fanIn" },
  ],
  heNormal: [
    { variance: 2 / 40 },
    { variance: 1 / 40, option: { kind: "heNormal", gain: 1 } },
    { variance: 2 / 60, option: { kind: "heNormal", fanMode: "fanOut" } },
    {
      variance: 2 / 40,
      bound: (2 * Math.sqrt(2 / 40)) / Math.sqrt(cutVariance),
      option: { kind: "heNormal", truncated: true },
    },
  ],
  heUniform: [
    { variance: 2 / 40, bound: Math.sqrt(6 / 40) },
    { variance: 2 / 50, bound: Math.sqrt(6 / 50), option: { kind: "heUniform", fanMode: "fanAvg" } },
  ],
  lecunNormal: [{ variance: 1 / 40 }, { variance: 9 / 16 / 40, option: { kind: "lecunNormal", gain: "selu" } }],
  lecunUniform: [{ variance: 1 / 40, bound: Math.sqrt(3 / 40) }],
  normal: [{ variance: 1e-4 }, { mean: 3, variance: 0.25, option: { kind: "normal", mean: 3, deviation: 0.5 } }],
  truncatedNormal: [
    { variance: 4e-4 * cutVariance, bound: 0.04 },
    {
      mean: cutMean,
      variance: oneSided,
      bound: 1,
      option: { kind: "truncatedNormal", deviation: 1, low: 0, high: 1 },
    },
  ],
  uniform: [
    { variance: 0.01 / 12, bound: 0.05 },
    { mean: 0.5, variance: 1 / 12, bound: 1, option: "uniform:low=0,high=1" },
  ],
  torchDefault: [{ variance: 1 / 120, bound: 1 / Math.sqrt(40) }],
  orthogonal: [{ variance: 1 / 500 }, { variance: 4 / 500, option: { kind: "orthogonal", gain: 2 } }],
  identity: [{ mean: 1 / 500, variance: 1 / 500 - 1 / 500 ** 2, bound: 1 }],
  randomizedAsymmetric: [{ mean: asymmetricMean, variance: asymmetricVariance, kurtosis: 18 }],
  zeros: [{ variance: 0 }],
  ones: [{ mean: 1, variance: 0 }],
  constant: [{ variance: 0 }, { mean: 0.5, variance: 0, option: { kind: "constant", value: 0.5 } }],
};

/** Initializers that draw nothing. */
const fixed: readonly string[] = ["identity", "zeros", "ones", "constant"];

describe.each(Object.entries(expected))("%s", (kind, rows) => {
  test.each(rows)("has mean and variance %j", ({ mean = 0, variance, bound, kurtosis = 3, option = kind }) => {
    const values = drawn(option);
    const found = values.reduce((sum, x) => sum + x, 0) / count;
    const spread = values.reduce((sum, x) => sum + (x - found) ** 2, 0) / count;
    // Four standard errors: the variance of a normal has 2 sigma^4 / n, that of a uniform less.
    expect(Math.abs(found - mean)).toBeLessThanOrEqual(4 * Math.sqrt(variance / count));
    expect(Math.abs(spread - variance)).toBeLessThanOrEqual(4 * variance * Math.sqrt((kurtosis - 1) / count));
    const largest = Math.max(...values.map(Math.abs));
    if (bound !== undefined) {
      expect(largest).toBeLessThanOrEqual(Math.fround(bound));
      expect(largest).toBeGreaterThan(0.999 * bound);
    } else if (variance > 0) expect(largest).toBeGreaterThan(3 * Math.sqrt(variance));
  });

  test.skipIf(fixed.includes(kind))("draws other, uncorrelated numbers for other seeds and paths", () => {
    const values = drawn(kind);
    expect(drawn(kind)).toEqual(values);
    // A shorter tensor has the first values of a longer one, since nothing else is drawn in between.
    if (kind !== "orthogonal") expect(drawn(kind, { size: 80 })).toEqual(values.slice(0, 80));
    const variance = values.reduce((sum, x) => sum + x * x, 0) / count;
    for (const other of [
      drawn(kind, { seed: 2 }),
      drawn(kind, { path: "1.weight" }),
      ...(kind === "randomizedAsymmetric" ? [] : [drawn(kind, { path: "0.bias" })]),
    ]) {
      const correlation = values.reduce((sum, x, i) => sum + x * other[i], 0) / count / variance;
      expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(count));
    }
    const neighbors = values.reduce((sum, x, i) => sum + x * (values[i + 1] ?? 0), 0) / count / variance;
    expect(Math.abs(neighbors)).toBeLessThan(4 / Math.sqrt(count));
  });
});

test("every initializer has defaults for all options", () => {
  for (const [kind, definition] of Object.entries(initializers)) expect(definition().kind).toBe(kind);
});

test("a large seed gives other values than its lower half", () => {
  expect(drawn("normal", { seed: 2 ** 32 + 1, size: 4 })).not.toEqual(drawn("normal", { seed: 1, size: 4 }));
});

test("names and options can be written as one text, in camelCase or kebab-case", () => {
  const same: readonly (readonly [InitializerOption, InitializerOption])[] = [
    ["he-normal:fan-mode=fan-out,gain=leaky-relu", { kind: "heNormal", fanMode: "fanOut", gain: "leakyRelu" }],
    ["HeNormal:gain=1.5, truncated=true", { kind: "heNormal", gain: 1.5, truncated: true }],
    ["constant:value=1e-3", { kind: "constant", value: 0.001 }],
  ];
  for (const [text, spec] of same)
    expect(readInitializer("here", text).spec).toEqual(readInitializer("here", spec).spec);
});

test("invalid specs, and initializers that do not fit a parameter, are refused", () => {
  const messageOf = (option: InitializerOption, shape: readonly number[] = [3, 4]): string => {
    try {
      initialValues("0.weight", option, shape, fans, 1);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error(`${JSON.stringify(option)} was not refused`);
  };
  const messages = [
    messageOf("heNormla"),
    messageOf("heNormal:fan=2"),
    messageOf("heNormal:gain"),
    messageOf("heNormal:gain=softmax"),
    messageOf("heNormal:kind=zeros"),
    messageOf("uniform:low=1,high=1"),
    messageOf("truncatedNormal:low=7,high=8"),
    messageOf("normal:deviation=1e300"),
    messageOf("heNormal:gain=0x10"),
    // The option is valid, but some of forty numbers drawn with it are not finite.
    messageOf("normal:deviation=3e38", [40]),
    messageOf("orthogonal", [12]),
    messageOf("identity:groups=2"),
    messageOf("randomizedAsymmetric"),
  ];
  expect(messages).toMatchInlineSnapshot(`
    [
      "0.weight: unknown initializer "heNormla". Did you mean "heNormal"? 16 are known",
      "0.weight "heNormal:fan=2": unknown option "fan". Did you mean "gain"? Valid: gain, fanMode, truncated",
      "0.weight "heNormal:gain": an option cannot be read: expected name=value, with commas between several, received "gain"",
      "0.weight (heNormal).gain: expected a positive number, or one of linear, sigmoid, tanh, relu, leakyRelu, selu, received "softmax"",
      "0.weight "heNormal:kind=zeros": unknown option "kind". Valid: gain, fanMode, truncated",
      "0.weight: no value lies between the bounds: expected low below high, received low 1, high 1",
      "0.weight (truncatedNormal).low: expected a number at most 6, received 7",
      "0.weight (normal).deviation: the number is too large for float32: expected a number from -3.4028235e38 to 3.4028235e38, received 1e+300",
      "0.weight (heNormal).gain: expected a positive number, or one of linear, sigmoid, tanh, relu, leakyRelu, selu, received "0x10"",
      "0.weight, initial value 1: the number is too large for float32: expected a number from -3.4028235e38 to 3.4028235e38, received 5.332300324188186e+38",
      "0.weight: orthogonal fills matrices and filters: expected a parameter with at least two axes, received [12]. Use zeros or constant for a bias",
      "0.weight: groups do not divide the filters: expected a multiple of 2 filters, received [3, 4]",
      "0.weight: randomizedAsymmetric fills the weights of dense layers and convolutions: expected rows of 40 weights, the inputs of one unit, received [3, 4]",
    ]
  `);
});
