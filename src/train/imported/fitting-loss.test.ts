// The loss that fits the end of a model and its targets.
import { describe, expect, test } from "vitest";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import { input } from "../../graph/build.js";
import { sigmoid } from "../../graph/ops/activation/activation.js";
import { identity, log } from "../../graph/ops/elementwise/unary.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import { logSoftmax, softmax } from "../../graph/ops/reduction/softmax.js";
import type { Tensor } from "../../graph/tensor.js";
import { fittingLoss, lossRemark } from "./fitting-loss.js";

const x = (...shape: number[]): Tensor => input("x", "float32", shape);
const classes = (...values: number[]): TensorData => tensorFrom("int32", [values.length], values);
const values = (shape: readonly number[], ...given: number[]): TensorData => tensorFrom("float32", shape, given);
const oneHot = values([2, 3], 1, 0, 0, 0, 0, 1);

describe("the loss that fits", () => {
  test.each([
    ["a softmax and class numbers", softmax(x(2, 3)), classes(0, 2), "categoricalCrossEntropy"],
    [
      "a softmax behind movements",
      reshape(identity(softmax(x(2, 3))), [2, 3]),
      classes(0, 2),
      "categoricalCrossEntropy",
    ],
    ["a softmax and classes as floats", softmax(x(2, 3)), values([2], 0, 2), "categoricalCrossEntropy"],
    ["a softmax and one-hot targets", softmax(x(2, 3)), oneHot, "categoricalCrossEntropy probabilities"],
    ["a log-softmax", logSoftmax(x(2, 3)), classes(0, 2), "negativeLogLikelihood"],
    ["the logarithm of a softmax", log(softmax(x(2, 3))), classes(0, 2), "negativeLogLikelihood"],
    ["a log-softmax and one-hot targets", logSoftmax(x(2, 3)), oneHot, "crossEntropy probabilities"],
    ["a sigmoid and 0 or 1", sigmoid(x(2, 1)), classes(0, 1), "binaryCrossEntropy"],
    ["a sigmoid and several labels", sigmoid(x(2, 3)), oneHot, "binaryCrossEntropy"],
    ["a sigmoid and values", sigmoid(x(2, 1)), values([2, 1], 0.5, 3), "meanSquaredError"],
    ["logits and class numbers", x(2, 3), classes(0, 2), "crossEntropy"],
    ["logits and classes as floats", x(2, 3), values([2], 0, 2), "crossEntropy"],
    ["one logit and 0 or 1", x(2, 1), classes(0, 1), "binaryCrossEntropyWithLogits"],
    ["one output and whole numbers", x(2, 1), classes(7, 31), "meanSquaredError"],
    ["outputs and values", x(2, 3), values([2, 3], 1, 2, 3, 4, 5, 6), "meanSquaredError"],
    ["maps of classes", x(1, 3, 2, 2), tensorFrom("int32", [1, 2, 2], [0, 1, 2, 2]), "crossEntropy"],
  ] as [string, Tensor, TensorData, string][])("%s: %#", (_, output, targets, expected) => {
    const { kind, probabilities } = fittingLoss(output, targets);
    expect(`${kind}${probabilities === true ? " probabilities" : ""}`).toBe(expected);
  });
});

test("a loss of logits for a model that ends in an activation is spoken of, one that fits is not", () => {
  expect(lossRemark("net.onnx", softmax(x(2, 3)), "crossEntropy")).toMatchInlineSnapshot(
    `"net.onnx: the model ends in a softmax, and cross-entropy takes logits: the gradient vanishes where it should not, and the loss cannot reach 0; --loss auto chooses one that fits"`,
  );
  expect(lossRemark("net.onnx", sigmoid(x(2, 3)), "binaryCrossEntropyWithLogits")).toContain("ends in a sigmoid");
  expect(lossRemark("net.onnx", softmax(x(2, 3)), "categoricalCrossEntropy")).toBeUndefined();
  expect(lossRemark("net.onnx", logSoftmax(x(2, 3)), "crossEntropy")).toBeUndefined();
  expect(lossRemark("net.onnx", x(2, 3), "crossEntropy")).toBeUndefined();
});
