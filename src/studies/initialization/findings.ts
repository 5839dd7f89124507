// The numbers of the study: what was measured in every layer of every kind of network, and what theory predicts.
import type { Finding } from "../../core/findings.js";
import { exactEstimate } from "../../core/statistics/intervals.js";
import { findingsOf, meanOf, type Samples, select } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { cells, codedActivations, codedPanels, type Form } from "./design.js";
import { type Cell, variantOf } from "./networks.js";
import { atStart, gradientFactor, gradientRatio, lastLoss, trialsOf } from "./readings.js";
import type { InitializationSettings } from "./settings.js";
import { type Prediction, predictionsOf } from "./theory.js";

/** A quantity of a hidden layer at step 0. */
export interface Quantity {
  readonly title: string;
  measured(trials: StudyResults, cell: Cell, layer: number): Samples;
  /** What theory says; undefined where it says nothing. */
  predicted?(prediction: Prediction): number | undefined;
}

export const quantities = {
  preActivationDeviation: {
    title: "standard deviation of pre-activations",
    measured: (trials, cell, layer) => atStart(trials, cell, "preActivations", "deviation", layer),
    predicted: (prediction) => prediction.preActivationDeviation,
  },
  activationDeviation: {
    title: "standard deviation of activations",
    measured: (trials, cell, layer) => atStart(trials, cell, "activations", "deviation", layer),
    predicted: (prediction) => prediction.activationDeviation,
  },
  activationMean: {
    title: "mean of activations",
    measured: (trials, cell, layer) => atStart(trials, cell, "activations", "mean", layer),
    predicted: (prediction) => prediction.activationMean,
  },
  gradientRatio: {
    title: "norm of the gradient at activations, divided by that of the last hidden layer",
    measured: (trials, cell, layer) => gradientRatio(trials, cell, layer, "activationGradients"),
    predicted: (prediction) => prediction.gradientRatio,
  },
  weightGradientRatio: {
    title: "norm of the gradient of weights, divided by that of the last hidden layer",
    measured: (trials, cell, layer) => gradientRatio(trials, cell, layer, "gradients"),
  },
  gradientFactor: {
    title: "chi: squared gradient of the layer before, divided by that of this layer",
    measured: (trials, cell, layer) => (layer === 1 ? { values: [], of: 0 } : gradientFactor(trials, cell, layer)),
    predicted: (prediction) => prediction.gradientFactor,
  },
  saturatedFraction: {
    title: "fraction of saturated activations",
    measured: (trials, cell, layer) => atStart(trials, cell, "activations", "saturatedFraction", layer),
    predicted: (prediction) => prediction.saturatedFraction,
  },
  zeroFraction: {
    title: "fraction of activations that are 0",
    measured: (trials, cell, layer) => atStart(trials, cell, "activations", "zeroFraction", layer),
    predicted: (prediction) => prediction.zeroFraction,
  },
  deadFraction: {
    title: "fraction of units that are off for every example",
    measured: (trials, cell, layer) => atStart(trials, cell, "activations", "deadFraction", layer),
  },
} as const satisfies Readonly<Record<string, Quantity>>;

export type QuantityId = keyof typeof quantities;

/** `predictedActivationDeviation`. */
const predictedId = (id: string): string => `predicted${id[0].toUpperCase()}${id.slice(1)}`;

export function findings(results: StudyResults, settings: InitializationSettings): Finding[] {
  return [...layerFindings(results, settings), ...lossFindings(results, settings), ...codedFindings(results)];
}

function layerFindings(results: StudyResults, settings: InitializationSettings): Finding[] {
  const kinds = cells(settings).map((cell) => ({ cell, trials: trialsOf(results, "untrained", cell) }));
  return Object.entries(quantities as Readonly<Record<string, Quantity>>).flatMap(([id, quantity]) => {
    const all = kinds
      .filter(({ trials }) => trials.length > 0)
      .flatMap(({ cell, trials }) =>
        predictionsOf(cell).map((prediction, i) => ({ cell, trials, prediction, layer: i + 1 })),
      );
    const measured = all.flatMap(({ cell, trials, layer }) =>
      findingsOf(
        about(id, `Before training: ${quantity.title}`, cell, layer),
        meanOf(quantity.measured(trials, cell, layer)),
      ),
    );
    const predicted = all.flatMap(({ cell, layer, prediction }) => {
      const value = quantity.predicted?.(prediction);
      const estimate = value === undefined ? undefined : exactEstimate(value);
      return findingsOf(about(predictedId(id), `Mean-field theory: ${quantity.title}`, cell, layer), estimate);
    });
    return [...measured, ...predicted];
  });
}

const about = (id: string, title: string, cell: Cell, layer: number) => ({
  ...{ id, title, unit: "", variant: variantOf(cell), layer },
});

function lossFindings(results: StudyResults, settings: InitializationSettings): Finding[] {
  return cells(settings).flatMap((cell) => {
    const about = {
      id: "trainedLoss",
      title: `Loss after ${settings.steps} updates of plain SGD`,
      unit: "nats",
      variant: variantOf(cell),
    };
    return findingsOf(about, meanOf(lastLoss(trialsOf(results, "trained", cell))));
  });
}

/** The three panels of the report's figures 2 and 4: one number each, and they are equal. */
function codedFindings(results: StudyResults): Finding[] {
  return codedActivations.flatMap((activation) =>
    codedPanels.flatMap((panel) => {
      const trials = select(results, { form: "asCoded" satisfies Form, activation, panel });
      const cell = { network: "mnist", activation, initializer: "glorotNormal", hiddenLayers: 5, units: 100 } as const;
      const deviation = meanOf(atStart(trials, cell, "activations", "deviation", 5));
      const about = {
        id: "asCodedActivationDeviation",
        title: "As coded: standard deviation of activations, panel by panel",
        unit: "",
        variant: `asCoded/${activation}/normal${panel}`,
        layer: 5,
      };
      return findingsOf(about, deviation);
    }),
  );
}
