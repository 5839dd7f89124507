import { describe, expect, test } from "vitest";
import type { Shape } from "../../../core/numbers/shape.js";
import { randomStream } from "../../../core/random/rng.js";
import { input, withScope } from "../../build.js";
import { gradients } from "../../gradient.js";
import { graph, rewriteGraph } from "../../graph.js";
import type { NdArray } from "../../op.js";
import { nodesOf } from "../../order.js";
import { fixThreadRounding } from "../../passes/lower.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import { ndFill } from "../../reference/nd-array.js";
import { onnxruntimeCpu } from "../../targets/onnxruntime-cpu/index.js";
import type { Tensor } from "../../tensor.js";
import { gemm, matMul } from "./matmul.js";

function noise(shape: Shape, seed: number): NdArray {
  const stream = randomStream(seed, "test");
  return ndFill("float64", shape, (i) => stream.normal(i));
}

function run(inputs: readonly Tensor[], values: readonly NdArray[], ...outputs: readonly Tensor[]): NdArray[] {
  return evaluateGraph(graph(inputs, Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor]))), values);
}

const dot = (a: NdArray, b: NdArray): number => a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);

describe("MatMul", () => {
  test.each<[Shape, Shape, Shape]>([
    [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    [[3], [3], []],
    [[3], [3, 4], [4]],
    [[2, 3], [3], [2]],
    [
      [5, 2, 3],
      [3, 4],
      [5, 2, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
      [5, 2, 4],
    ],
    [
      [5, 1, 2, 3],
      [6, 3, 4],
      [5, 6, 2, 4],
    ],
    [[5, 2, 3], [3], [5, 2]],
    [[3], [5, 3, 4], [5, 4]],
  ])("of %j and %j has shape %j, and its gradients are adjoints", (aShape, bShape, shape) => {
    const [a, b] = [input("a", "float64", aShape), input("b", "float64", bShape)];
    const y = matMul(a, b);
    expect(y.shape).toEqual(shape);
    const ct = input("ct", "float64", shape);
    const [as, bs, cts] = [noise(aShape, 1), noise(bShape, 2), noise(shape, 3)];
    const [ys, da, db] = run(
      [a, b, ct],
      [as, bs, cts],
      y,
      ...gradients({ of: y, withRespectTo: [a, b], cotangent: ct }),
    );
    expect(dot(da, as)).toBeCloseTo(dot(cts, ys), 10);
    expect(dot(db, bs)).toBeCloseTo(dot(cts, ys), 10);
  });

  test("multiplies rows by columns", () => {
    const [a, b] = [input("a", "float64", [2, 2]), input("b", "float64", [2, 2])];
    const [y] = run(
      [a, b],
      [ndFill("float64", [2, 2], (i) => i + 1), ndFill("float64", [2, 2], (i) => i + 5)],
      matMul(a, b),
    );
    expect([...y.data]).toEqual([19, 22, 43, 50]);
  });

  test("a matrix shared by the batch gets its gradient from one product", () => {
    const [a, b] = [input("a", "float32", [8, 16, 3]), input("b", "float32", [3, 4])];
    const [db] = gradients({ of: matMul(a, b), withRespectTo: [b], cotangent: input("ct", "float32", [8, 16, 4]) });
    const names = nodesOf(graph([a, b], { db })).map((node) => node.op.name);
    expect(names.filter((name) => !["Constant", "Reshape"].includes(name))).toEqual(["Gemm"]);
  });
});

describe.each([0, 1].flatMap((transA) => [0, 1].map((transB) => ({ transA, transB }))))(
  "Gemm %j",
  ({ transA, transB }) => {
    const aShape = transA === 0 ? [2, 3] : [3, 2];
    const bShape = transB === 0 ? [3, 4] : [4, 3];
    const [a, b, c] = [input("a", "float64", aShape), input("b", "float64", bShape), input("c", "float64", [4])];
    const values = [noise(aShape, 1), noise(bShape, 2), noise([4], 3)];

    test("is alpha A' B' + beta c", () => {
      const [y] = run([a, b, c], values, gemm(a, b, c, { transA, transB, alpha: 2, beta: 3 }));
      const read = (array: NdArray, row: number, column: number, turned: number) =>
        turned === 0 ? array.data[row * array.shape[1] + column] : array.data[column * array.shape[1] + row];
      const expected = [0, 1].flatMap((row) =>
        [0, 1, 2, 3].map((column) => {
          const sum = [0, 1, 2].reduce(
            (s, k) => s + read(values[0], row, k, transA) * read(values[1], k, column, transB),
            0,
          );
          return expect.closeTo(2 * sum + 3 * values[2].data[column], 12);
        }),
      );
      expect([...y.data]).toEqual(expected);
    });

    test("has adjoint gradients, none of which transposes", () => {
      const y = gemm(a, b, c, { transA, transB, alpha: 2, beta: 3 });
      const ct = input("ct", "float64", [2, 4]);
      const found = gradients({ of: y, withRespectTo: [a, b, c], cotangent: ct });
      const cts = noise([2, 4], 4);
      const [ys, product, da, db, dc] = run(
        [a, b, c, ct],
        [...values, cts],
        y,
        gemm(a, b, null, { transA, transB, alpha: 2 }),
        ...found,
      );
      expect(dot(da, values[0])).toBeCloseTo(dot(cts, product), 10);
      expect(dot(db, values[1])).toBeCloseTo(dot(cts, product), 10);
      expect(dot(dc, values[2])).toBeCloseTo(dot(cts, ys) - dot(cts, product), 10);
      const names = nodesOf(graph([a, b, c, ct], { da: found[0], db: found[1] })).map((node) => node.op.name);
      expect(names).toEqual(["Gemm", "Gemm"]);
    });
  },
);

test("costs rows x inner x columns multiplications", () => {
  const y = gemm(input("x", "float32", [64, 400]), input("w", "float32", [120, 400]), input("b", "float32", [120]), {
    transB: 1,
  });
  const macs = 64 * 400 * 120;
  const { op, inputs, outputs, attrs } = y.node!;
  expect(op.cost(inputs, outputs, attrs)).toEqual({ macs, flops: 2 * macs + 64 * 120 });
});

describe("errors name both shapes", () => {
  const failure = (build: () => unknown): string => {
    try {
      withScope("layers.5 (dense)", build);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };
  const x = input("x", "float32", [64, 400]);

  test("inner extents of Gemm", () => {
    expect(failure(() => gemm(x, input("w", "float32", [120, 256]), null, { transB: 1 }))).toMatchInlineSnapshot(
      `"layers.5 (dense) > Gemm: inner sizes differ: expected as many columns on the left as rows on the right, received [64, 400] and [256, 120]"`,
    );
  });
  test("bias of Gemm", () => {
    expect(failure(() => gemm(x, input("w", "float32", [400, 10]), input("b", "float32", [12])))).toMatchInlineSnapshot(
      `"layers.5 (dense) > Gemm: shapes do not broadcast: expected equal sizes, or 1, on every axis, counted from the last, received [12] and [64, 10]"`,
    );
  });
  test("inner extents of MatMul", () => {
    expect(failure(() => matMul(x, input("w", "float32", [2, 256, 10])))).toMatchInlineSnapshot(
      `"layers.5 (dense) > MatMul: inner sizes differ: expected as many columns on the left as rows on the right, received [64, 400] and [2, 256, 10]"`,
    );
  });
  test("element types", () => {
    expect(failure(() => matMul(x, input("w", "float64", [400, 10])))).toMatchInlineSnapshot(
      `"layers.5 (dense) > MatMul: element types differ: expected one element type, received float32 and float64"`,
    );
  });
});

test.each([
  {
    shapes: [
      [64, 400],
      [120, 400],
    ],
    attrs: { transB: 1 },
    changed: true,
  },
  {
    shapes: [
      [400, 64],
      [400, 120],
    ],
    attrs: { transA: 1, alpha: 0.5, beta: 2 },
    changed: true,
  },
  {
    shapes: [
      [64, 120],
      [84, 120],
    ],
    attrs: { transB: 1 },
    changed: false,
  },
  {
    shapes: [
      [128, 400],
      [120, 400],
    ],
    attrs: { transB: 1 },
    changed: false,
  },
  {
    shapes: [
      [64, 400],
      [400, 64],
    ],
    attrs: {},
    changed: false,
  },
])(
  "products that threads would split by columns exchange rows and columns: $shapes, $attrs",
  ({ shapes, attrs, changed }) => {
    const [a, b] = shapes.map((shape, i) => input(`x${i}`, "float32", shape));
    const plain = gemm(a, b, null, attrs);
    const c = input("c", "float32", [plain.shape[1]]);
    const source = graph([a, b, c], { y: gemm(a, b, c, attrs) });
    const fixed = rewriteGraph(source, fixThreadRounding(onnxruntimeCpu));
    expect(nodesOf(fixed).some(({ op }) => op.name === "Transpose")).toBe(changed);
    const values = source.inputs.map((tensor, i) => ndFill("float32", tensor.shape, (j) => Math.sin(i + 7 * j)));
    const [expected, received] = [evaluateGraph(source, values)[0], evaluateGraph(fixed, values)[0]];
    expect(received.shape).toEqual(expected.shape);
    for (const [i, value] of expected.data.entries()) expect(received.data[i]).toBeCloseTo(value, 12);
  },
);
