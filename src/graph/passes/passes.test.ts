// Simplification, printing and walking of whole graphs.
import { describe, expect, it } from "vitest";
import { randomStream } from "../../core/random/rng.js";
import { constant, constantValue, filled, input, int64s, scalar, withScope } from "../build.js";
import { gradients } from "../gradient.js";
import { graph, rewriteGraph } from "../graph.js";
import type { NdArray } from "../op.js";
import { relu, tanh } from "../ops/activation/activation.js";
import { add, mul, sub } from "../ops/elementwise/arithmetic.js";
import { exp, neg } from "../ops/elementwise/unary.js";
import { concat, reshape, transpose } from "../ops/movement/shape-movement.js";
import { reduceMean, reduceSum } from "../ops/reduction/reduction.js";
import { nodesOf } from "../order.js";
import { printGraph } from "../print.js";
import { evaluateGraph } from "../reference/evaluate.js";
import type { Graph, Tensor } from "../tensor.js";
import { simplify } from "./simplify.js";

const count = (source: Graph, name: string): number => nodesOf(source).filter((node) => node.op.name === name).length;

describe("simplify", () => {
  it("merges equal nodes, also if their inputs became equal", () => {
    const x = input("x", "float32", [2]);
    const y = add(mul(exp(x), scalar(2)), mul(exp(x), scalar(2)));
    const after = simplify(graph([x], { y }));
    expect([count(after, "Exp"), count(after, "Mul"), count(after, "Constant"), count(after, "Add")]).toEqual([
      1, 1, 1, 1,
    ]);
  });

  it("keeps nodes that differ in attributes, in the order of inputs or in the type of a constant", () => {
    const x = input("x", "float32", [2, 2]);
    const y = input("y", "float32", [2, 2]);
    const outputs = {
      a: transpose(x, [0, 1]),
      b: transpose(x, [1, 0]),
      c: sub(x, y),
      d: sub(y, x),
      e: scalar(0, "float32"),
      f: scalar(0, "int32"),
      g: scalar(-0, "float32"),
      h: filled("float32", [1], 0),
    };
    const after = simplify(graph([x, y], outputs));
    expect(new Set(after.outputs.map(({ tensor }) => tensor)).size).toBe(8);
  });

  it("folds arithmetic of constants and leaves the rest", () => {
    const x = input("x", "float32", [2]);
    const factor = mul(add(scalar(1), scalar(2)), reshape(filled("float32", [1, 1], 4), [1]));
    const after = simplify(graph([x], { y: mul(x, factor) }));
    expect(nodesOf(after).map((node) => node.op.name)).toEqual(["Constant", "Mul"]);
    expect([...constantValue(nodesOf(after)[0].outputs[0])!.data]).toEqual([12]);
  });

  it("rounds folded values to the element type", () => {
    const tenth = constant({ dtype: "float32", shape: [], data: Float32Array.of(0.1) });
    const [{ tensor }] = simplify(graph([], { y: mul(tenth, tenth) })).outputs;
    expect(constantValue(tensor)!.data[0]).toBe(Math.fround(Math.fround(0.1) * Math.fround(0.1)));
  });

  it("does not change the given graph", () => {
    const x = input("x", "float32", [2]);
    const before = graph([x], { y: add(exp(x), exp(x)) });
    const text = printGraph(before);
    simplify(before);
    expect(printGraph(before)).toBe(text);
  });

  it("keeps the values of random graphs and their gradients, and is idempotent", () => {
    for (let seed = 0; seed < 30; seed++) {
      const { source, values } = randomGraph(seed);
      const after = simplify(source);
      expect(nodesOf(after).length).toBeLessThanOrEqual(nodesOf(source).length);
      expect(evaluateGraph(after, values)).toEqual(evaluateGraph(source, values));
      expect(printGraph(simplify(after))).toBe(printGraph(after));
    }
  });
});

/** A graph with a gradient, whose nodes read random earlier tensors, so that some are equal and some constant. */
function randomGraph(seed: number): { source: Graph; values: NdArray[] } {
  const stream = randomStream(seed, "graph");
  let drawn = 0;
  const below = (limit: number): number => stream.word(drawn++) % limit;
  const inputs = [0, 1].map((i) => input(`x${i}`, "float64", [2, 2]));
  const pool: Tensor[] = [...inputs, scalar(0.5, "float64"), filled("float64", [2], 1)];
  const unary = [tanh, relu, neg];
  const binary = [add, mul, sub];
  for (let i = 0; i < 15; i++) {
    const [a, b] = [pool[below(pool.length)], pool[below(pool.length)]];
    pool.push(below(2) === 0 ? unary[below(3)](tanh(a)) : binary[below(3)](a, b));
  }
  const last = reduceMean(add(pool[pool.length - 1], inputs[0]));
  const slopes = gradients({ of: last, withRespectTo: inputs });
  const values = inputs.map((tensor, i): NdArray => {
    const data = Float64Array.from({ length: 4 }, (_, k) => stream.normal(1000 + 4 * i + k));
    return { dtype: tensor.dtype, shape: tensor.shape, data };
  });
  return { source: graph(inputs, { last, slope0: slopes[0], slope1: slopes[1] }), values };
}

describe("rewriteGraph", () => {
  it("rebuilds only nodes that depend on a replacement", () => {
    const [x, z] = [input("x", "float32", [2]), input("z", "float32", [2])];
    const kept = exp(z);
    const before = graph([x, z], { changed: neg(x), kept });
    const after = rewriteGraph(before, () => undefined, new Map([[x, z]]));
    expect(after.outputs[1].tensor).toBe(kept);
    expect(after.outputs[0].tensor.node?.inputs).toEqual([z]);
    expect(before.outputs[0].tensor.node?.inputs).toEqual([x]);
  });
});

describe("printGraph", () => {
  it("shows inputs, types, attributes, constants and scopes", () => {
    const x = input("x", "float32", [2, 3]);
    const hidden = withScope("layers.0 (dense)", () => relu(add(transpose(x, [1, 0]), scalar(0.5))));
    const total = reduceSum(concat([hidden, filled("float32", [3, 5], 1)], { axis: 1 }), [0]);
    expect(printGraph(graph([x], { total }))).toMatchInlineSnapshot(`
      "graph (%x: float32[2, 3]) {
        %0 = Transpose(%x, perm=[1, 0]): float32[3, 2]  # layers.0 (dense)
        %1 = Constant(value=float32[]{0.5}): float32[]  # layers.0 (dense)
        %2 = Add(%0, %1): float32[3, 2]  # layers.0 (dense)
        %3 = Relu(%2): float32[3, 2]  # layers.0 (dense)
        %4 = Constant(value=float32[3, 5]{15 elements}): float32[3, 5]
        %5 = Concat(%3, %4, axis=1): float32[3, 7]
        %6 = Constant(value=int64[1]{0}): int64[1]
        %7 = ReduceSum(%5, %6, keepdims=0, noop_with_empty_axes=0): float32[7]
        return total = %7
      }"
    `);
  });

  it("does not depend on the creation order of nodes", () => {
    const build = (flipped: boolean): string => {
      const x = input("x", "float32", [2]);
      const first = flipped ? neg(x) : exp(x);
      const second = flipped ? exp(x) : neg(x);
      return printGraph(graph([x], { y: flipped ? add(second, first) : add(first, second) }));
    };
    expect(build(true)).toBe(build(false));
  });
});

describe("deep graphs", () => {
  it("of 20,000 chained nodes are differentiated, simplified, printed and evaluated without recursion", () => {
    const x = input("x", "float64", []);
    let y = x;
    for (let i = 0; i < 20000; i++) y = i % 2 === 0 ? neg(y) : add(y, x);
    const [slope] = gradients({ of: y, withRespectTo: [x] });
    const deep = simplify(graph([x], { y, slope }));
    expect(printGraph(deep).split("\n").length).toBeGreaterThan(20000);
    const results = evaluateGraph(deep, [{ dtype: "float64", shape: [], data: Float64Array.of(2) }]);
    // Pairs of nodes map y to x - y, so 10,000 of them return to x.
    expect(results.map(({ data }) => data[0])).toEqual([2, 1]);
  });
});

describe("apply", () => {
  it("names the place, the rule and the shapes if inputs do not fit", () => {
    const [a, b] = [input("a", "float32", [2, 3]), input("b", "float32", [2])];
    const inLayer = (build: () => unknown) => () => withScope("model.layers[1] (dense)", build);
    expect(inLayer(() => add(a, b))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: model.layers[1] (dense) > Add: shapes do not broadcast: expected equal sizes, or 1, on every axis, counted from the last, received [2, 3] and [2]]`,
    );
    expect(inLayer(() => add(a, input("c", "int32", [3])))).toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: model.layers[1] (dense) > Add: element types differ: expected one element type, received float32 and int32]`,
    );
    expect(inLayer(() => reshape(a, [4, -1]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: model.layers[1] (dense) > Reshape: cannot reshape: expected 6 elements, as in [2, 3], received [4, -1]]`,
    );
    expect(inLayer(() => reduceSum(a, [2]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: model.layers[1] (dense) > ReduceSum: axis out of range: expected an integer from -2 to 1, received 2]`,
    );
    expect(inLayer(() => concat([a, b], { axis: 0 }))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: model.layers[1] (dense) > Concat: parts do not fit together: expected one element type, and equal extents on every axis but 0, received float32[2, 3] and float32[2]]`,
    );
    expect(inLayer(() => transpose(a, [0, 0]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: model.layers[1] (dense) > Transpose: an axis is given twice: received [0, 0]]`,
    );
  });

  it("reads shapes only from constants", () => {
    const shape = add(int64s([1]), input("rest", "int64", [1]));
    expect(shape.shape).toEqual([1]);
    expect(constantValue(shape)).toBeUndefined();
    expect([...constantValue(int64s([2, 3]))!.data]).toEqual([2, 3]);
  });
});
