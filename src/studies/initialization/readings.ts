// What was measured in the hidden layers of a trial: statistics, samples and losses, by layer and step.
import type { SeriesBlock } from "../../core/rows.js";
import type { Samples } from "../../study/analysis/samples.js";
import { mapSamples, samplesOf, select } from "../../study/analysis/samples.js";
import type { StudyResults, TrialResult } from "../../study/definition.js";
import { type Form, factorsOf } from "./design.js";
import { activations, type Cell, layerPlaces } from "./networks.js";

/** A tensor of a hidden layer. */
export type Tensor = "preActivations" | "activations" | "activationGradients" | "weights" | "gradients";

/** Trials of a kind of network. */
export function trialsOf(results: StudyResults, form: Form, cell: Cell): TrialResult[] {
  return select(results, { form, ...factorsOf(cell) });
}

/** The path of a hidden layer's tensor in rows. */
export function pathOf(cell: Cell, tensor: Tensor, layer: number): string {
  const { dense, activation } = layerPlaces(cell, layer);
  if (tensor === "weights" || tensor === "gradients") return `${dense}.weight`;
  return `model.layers[${activation}] (${activations[cell.activation].layer().kind})`;
}

/** A statistic at step 0, one number per network. */
export function atStart(trials: StudyResults, cell: Cell, tensor: Tensor, statistic: string, layer: number): Samples {
  const quantity = { phase: "train", metric: `${tensor}.${statistic}`, path: pathOf(cell, tensor, layer) } as const;
  return samplesOf(trials, quantity, ([first]) => first);
}

/** The quotient of two statistics, network by network. */
export function quotient(a: Samples, b: Samples): Samples {
  const others = new Map(b.values.map(({ replicate, network, value }) => [`${replicate} ${network}`, value]));
  const values = a.values.flatMap((sample) => {
    const value = sample.value / (others.get(`${sample.replicate} ${sample.network}`) ?? Number.NaN);
    return Number.isFinite(value) ? [{ ...sample, value }] : [];
  });
  return { values, of: a.of };
}

/** Norm of the gradient of a layer divided by that of the last hidden layer, at step 0. */
export function gradientRatio(
  trials: StudyResults,
  cell: Cell,
  layer: number,
  of: "gradients" | "activationGradients",
) {
  const norm = (which: number): Samples => atStart(trials, cell, of, "norm", which);
  return quotient(norm(layer), norm(cell.hiddenLayers));
}

/** The squared gradient at the activations of the layer before, divided by that at this layer's: measured chi. */
export function gradientFactor(trials: StudyResults, cell: Cell, layer: number): Samples {
  const norm = (which: number): Samples => atStart(trials, cell, "activationGradients", "norm", which);
  return mapSamples(quotient(norm(layer - 1), norm(layer)), (value) => value ** 2);
}

/** The loss on the examples that networks are looked at on. */
export const lossMetric = "loss.loss";

/** Loss of each network at its last reading; networks that diverged have none. */
export function lastLoss(trials: StudyResults): Samples {
  return samplesOf(trials, { phase: "train", metric: lossMetric }, (values) => values.at(-1));
}

/** A series of one network. */
export function seriesOf({ series }: TrialResult, metric: string, path = ""): SeriesBlock | undefined {
  return series.find((one) => one.metric === metric && one.path === path);
}

/** Values that were kept of a tensor at the first or the last reading, with the index of their network. */
export function keptValues(
  trial: TrialResult,
  path: string,
  tensor: Tensor,
  at: "start" | "end",
): { readonly network: number; readonly value: number }[] {
  const block = seriesOf(trial, `${tensor}.sample`, path);
  if (block === undefined) return [];
  const { steps, values, networks } = block;
  const wanted = at === "start" ? steps[0] : steps[steps.length - 1];
  return [...steps].flatMap((step, row) =>
    step === wanted
      ? Array.from({ length: networks }, (_, network) => ({ network, value: values[row * networks + network] }))
      : [],
  );
}
