// Losses behind a softmax or a sigmoid: computed from the logits, with the values and gradients of PyTorch, and exact
// where PyTorch's float32 is not.
import { describe, expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { input } from "../../graph/build.js";
import { gradients } from "../../graph/gradient.js";
import { graph } from "../../graph/graph.js";
import { sigmoid } from "../../graph/ops/activation/activation.js";
import { log } from "../../graph/ops/elementwise/unary.js";
import { flatten, reshape, transpose } from "../../graph/ops/movement/shape-movement.js";
import { logSoftmax, softmax } from "../../graph/ops/reduction/softmax.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData } from "../../graph/reference/nd-array.js";
import type { Tensor } from "../../graph/tensor.js";
import { lossFunction } from "../losses.js";
import { lastActivation } from "./last-activation.js";

/** Loss and gradient with respect to the logits, in float64. */
function lossAt(
  spec: object,
  end: (x: Tensor) => Tensor,
  shape: readonly number[],
  logits: readonly number[],
  targets: readonly number[],
  form: { readonly dtype: "float64" | "int32"; readonly shape: readonly number[] },
): { loss: number; gradient: number[] } {
  const x = input("x", "float64", shape);
  const y = input("y", form.dtype, form.shape);
  const loss = lossFunction(spec).build(end(x), y);
  const [slope] = gradients({ of: loss, withRespectTo: [x] });
  const given = [tensorFrom("float64", shape, logits), tensorFrom(form.dtype, form.shape, targets)];
  const [value, slopes] = evaluateGraph(graph([x, y], { loss, slope }), given.map(fromTensorData));
  return { loss: value.data[0], gradient: [...slopes.data] };
}

const bce = (end: (x: Tensor) => Tensor, logit: number, target: number) => {
  const form = { dtype: "float64" as const, shape: [1, 1] };
  const { loss, gradient } = lossAt({ kind: "binaryCrossEntropy" }, end, [1, 1], [logit], [target], form);
  return [loss, gradient[0]];
};

describe("binaryCrossEntropy behind a sigmoid", () => {
  test.each([
    [-18, 1, 18.0000000152, -1],
    [18, 0, 18.0000000152, 1],
    [-40, 1, 40, -1],
    [40, 0, 40, 1],
    [-18, 0, 1.523e-8, 1.523e-8],
    [2, 1, 0.126928, -0.119203],
    [2, 0.25, 1.626928, 0.630797],
  ])("of logit %d with target %d is %d, with the gradient %d", (logit, target, loss, gradient) => {
    const [found, slope] = bce((x) => sigmoid(x), logit, target);
    expect(found).toBeCloseTo(loss, 6);
    expect(slope).toBeCloseTo(gradient, 6);
  });

  test("ends at 100, where PyTorch's logarithm ends", () => {
    expect(bce((x) => sigmoid(x), -150, 1).map(Math.abs)).toEqual([100, 0]);
    expect(bce((x) => sigmoid(x), 150, 0)[0]).toBe(100);
    expect(bce((x) => sigmoid(x), 150, 1)[0]).toBeCloseTo(0, 12);
  });

  test("is found through movements, and not behind anything else", () => {
    const moved = bce((x) => reshape(flatten(sigmoid(reshape(x, [1, 1, 1]))), [1, 1]), -18, 1);
    expect(moved).toEqual(bce((x) => sigmoid(x), -18, 1));
    expect(lastActivation(input("x", "float32", [2]))).toBeUndefined();
    expect(lastActivation(log(sigmoid(input("x", "float32", [2]))))).toBeUndefined();
  });
});

describe("binaryCrossEntropy of plain outputs", () => {
  const plain = (p: number, y: number) => bce((x) => x, p, y);

  test.each([
    [0.3, 1, -Math.log(0.3), -1 / 0.3],
    [0.3, 0, -Math.log(0.7), 1 / 0.7],
    [1e-8, 0, 1e-8, 1],
    // PyTorch's: the logarithm ends at -100, and the slope divides by no less than 1e-12.
    [0, 1, 100, -1e12],
    [1, 0, 100, 1e12],
    [0, 0, 0, 0],
    [1e-14, 1, -Math.log(1e-14), -1e12],
    [1e-50, 1, 100, -1e12],
  ])("p = %d, y = %d", (p, y, loss, gradient) => {
    const [found, slope] = plain(p, y);
    expect(found).toBeCloseTo(loss, 10);
    expect(Math.abs(slope - gradient)).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(gradient)));
  });

  test("outside 0 and 1 makes the loss NaN", () => {
    for (const p of [-1e-3, 1.001, 3]) expect(plain(p, 1)[0]).toBeNaN();
  });
});

describe("losses of classes", () => {
  const logits = [1, -2, 800, 3, 0.5, -4];
  const classes = { dtype: "int32" as const, shape: [2] };
  const expected = lossAt({ kind: "crossEntropy" }, (x) => x, [2, 3], logits, [0, 1], classes);

  test.each([
    ["categoricalCrossEntropy behind a softmax", "categoricalCrossEntropy", (x: Tensor) => softmax(x)],
    [
      "categoricalCrossEntropy behind a softmax over an image of one pixel",
      "categoricalCrossEntropy",
      (x: Tensor) => flatten(softmax(reshape(x, [2, 3, 1, 1]), { axis: 1 })),
    ],
    [
      "categoricalCrossEntropy behind a transposition",
      "categoricalCrossEntropy",
      (x: Tensor) => transpose(softmax(transpose(x, [1, 0]), { axis: 0 }), [1, 0]),
    ],
    ["negativeLogLikelihood behind a log-softmax", "negativeLogLikelihood", (x: Tensor) => logSoftmax(x)],
    [
      "negativeLogLikelihood behind the logarithm of a softmax",
      "negativeLogLikelihood",
      (x: Tensor) => log(softmax(x)),
    ],
  ])("%s is crossEntropy of the logits", (_, kind, end) => {
    const { loss, gradient } = lossAt({ kind }, end, [2, 3], logits, [0, 1], classes);
    expect(loss).toBeCloseTo(expected.loss, 10);
    for (const [i, slope] of gradient.entries()) expect(slope).toBeCloseTo(expected.gradient[i], 10);
  });

  test("probabilities of classes as targets, smoothing and weights are those of crossEntropy", () => {
    const shares = { dtype: "float64" as const, shape: [2, 3] };
    const q = [0.5, 0.5, 0, 0, 0.25, 0.75];
    const options = { probabilities: true, labelSmoothing: 0.1, classWeights: [1, 2, 3] };
    const ours = lossAt({ kind: "categoricalCrossEntropy", ...options }, (x) => softmax(x), [2, 3], logits, q, shares);
    const plain = lossAt({ kind: "crossEntropy", ...options }, (x) => x, [2, 3], logits, q, shares);
    expect(ours.loss).toBeCloseTo(plain.loss, 10);
  });

  test("a softmax over another axis than that of the classes is not passed over", () => {
    const last = lastActivation(softmax(input("x", "float32", [2, 3, 4]), { axis: 2 }));
    expect(last?.classAxis).toBe(2);
  });
});
