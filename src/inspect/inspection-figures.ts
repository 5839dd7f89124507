// Figures of inspections: what every layer costs and holds, and comparisons of models.
import { type BarRow, barFigure } from "../figures/bar-figure.js";
import type { Figure } from "../figures/figure.js";
import { scatterFigure } from "../figures/scatter-figure.js";
import { extentsText } from "./flat-rows.js";
import type { Inspection, LayerRecord } from "./inspection.js";

export interface InspectionFigureOptions {
  /** Name of the model in titles. Default: its own name. */
  readonly title?: string;
}

const nameOf = ({ model }: Inspection, { title = model }: InspectionFigureOptions): string => title;

const inputText = ({ inputs }: Inspection): string =>
  `Input ${inputs.map(({ shape }) => extentsText(shape)).join(", ")}`;

/** The color group of a bar: the operator, or "module" for rows of several steps. */
const kindOf = ({ operator, steps }: LayerRecord): string => (steps === 1 ? operator : "module");

/** Layers of a list have only numbers as names, so the operator is added. */
const labelOf = ({ name, operator }: LayerRecord): string => (/[a-z]/i.test(name) ? name : `${name} ${operator}`);

/** Sentences about layers that the bars do not show. */
function bounds({ totals, unknown }: Inspection): string {
  if (!totals.isLowerBound) return "";
  const names = unknown.slice(0, 3).map(({ name, operator }) => `${name} (${operator})`);
  const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : "";
  return `Not known, and not drawn: ${names.join(", ")}${more}.`;
}

/** Parameters and MACs of every layer, colored by operator. */
export function layerCostFigure(inspection: Inspection, options: InspectionFigureOptions = {}): Figure {
  const rows = inspection.layers.flatMap((layer): BarRow[] => {
    const bar = { layer: labelOf(layer), part: kindOf(layer) };
    return [
      { ...bar, metric: "parameters", value: layer.parameters },
      { ...bar, metric: "macs", value: layer.macs ?? 0 },
    ];
  });
  return barFigure(rows, {
    id: "cost-per-layer",
    title: `Where ${nameOf(inspection, options)} keeps its parameters and does its work`,
    subtitle: inputText(inspection),
    caption: [
      "MACs: multiply-accumulate pairs; k, M and G are powers of 1000. A parameter that several layers share counts in the first one.",
      bounds(inspection),
    ]
      .filter((text) => text !== "")
      .join(" "),
    metrics: [
      { id: "parameters", title: "Parameters" },
      { id: "macs", title: "MACs" },
    ],
  });
}

const memoryParts = [
  { id: "weights", title: "weights and statistics" },
  { id: "updates", title: "gradients and optimizer slots" },
  { id: "activations", title: "activations" },
];

/**
 * What every layer adds to training memory: its weights, their gradients and the optimizer's slots (4 bytes per
 * number), and its outputs. Not all outputs are kept until the backward pass; the caption gives the amount that is.
 */
export function layerMemoryFigure(inspection: Inspection, options: InspectionFigureOptions = {}): Figure {
  const { optimizer, gradients, optimizerSlots, savedActivations } = inspection.memory.training;
  const slots = gradients === 0 ? 0 : optimizerSlots / gradients;
  const rows = inspection.layers.flatMap((layer): BarRow[] => {
    const bar = { layer: labelOf(layer), metric: "memory" };
    return [
      { ...bar, part: "weights", value: 4 * (layer.parameters + layer.statistics) },
      { ...bar, part: "updates", value: 4 * (1 + slots) * layer.trainable },
      { ...bar, part: "activations", value: layer.activationBytes ?? 0 },
    ];
  });
  const written = inspection.totals.activationBytes;
  const many = inspection.batchSize === 1 ? "one example" : `a batch of ${inspection.batchSize}`;
  return barFigure(rows, {
    id: "memory-per-layer",
    title: `What the layers of ${nameOf(inspection, options)} hold in training`,
    subtitle: `${inputText(inspection)}, optimizer ${optimizer}`,
    caption: [
      `For ${many}; k, M and G are powers of 1000. Activations grow with the batch, the other parts do not.`,
      `The layers write ${megabytes(written)} MB; the backward pass reads ${megabytes(savedActivations)} MB of that and of the input again.`,
      bounds(inspection),
    ]
      .filter((text) => text !== "")
      .join(" "),
    metrics: [{ id: "memory", title: "Memory", unit: "bytes" }],
    parts: memoryParts,
  });
}

const megabytes = (bytes: number): string => Number((bytes / 1e6).toPrecision(3)).toLocaleString("en-US");

/** MACs against parameters, one point per model. */
export function modelComparisonFigure(inspections: readonly Inspection[]): Figure {
  const sizes = [...new Set(inspections.map(inputText))];
  const lower = inspections.filter(({ totals }) => totals.isLowerBound).map(({ model }) => model);
  return scatterFigure(
    inspections.map(({ model, totals }) => ({ name: model, x: totals.parameters, y: totals.macs })),
    {
      id: "macs-against-parameters",
      title: "Work against size",
      ...(sizes.length === 1 ? { subtitle: sizes[0] } : {}),
      caption: [
        "Both axes are logarithmic. MACs: multiply-accumulate pairs of one batch; k, M and G are powers of 1000.",
        ...(sizes.length === 1 ? [] : ["The models read inputs of different sizes."]),
        ...(lower.length === 0 ? [] : [`Lower bounds, since some layers are unknown: ${lower.join(", ")}.`]),
      ].join(" "),
      x: { title: "Parameters" },
      y: { title: "MACs" },
    },
  );
}
