import { expect, test } from "vitest";
import { input } from "../../build.js";
import { graph } from "../../graph.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import { reduceL2 } from "./norm-reduction.js";
import { argMax } from "./reduction.js";

test("the maximum of no elements is refused, unless the result is empty too", () => {
  const x = input("x", "float32", [2, 0]);
  expect(() => argMax(x, { axis: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: ArgMax: nothing to choose from: expected at least one element on axis 1, received [2, 0]]`,
  );
  expect(argMax(x, { axis: 0 }).shape).toEqual([0]);
});

test("norms work for many numbers and stay finite for huge numbers", () => {
  const normOf = (length: number, value: number) => {
    const x = input("x", "float64", [length]);
    const values = { dtype: x.dtype, shape: x.shape, data: new Float64Array(length).fill(value) };
    return evaluateGraph(graph([x], { y: reduceL2(x) }), [values])[0].data[0];
  };
  expect(normOf(250_000, 2)).toBe(1000);
  expect(normOf(4, 1e200)).toBe(2e200);
});
