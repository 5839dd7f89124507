// Violins: the report's figures 1 to 6, its figures 2 and 4 as coded, and the four panels of deepreplay's block.
import type { Figure } from "../../../figures/figure.js";
import { type ViolinMetric, violinFigure } from "../../../figures/violin-figure.js";
import type { ViolinRow } from "../../../figures/violin-shape.js";
import { select } from "../../../study/analysis/samples.js";
import type { StudyResults, TrialResult } from "../../../study/definition.js";
import { codedActivations, codedPanels, type Form } from "../design.js";
import {
  type ActivationId,
  activations,
  type Cell,
  type InitializerId,
  initializationOf,
  type NetworkId,
} from "../networks.js";
import { keptValues, pathOf, type Tensor, trialsOf } from "../readings.js";
import type { InitializationSettings } from "../settings.js";

/** Hidden layers as levels of violins. */
export function layerLevels({ hiddenLayers }: Pick<Cell, "hiddenLayers">) {
  return Array.from({ length: hiddenLayers }, (_, i) => ({ id: `${i + 1}`, title: `${i + 1}` }));
}

/** A kind of network of the settings' size. */
export function cellOf(
  { hiddenLayers, units }: Pick<InitializationSettings, "hiddenLayers" | "units">,
  network: NetworkId,
  activation: ActivationId,
  initializer: InitializerId,
): Cell {
  return { network, activation, initializer, hiddenLayers, units };
}

/** Kept values of a tensor in every hidden layer, as rows of violins. */
export function violinRows(
  trials: StudyResults,
  cell: Cell,
  tensor: Tensor,
  place: { readonly metric: string; readonly variant?: string; readonly at?: "start" | "end" },
): ViolinRow[] {
  const { metric, variant = "", at = "start" } = place;
  return trials.flatMap((trial: TrialResult) =>
    layerLevels(cell).flatMap(({ id: layer }) =>
      keptValues(trial, pathOf(cell, tensor, Number(layer)), tensor, at).map(({ network, value }) => ({
        ...{ variant, seed: trial.replicate + network, layer, metric, value },
      })),
    ),
  );
}

export function distributionFigures(results: StudyResults, settings: InitializationSettings): Figure[] {
  return [
    ...reportFigure(results, settings, "tanh", ["normal0.1", "normal0.14", "normal0.28", "glorotNormal"], "1 and 2"),
    ...reportFigure(results, settings, "sigmoid", ["normal0.1", "normal0.14", "normal0.28", "glorotNormal"], "3 and 4"),
    ...reportFigure(results, settings, "relu", ["glorotNormal", "heNormal"], "5 and 6"),
    ...codedFigure(results, settings),
    ...blockFigures(results, settings),
  ];
}

const reading: Readonly<Partial<Record<ActivationId, string>>> = {
  tanh: "Good: most of the mass away from -1 and 1, and as wide in layer 5 as in layer 1. Mass at -1 and 1 is saturation. The panel σ = 0.1 is Glorot for all layers but the linear one before them.",
  sigmoid:
    "The slope of sigmoid is largest in the middle of the panel, at 0.5, and even there only 0.25, so no panel lets gradients through.",
  relu: "Half of the outputs are exactly 0 in both panels. With Glorot the other half shrinks from layer to layer, with He it does not.",
};

/** One of the report's pairs of figures: activations of the hidden layers, one panel per initializer. */
function reportFigure(
  results: StudyResults,
  settings: InitializationSettings,
  activation: ActivationId,
  initializers: readonly InitializerId[],
  numbers: string,
): Figure[] {
  const panels = initializers.map((initializer) => {
    const cell = cellOf(settings, "mnist", activation, initializer);
    const rows = violinRows(trialsOf(results, "untrained", cell), cell, "activations", { metric: initializer });
    return { initializer, rows };
  });
  const shown = panels.filter(({ rows }) => rows.length > 0);
  if (shown.length === 0) return [];
  return [
    violinFigure(
      shown.flatMap(({ rows }) => rows),
      {
        id: `report-${activation}`,
        title: `Activations of ${activations[activation].title} before training, by initializer`,
        subtitle: `MNIST test images; the report's figures ${numbers}; hidden layers 1 to ${settings.hiddenLayers}`,
        caption: `${reading[activation]} All panels have one scale.`,
        layers: layerLevels(settings),
        metrics: shown.map(({ initializer }) => ({ id: initializer, title: initializationOf(initializer).title })),
        columns: shown.length,
        sharesScale: true,
        valueTitle: "Activation",
      },
    ),
  ];
}

/** What the report's figures 2 and 4 show: three times the same network under three titles. */
function codedFigure(results: StudyResults, settings: InitializationSettings): Figure[] {
  const panels = codedActivations.flatMap((activation) =>
    codedPanels.map((panel) => {
      const cell = cellOf(settings, "mnist", activation, "glorotNormal");
      const trials = select(results, { form: "asCoded" satisfies Form, activation, panel });
      const metric: ViolinMetric = {
        id: `${activation} ${panel}`,
        title: `${activations[activation].title}, "σ = ${panel}"`,
      };
      return { metric, rows: violinRows(trials, cell, "activations", { metric: metric.id }) };
    }),
  );
  const shown = panels.filter(({ rows }) => rows.length > 0);
  if (shown.length === 0) return [];
  return [
    violinFigure(
      shown.flatMap(({ rows }) => rows),
      {
        id: "as-coded",
        title: "As coded: the report's figures 2 and 4",
        subtitle: "MNIST test images; the titles of the panels are the report's, the weights those of its code",
        caption:
          "The code hands Glorot's initializer with seed 10 to every panel and never uses the deviation of the title, so the panels of a row are one and the same network.",
        layers: layerLevels(settings),
        metrics: shown.map(({ metric }) => metric),
        columns: codedPanels.length,
        sharesScale: true,
        valueTitle: "Activation",
      },
    ),
  ];
}

/** deepreplay's ready-made cases, and the two of its article that fail. */
const blockCases: readonly {
  readonly activation: ActivationId;
  readonly initializer: InitializerId;
  readonly look: string;
}[] = [
  {
    activation: "sigmoid",
    initializer: "normal0.01",
    look: "All activations are 0.5, and gradients lose nearly everything with every layer: vanishing.",
  },
  {
    activation: "tanh",
    initializer: "glorotNormal",
    look: "Activations shrink a little, gradients keep their size: healthy.",
  },
  {
    activation: "relu",
    initializer: "heNormal",
    look: "All four keep their width from layer to layer: healthy.",
  },
  {
    activation: "tanh",
    initializer: "normal0.01",
    look: "Pre-activations and activations shrink tenfold with every layer: vanishing.",
  },
  {
    activation: "tanh",
    initializer: "normal1",
    look: "Activations stand at -1 and 1, while gradients grow threefold from layer to layer towards the input: saturated, and exploding as well.",
  },
];

const fourPanels: readonly (ViolinMetric & { readonly id: Tensor })[] = [
  { id: "preActivations", title: "Pre-activations" },
  { id: "weights", title: "Weights" },
  { id: "activations", title: "Activations" },
  { id: "gradients", title: "Gradients of weights" },
];

function blockFigures(results: StudyResults, settings: InitializationSettings): Figure[] {
  return blockCases.flatMap(({ activation, initializer, look }) => {
    const cell = cellOf(settings, "block", activation, initializer);
    const trials = trialsOf(results, "untrained", cell);
    const rows = fourPanels.flatMap(({ id }) => violinRows(trials, cell, id, { metric: id }));
    if (rows.length === 0) return [];
    const name = `${activations[activation].title}, ${initializationOf(initializer).title}`;
    return [
      violinFigure(rows, {
        id: `block-${activation}-${initializer}`,
        title: `Block: ${name}, before training`,
        subtitle: `Points in a ball; hidden layers 1 to ${settings.hiddenLayers}, each panel with its own scale`,
        caption: look,
        layers: layerLevels(settings),
        metrics: fourPanels,
        columns: 2,
      }),
    ];
  });
}
