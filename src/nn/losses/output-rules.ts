// What losses of probabilities and of their logarithms need of the outputs: their range, and sums over the classes.
import { exp } from "../../graph/ops/elementwise/unary.js";
import { reduceMax, reduceMin, reduceSum } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";
import { lastActivation } from "./last-activation.js";
import type { OutputRule } from "./loss.js";

// Sums of a thousand probabilities in float32, or of some stored in float16, are that far from 1.
const sumTolerance = 1e-3;
// A logarithm of 1 that was rounded.
const logTolerance = 1e-6;

const extremes = (values: Tensor): Record<"least" | "most", Tensor> => ({
  least: reduceMin(values),
  most: reduceMax(values),
});

function sums(probabilities: Tensor): Record<"leastSum" | "mostSum", Tensor> {
  const all = reduceSum(probabilities, [1]);
  return { leastSum: reduceMin(all), mostSum: reduceMax(all) };
}

const isOne = ({ leastSum, mostSum }: Readonly<Record<string, number>>): boolean =>
  leastSum >= 1 - sumTolerance && mostSum <= 1 + sumTolerance;

const shown = (value: number): string => `${Number(value.toPrecision(4))}`;
const range = (least: number, most: number): string =>
  shown(least) === shown(most) ? shown(least) : `${shown(least)} to ${shown(most)}`;

/** Numbers between 0 and 1. */
export const probabilityOutputs: OutputRule = {
  expected: "all elements between 0 and 1, as of a sigmoid",
  remedy: "End the model with a sigmoid, or use binaryCrossEntropyWithLogits, which takes logits",
  isCertain: (output) => ["sigmoid", "softmax"].includes(lastActivation(output)?.kind ?? ""),
  measure: extremes,
  problem: ({ least, most }) => (least < 0 || most > 1 ? `outputs from ${range(least, most)}` : undefined),
};

/** Numbers from 0 whose sum over the classes is 1. */
export const distributionOutputs: OutputRule = {
  expected: "a probability for every class, with a sum of 1, as of a softmax",
  remedy: "End the model with a softmax, or use crossEntropy, which takes logits",
  isCertain: (output) => isOverClasses(output, "softmax"),
  measure: (output) => ({ ...extremes(output), ...sums(output) }),
  problem: (measured) =>
    measured.least < 0 || !isOne(measured)
      ? `outputs from ${range(measured.least, measured.most)}, with sums of ${range(measured.leastSum, measured.mostSum)}`
      : undefined,
};

/** Logarithms of such numbers. */
export const logDistributionOutputs: OutputRule = {
  expected:
    "a log-probability for every class: none above 0, and a sum of 1 of their exponentials, as of a log-softmax",
  remedy: "End the model with a log-softmax, or use crossEntropy, which takes logits",
  isCertain: (output) => isOverClasses(output, "logSoftmax"),
  measure: (output) => ({ ...extremes(output), ...sums(exp(output)) }),
  problem: (measured) =>
    measured.most > logTolerance || !isOne(measured)
      ? `outputs from ${range(measured.least, measured.most)}, with sums of ${range(measured.leastSum, measured.mostSum)} of their exponentials`
      : undefined,
};

function isOverClasses(output: Tensor, kind: "softmax" | "logSoftmax"): boolean {
  const last = lastActivation(output);
  return last?.kind === kind && last.classAxis === 1;
}
