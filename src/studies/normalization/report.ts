// Numbers of the source: accuracies from its log, and the lower bound that explains its losses.
import { reportStepsPerEpoch } from "./design.js";

export const source = "A. Wagh, Lab 3 Report, ECE-GY 9143 (2022), problem 2";

/**
 * Loss of a perfect classifier of 10 classes if softmax is applied to its probabilities again: the right class gets
 * e / (e + 9), so the loss is ln(1 + 9/e) = 1.46115.
 */
export const doubleSoftmaxFloor = Math.log(1 + 9 / Math.E);

/** Validation accuracies that the report's notebook logged at epochs 1, 10, 20 and 30. */
const logged: Readonly<Record<string, readonly [number, number, number, number]>> = {
  batchNormHidden: [0.6163, 0.8968, 0.9334, 0.9522],
  batchNormEverywhere: [0.6011, 0.9223, 0.9575, 0.967],
  dropout: [0.1051, 0.1814, 0.2746, 0.4271],
  batchNormAndDropout: [0.3816, 0.7385, 0.8215, 0.8832],
};

const loggedEpochs = [1, 10, 20, 30] as const;

/** The report's log as points: variant, updates done, accuracy from 0 to 1. */
export const reportedAccuracies = Object.entries(logged).flatMap(([variant, values]) =>
  values.map((accuracy, i) => ({ variant, step: loggedEpochs[i] * reportStepsPerEpoch, accuracy })),
);

/** The report's accuracy at a number of updates, linear between its logged epochs; undefined before the first. */
export function reportedAccuracyAt(variant: string, step: number): number | undefined {
  const points = reportedAccuracies.filter((point) => point.variant === variant);
  const after = points.findIndex((point) => point.step >= step);
  if (after === -1) return points.at(-1)?.accuracy;
  if (points[after].step === step || after === 0)
    return points[after].step === step ? points[after].accuracy : undefined;
  const [a, b] = [points[after - 1], points[after]];
  return a.accuracy + ((b.accuracy - a.accuracy) * (step - a.step)) / (b.step - a.step);
}

/** The report's final accuracy of a variant, in percent. */
export function finalReported(variant: string): number {
  return 100 * (logged[variant]?.[3] ?? Number.NaN);
}
