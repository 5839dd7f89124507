import { describe, expect, test } from "vitest";
import { graphCost } from "../accounting/cost.js";
import { input, scalar, withScope } from "../build.js";
import { gradients } from "../gradient.js";
import { graph } from "../graph.js";
import { simplify } from "../passes/simplify.js";
import { printGraph } from "../print.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { ndFill } from "../reference/nd-array.js";
import { add, mul } from "./elementwise/arithmetic.js";
import { cast } from "./elementwise/cast.js";
import { less } from "./elementwise/comparison.js";
import { loop } from "./loop.js";
import { matMul } from "./products/matmul.js";
import { reduceSum } from "./reduction/reduction.js";

const list = (...values: number[]) => ndFill("float64", [values.length], (i) => values[i]);

describe("Loop", () => {
  const start = input("start", "float64", [2]);
  const factor = input("factor", "float64", [2]);

  test("carries values, reads captured ones and collects scans", () => {
    const { carried, scans } = loop(
      { tripCount: 3, carried: [start], captured: [factor] },
      (iteration, [value], [by]) => {
        const next = add(mul(value, by), cast(iteration, "float64"));
        return { carried: [next], scans: [{ name: "sum", tensor: reduceSum(next) }] };
      },
    );
    expect(scans[0].shape).toEqual([3]);
    const program = graph([start, factor], { end: carried[0], sums: scans[0] });
    for (const version of [program, simplify(program)]) {
      const [end, sums] = evaluateGraph(version, [list(1, 2), list(2, 3)]);
      // (1, 2) -> (2, 6) -> (5, 19) -> (12, 59)
      expect([...end.data]).toEqual([12, 59]);
      expect([...sums.data]).toEqual([8, 24, 71]);
    }
  });

  test("ends when the body's condition fails", () => {
    const { carried, scans } = loop(
      { tripCount: null, carried: [start], nominalTripCount: 5 },
      (_iteration, [value]) => {
        const doubled = add(value, value);
        const condition = less(reduceSum(doubled), scalar(20, "float64"));
        return { condition, carried: [doubled], scans: [{ name: "values", tensor: doubled }] };
      },
    );
    expect(scans[0].shape).toEqual([5, 2]);
    const [end, values] = evaluateGraph(graph([start], { end: carried[0], values: scans[0] }), [list(1, 2)]);
    expect([...end.data]).toEqual([8, 16]);
    expect(values.shape).toEqual([3, 2]);
  });

  test("returns its initial values for zero iterations", () => {
    const count = input("count", "int64", []);
    const { carried, scans } = loop({ tripCount: count, carried: [start] }, (_iteration, [value]) => ({
      carried: [add(value, value)],
      scans: [{ name: "values", tensor: value }],
    }));
    const program = graph([count, start], { end: carried[0], values: scans[0] });
    const [end, values] = evaluateGraph(program, [{ dtype: "int64", shape: [], data: Float64Array.of(0) }, list(1, 2)]);
    expect([...end.data]).toEqual([1, 2]);
    expect(values.shape).toEqual([0, 2]);
  });

  test("costs its body times the trip count", () => {
    const weight = input("weight", "float32", [4, 4]);
    const x = input("x", "float32", [3, 4]);
    const { carried } = loop({ tripCount: 10, carried: [x], captured: [weight] }, (_iteration, [value], [w]) => ({
      carried: [matMul(value, w)],
    }));
    expect(graphCost(graph([x, weight], { y: carried[0] }))).toEqual({
      macs: 10 * 3 * 4 * 4,
      flops: 2 * 10 * 3 * 4 * 4,
    });
  });

  test("prints its body", () => {
    const { carried } = loop({ tripCount: 2, carried: [start] }, (_iteration, [value]) => ({
      carried: [add(value, value)],
    }));
    expect(printGraph(graph([start], { end: carried[0] }))).toMatchInlineSnapshot(`
      "graph (%start: float64[2]) {
        %0 = Constant(value=int64[]{2}): int64[]
        %1 = Loop(%0, _, %start, body=
          graph (%iteration: int64[], %condition: bool[], %start: float64[2]) {
            %0 = Constant(value=bool[]{1}): bool[]
            %1 = Add(%start, %start): float64[2]
            return condition_out = %0, start_out = %1
          }, captured=0, nominal_trip_count=2): float64[2]
        return end = %1
      }"
    `);
  });

  const failure = (build: () => unknown): string => {
    try {
      withScope("training", build);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };

  test("is refused with the name of a carried value that changes its shape", () => {
    const build = () =>
      loop({ tripCount: 2, carried: [start] }, (_iteration, [value]) => ({
        carried: [reduceSum(value, [0], { keepdims: 1 })],
      }));
    expect(failure(build)).toMatchInlineSnapshot(
      `"training > Loop: carried value 0 ("start") leaves the body with another type than it enters: expected float64 [2], received float64 [1]"`,
    );
  });

  test("needs one result for every carried value", () => {
    expect(failure(() => loop({ tripCount: 2, carried: [start] }, () => ({ carried: [] })))).toMatchInlineSnapshot(
      `"training > Loop: the body does not fit the loop: expected 3 inputs (iteration, condition, carried, captured) and at least 2 outputs, received 3 inputs and 1 outputs"`,
    );
  });

  test("has no gradient", () => {
    const { carried } = loop({ tripCount: 2, carried: [start] }, (_iteration, [value]) => ({ carried: [value] }));
    expect(
      failure(() => gradients({ of: carried[0], withRespectTo: [start], cotangent: factor })),
    ).toMatchInlineSnapshot(
      `"Loop: this operator has no gradient. Stop the gradient before it, or express the function with differentiable operators"`,
    );
  });
});
