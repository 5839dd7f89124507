// What trials emit as tidy rows.
import type { MetricRow } from "../core/rows.js";
import type { EnsembleEvaluation, EnsembleEvent } from "./trial/ensemble/ensemble-events.js";
import type { EnsembleTrial } from "./trial/ensemble-trial.js";
import type { Evaluation, TrialEvent } from "./trial/events.js";

/** Losses of a segment, every network by itself. */
export function* ensembleStepRows(
  { id: trial, networks }: EnsembleTrial,
  { first, losses }: Extract<EnsembleEvent, { kind: "steps" }>,
  stepsPerEpoch: number,
): Generator<MetricRow> {
  for (const [i, value] of losses.entries()) {
    const step = first + Math.floor(i / networks);
    const network = i % networks;
    yield { trial, phase: "train", step, epoch: step / stepsPerEpoch, metric: "loss", path: "", network, value };
  }
}

/** What an epoch measured, every network by itself. */
export function* ensembleEvaluationRows(
  trial: string,
  { phase, step, epoch, loss, accuracy = [] }: EnsembleEvaluation,
): Generator<MetricRow> {
  for (const [metric, values] of Object.entries({ loss, accuracy }))
    for (const [network, value] of values.entries())
      yield { trial, phase, step, epoch, metric, path: "", network, value };
}

/** What probes found, every network by itself. */
export function* ensembleProbeRows(
  trial: string,
  { step, looks }: Extract<EnsembleEvent, { kind: "probes" }>,
  stepsPerEpoch: number,
): Generator<MetricRow> {
  for (const { network, values } of looks) {
    for (const { of, path, statistic, value } of values) {
      const [epoch, metric] = [step / stepsPerEpoch, `${of}.${statistic}`];
      yield { trial, phase: "train", step, epoch, metric, path, network, value };
    }
  }
}

type Steps = Extract<TrialEvent, { kind: "steps" }>;

/** Losses of a segment. */
export function* stepRows(trial: string, { first, losses, epoch }: Steps): Generator<MetricRow> {
  for (const [i, value] of losses.entries()) {
    const step = first + i;
    const passed = epoch.number + (step - epoch.first) / epoch.steps;
    yield { trial, phase: "train", step, epoch: passed, metric: "loss", path: "", value };
  }
}

/** What an epoch measured. */
export function* evaluationRows(
  trial: string,
  { phase, step, epoch, loss, accuracy }: Evaluation,
): Generator<MetricRow> {
  yield { trial, phase, step, epoch, metric: "loss", path: "", value: loss };
  if (accuracy !== undefined) yield { trial, phase, step, epoch, metric: "accuracy", path: "", value: accuracy };
}

/** What probes found: `activations.deviation`, by path. */
export function* probeRows(
  trial: string,
  { step, epoch, values }: Extract<TrialEvent, { kind: "probes" }>,
): Generator<MetricRow> {
  const passed = epoch.number + (step - epoch.first) / epoch.steps;
  for (const { of, path, statistic, value } of values)
    yield { trial, phase: "train", step, epoch: passed, metric: `${of}.${statistic}`, path, value };
}
