// Figures of receptive fields: what one unit effectively sees, and how the theoretical field grows with depth.
import type { Figure } from "../../figures/figure.js";
import { type HeatRow, heatMapFigure } from "../../figures/heat-map-figure.js";
import { type LineRow, lineFigure } from "../../figures/line-figure.js";
import type { EffectiveField } from "./effective-field.js";
import { extentOf, type FieldGrowth } from "./field-growth.js";

export interface EffectiveFieldFigureOptions {
  readonly id?: string;
  /** Color scale: `linear` shows the most influential pixels (default), `log` the full extent of the influence. */
  readonly scale?: "linear" | "log";
}

/**
 * The map of an effective receptive field, with the theoretical field as a frame. For volumes, the last two axes are
 * drawn.
 */
export function effectiveFieldFigure(field: EffectiveField, options: EffectiveFieldFigureOptions = {}): Figure {
  const { shape, map, theory, layer, model, examples } = field;
  const { id = "effective-receptive-field", scale = "linear" } = options;
  const width = shape[shape.length - 1];
  const height = shape[shape.length - 2] ?? 1;
  const isAll = theory === "all";
  const columns = isAll ? undefined : theory[theory.length - 1];
  const rows = isAll ? undefined : (theory[theory.length - 2] ?? ([0, 0] as const));
  return heatMapFigure(imageOf(map, height, width), {
    ...{ id, scale, height, width },
    title: `What the center of ${layer} sees`,
    subtitle: `${model}, input ${shape.join(" × ")}, ${examples} ${examples === 1 ? "example" : "examples"}`,
    caption: captionOf(field),
    value: { name: "share", title: "Fraction of the gradient" },
    frames: rows === undefined || columns === undefined ? [] : [{ rows, columns, label: "theoretical field" }],
  });
}

function imageOf(map: readonly number[], height: number, width: number): HeatRow[] {
  const sums = new Float64Array(height * width);
  for (const [i, value] of map.entries()) sums[i % sums.length] += value;
  return Array.from(sums, (value, i) => ({ row: Math.floor(i / width), column: i % width, value }));
}

const rounded = (value: number): string => value.toPrecision(3).replace(/\.?0+$/, "");

function captionOf({ average, deviation, part95, pixels95, theory, inside, shape }: EffectiveField): string {
  const what = average === "square" ? "squared gradients" : "absolute gradients";
  const widths = deviation.map(rounded).join(" × ");
  const all = theory === "all" ? "the input" : "the theoretical field";
  const outside =
    inside < 0.9995 ? ` ${rounded(100 * (1 - inside))} % lie outside of it: gates and statistics see everything.` : "";
  const volume = shape.length > 2 ? " Summed over the axes before the last two." : "";
  return (
    `Mean of ${what} of the unit with respect to every pixel, as shares of their sum.${volume} Standard deviation: ${widths} pixels. ` +
    `${pixels95.toLocaleString("en-US")} pixels, ${rounded(100 * part95)} % of ${all}, hold 95 %.${outside}`
  );
}

export interface GrowthFigureOptions {
  readonly id?: string;
  readonly subtitle?: string;
  /** Size of the input, drawn as a line. */
  readonly inputExtent?: number;
  /** Default `log`: deep networks reach over a thousand pixels, shallow ones a few. */
  readonly scale?: "linear" | "log";
}

/** Theoretical receptive fields against depth, one line per model. */
export function fieldGrowthFigure(
  models: readonly { readonly model: string; readonly growth: readonly FieldGrowth[] }[],
  options: GrowthFigureOptions = {},
): Figure {
  const { id = "receptive-field-growth", subtitle, inputExtent, scale = "log" } = options;
  const rows = models.flatMap(({ model, growth }) =>
    growth.map(({ depth, field }): LineRow => ({ variant: model, x: depth, y: extentOf(field) })),
  );
  const references = inputExtent === undefined ? [] : [{ value: inputExtent, label: `input: ${inputExtent} pixels` }];
  return lineFigure(rows, {
    id,
    title: "Receptive fields grow with depth",
    ...(subtitle === undefined ? {} : { subtitle }),
    caption:
      "Theoretical receptive field along its longer axis, the largest of all layers at a depth. Lines end where every element sees the whole input.",
    x: { name: "depth", title: "Convolutions and poolings on the longest path" },
    y: { name: "receptiveField", title: "Receptive field", unit: "pixels", scale, references },
  });
}
