import { describe, expect, test } from "vitest";
import type { Shape } from "../../core/numbers/shape.js";
import { randomStream } from "../../core/random/rng.js";
import { input } from "../build.js";
import { gradients } from "../gradient.js";
import { graph, rewriteGraph } from "../graph.js";
import { transpose } from "../ops/movement/shape-movement.js";
import { concat, split } from "../ops/movement/slicing.js";
import { gemm, matMul } from "../ops/products/matmul.js";
import { reduceSumSquare } from "../ops/reduction/reduction.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { ndFill } from "../reference/nd-array.js";
import type { Tensor } from "../tensor.js";
import { multiplyByParts, summedAxis } from "./parts.js";

type Product = (x: Tensor, w: Tensor) => Tensor;
const products: readonly { name: string; axis: number; x: Shape; w: Shape; build: Product }[] = [
  { name: "MatMul", axis: 0, x: [4, 7], w: [7, 5], build: matMul },
  { name: "Gemm", axis: 0, x: [4, 7], w: [7, 5], build: (x, w) => gemm(x, w, null, { alpha: 0.5 }) },
  {
    name: "Gemm with bias, both transposed",
    axis: 1,
    x: [7, 4],
    w: [5, 7],
    build: (x, w) => gemm(x, w, input("bias", "float32", [5]), { transA: 1, transB: 1, alpha: 2, beta: 3 }),
  },
];

function valuesOf({ dtype, shape }: Tensor) {
  const stream = randomStream(0, shape.join());
  return ndFill(dtype, shape, (i) => stream.uniform(i) - 0.5);
}

describe.each(products)("$name", ({ axis, x: xShape, w: wShape, build }) => {
  const x = input("x", "float32", xShape);
  const w = input("w", "float32", wShape);
  const whole = build(x, w);

  test("names the axis along which its second input may be split", () => {
    expect(summedAxis(graph([], { whole }), w)).toBe(axis);
    expect(summedAxis(graph([], { whole }), x)).toBe(null);
  });

  test("has the same value and gradients with the input in three parts", () => {
    const parts = split(w, [3, 2, 2], { axis });
    const joined = concat(parts, { axis });
    const { outputs } = rewriteGraph(
      graph([], { y: whole }),
      multiplyByParts(new Map([[joined, parts]])),
      new Map([[w, joined]]),
    );
    const cut = outputs[0].tensor;
    expect(cut.node?.inputs[1]).toBe(parts[2]);
    const inputs = [x, w, ...(whole.node?.inputs.slice(2) ?? [])].filter((tensor) => tensor !== null);
    const gradientsOf = (y: Tensor) => gradients({ of: reduceSumSquare(y), withRespectTo: inputs });
    const named = (y: Tensor) => Object.fromEntries([y, ...gradientsOf(y)].map((tensor, i) => [`${i}`, tensor]));
    const arrays = inputs.map(valuesOf);
    const expected = evaluateGraph(graph(inputs, named(whole)), arrays);
    const found = evaluateGraph(graph(inputs, named(cut)), arrays);
    for (const [n, { shape, data }] of expected.entries()) {
      expect(found[n].shape).toEqual(shape);
      for (const [i, value] of data.entries()) expect(found[n].data[i]).toBeCloseTo(value, 10);
    }
  });
});

test("a matrix with a reader that needs it whole is not split", () => {
  const x = input("x", "float32", [4, 7]);
  const w = input("w", "float32", [7, 5]);
  const y = matMul(x, w);
  expect(summedAxis(graph([], { y, w }), w)).toBe(null);
  expect(summedAxis(graph([], { y, other: transpose(w, [1, 0]) }), w)).toBe(null);
  expect(summedAxis(graph([], { y, other: gemm(x, w) }), w)).toBe(0);
  expect(summedAxis(graph([], { y, other: gemm(y, w, null, { transB: 1 }) }), w)).toBe(null);
  expect(summedAxis(graph([], { y: matMul(input("many", "float32", [2, 4, 7]), w) }), w)).toBe(null);
});
