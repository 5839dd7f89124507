// Activations as functions of numbers against formulas, and slopes against central differences.
import { expect, test } from "vitest";
import { activations, elu, gelu, leakyRelu, relu, sigmoid, tanh } from "./activations.js";
import type { LayerSpec } from "./layer.js";
import { prelu } from "./layers/prelu.js";
import { pointwise } from "./pointwise.js";

const places = Float64Array.of(-3.1, -1.7, -0.4, 0.3, 1.2, 2.6);

test.each<[string, LayerSpec, (x: number) => number]>([
  ["relu", relu(), (x) => Math.max(0, x)],
  ["leakyRelu", leakyRelu({ slope: 0.3 }), (x) => (x > 0 ? x : 0.3 * x)],
  ["elu", elu(), (x) => (x > 0 ? x : Math.expm1(x))],
  ["tanh", tanh(), Math.tanh],
  ["sigmoid", sigmoid(), (x) => 1 / (1 + Math.exp(-x))],
])("%s has the values of its formula", (_, spec, f) => {
  const found = pointwise(spec).values(places);
  for (const [i, x] of places.entries()) expect(found[i]).toBeCloseTo(f(x), 6);
});

const smooth = Object.values(activations).filter(({ kind }) => kind !== "prelu" && !/softmax/i.test(kind));
test.each(smooth.map((definition) => [definition.kind, definition() as LayerSpec] as const))(
  "%s has the slopes of its values",
  (_, spec) => {
    const f = pointwise(spec);
    const h = 1e-4;
    const [low, high] = [f.values(places.map((x) => x - h)), f.values(places.map((x) => x + h))];
    const slopes = f.slopes(places);
    for (const i of places.keys()) expect(slopes[i]).toBeCloseTo((high[i] - low[i]) / (2 * h), 4);
  },
);

test("an activation with parameters is refused, and so is another layer", () => {
  expect(() => pointwise(prelu()).values(places)).toThrow(/not a function of one number/);
  expect(() => pointwise({ kind: "dense", units: 3 })).toThrow(/dense/);
  expect(pointwise(gelu()).values(Float64Array.of(0))[0]).toBe(0);
});
