// Losses and their gradients against PyTorch, right answers, and what losses refuse.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { DType } from "../core/numbers/dtype.js";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { input, scalar } from "../graph/build.js";
import { gradients } from "../graph/gradient.js";
import { graph } from "../graph/graph.js";
import { softmax } from "../graph/ops/reduction/softmax.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import { fromTensorData } from "../graph/reference/nd-array.js";
import { losses, lossFunction } from "./losses.js";

interface StoredArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}
interface Fixture {
  readonly kind: string;
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly output: StoredArray;
  readonly targets: StoredArray;
  readonly loss: number;
  readonly gradient: StoredArray;
}
const file = new URL("../../tools/oracle/fixtures/losses.json", import.meta.url);
const { fixtures } = JSON.parse(readFileSync(file, "utf8")) as { fixtures: readonly Fixture[] };
const stored = ({ dtype, shape, data }: StoredArray) => fromTensorData(tensorFrom(dtype, shape, data.map(Number)));

test.each(fixtures)(
  "$kind of $name equals PyTorch's, and so does its gradient",
  ({ kind, options, output, targets, loss, gradient }) => {
    const x = input("x", "float64", output.shape);
    const y = input("y", targets.dtype, targets.shape);
    const built = lossFunction({ kind, ...options }).build(x, y);
    const [slope] = gradients({ of: built, withRespectTo: [x] });
    const [found, slopes] = evaluateGraph(graph([x, y], { loss: built, slope }), [output, targets].map(stored));
    expect(Math.abs(found.data[0] - loss)).toBeLessThan(1e-10 * Math.max(1, Math.abs(loss)));
    for (const [i, expected] of gradient.data.entries())
      expect(Math.abs(slopes.data[i] - Number(expected)), `gradient ${i}`).toBeLessThan(1e-10);
  },
);

test.each(fixtures)(
  "$kind of $name is the mean over its examples where it says so",
  ({ kind, options, output, targets }) => {
    const loss = lossFunction({ kind, ...options });
    const [examples] = output.shape;
    const one = (whole: StoredArray, i: number): StoredArray => {
      const size = whole.data.length / examples;
      return { ...whole, shape: [1, ...whole.shape.slice(1)], data: whole.data.slice(i * size, (i + 1) * size) };
    };
    const valueAt = (x: StoredArray, y: StoredArray): { value: number; weight: number } => {
      const [given, wanted] = [input("x", "float64", x.shape), input("y", y.dtype, y.shape)];
      const weight = loss.counts?.(given, wanted).weight ?? scalar(1, "float64");
      const run = graph([given, wanted], { loss: loss.build(given, wanted), weight });
      const [value, divisor] = evaluateGraph(run, [x, y].map(stored));
      return { value: value.data[0], weight: divisor.data[0] };
    };
    const parts = Array.from({ length: examples }, (_, i) => valueAt(one(output, i), one(targets, i)));
    const mean = parts.reduce((sum, { value }) => sum + value, 0) / examples;
    const whole = valueAt(output, targets);
    const difference = Math.abs(mean - whole.value);
    if (loss.isMeanOverExamples) expect(difference).toBeLessThan(1e-10 * Math.max(1, Math.abs(mean)));
    else expect(difference).toBeGreaterThan(1e-3);
    // Where it does not, the mean is the one weighted by what it is divided by.
    const total = parts.reduce((sum, { value, weight }) => sum + value * weight, 0);
    const divisor = parts.reduce((sum, { weight }) => sum + weight, 0);
    expect(Math.abs(total / divisor - whole.value)).toBeLessThan(1e-10 * Math.max(1, Math.abs(whole.value)));
    expect(loss.counts === undefined).toBe(loss.isMeanOverExamples);
  },
);

test("every loss has a fixture, and JSON makes the same function", () => {
  expect(new Set(fixtures.map(({ kind }) => kind))).toEqual(new Set(Object.keys(losses)));
  for (const [kind, definition] of Object.entries(losses)) {
    expect(definition.kind).toBe(kind);
    expect(lossFunction(JSON.parse(JSON.stringify(definition()))).kind).toBe(kind);
  }
  expect(lossFunction(losses.crossEntropy()).targets).toBe("classNumbers");
  expect(lossFunction(losses.crossEntropy({ probabilities: true })).targets).toBe("probabilities");
});

test("probabilities fed to crossEntropy leave a floor of ln(1 + 9/e), 1.46115 for ten classes", () => {
  const x = input("x", "float32", [1, 10]);
  const y = input("y", "int32", [1]);
  const loss = lossFunction({ kind: "crossEntropy" }).build(softmax(x, { axis: -1 }), y);
  const certain = tensorFrom("float32", [1, 10], [1000, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const [floor] = evaluateGraph(graph([x, y], { loss }), [
    fromTensorData(certain),
    fromTensorData(tensorFrom("int32", [1], [0])),
  ]);
  expect(floor.data[0]).toBeCloseTo(1.46115, 5);
});

test("where no target counts, the loss and its gradient are 0", () => {
  const x = input("x", "float32", [2, 3]);
  const y = input("y", "int32", [2]);
  const loss = lossFunction({ kind: "crossEntropy", ignoreIndex: 7 }).build(x, y);
  const [slope] = gradients({ of: loss, withRespectTo: [x] });
  const values = [tensorFrom("float32", [2, 3], [1, 2, 3, 4, 5, 6]), tensorFrom("int32", [2], [7, 7])];
  const [value, slopes] = evaluateGraph(graph([x, y], { loss, slope }), values.map(fromTensorData));
  expect(value.data[0] + 0).toBe(0);
  expect([...slopes.data].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
});

/** Right answers of a batch. */
function right(spec: object, output: StoredArray, targets: StoredArray): number {
  const x = input("x", "float32", output.shape);
  const y = input("y", targets.dtype, targets.shape);
  const correct = lossFunction(spec).correct?.(x, y);
  if (correct === undefined) return Number.NaN;
  return evaluateGraph(graph([x, y], { correct }), [output, targets].map(stored))[0].data[0];
}
const floats = (shape: readonly number[], ...data: number[]): StoredArray => ({ dtype: "float32", shape, data });
const numbers = (shape: readonly number[], ...data: number[]): StoredArray => ({ dtype: "int32", shape, data });

test("an answer is right when the first largest output is the target's", () => {
  const logits = floats([4, 3], 1, 2, 3, 3, 2, 1, 5, 5, 0, 5, 5, 0);
  const kind = "crossEntropy";
  expect(right({ kind }, logits, numbers([4], 2, 1, 0, 1))).toBe(2);
  // Two of three that count, as a share of four examples.
  expect(right({ kind, ignoreIndex: 9 }, logits, numbers([4], 2, 1, 0, 9))).toBeCloseTo(8 / 3, 6);
  const shares = floats([4, 3], 0, 0, 1, 1, 0, 0, 0, 1, 0, 0.5, 0.25, 0.25);
  expect(right({ kind, probabilities: true }, logits, shares)).toBe(3);
});

test("answers at every position count as shares of an example", () => {
  const maps = floats([2, 2, 2], 1, 5, 3, 4, 0, 0, 1, -1);
  // Largest classes: 1, 0 for the first example and 1, 0 for the second.
  expect(right({ kind: "crossEntropy" }, maps, numbers([2, 2], 1, 0, 1, 1))).toBe(1.5);
});

test("yes begins above 0 for logits and above a half for probabilities", () => {
  const column = floats([4, 1], -0.25, 0.75, 0.25, -3);
  const labels = floats([4], 0, 1, 1, 1);
  expect(right({ kind: "binaryCrossEntropyWithLogits" }, column, labels)).toBe(3);
  expect(right({ kind: "hinge" }, column, floats([4, 1], -1, 1, 1, 1))).toBe(3);
  expect(right({ kind: "binaryCrossEntropy" }, column, numbers([4], 0, 1, 1, 1))).toBe(2);
  const several = floats([2, 2], 1, -1, 1, 1);
  expect(right({ kind: "binaryCrossEntropyWithLogits" }, several, floats([2, 2], 1, 0, 0, 1))).toBe(1.5);
  expect(right({ kind: "huber" }, column, labels)).toBeNaN();
});

test("outputs and targets that do not fit are refused", () => {
  const build = (spec: object, output: readonly number[], targets: readonly number[], dtype: DType) => () =>
    lossFunction(spec).build(input("x", "float32", output), input("y", dtype, targets));
  const kind = "crossEntropy";
  expect(build({ kind }, [4, 16, 5, 5], [4], "int32")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: loss (crossEntropy): crossEntropy needs a class number for every row of logits: expected targets of shape [4, 5, 5] for an output of shape [4, 16, 5, 5], received [4]. For one prediction per example, put flatten() before the last dense layer]`,
  );
  expect(build({ kind }, [4], [4], "int32")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: loss (crossEntropy): crossEntropy needs one row of logits per example: expected an output of shape [batch, classes] or [batch, classes, ...], received [4]. End the model with flatten() and dense({ units: classes })]`,
  );
  expect(build({ kind, classWeights: [1, 2] }, [4, 3], [4], "int32")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss (crossEntropy).classWeights: the number of weights differs from the number of classes: expected 3 numbers, one for each output of the model, received 2]`,
  );
  expect(
    build({ kind, probabilities: true, ignoreIndex: 0 }, [4, 3], [4, 3], "float32"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss (crossEntropy): ignoreIndex and probabilities cannot be combined. Leave one of them out]`,
  );
  expect(
    build({ kind: "binaryCrossEntropyWithLogits", posWeight: [1, 2] }, [4, 3], [4, 3], "float32"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss (binaryCrossEntropyWithLogits).posWeight: the number of weights differs from the number of outputs: expected one number, or 3, received 2]`,
  );
  expect(build({ kind: "meanSquaredError" }, [4, 2], [4], "float32")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: loss (meanSquaredError): meanSquaredError needs a target for every output: expected targets of the output's shape, received output [4, 2], targets [4]]`,
  );
  expect(() => lossFunction({ kind: "crossEntrop" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: loss: unknown loss "crossEntrop". Did you mean "crossEntropy"? 11 are known]`,
  );
  expect(() => lossFunction({ kind, smoothing: 0.1 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss (crossEntropy): unknown option "smoothing". Did you mean "labelSmoothing"? Valid: labelSmoothing, classWeights, ignoreIndex, probabilities]`,
  );
  expect(() => lossFunction({ kind: "multiMargin", power: 3 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss (multiMargin).power: expected a number at most 2, received 3]`,
  );
  expect(() => lossFunction("crossEntropy")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss: not a loss spec: expected an object with "kind", one of 11 such as crossEntropy, categoricalCrossEntropy, negativeLogLikelihood, received "crossEntropy"]`,
  );
});
