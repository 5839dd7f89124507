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
  /** Lines below the title, where panels stand side by side. */
  readonly notes?: readonly string[];
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
  /** Panels, top to bottom, or row by row if there are columns. */
  readonly metrics?: readonly ViolinMetric[];
  /** Panels side by side; each then has its title above. Default 1. */
  readonly columns?: number;
  /** With columns: whether the panels of a row have one scale, so that they can be compared. Default false. */
  readonly sharesScale?: boolean;
  /** With columns: title of the vertical axes. */
  readonly valueTitle?: string;
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
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: shown.map(({ variant, seed, layer, metric, value }) => ({ variant, seed, layer, metric, value })),
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      {
        ...arrangement(groups, { metrics, variants, layers, options }),
      },
    ),
  };
}

interface Arranged {
  readonly metrics: readonly ViolinMetric[];
  readonly variants: readonly Level[];
  readonly layers: readonly Level[];
  readonly options: ViolinOptions;
}

/** Panels below one another, or in rows of `columns`. */
function arrangement(
  groups: readonly ViolinGroup[],
  { metrics, variants, layers, options }: Arranged,
): { readonly [key: string]: Json } {
  const { columns = 1, sharesScale = false, valueTitle } = options;
  const ofMetric = (metric: ViolinMetric): ViolinGroup[] => groups.filter((group) => group.metric === metric.id);
  const labels = metrics.flatMap(({ references = [] }) => references.map(({ label }) => label.length));
  const margin = Math.max(0, ...labels) * sizes.character;
  if (columns === 1) {
    const width = panelWidth(1, sizes.axis) - margin;
    const vconcat = metrics.map((metric, index) => {
      const look: Look = { title: axisTitle(metric.title, metric.unit), width, height: 230 };
      const own = ofMetric(metric);
      const isLast = index === metrics.length - 1;
      return panelSpec(own, { metric, variants, layers, isLast, look, domain: domainOf(own, [metric]) });
    });
    return { vconcat, spacing: 18 };
  }
  const concat = metrics.map((metric, index) => {
    const first = index - (index % columns);
    const row = sharesScale ? metrics.slice(first, first + columns) : [metric];
    const own = ofMetric(metric);
    const isFirst = index === first;
    const look: Look = {
      heading: [axisTitle(metric.title, metric.unit), ...(metric.notes ?? [])],
      title: isFirst ? (valueTitle ?? null) : null,
      width: panelWidth(columns, sizes.axis) - margin,
      height: 190,
    };
    return panelSpec(own, {
      metric,
      variants,
      layers,
      isLast: true,
      look,
      domain: domainOf(row.flatMap(ofMetric), row),
    });
  });
  return { concat, columns, spacing: { row: 22, column: sizes.gap } };
}

/** Vertical domain of panels. */
function domainOf(groups: readonly ViolinGroup[], metrics: readonly ViolinMetric[]): [number, number] {
  const references = metrics.flatMap((metric) => (metric.references ?? []).map(({ value }) => value));
  return axisDomain([...groups.flatMap(({ values }) => values), ...references], [], { scale: "linear" });
}

/** Sizes and titles of a panel. */
interface Look {
  /** Title of the vertical axis. */
  readonly title: string | null;
  /** Lines above the panel. */
  readonly heading?: readonly string[];
  readonly width: number;
  readonly height: number;
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
  readonly look: Look;
  readonly domain: readonly [number, number];
}

function panelSpec(groups: readonly ViolinGroup[], panel: PanelOptions): Json {
  const { metric, variants, layers, isLast, domain, look } = panel;
  const { width, height, heading } = look;
  const shapes = violinShapes(groups, variants);
  const y = {
    field: "value",
    type: "quantitative",
    title: look.title,
    scale: { domain, nice: false },
    axis: { minExtent: sizes.axis, ...axisTicks(domain, "linear") },
  };
  const x = { field: "left", type: "quantitative" };
  const color = colorEncoding(groups, variants);
  return {
    ...(heading === undefined ? {} : { title: panelTitle(heading) }),
    width,
    height,
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

/** The first line is the title, the others say more in smaller letters. */
function panelTitle([text, ...subtitle]: readonly string[]): Json {
  const notes = subtitle.length === 0 ? {} : { subtitle, subtitleFontSize: sizes.label - 1, subtitlePadding: 3 };
  return { text, ...notes, fontSize: sizes.title, anchor: "start", frame: "group", offset: 6 };
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

/** Layers whose numbers fit below a quarter of a figure. */
const mostNarrow = 8;

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
          // Few numbers fit even below narrow panels, where Vega would leave out every other one.
          ...(layers.length <= mostNarrow && layers.every(({ title }) => title.length < 3)
            ? { labelOverlap: false }
            : {}),
          labelExpr: `${names}[datum.value]`,
        },
      },
    },
  };
}
