// Trainings that cannot learn: refused where nothing useful can come of them, remarked on where something may.
import { InvalidInputError } from "../../core/errors.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { Dataset } from "../../data/dataset.js";
import { targetForm } from "../../nn/losses/loss.js";
import type { Loss } from "../../nn/losses.js";
import type { Network } from "../../nn/network.js";
import { warmUpSteps } from "../../optim/schedules.js";
import type { TrialSpec } from "./trial-spec.js";

/** What decides whether a training can learn. */
export interface FutilityRequest {
  readonly spec: TrialSpec;
  readonly network: Network;
  readonly loss: Loss;
  readonly data: Dataset;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/**
 * Checks that a training can learn something. A training of no steps measures its initial state, and passes.
 * @returns one sentence for each reason why it will learn less than it seems.
 * @throws InvalidInputError when nothing can be trained, or nothing counts.
 */
export function checkFutility(request: FutilityRequest): string[] {
  if (request.totalSteps === 0) return [];
  return [
    ...trainableRemarks(request.network),
    ...targetRemarks(request),
    ...choiceRemarks(request.network, request.loss),
    ...rateRemarks(request),
    ...epochRemarks(request),
  ];
}

function trainableRemarks({ parameters, frozen, buffers }: Network): string[] {
  if (parameters.some(({ tensor }) => sizeOf(tensor.shape) > 0)) return [];
  const received =
    frozen.length === 0 ? "a model without parameters" : `${frozen.length} parameters, all of them frozen`;
  if (buffers.some(({ next, tensor }) => next !== tensor))
    return [`nothing but running statistics is trained: ${received}`];
  throw new InvalidInputError("nothing in the model can be trained", {
    where: "model",
    expected: "at least one parameter that is not frozen",
    received,
    remedy: frozen.length === 0 ? "Add a layer with parameters, such as dense" : "Freeze fewer parameters",
  });
}

/** Weights and targets of which nothing counts, or of which all are the same. */
function targetRemarks(request: FutilityRequest): string[] {
  const { spec, loss } = request;
  const { classWeights, labelSmoothing } = spec.loss as LossOptions;
  const where = `loss (${loss.kind})`;
  if (classWeights?.every((weight) => weight === 0) === true) {
    throw new InvalidInputError("no target has a weight", {
      where: `${where}.classWeights`,
      expected: "at least one weight above 0",
      received: classWeights.length === 1 ? "0" : `${classWeights.length} times 0`,
    });
  }
  const smoothed = labelSmoothing === 1 ? [`${where}: with labelSmoothing 1 all targets are the same`] : [];
  if (loss.targets !== "classNumbers") return smoothed;
  const found = classesIn(request);
  if (found.size === 0) {
    throw new InvalidInputError("all training targets are ignored", {
      where: `${where}.ignoreIndex`,
      expected: "at least one other target",
      received: `only ${loss.ignoreIndex}`,
    });
  }
  if (classWeights !== undefined && [...found].every((target) => classWeights[target] === 0)) {
    throw new InvalidInputError("no target has a weight", {
      where: `${where}.classWeights`,
      expected: `a weight above 0 for one of the classes in the training data: ${[...found].slice(0, 10).join(", ")}`,
      received: "0 for all of them",
    });
  }
  if (found.size > 1) return smoothed;
  return [...smoothed, `all training targets are of class ${[...found][0]}, so that there is nothing to tell apart`];
}

interface LossOptions {
  readonly classWeights?: readonly number[];
  readonly labelSmoothing?: number;
}

/** Classes of the training targets that are not ignored, until two are found of which one has a weight. */
function classesIn({ spec, loss, data: { train } }: FutilityRequest): Set<number> {
  const { data, shape } = train.targets;
  const { classWeights } = spec.loss as LossOptions;
  const count = spec.data.examples?.train ?? shape[0];
  const end = Math.min(data.length, count * (data.length / shape[0]));
  const found = new Set<number>();
  let hasWeight = false;
  for (let i = 0; i < end && !(found.size > 1 && hasWeight); i++) {
    const target = Number(data[i]);
    if (target === loss.ignoreIndex) continue;
    found.add(target);
    hasWeight ||= classWeights === undefined || classWeights[target] > 0;
  }
  return found;
}

/** A choice among one class is none. */
function choiceRemarks({ output }: Network, loss: Loss): string[] {
  const isChoice = targetForm(loss.targets).dataKind === "class" || loss.targets === "probabilities";
  if (!isChoice || output.shape[1] !== 1) return [];
  return [
    `the model has one output, and ${loss.kind} chooses among outputs: it learns nothing; give the model one output for every class, or use binaryCrossEntropyWithLogits for yes or no`,
  ];
}

function rateRemarks({ spec, totalSteps, stepsPerEpoch }: FutilityRequest): string[] {
  const own = spec.learningRates ?? [(spec.optimizer as { readonly learningRate?: number }).learningRate];
  if (own.every((rate) => rate === 0)) return ["the learning rate is 0: no parameter changes"];
  const warmUp = warmUpSteps(spec.schedule, { totalSteps, stepsPerEpoch });
  if (warmUp < totalSteps) return [];
  return [
    `the warm-up takes ${warmUp} steps and the training ${totalSteps}: the learning rate never arrives where the schedule begins`,
  ];
}

/** Rules that compare epochs, in a training that ends before its first one. */
function epochRemarks({ spec, totalSteps, stepsPerEpoch }: FutilityRequest): string[] {
  if (totalSteps >= stepsPerEpoch) return [];
  const rules = [
    ...(spec.stop?.kind === "noImprovement" ? ["patience"] : []),
    ...(spec.keep === undefined ? [] : ["the best weights"]),
  ];
  if (rules.length === 0) return [];
  return [
    `nothing to compare for ${rules.join(" and ")}: they count whole epochs, and the training ends after ${totalSteps} of the ${stepsPerEpoch} steps of its first one`,
  ];
}
