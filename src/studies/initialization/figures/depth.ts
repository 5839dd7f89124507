// Quantities against depth, measured and predicted: deviations, gradients, saturated and zero fractions.
import { type EstimateRow, estimateFigure, type PredictionRow } from "../../../figures/estimate-figure.js";
import type { Figure } from "../../../figures/figure.js";
import { meanOf } from "../../../study/analysis/samples.js";
import type { StudyResults } from "../../../study/definition.js";
import { type Quantity, type QuantityId, quantities } from "../findings.js";
import {
  type ActivationId,
  activations,
  type Cell,
  type InitializerId,
  initializationOf,
  type NetworkId,
  variantOf,
} from "../networks.js";
import { trialsOf } from "../readings.js";
import type { InitializationSettings } from "../settings.js";
import { predictionsOf } from "../theory.js";
import { cellOf } from "./distributions.js";

interface DepthFigure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly network: NetworkId;
  readonly quantity: QuantityId;
  readonly kinds: readonly (readonly [ActivationId, InitializerId])[];
  readonly y: {
    readonly title: string;
    readonly scale?: "log";
    readonly bounds?: readonly [number, number];
    readonly domain?: readonly [number, number];
  };
  /** Distance between points of several kinds at one layer. */
  readonly dodge?: number;
}

const theory =
  "Points: means over untrained networks with 95 % t intervals; lines: mean-field theory for infinite width.";

const depthFigures: readonly DepthFigure[] = [
  {
    id: "deviations",
    title: "Standard deviation of activations against depth",
    caption: `${theory} A level line keeps the signal; a straight slope loses a fixed factor per layer.`,
    network: "mnist",
    quantity: "activationDeviation",
    kinds: [
      ["tanh", "glorotNormal"],
      ["tanh", "normal0.28"],
      ["sigmoid", "glorotNormal"],
      ["relu", "glorotNormal"],
      ["relu", "heNormal"],
      ["relu", "normal0.28"],
      ["gelu", "heNormal"],
      ["elu", "lecunNormal"],
    ],
    y: { title: "Deviation of activations", scale: "log" },
  },
  {
    id: "gradients",
    title: "Gradient against depth, as a fraction of that in the last hidden layer",
    caption: `${theory} Read from right to left, the way that gradients go: falling is vanishing, rising is exploding. Norms of the gradient at the activations.`,
    network: "mnist",
    quantity: "gradientRatio",
    kinds: [
      ["tanh", "glorotNormal"],
      ["tanh", "normal0.28"],
      ["sigmoid", "glorotNormal"],
      ["relu", "glorotNormal"],
      ["relu", "heNormal"],
      ["relu", "normal0.28"],
      ["relu", "torchDefault"],
      ["sigmoid", "normal0.28"],
    ],
    y: { title: "Gradient / that of the last layer", scale: "log" },
  },
  {
    id: "block-gradients",
    title: "Gradient against depth in the block",
    caption: `${theory} With deviation 0.01 a tanh network loses nine tenths per layer, with 1 it gains a factor of two.`,
    network: "block",
    quantity: "gradientRatio",
    kinds: [
      ["tanh", "normal0.01"],
      ["tanh", "glorotNormal"],
      ["tanh", "normal1"],
      ["sigmoid", "normal0.01"],
      ["sigmoid", "glorotNormal"],
      ["relu", "heNormal"],
    ],
    y: { title: "Gradient / that of the last layer", scale: "log" },
  },
  {
    id: "saturation",
    title: "Saturated activations against depth",
    caption: `${theory} Saturated: |tanh| > 0.9, or sigmoid below 0.1 or above 0.9.`,
    network: "mnist",
    quantity: "saturatedFraction",
    kinds: (["tanh", "sigmoid"] as const).flatMap((activation) =>
      (["normal0.1", "normal0.14", "normal0.28", "glorotNormal"] as const).map(
        (initializer) => [activation, initializer] as const,
      ),
    ),
    y: { title: "Saturated fraction", bounds: [0, 1] },
  },
  {
    id: "zeros",
    title: "Zero activations of ReLU against depth",
    caption: `${theory} One half, whatever the initializer: the sign of a pre-activation does not depend on the scale of the weights.`,
    network: "mnist",
    quantity: "zeroFraction",
    kinds: (["glorotNormal", "heNormal", "normal0.28", "torchDefault"] as const).map(
      (initializer) => ["relu", initializer] as const,
    ),
    y: { title: "Fraction of zeros", bounds: [0, 1], domain: [0, 1] },
    dodge: 0.06,
  },
  {
    id: "dead-units",
    title: "Dead units of ReLU against depth",
    caption:
      "Units that are 0 for every image. Points: means over untrained networks with 95 % t intervals. The biases of PyTorch's default outweigh its small weights in late layers, so that every image finds the same units off.",
    network: "mnist",
    quantity: "deadFraction",
    kinds: (["glorotNormal", "heNormal", "orthogonal", "torchDefault"] as const).map(
      (initializer) => ["relu", initializer] as const,
    ),
    y: { title: "Dead fraction", bounds: [0, 1], domain: [0, 1] },
    dodge: 0.06,
  },
];

/** `tanh, Glorot`. */
export function kindTitle({ activation, initializer }: Pick<Cell, "activation" | "initializer">): string {
  return `${activations[activation].title}, ${initializationOf(initializer).title}`;
}

export function depthFiguresOf(results: StudyResults, settings: InitializationSettings): Figure[] {
  return depthFigures.flatMap((figure) => {
    const kinds = figure.kinds
      .map(([activation, initializer]) => cellOf(settings, figure.network, activation, initializer))
      .filter((cell) => trialsOf(results, "untrained", cell).length > 0);
    if (kinds.length === 0) return [];
    const rows = kinds.flatMap((cell) => measuredRows(results, cell, figure.quantity));
    return [
      estimateFigure(rows, {
        id: figure.id,
        title: figure.title,
        subtitle:
          figure.network === "mnist" ? "MNIST test images, before training" : "Points in a ball, before training",
        caption: figure.caption,
        variants: kinds.map((cell) => ({ id: variantOf(cell), title: kindTitle(cell) })),
        x: { name: "layer", title: "Hidden layer" },
        y: { name: figure.quantity, ...figure.y },
        ...(figure.dodge === undefined ? {} : { dodge: figure.dodge }),
        predictions: kinds.flatMap((cell) => predictedRows(cell, figure.quantity)),
      }),
    ];
  });
}

function measuredRows(results: StudyResults, cell: Cell, quantity: QuantityId): EstimateRow[] {
  const trials = trialsOf(results, "untrained", cell);
  return Array.from({ length: cell.hiddenLayers }, (_, i) => i + 1).flatMap((layer) => {
    const estimate = meanOf(quantities[quantity].measured(trials, cell, layer));
    if (estimate === undefined) return [];
    return [{ variant: variantOf(cell), x: layer, y: estimate.value, interval: estimate.interval }];
  });
}

function predictedRows(cell: Cell, quantity: QuantityId): PredictionRow[] {
  const { predicted }: Quantity = quantities[quantity];
  return predictionsOf(cell).flatMap((prediction, i) => {
    const y = predicted?.(prediction);
    return y === undefined ? [] : [{ variant: variantOf(cell), x: i + 1, y }];
  });
}
