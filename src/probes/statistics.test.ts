// Statistics and histograms against plain loops over the same numbers.
import { describe, expect, test } from "vitest";
import { sizeOf } from "../core/numbers/shape.js";
import { randomStream } from "../core/random/rng.js";
import { rectified } from "../graph/activation-record.js";
import { input } from "../graph/build.js";
import { graph } from "../graph/graph.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { countedStride, histogram, mostCounted } from "./histogram.js";
import { gradientNoise, gradientNoiseScale } from "./noise-scale.js";
import { sampledValues } from "./samples.js";
import {
  constantTolerance,
  type Statistic,
  type StatisticContext,
  type StatisticName,
  squaredNorm,
  statistics,
} from "./statistics.js";

const shape = [6, 5, 4];
const stream = randomStream(3, "statistics.test");
/** Numbers of both signs, some of them 0; unit 1 is off everywhere, unit 2 everywhere but in one place. */
const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
  const unit = Math.floor(i / 4) % 5;
  if (unit === 1) return 0;
  if (unit === 2) return i === 4 * 5 * 3 + 4 * 2 + 1 ? 0.01 : 0;
  return i % 7 === 0 ? 0 : stream.normal(i);
});
const other = values.map((value, i) => 3 * value + stream.normal(1000 + i));

function computed(name: StatisticName, context: StatisticContext, data = values): number | undefined {
  const x = input("x", "float32", shape);
  const y = input("y", "float32", shape);
  const facts = context.weight === undefined && context.gradient === undefined ? context : { weight: y, gradient: y };
  const statistic: Statistic = statistics[name];
  const value = statistic.build(x, facts);
  if (value === undefined) return undefined;
  const arrays = [data, other].map((array) => ({ dtype: "float32" as const, shape, data: array }));
  return evaluateGraph(graph([x, y], { value }), arrays)[0].data[0];
}

const list = [...values];
const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);
const length = (numbers: Iterable<number>): number => Math.sqrt(sum([...numbers].map((value) => value * value)));
const shareOf = (holds: (value: number) => boolean): number => list.filter(holds).length / list.length;
const mean = sum(list) / list.length;
const any = input("any", "float32", shape);

const expected: Readonly<Record<StatisticName, [StatisticContext, number]>> = {
  mean: [{}, mean],
  deviation: [{}, Math.sqrt(sum(list.map((value) => (value - mean) ** 2)) / list.length)],
  rootMeanSquare: [{}, length(list) / Math.sqrt(list.length)],
  minimum: [{}, Math.min(...list)],
  maximum: [{}, Math.max(...list)],
  norm: [{}, length(list)],
  zeroFraction: [{}, shareOf((value) => value === 0)],
  // Unit 1 of 5; unit 2 fires once. Negative values keep the others from being judged by their sum.
  deadFraction: [{ facts: rectified, unitAxes: [1] }, 1 / 5],
  saturatedFraction: [{ facts: { unsaturated: [-0.5, 0.8] } }, shareOf((value) => value < -0.5 || value > 0.8)],
  relativeNorm: [{ weight: any }, length(list) / length(other)],
  effectiveLearningRate: [{ gradient: any }, length(list) / length(other)],
  isConstant: [{ isOutput: true }, 0],
};

test.each(Object.entries(expected))("%s is what a loop finds", (name, [context, value]) => {
  expect(computed(name as StatisticName, context)).toBeCloseTo(value, 10);
});

test("what has no meaning for a tensor is left out", () => {
  const missing = Object.keys(statistics).filter((name) => computed(name as StatisticName, {}) === undefined);
  expect(missing).toEqual(["deadFraction", "saturatedFraction", "relativeNorm", "effectiveLearningRate", "isConstant"]);
});

test.each([
  ["equal examples", [2.5, -7, 2.5, -7, 2.5, -7], 1],
  ["a difference within 1e-6", [2.5, -7, 2.5 + 9e-7, -7, 2.5, -7], 1],
  ["a difference within 1e-6 of a large value", [2.5, -7000, 2.5, -7000.006, 2.5, -7000], 1],
  ["a larger difference of one example in one element", [2.5, -7, 2.5, -7, 2.5 + 4e-6, -7], 0],
  ["a value that is not a number", [2.5, -7, Number.NaN, -7, 2.5, -7], 0],
])("of an output, %s: constant or not", (_, numbers, wanted) => {
  const x = input("x", "float32", [3, 2]);
  const value = statistics.isConstant.build(x, { isOutput: true });
  const given = { dtype: "float32" as const, shape: [3, 2], data: Float64Array.from(numbers) };
  expect(evaluateGraph(graph([x], { value: value! }), [given])[0].data[0]).toBe(wanted);
  // By a loop: every element's spread over the examples against the tolerance.
  const columns = [0, 1].map((unit) => numbers.filter((_, i) => i % 2 === unit));
  const isConstant = columns.every(
    (column) =>
      Math.max(...column) - Math.min(...column) <=
      constantTolerance * Math.max(1, ...column.map((one) => Math.abs(one))),
  );
  expect(Number(isConstant)).toBe(wanted);
});

test.each([
  [12, 100],
  [12, 5],
  [64 * 32, 100],
  [7, 1],
  [1, 1],
  [1000, 999],
])("of %i values at most %i are samples, and they reach all columns", (size, most) => {
  const { stride, values: kept } = sampledValues(input("x", "float32", [size]), most);
  const x = input("x", "float32", [size]);
  const data = Float64Array.from({ length: size }, (_, i) => i);
  const found = evaluateGraph(graph([x], { value: sampledValues(x, most).values }), [
    { dtype: "float32", shape: [size], data },
  ])[0].data;
  expect([...found]).toEqual([...data].filter((i) => i % stride === 0));
  expect(found.length).toBe(kept.shape[0]);
  expect(found.length).toBeLessThanOrEqual(most);
  if (size === 64 * 32) expect(new Set([...found].map((i) => i % 32)).size).toBe(32);
});

test("an update of nothing, or of a parameter of zeros, has a relative norm of 0 and not NaN", () => {
  const zeros = new Float64Array(values.length);
  expect(computed("relativeNorm", { weight: any }, zeros)).toBe(0);
  const x = input("x", "float32", [2]);
  const value = statistics.relativeNorm.build(x, { weight: x });
  const two = { dtype: "float32" as const, shape: [2], data: new Float64Array(2) };
  expect(evaluateGraph(graph([x], { value: value! }), [two])[0].data[0]).toBe(0);
});

describe("histogram", () => {
  const counted = (data: Float64Array, bins: number) => {
    const x = input("x", "float32", [data.length]);
    const { counts, low, high } = histogram(x, bins);
    const results = evaluateGraph(graph([x], { counts, low, high }), [
      { dtype: "float32", shape: [data.length], data },
    ]);
    return results.map(({ data: numbers }) => [...numbers]);
  };

  test("counts every element once, the largest in the last bin", () => {
    const [counts, [low], [high]] = counted(values, 8);
    expect([low, high]).toEqual([Math.min(...list), Math.max(...list)]);
    const wanted = new Array(8).fill(0);
    for (const value of list) wanted[Math.min(7, Math.floor(((value - low) / (high - low)) * 8))]++;
    expect(counts).toEqual(wanted);
    expect(sum(counts)).toBe(list.length);
  });

  test("of equal elements puts them into the first bin", () => {
    expect(counted(new Float64Array(9).fill(2.5), 3)).toEqual([[9, 0, 0], [2.5], [2.5]]);
  });

  test("of a large tensor takes every so-many-th element, and the ends from all", () => {
    const size = mostCounted + 5;
    const large = Float64Array.from({ length: size }, (_, i) => i / size);
    const [counts, [low], [high]] = counted(large, 4);
    expect(countedStride(size)).toBe(2);
    expect(sum(counts)).toBe(Math.ceil(size / 2));
    expect([low, high]).toEqual([0, (size - 1) / size]);
  });
});

test("the squared norm of several tensors is that of all their elements", () => {
  const [a, b] = [input("a", "float32", [3]), input("b", "float32", [2])];
  const arrays = [
    [1, 2, 3],
    [4, -5],
  ].map((data) => ({ dtype: "float32" as const, shape: [data.length], data: Float64Array.from(data) }));
  expect(evaluateGraph(graph([a, b], { value: squaredNorm([a, b]) }), arrays)[0].data[0]).toBe(55);
});

describe("the gradient noise scale", () => {
  test("is found from gradients of known mean and spread", () => {
    // Gradients of single examples: 20 numbers of mean 0.3 and deviation 2, so noise 80 and signal 1.8.
    const [width, half, steps] = [20, 8, 4000];
    const draws = randomStream(5, "noise");
    let next = 0;
    const measured = Array.from({ length: steps }, () => {
      const halves = [0, 1].map(() =>
        Array.from(
          { length: width },
          () => 0.3 + (2 * sum(Array.from({ length: half }, () => draws.normal(next++)))) / half,
        ),
      );
      const both = halves[0].map((value, i) => (value + halves[1][i]) / 2);
      const square = (numbers: readonly number[]): number => length(numbers) ** 2;
      const halfBatchSquaredNorm = (square(halves[0]) + square(halves[1])) / 2;
      return gradientNoise({ halfBatchSquaredNorm, batchSquaredNorm: square(both) }, half);
    });
    expect(sum(measured.map(({ noise }) => noise)) / steps).toBeCloseTo(80, -0.3);
    expect(sum(measured.map(({ signal }) => signal)) / steps).toBeCloseTo(1.8, 0.5);
    expect(gradientNoiseScale(measured)! / (80 / 1.8)).toBeCloseTo(1, 0.7);
  });

  test("is not given while there is no measurement, or no signal", () => {
    expect(gradientNoiseScale([])).toBeUndefined();
    expect(gradientNoiseScale([{ noise: 1, signal: -0.1 }])).toBeUndefined();
  });
});
