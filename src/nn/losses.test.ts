// Losses and their gradients against PyTorch, and what they refuse.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { DType } from "../core/dtype.js";
import { tensorFrom } from "../core/tensor-data.js";
import { input } from "../graph/build.js";
import { evaluateGraph } from "../graph/evaluate.js";
import { gradients } from "../graph/gradient.js";
import { graph } from "../graph/graph.js";
import { fromTensorData } from "../graph/nd-array.js";
import { softmax } from "../graph/ops/softmax.js";
import { correctCount, losses, lossFunction } from "./losses.js";

interface StoredArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Fixture {
  readonly kind: string;
  readonly name: string;
  readonly output: StoredArray;
  readonly targets: StoredArray;
  readonly loss: number;
  readonly gradient: StoredArray;
}
const file = new URL("../../tools/oracle/fixtures/losses.json", import.meta.url);
const { fixtures } = JSON.parse(readFileSync(file, "utf8")) as { fixtures: readonly Fixture[] };

test.each(fixtures)(
  "$kind of $name equals PyTorch's, and so does its gradient",
  ({ kind, output, targets, loss, gradient }) => {
    // Networks are float32; the reference evaluation holds it in float64.
    const x = input("x", "float32", output.shape);
    const y = input("y", targets.dtype === "float64" ? "float32" : targets.dtype, targets.shape);
    const built = lossFunction({ kind }).build(x, y);
    const [slope] = gradients({ of: built, withRespectTo: [x] });
    const values = [output, targets].map(({ dtype, shape, data }) => fromTensorData(tensorFrom(dtype, shape, data)));
    const [found, slopes] = evaluateGraph(graph([x, y], { loss: built, slope }), values);
    expect(Math.abs(found.data[0] - loss)).toBeLessThan(1e-12 * Math.max(1, Math.abs(loss)));
    // Means divide by constants that are rounded to float32.
    for (const [i, expected] of gradient.data.entries()) expect(Math.abs(slopes.data[i] - expected)).toBeLessThan(1e-7);
  },
);

test("every loss has a fixture, and JSON makes the same function", () => {
  expect(new Set(fixtures.map(({ kind }) => kind))).toEqual(new Set(Object.keys(losses)));
  for (const [kind, definition] of Object.entries(losses)) {
    expect(definition()).toEqual({ kind });
    expect(lossFunction(definition()).targets).toBe(definition.targets);
  }
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

test("correctCount counts rows whose first largest logit is the target's", () => {
  const x = input("x", "float32", [4, 3]);
  const y = input("y", "int32", [4]);
  const logits = tensorFrom("float32", [4, 3], [1, 2, 3, 3, 2, 1, 5, 5, 0, 5, 5, 0]);
  const run = graph([x, y], { correct: correctCount(x, y) });
  const [correct] = evaluateGraph(run, [
    fromTensorData(logits),
    fromTensorData(tensorFrom("int32", [4], [2, 1, 0, 1])),
  ]);
  expect([...correct.data]).toEqual([2]);
});

test("outputs and targets that do not fit are refused", () => {
  const build = (kind: string, output: readonly number[], targets: readonly number[], dtype: DType) => () =>
    lossFunction({ kind }).build(input("x", "float32", output), input("y", dtype, targets));
  expect(build("crossEntropy", [4, 16, 5, 5], [4], "int32")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: loss (crossEntropy): crossEntropy needs one row of logits per example: expected an output of shape [batch, classes], received [4, 16, 5, 5]. End the model with flatten() and dense({ units: classes })]`,
  );
  expect(build("meanSquaredError", [4, 1], [4], "float32")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: loss (meanSquaredError): meanSquaredError needs a target for every output: expected targets of the output's shape, received output [4, 1], targets [4]]`,
  );
  expect(() => lossFunction({ kind: "crossEntrop" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: loss: unknown loss "crossEntrop". Did you mean "crossEntropy"? Valid: crossEntropy, meanSquaredError]`,
  );
  expect(() => lossFunction({ kind: "crossEntropy", smoothing: 0.1 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss (crossEntropy): unknown option "smoothing". It takes no options]`,
  );
  expect(() => lossFunction("crossEntropy")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: loss: not a loss spec: expected an object with "kind", one of crossEntropy, meanSquaredError, received "crossEntropy"]`,
  );
});
