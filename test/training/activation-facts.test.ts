// When units of each non-linearity are off and outputs saturated, against the functions themselves.
import { describe, expect, test } from "vitest";
import type { ActivationFacts } from "../../src/graph/activation-record.js";
import { input } from "../../src/graph/build.js";
import { graph } from "../../src/graph/graph.js";
import type { Op } from "../../src/graph/op.js";
import { ops } from "../../src/graph/ops/index.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import type { Tensor } from "../../src/graph/tensor.js";
import {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  relu,
  selu,
  shrink,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanh,
  thresholdedRelu,
} from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { buildNetwork } from "../../src/nn/network.js";
import { sitesOf } from "../../src/probes/sites.js";
import { statistics } from "../../src/probes/statistics.js";

type Layer = Parameters<typeof sequential>[0] extends readonly (infer L)[] ? L : never;

/** The site of one layer on numbers. */
function siteOf(layer: Layer, examples: number, units: number) {
  const network = buildNetwork(sequential([layer]), { batchSize: examples, inputShape: [units], mode: "training" });
  return { network, site: sitesOf(network.output, network.inputs).at(-1)! };
}

/** Share of dead units, of numbers given by unit, and share of saturated elements. */
function measured(layer: Layer, byUnit: readonly (readonly number[])[]) {
  const [units, examples] = [byUnit.length, byUnit[0].length];
  const { network, site } = siteOf(layer, examples, units);
  const context = { facts: site.facts, preActivation: site.preActivation, unitAxes: site.unitAxes };
  const found = Object.entries({ dead: statistics.deadFraction, saturated: statistics.saturatedFraction }).map(
    ([name, statistic]): [string, Tensor | undefined] => [name, statistic.build(site.activation, context)],
  );
  const present = found.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor] as const]));
  const data = Float64Array.from({ length: units * examples }, (_, i) => byUnit[i % units][Math.floor(i / units)]);
  const values = evaluateGraph(graph(network.inputs, Object.fromEntries(present)), [
    { dtype: "float32", shape: [examples, units], data },
  ]);
  return Object.fromEntries(present.map(([name], i) => [name, values[i].data[0]]));
}

const off = [
  ["relu", relu(), [-3, -0.1, 0]],
  ["thresholded ReLU", thresholdedRelu(), [-3, 0.9, 1]],
  ["thresholded ReLU of a negative threshold", thresholdedRelu({ alpha: -2 }), [-3, -2.5, -2]],
  ["shrink", shrink(), [-0.5, 0.1, 0.4]],
  ["soft shrink", shrink({ threshold: 1, bias: 1 }), [-1, 0.1, 0.9]],
  ["softplus", softplus(), [-5, -9, -30]],
  ["gelu", gelu(), [-2.8, -9, -30]],
  ["gelu by tanh", gelu({ approximate: "tanh" }), [-2.8, -9, -30]],
  ["silu", silu(), [-6.5, -9, -30]],
  ["mish", mish(), [-6.5, -9, -30]],
  ["hard-swish", hardSwish(), [-3, -9, -30]],
  ["leaky ReLU of slope 0", leakyRelu({ slope: 0 }), [-3, -9, -30]],
] as const;

test.each(off)("a unit of %s is dead if it is off for all examples, and alive if one is not", (_, layer, numbers) => {
  const [a, b] = numbers;
  expect(measured(layer, [[...numbers], [a, b, 3], [a, b, 1.5], [...numbers]]).dead).toBe(2 / 4);
});

test.each([
  ["shrink", shrink(), [-3, -1, -2]],
  ["soft shrink", shrink({ threshold: 1, bias: 1 }), [-3, -1.5, -2]],
  ["thresholded ReLU of a negative threshold", thresholdedRelu({ alpha: -2 }), [-1, -1.5, -0.5]],
  ["gelu", gelu(), [-1, -0.5, -0.2]],
  ["silu", silu(), [-1, -2, -0.5]],
  ["mish", mish(), [-1, -2, -0.5]],
  ["hard-swish", hardSwish(), [-1, -2, -0.5]],
])("a unit of %s whose outputs are all negative is not dead", (_, layer, numbers) => {
  expect(measured(layer, [numbers, [1, 2, 3]]).dead).toBe(0);
});

test.each([
  ["gelu", gelu()],
  ["silu", silu()],
  ["mish", mish()],
  ["hard-swish", hardSwish()],
])("a unit of %s whose inputs vanish is not dead: its slope is that of the middle", (_, layer) => {
  expect(measured(layer, [[0, 1e-3, -1e-3]]).dead).toBe(0);
});

test.each([
  ["tanh", tanh(), [-1.5, -1.4, 1.4, 1.5]],
  ["sigmoid", sigmoid(), [-2.2, -2.1, 2.1, 2.2]],
  ["softsign", softsign(), [-9.1, -8.9, 8.9, 9.1]],
  ["hard sigmoid", hardSigmoid(), [-2.5, -2.3, 2.3, 2.5]],
])("outputs of %s within a tenth of an asymptote are saturated", (_, layer, [low, innerLow, innerHigh, high]) => {
  expect(measured(layer, [[low, innerLow, 0, innerHigh]]).saturated).toBe(1 / 4);
  expect(measured(layer, [[high, innerLow, 0, innerHigh]]).saturated).toBe(1 / 4);
  expect(measured(layer, [[high, low]]).dead).toBeUndefined();
});

// ln(0.1) = -2.3026: there e^x is a tenth.
test.each([
  ["elu", elu(), 1],
  ["elu of another limit", elu({ alpha: 0.25 }), 1],
  ["selu", selu(), 1],
  ["celu", celu(), 1],
  ["celu of another width", celu({ alpha: 3 }), 3],
])("outputs of %s within a tenth of its limit are saturated", (_, layer, width) => {
  expect(measured(layer, [[-2.31, -2.29, 0, 5000].map((x) => x * width)])).toEqual({ saturated: 1 / 4 });
});

test("where only the upper side is infinite, no output above counts", () => {
  expect(measured(elu(), [[1e30, 1, 0]])).toEqual({ saturated: 0 });
});

test("functions without a flat side have neither", () => {
  expect(measured(leakyRelu(), [[-1e6, 1]])).toEqual({});
  expect(measured(elu({ alpha: -1 }), [[-1e6, 1]])).toEqual({});
});

describe("facts agree with the functions of all operators", () => {
  const withFacts = Object.values(ops as Readonly<Record<string, Op>>).filter(
    ({ activation, arity }) => activation !== undefined && arity[1] === 1,
  );
  const presets = ({ attributes }: Op) =>
    Object.fromEntries(Object.entries(attributes).map(([name, record]) => [name, record.default!]));

  test.each(withFacts.map((op) => [op.name, op] as const))("%s", (_, op) => {
    const attrs = presets(op);
    const facts: ActivationFacts = op.activation!.facts(attrs);
    const at = (x: number): number =>
      op.evaluate([{ dtype: "float64", shape: [1], data: Float64Array.of(x) }], attrs, {
        evaluateGraph,
        outputCount: 1,
      })[0].data[0];
    const slope = (x: number): number => (at(x + 1e-4) - at(x - 1e-4)) / 2e-4;
    if (facts.off !== undefined) {
      const { value, within, inputs: [low, high] = [-30, 30] } = facts.off;
      for (let x = Math.max(-30, low); x <= Math.min(30, high); x += 0.037)
        if (Math.abs(at(x) - value) <= within) expect(Math.abs(slope(x))).toBeLessThanOrEqual(0.026);
      // The dip is the minimum of the function.
      if (facts.off.inputs !== undefined) expect(slope(high)).toBeCloseTo(0, 3);
    }
    if (facts.unsaturated !== undefined) {
      const ends = [at(-1e6), at(1e6)].filter((value) => Math.abs(value) < 100);
      const margin = 0.1 * Math.max(...ends.map(Math.abs));
      const [low, high] = facts.unsaturated;
      if (Number.isFinite(low)) expect(low).toBeCloseTo(at(-1e6) + margin, 4);
      if (Number.isFinite(high)) expect(high).toBeCloseTo(at(1e6) - margin, 4);
      expect([low, high].filter(Number.isFinite).length).toBe(ends.length);
    }
  });
});

test("a graph input has no facts, and no dead units without axes", () => {
  const x = input("x", "float32", [3]);
  expect(statistics.deadFraction.build(x, {})).toBeUndefined();
});
