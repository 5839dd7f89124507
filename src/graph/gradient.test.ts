import { describe, expect, it } from "vitest";
import { apply, input, scalar, withScope } from "./build.js";
import { gradients } from "./gradient.js";
import { graph } from "./graph.js";
import type { NdArray, Op } from "./op.js";
import { relu } from "./ops/activation/activation.js";
import { gradientError } from "./ops/cases/gradient-check.js";
import { add, mul, sub } from "./ops/elementwise/arithmetic.js";
import { cast } from "./ops/elementwise/cast.js";
import { greater } from "./ops/elementwise/comparison.js";
import { where } from "./ops/elementwise/selection.js";
import { exp, floor, sign } from "./ops/elementwise/unary.js";
import { ops } from "./ops/index.js";
import { split } from "./ops/movement/shape-movement.js";
import { reduceSum, sumTo } from "./ops/reduction/reduction.js";
import { evaluateGraph } from "./reference/evaluate.js";
import type { Tensor } from "./tensor.js";

const array = (shape: readonly number[], ...data: number[]): NdArray => ({
  dtype: "float64",
  shape,
  data: Float64Array.from(data),
});
const values = (inputs: readonly Tensor[], outputs: readonly Tensor[], given: readonly NdArray[]): number[][] =>
  evaluateGraph(graph(inputs, Object.fromEntries(outputs.map((y, i) => [`${i}`, y]))), given).map(({ data }) => [
    ...data,
  ]);

describe("gradients", () => {
  it("are summed back over every axis that broadcasting repeated", () => {
    const [matrix, row, column, one] = [
      input("matrix", "float64", [2, 3]),
      input("row", "float64", [3]),
      input("column", "float64", [2, 1]),
      input("one", "float64", []),
    ];
    const inputs = [matrix, row, column, one];
    const of = reduceSum(mul(mul(matrix, row), add(column, one)));
    const found = gradients({ of, withRespectTo: inputs });
    expect(found.map(({ shape }) => shape)).toEqual(inputs.map(({ shape }) => shape));
    const given = [array([2, 3], 1, 2, 3, 4, 5, 6), array([3], 1, 10, 100), array([2, 1], 1, 2), array([], 1)];
    expect(values(inputs, found, given)).toEqual([
      [2, 20, 200, 3, 30, 300],
      [2 * 1 + 3 * 4, 2 * 2 + 3 * 5, 2 * 3 + 3 * 6],
      [321, 654],
      [975],
    ]);
  });

  it("add up over several uses of one tensor", () => {
    const x = input("x", "float64", []);
    const square = mul(x, x);
    const [slope] = gradients({ of: add(mul(square, x), square), withRespectTo: [x] });
    expect(values([x], [slope], [array([], 3)])).toEqual([[3 * 9 + 2 * 3]]);
  });

  it("are zeros of the right type for inputs without influence", () => {
    const [x, unused] = [input("x", "float64", []), input("unused", "float32", [2, 2])];
    const [, zeros] = gradients({ of: exp(x), withRespectTo: [x, unused] });
    expect([zeros.dtype, zeros.shape]).toEqual(["float32", [2, 2]]);
    expect(values([], [zeros], [])).toEqual([[0, 0, 0, 0]]);
  });

  it("are zeros through steps and through integers", () => {
    const x = input("x", "float64", [2]);
    const steps = add(add(floor(x), sign(x)), cast(greater(x, scalar(0, "float64")), "float64"));
    const [slope] = gradients({ of: reduceSum(steps), withRespectTo: [x] });
    expect(values([x], [slope], [array([2], 0.5, -1.5)])).toEqual([[0, 0]]);
  });

  it("stop at a tensor on the way and start from a given cotangent", () => {
    const x = input("x", "float64", [2]);
    const middle = exp(x);
    const y = mul(middle, middle);
    const ct = input("ct", "float64", [2]);
    const [pulled] = gradients({ of: y, withRespectTo: [middle], cotangent: ct });
    expect(pulled.node?.inputs.includes(x)).toBe(false);
    expect(values([x, ct], [pulled], [array([2], 0, 0), array([2], 1, 10)])).toEqual([[2, 20]]);
  });

  it("reach a multi-output node with one used output", () => {
    const x = input("x", "float64", [3]);
    const [, tail] = split(x, [1, 2]);
    const [slope] = gradients({ of: reduceSum(mul(tail, tail)), withRespectTo: [x] });
    expect(values([x], [slope], [array([3], 1, 2, 3)])).toEqual([[0, 4, 6]]);
  });

  it("can be differentiated again and again", () => {
    const x = input("x", "float64", []);
    let y = mul(mul(x, x), mul(x, x));
    for (let order = 0; order < 4; order++) [y] = gradients({ of: y, withRespectTo: [x] });
    expect(values([x], [y], [array([], 0.7)])[0][0]).toBeCloseTo(24, 12);
  });

  it("agree with differences through a branch", () => {
    const x = input("x", "float64", [4]);
    const of = reduceSum(where(greater(x, scalar(0, "float64")), exp(x), mul(x, relu(sub(x, scalar(-5, "float64"))))));
    expect(gradientError({ of, inputs: [x], values: [array([4], -2, -1, 1, 2)], sources: [x] })).toBeLessThan(1e-8);
  });

  it("name the operator and its scope if there is no gradient", () => {
    const x = input("x", "float64", [2]);
    const opaque: Op = { ...ops.Relu, name: "Opaque", vjp: "none" };
    const [rows] = withScope("layers.0 (embedding)", () => apply(opaque, [x]));
    expect(() => gradients({ of: reduceSum(rows), withRespectTo: [x] })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: layers.0 (embedding) > Opaque: this operator has no gradient. Stop the gradient before it, or express the function with differentiable operators]`,
    );
  });

  it("refuse a result that is not a scalar", () => {
    const x = input("x", "float64", [2]);
    expect(() => gradients({ of: exp(x), withRespectTo: [x] })).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: gradients: gradients need a scalar or a cotangent: received a tensor of shape [2]. Reduce it with reduceMean or reduceSum, or pass its cotangent]`,
    );
  });
});

describe("sumTo", () => {
  it("sums leading axes, repeated axes, and both", () => {
    const x = input("x", "float64", [2, 2, 2]);
    const given = [array([2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8)];
    const outputs = [[2, 2], [1, 2, 1], [2, 1], [1], []].map((shape) => sumTo(x, shape));
    expect(outputs.map(({ shape }) => shape)).toEqual([[2, 2], [1, 2, 1], [2, 1], [1], []]);
    expect(values([x], outputs, given)).toEqual([[6, 8, 10, 12], [14, 22], [14, 22], [36], [36]]);
  });

  it("adds no node if nothing was repeated", () => {
    const x = input("x", "float64", [2, 3]);
    expect(sumTo(x, [2, 3])).toBe(x);
  });

  it("refuses shapes that do not broadcast to the tensor", () => {
    const x = input("x", "float64", [2, 3]);
    expect(() => sumTo(x, [2, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: sumTo: cannot sum to this shape: expected a shape that broadcasts to [2, 3], received [2, 2]]`,
    );
    expect(() => sumTo(x, [1, 2, 3])).toThrow(/cannot sum/);
  });
});
