// The guide: which shape of activations and gradients means what, drawn from networks of the study, each with its remedy.
import type { Table } from "../../../core/findings.js";
import type { Figure } from "../../../figures/figure.js";
import { violinFigure } from "../../../figures/violin-figure.js";
import { decimalText } from "../../../study/analysis/number-text.js";
import { meanOf } from "../../../study/analysis/samples.js";
import type { StudyResults } from "../../../study/definition.js";
import { type QuantityId, quantities } from "../findings.js";
import type { ActivationId, InitializerId } from "../networks.js";
import { trialsOf } from "../readings.js";
import type { InitializationSettings } from "../settings.js";
import { kindTitle } from "./depth.js";
import { cellOf, layerLevels, violinRows } from "./distributions.js";

interface Shape {
  readonly name: string;
  readonly activation: ActivationId;
  readonly initializer: InitializerId;
  readonly network: "mnist" | "block";
  readonly sign: string;
  readonly remedy: string;
  /** The number that decides, from the study's measurements. */
  readonly number: { readonly quantity: QuantityId; readonly layer: "first" | "last"; text(value: number): string };
}

const ratio = {
  quantity: "gradientRatio",
  layer: "first",
  text: (value: number) => `first / last gradient ${decimalText(value, value < 0.1 ? 4 : 2)}`,
} as const;

/** Healthy first, then the four failures. */
const shapes: readonly Shape[] = [
  {
    name: "Healthy",
    ...{ network: "mnist", activation: "relu", initializer: "heNormal" },
    sign: "both equally wide in all layers",
    remedy: "leave it",
    number: ratio,
  },
  {
    name: "Vanishing",
    ...{ network: "mnist", activation: "sigmoid", initializer: "glorotNormal" },
    sign: "gradients narrow to a line in early layers",
    remedy: "tanh with Glorot, ReLU with He, normalization, skips",
    number: ratio,
  },
  {
    name: "Exploding",
    ...{ network: "mnist", activation: "relu", initializer: "normal0.28" },
    sign: "activations widen by a factor per layer",
    remedy: "smaller weights (He), clip gradients",
    number: ratio,
  },
  {
    name: "Saturated",
    ...{ network: "mnist", activation: "tanh", initializer: "normal0.28" },
    sign: "activations pile up at -1 and 1",
    remedy: "smaller weights (Glorot), scaled inputs",
    number: {
      ...{ quantity: "saturatedFraction", layer: "first" },
      text: (value) => `saturated in layer 1: ${decimalText(100 * value, 0)} %`,
    },
  },
  {
    name: "Dead",
    ...{ network: "mnist", activation: "relu", initializer: "torchDefault" },
    sign: "the same units are 0 for every image, the rest barely move",
    remedy: "He weights and biases 0, leaky ReLU",
    number: {
      ...{ quantity: "deadFraction", layer: "last" },
      text: (value) => `dead in the last layer: ${decimalText(100 * value, 0)} %`,
    },
  },
];

export function guideFigure(results: StudyResults, settings: InitializationSettings): Figure[] {
  const panels = shapes.flatMap(({ name, network, activation, initializer, sign, remedy, number }) => {
    const cell = cellOf(settings, network, activation, initializer);
    const trials = trialsOf(results, "untrained", cell);
    const layer = number.layer === "first" ? 1 : cell.hiddenLayers;
    const measured = meanOf(quantities[number.quantity].measured(trials, cell, layer));
    const found = measured === undefined ? "" : `; ${number.text(measured.value)}`;
    return (["activations", "activationGradients"] as const).map((tensor) => ({
      rows: violinRows(trials, cell, tensor, { metric: `${name} ${tensor}` }),
      metric: {
        id: `${name} ${tensor}`,
        title: tensor === "activations" ? `${name} (${kindTitle(cell)}): activations` : "Gradients at activations",
        notes: [tensor === "activations" ? `sign: ${sign}` : `remedy: ${remedy}${found}`],
      },
    }));
  });
  const shown = panels.filter(({ rows }) => rows.length > 0);
  if (shown.length === 0) return [];
  return [
    violinFigure(
      shown.flatMap(({ rows }) => rows),
      {
        id: "guide",
        title: "Which shape means what",
        subtitle: `MNIST test images, before training; hidden layers 1 to ${settings.hiddenLayers}, each panel with its own scale`,
        caption: "Compare the widths of the layers within a panel; the scales of different panels differ.",
        layers: layerLevels(settings),
        metrics: shown.map(({ metric }) => metric),
        columns: 2,
      },
    ),
  ];
}

/** The same as a table, to be read without colors. */
export function guideTable(): Table {
  return {
    id: "guide",
    title: "Which shape means what",
    columns: [
      { key: "name", title: "Diagnosis" },
      { key: "sign", title: "Sign" },
      { key: "example", title: "Example" },
      { key: "remedy", title: "Remedy" },
    ],
    rows: shapes.map(({ name, sign, remedy, ...kind }) => ({ name, sign, example: kindTitle(kind), remedy })),
  };
}
