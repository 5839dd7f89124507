// Distributions per layer and variant: violins with quartiles, or plain ticks if there are too few different values.
import type { Json } from "../core/formats/json.js";
import { axisDomain, axisTicks } from "./axis-range.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut } from "./left-out.js";
import { completeLevels, type Level, levelLegend, levelScale, levelTitles } from "./level.js";
import { horizontalReference, type ReferenceLine } from "./reference-line.js";
import { axisTitle, panelWidth, sizes, themedSpec } from "./theme.js";
import { type ViolinGroup, type ViolinRow, violinGroups, violinShapes } from "./violin-shape.js";

/** A panel. */
export interface ViolinMetric extends Level {
  /** Printed after the title. */
  readonly unit?: string;
  readonly references?: readonly ReferenceLine[];
}

export interface ViolinOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  /** What to look for; a sentence on how to read violins and ticks is added. */
  readonly caption?: string;
  readonly variants?: readonly Level[];
  /** Layers from input to output, left to right. */
  readonly layers?: readonly Level[];
  /** Panels, top to bottom. */
  readonly metrics?: readonly ViolinMetric[];
}

/**
 * Draws one violin per layer and variant: a Gaussian kernel density (Silverman's bandwidth) truncated to the range of
 * the data, all equally wide at their widest point, with the median and the quartiles as ticks. Layers with one value
 * per seed, and groups of equal values, have no density: every value is a tick.
 */
export function violinFigure(rows: readonly ViolinRow[], options: ViolinOptions): Figure {
  const ids = (key: "variant" | "layer" | "metric"): string[] => rows.map((row) => row[key]);
  const variants = completeLevels(options.variants ?? [], ids("variant"));
  const layers = completeLevels(options.layers ?? [], ids("layer"));
  const metrics: readonly ViolinMetric[] = options.metrics ?? completeLevels([], ids("metric"));
  const titles = levelTitles(variants);
  const omitted = leftOut();
  const shown = rows.filter(
    (row) =>
      metrics.some(({ id }) => id === row.metric) && omitted.keeps(row.value, titles.get(row.variant) ?? row.variant),
  );
  const groups = violinGroups(shown, variants, layers);
  const caption = captionText(options.caption, readingText(groups), ...omitted.sentences());
  const labels = metrics.flatMap(({ references = [] }) => references.map(({ label }) => label.length));
  const margin = Math.max(0, ...labels) * sizes.character;
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: shown.map(({ variant, seed, layer, metric, value }) => ({ variant, seed, layer, metric, value })),
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      {
        vconcat: metrics.map((metric, index) =>
          panelSpec(
            groups.filter((group) => group.metric === metric.id),
            { metric, variants, layers, isLast: index === metrics.length - 1, margin },
          ),
        ),
        spacing: 18,
      },
    ),
  };
}

function readingText(groups: readonly ViolinGroup[]): string {
  const hasViolins = groups.some(({ hasDensity }) => hasDensity);
  const hasTicks = groups.some(({ hasDensity }) => !hasDensity);
  return captionText(
    hasViolins
      ? "Violins: distribution over channels and seeds, equally wide, cut at the range of the values; long line: median, short lines: quartiles."
      : undefined,
    hasTicks ? "Ticks: single values, where a layer has one value per seed or all its values are equal." : undefined,
  );
}

interface PanelOptions {
  readonly metric: ViolinMetric;
  readonly variants: readonly Level[];
  readonly layers: readonly Level[];
  readonly isLast: boolean;
  /** Space to the right of the panel for the labels of references. */
  readonly margin: number;
}

function panelSpec(groups: readonly ViolinGroup[], { metric, variants, layers, isLast, margin }: PanelOptions): Json {
  const width = panelWidth(1, sizes.axis) - margin;
  const shapes = violinShapes(groups, variants);
  const references = (metric.references ?? []).map(({ value }) => value);
  const domain = axisDomain([...groups.flatMap(({ values }) => values), ...references], [], { scale: "linear" });
  const y = {
    field: "value",
    type: "quantitative",
    title: axisTitle(metric.title, metric.unit),
    scale: { domain, nice: false },
    axis: { minExtent: sizes.axis, ...axisTicks(domain, "linear") },
  };
  const x = { field: "left", type: "quantitative" };
  const color = colorEncoding(groups, variants);
  return {
    width,
    height: 230,
    layer: [
      layerAxis(layers, isLast),
      ...(metric.references ?? []).flatMap((reference) =>
        horizontalReference(reference, { width, y, side: "outside" }),
      ),
      {
        data: { values: shapes.flatMap(({ outline }) => outline) },
        // The hairline keeps tails visible where the density is less than a pixel wide.
        mark: { type: "area", orient: "horizontal", fillOpacity: 0.55, strokeWidth: 0.6 },
        encoding: { x, x2: { field: "right" }, y, color, stroke: color, detail: { field: "place", type: "nominal" } },
      },
      {
        data: { values: shapes.flatMap(({ ticks }) => ticks) },
        mark: { type: "rule", strokeCap: "butt" },
        encoding: {
          x,
          x2: { field: "right" },
          y,
          color,
          strokeWidth: { field: "weight", type: "quantitative", scale: null },
        },
      },
    ],
  };
}

function colorEncoding(groups: readonly ViolinGroup[], variants: readonly Level[]): { readonly [key: string]: Json } {
  const present = new Set(groups.map(({ variant }) => variants[variant].id));
  const titles = variants.filter(({ id }) => present.has(id)).map(({ title }) => title);
  return {
    field: "variant",
    type: "nominal",
    scale: levelScale("color", variants, present),
    legend:
      titles.length > 1
        ? { ...levelLegend(titles), symbolType: "square", symbolSize: 130, symbolStrokeWidth: 0 }
        : null,
  };
}

/** Faint lines between the layers. They carry the horizontal axis, with layer names below. */
function layerAxis(layers: readonly Level[], isLast: boolean): Json {
  const names = JSON.stringify(layers.map(({ title }) => title));
  return {
    data: { values: layers.slice(1).map((_, index) => ({ left: index + 0.5 })) },
    mark: { type: "rule", color: "#e6e6e6" },
    encoding: {
      x: {
        field: "left",
        type: "quantitative",
        scale: { domain: [-0.5, layers.length - 0.5], nice: false, zero: false },
        axis: {
          title: null,
          grid: false,
          ticks: false,
          values: layers.map((_, index) => index),
          labels: isLast,
          labelExpr: `${names}[datum.value]`,
        },
      },
    },
  };
}
