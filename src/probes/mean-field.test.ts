// The recursion against the published numbers of five networks, closed forms, and networks drawn at random.
import { describe, expect, test } from "vitest";
import { randomStream } from "../core/random/rng.js";
import { normalProbability } from "../core/statistics/special-functions.js";
import { relu, sigmoid, tanh } from "../nn/activations.js";
import type { LayerSpec } from "../nn/layer.js";
import { pointwise } from "../nn/pointwise.js";
import {
  activationMoments,
  edgeOfChaos,
  fixedVariance,
  meanField,
  outputFraction,
  type RandomLayer,
} from "./mean-field.js";

const width = 100;
/** Mean square of a feature of MNIST scaled to [0, 1]. */
const mnistSquare = 0.1307 ** 2 + 0.3081 ** 2;

/** The report's network: a linear layer of 784 inputs, then five of `width`. */
function reportNetwork(activation: LayerSpec, first: number, hidden: number): RandomLayer[] {
  const rest = { fanIn: width, weightVariance: hidden, activation: pointwise(activation) };
  return [{ fanIn: 784, weightVariance: first }, ...Array.from({ length: 5 }, () => rest)];
}

const normal = (deviation: number) => [deviation ** 2, deviation ** 2] as const;
const glorot = [2 / 884, 2 / 200] as const;
const he = [2 / 784, 2 / 100] as const;

/**
 * Pre-activation deviation, activation deviation and chi of the layers 1 to 5, computed by an independent program with a
 * coarser rule: it is off by up to 0.4 % for the steepest functions.
 */
type Rows = readonly (readonly [number, number, number])[];
const steady = (row: readonly [number, number, number], times: number): Rows =>
  Array.from({ length: times }, () => row);
const published: readonly [string, LayerSpec, readonly [number, number], Rows][] = [
  [
    "tanh 0.10",
    tanh(),
    normal(0.1),
    [
      [0.937, 0.609, 0.488],
      [0.609, 0.477, 0.648],
      [0.477, 0.402, 0.733],
      [0.402, 0.354, 0.786],
      [0.354, 0.319, 0.822],
    ],
  ],
  [
    "tanh 0.14",
    tanh(),
    normal(0.14),
    [
      [1.837, 0.78, 0.543],
      [1.092, 0.653, 0.85],
      [0.914, 0.602, 0.974],
      [0.842, 0.577, 1.033],
      [0.808, 0.564, 1.064],
    ],
  ],
  [
    "tanh 0.28",
    tanh(),
    normal(0.28),
    [
      // The program says 0.720 for chi, too coarse: for large s, E sech^4(s z) = (4 / 3) / (s sqrt(2 pi)).
      [7.347, 0.941, (7.84 * 4) / 3 / (7.347 * Math.sqrt(2 * Math.PI))],
      [2.636, 0.845, 1.547],
      [2.365, 0.827, 1.715],
      [2.316, 0.824, 1.749],
      [2.306, 0.823, 1.756],
    ],
  ],
  [
    "tanh Glorot",
    tanh(),
    glorot,
    [
      [0.446, 0.383, 0.755],
      [0.383, 0.34, 0.8],
      [0.34, 0.308, 0.832],
      [0.308, 0.284, 0.855],
      [0.284, 0.264, 0.873],
    ],
  ],
  [
    "sigmoid 0.10",
    sigmoid(),
    normal(0.1),
    [
      [0.937, 0.199, 0.046],
      [0.538, 0.126, 0.055],
      [0.516, 0.121, 0.056],
      [0.515, 0.121, 0.056],
      [0.514, 0.121, 0.056],
    ],
  ],
  [
    "sigmoid 0.14",
    sigmoid(),
    normal(0.14),
    [
      [1.837, 0.301, 0.061],
      [0.817, 0.179, 0.096],
      [0.743, 0.166, 0.099],
      [0.738, 0.165, 0.099],
      [0.737, 0.165, 0.099],
    ],
  ],
  [
    "sigmoid 0.28",
    sigmoid(),
    normal(0.28),
    [
      [7.347, 0.444, 0.07],
      [1.873, 0.304, 0.239],
      [1.639, 0.284, 0.263],
      [1.61, 0.282, 0.266],
      [1.607, 0.281, 0.267],
    ],
  ],
  [
    "sigmoid Glorot",
    sigmoid(),
    glorot,
    [[0.446, 0.106, 0.057], [0.511, 0.121, 0.056], ...steady([0.514, 0.121, 0.056], 3)],
  ],
  [
    "ReLU Glorot",
    relu(),
    glorot,
    [
      [0.446, 0.261, 0.5],
      [0.315, 0.184, 0.5],
      [0.223, 0.13, 0.5],
      [0.158, 0.092, 0.5],
      [0.111, 0.065, 0.5],
    ],
  ],
  ["ReLU He", relu(), he, steady([0.669, 0.392, 1], 5)],
];

describe("the report's network", () => {
  test.each(published)(
    "%s: deviations and chi of all five layers, to the published digits or 0.4 %",
    (_, activation, [first, hidden], rows) => {
      const signals = meanField(reportNetwork(activation, first, hidden), mnistSquare).slice(1);
      for (const [layer, [pre, post, chi]] of rows.entries()) {
        const off = (found: number, wanted: number): number =>
          Math.min(Math.abs(found - wanted) - 0.00105, Math.abs(found / wanted - 1) - 0.004);
        expect(off(signals[layer].preActivationDeviation, pre), `layer ${layer + 1}, pre`).toBeLessThan(0);
        expect(off(signals[layer].activationDeviation, post), `layer ${layer + 1}, post`).toBeLessThan(0);
        expect(off(signals[layer].gradientFactor, chi), `layer ${layer + 1}, chi`).toBeLessThan(0);
      }
    },
  );

  test.each<[string, LayerSpec, readonly [number, number], (y: number) => boolean, number, number]>([
    ["tanh 0.10", tanh(), normal(0.1), (y) => Math.abs(y) > 0.9, 0.1, 0],
    ["tanh 0.14", tanh(), normal(0.14), (y) => Math.abs(y) > 0.9, 0.44, 0.06],
    ["tanh 0.28", tanh(), normal(0.28), (y) => Math.abs(y) > 0.9, 0.91, 0.58],
    ["tanh Glorot", tanh(), glorot, (y) => Math.abs(y) > 0.9, 0, 0],
    ["sigmoid 0.10", sigmoid(), normal(0.1), (y) => y < 0.1 || y > 0.9, 0.02, 0],
    ["sigmoid 0.14", sigmoid(), normal(0.14), (y) => y < 0.1 || y > 0.9, 0.22, 0],
    ["sigmoid 0.28", sigmoid(), normal(0.28), (y) => y < 0.1 || y > 0.9, 0.74, 0.15],
    ["sigmoid Glorot", sigmoid(), glorot, (y) => y < 0.1 || y > 0.9, 0, 0],
    ["zeros of ReLU Glorot", relu(), glorot, (y) => y === 0, 0.5, 0.5],
    ["zeros of ReLU He", relu(), he, (y) => y === 0, 0.5, 0.5],
  ])("%s: saturated or zero fraction of the layers 1 and 5", (_, activation, [first, hidden], holds, one, five) => {
    const signals = meanField(reportNetwork(activation, first, hidden), mnistSquare).slice(1);
    const fraction = (layer: number) => outputFraction(pointwise(activation), signals[layer].variance, holds);
    // Counted on few nodes: a fraction near one half is off by 0.07.
    expect(Math.abs(fraction(0) - one)).toBeLessThan(0.07);
    expect(Math.abs(fraction(4) - five)).toBeLessThan(0.07);
  });

  test("fractions and the moments of ReLU are those of closed forms", () => {
    const upper = (place: number): number => 2 * (1 - normalProbability(place));
    for (const deviation of [0.354, 0.937, 2.636, 7.347]) {
      const [tanhs, sigmoids] = [pointwise(tanh()), pointwise(sigmoid())];
      const saturated = outputFraction(tanhs, deviation ** 2, (y) => Math.abs(y) > 0.9);
      expect(Math.abs(saturated - upper(Math.atanh(0.9) / deviation))).toBeLessThan(5e-4);
      const extreme = outputFraction(sigmoids, deviation ** 2, (y) => y < 0.1 || y > 0.9);
      expect(Math.abs(extreme - upper(Math.log(9) / deviation))).toBeLessThan(5e-4);
      const { mean, second, slope } = activationMoments(pointwise(relu()), deviation ** 2);
      expect(mean).toBeCloseTo(deviation / Math.sqrt(2 * Math.PI), 10);
      expect(second).toBeCloseTo(deviation ** 2 / 2, 10);
      expect(slope).toBeCloseTo(0.5, 10);
    }
  });
});

test.each<[string, LayerSpec, number, number, readonly number[], readonly number[]]>([
  ["sigmoid 0.01", sigmoid(), 1e-4, 1e-4, [0.0079, 0.0125, 0.0125], [0.0006, 0.0006]],
  ["tanh 0.01", tanh(), 1e-4, 1e-4, [0.0316, 0.0032, 0.00032], [0.01, 0.01]],
  ["tanh 1", tanh(), 1, 1, [0.87, 0.947, 0.949], [16.6, 6.1]],
  ["tanh Glorot", tanh(), 2 / 110, 2 / 200, [0.37, 0.331, 0.301, 0.278, 0.26], [0.77]],
  ["ReLU He", relu(), 2 / 10, 2 / 100, [0.827, 0.827, 0.827, 0.827, 0.827], [1, 1]],
])("the block on ten inputs of variance 1: %s", (_, activation, first, hidden, deviations, factors) => {
  const made = (fanIn: number, weightVariance: number) => ({
    fanIn,
    weightVariance,
    activation: pointwise(activation),
  });
  const signals = meanField([made(10, first), ...Array.from({ length: 4 }, () => made(width, hidden))], 1);
  for (const [layer, value] of deviations.entries())
    expect(Math.abs(signals[layer].activationDeviation / value - 1), `layer ${layer + 1}`).toBeLessThan(0.02);
  // Published with the weights of the layer that follows.
  for (const [layer, value] of factors.entries())
    expect(Math.abs((width * hidden * signals[layer].slopeSquare) / value - 1), `chi ${layer + 1}`).toBeLessThan(0.05);
});

test("drawn networks of 1,000 units have the variances and gradient factors of the theory, with biases", () => {
  const units = 1000;
  const layer = {
    fanIn: units,
    weightVariance: 1.5 ** 2 / units,
    biasVariance: 0.3 ** 2,
    activation: pointwise(tanh()),
  };
  const [first, second] = meanField([layer, layer], 0.7);
  const stream = randomStream(5, "mean field");
  let at = 0;
  const draw = (deviation: number): number => deviation * stream.normal(at++);
  const dense = (x: readonly number[]): { z: number[]; weights: number[][] } => {
    const weights = Array.from({ length: units }, () => Array.from(x, () => draw(1.5 / Math.sqrt(units))));
    return { weights, z: weights.map((row) => row.reduce((sum, w, i) => sum + w * x[i], draw(0.3))) };
  };
  const square = (values: readonly number[]): number => values.reduce((sum, v) => sum + v * v, 0) / values.length;
  const one = dense(Array.from({ length: units }, () => Math.sqrt(0.7)));
  const two = dense(one.z.map(Math.tanh));
  expect(square(one.z) / first.variance).toBeCloseTo(1, 1);
  expect(square(two.z) / second.variance).toBeCloseTo(1, 1);
  // A factor fluctuates by a tenth from one gradient to the next, so it is averaged over twenty.
  const factors = Array.from({ length: 20 }, () => {
    const outputGradient = Array.from({ length: units }, () => draw(1));
    const through = two.z.map((z, i) => outputGradient[i] * (1 - Math.tanh(z) ** 2));
    const back = new Float64Array(units);
    for (const [j, row] of two.weights.entries()) for (const [i, w] of row.entries()) back[i] += w * through[j];
    return square([...back]) / square(outputGradient);
  });
  expect(factors.reduce((sum, factor) => sum + factor, 0) / 20 / second.gradientFactor).toBeCloseTo(1, 1);
});

describe("the edge of chaos of tanh", () => {
  const edge = edgeOfChaos(pointwise(tanh()), [1e-6, 0.1, 0.5, 1, 2, 5]);

  test("starts at weights of deviation 1 without biases and rises from there", () => {
    expect(edge[0].weightDeviation).toBeCloseTo(1, 4);
    expect(edge[0].biasDeviation).toBeLessThan(1e-3);
    for (const [i, { weightDeviation, biasDeviation }] of edge.slice(1).entries()) {
      expect(weightDeviation).toBeGreaterThan(edge[i].weightDeviation);
      expect(biasDeviation).toBeGreaterThan(edge[i].biasDeviation);
    }
  });

  test("is where layers keep the variance of the point and chi is 1", () => {
    for (const { weightDeviation, biasDeviation, variance } of edge.slice(1)) {
      const kept = fixedVariance(pointwise(tanh()), { weightDeviation, biasDeviation }, variance);
      expect(kept).toBeCloseTo(variance, 6);
      expect(weightDeviation ** 2 * activationMoments(pointwise(tanh()), kept).slope).toBeCloseTo(1, 6);
    }
  });
});

test("a variance that grows without bound is infinite", () => {
  expect(fixedVariance(pointwise(relu()), { weightDeviation: 2, biasDeviation: 0 })).toBe(Number.POSITIVE_INFINITY);
});
