// Horizontal bars, one per layer in model order, with one panel per quantity.

import type { Json } from "../core/formats/json.js";
import { groupBy } from "../core/group-by.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut } from "./left-out.js";
import { completeLevels, type Level, levelLegend, levelScale, levelTitles } from "./level.js";
import { axisTitle, ink, palette, panelWidth, sizes, themedSpec } from "./theme.js";

/** One quantity of one layer, or a part of it. */
export interface BarRow {
  readonly layer: string;
  readonly metric: string;
  /** The color group of the bar: kind of the layer, kind of the bytes. Parts of one bar are stacked. */
  readonly part: string;
  readonly value: number;
}

/** A panel. */
export interface BarMetric extends Level {
  /** Unit, printed after the title: `bytes`. */
  readonly unit?: string;
}

export interface BarOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly caption?: string;
  /** Panels, left to right. */
  readonly metrics?: readonly BarMetric[];
  /** Color groups; those beyond the eighth are merged into `other`. */
  readonly parts?: readonly Level[];
  /**
   * Largest number of bars. If there are more layers, the largest keep their places and the last bar sums the rest.
   * Default 120.
   */
  readonly most?: number;
}

const rest = { id: "other", title: "other" } as const;

/** A drawn bar. */
interface Bar extends BarRow {
  readonly share: number;
}

/**
 * Draws bars that start at 0, because their lengths represent quantities. Layers with only zero quantities are not
 * drawn, but counted.
 */
export function barFigure(rows: readonly BarRow[], options: BarOptions): Figure {
  const metrics: readonly BarMetric[] =
    options.metrics ??
    completeLevels(
      [],
      rows.map(({ metric }) => metric),
    );
  const omitted = leftOut();
  const shown = rows.filter(
    ({ metric, layer, value }) => metrics.some(({ id }) => id === metric) && omitted.keeps(value, layer),
  );
  const merged = mergedParts(shown, options.parts ?? []);
  const { bars, sentences } = drawnBars(merged.rows, options.most ?? 120);
  // All panels share one scale: Vega-Lite merges scales by name, and different domains would mix up the colors.
  const used = new Set(bars.map(({ part }) => part));
  const caption = captionText(options.caption, ...sentences, ...omitted.sentences());
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: shown.map(({ layer, metric, part, value }) => ({ layer, metric, part, value })),
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      {
        hconcat: metrics.map((metric, index) =>
          panelSpec(
            bars.filter((bar) => bar.metric === metric.id),
            { metric, parts: merged.parts, used, layers: layersOf(bars), isFirst: index === 0, panels: metrics.length },
          ),
        ),
        spacing: sizes.gap,
      },
    ),
  };
}

const layersOf = (rows: readonly BarRow[]): string[] => [...new Set(rows.map(({ layer }) => layer))];

/** Limits the parts to the number of colors: those with the largest sums over all panels keep their own color. */
function mergedParts(rows: readonly BarRow[], given: readonly Level[]): { rows: readonly BarRow[]; parts: Level[] } {
  const parts = completeLevels(
    given,
    rows.filter(({ value }) => value !== 0).map(({ part }) => part),
  );
  if (parts.length <= palette.length) return { rows, parts };
  const wholes = sums(rows, ({ metric }) => metric);
  const weights = new Map(parts.map(({ id }) => [id, 0]));
  for (const { metric, part, value } of rows)
    weights.set(part, (weights.get(part) ?? 0) + value / (wholes.get(metric) || 1));
  const largest = parts.toSorted((a, b) => (weights.get(b.id) ?? 0) - (weights.get(a.id) ?? 0));
  const kept = new Set(largest.slice(0, palette.length - 1).map(({ id }) => id));
  const one = rows.map((row) => (kept.has(row.part) ? row : { ...row, part: rest.id }));
  return { rows: one, parts: [...parts.filter(({ id }) => kept.has(id)), rest] };
}

function sums(rows: readonly BarRow[], key: (row: BarRow) => string): Map<string, number> {
  return new Map(
    [...groupBy(rows, key)].map(([name, group]) => [name, group.reduce((sum, row) => sum + row.value, 0)]),
  );
}

/** The layers that are drawn, and the caption's sentences about the others. */
function drawnBars(rows: readonly BarRow[], most: number): { bars: Bar[]; sentences: string[] } {
  const wholes = sums(rows, ({ metric }) => metric);
  const shares = new Map<string, number>();
  for (const [layer, group] of groupBy(rows, (row) => row.layer)) {
    const inPanels = [...sums(group, ({ metric }) => metric)];
    shares.set(layer, Math.max(...inPanels.map(([metric, value]) => value / (wholes.get(metric) || 1))));
  }
  const drawn = [...shares].filter(([, share]) => share > 0).map(([layer]) => layer);
  const largest = drawn.toSorted((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0));
  const kept = new Set(drawn.length <= most ? drawn : largest.slice(0, most - 1));
  const others = `${drawn.length - kept.size} other layers`;
  const bars = rows
    .filter(({ layer }) => drawn.includes(layer))
    .map(
      (row): Bar => ({
        ...row,
        layer: kept.has(row.layer) ? row.layer : others,
        share: row.value / (wholes.get(row.metric) || 1),
      }),
    );
  const empty = shares.size - drawn.length;
  return {
    bars: [...bars.filter(({ layer }) => layer !== others), ...bars.filter(({ layer }) => layer === others)],
    sentences: [
      ...(empty === 0 ? [] : [`Not drawn: ${empty} ${empty === 1 ? "layer" : "layers"} with only zero quantities.`]),
      ...(kept.size === drawn.length ? [] : [`The last bar is the sum of ${others}, the smallest ones.`]),
    ],
  };
}

interface PanelOptions {
  readonly metric: BarMetric;
  readonly parts: readonly Level[];
  /** Parts drawn in some panel. */
  readonly used: ReadonlySet<string>;
  /** Top to bottom. */
  readonly layers: readonly string[];
  readonly isFirst: boolean;
  readonly panels: number;
}

/** Height of a bar with its gap: generous for few layers, as small as the label allows for many. */
const steps = [
  { most: 24, step: 24, label: sizes.label },
  { most: 60, step: 17, label: 11 },
  { most: Number.POSITIVE_INFINITY, step: 13, label: 9 },
] as const;

function panelSpec(bars: readonly Bar[], { metric, parts, used, layers, isFirst, panels }: PanelOptions): Json {
  const { step, label } = steps.find(({ most }) => layers.length <= most) ?? steps[2];
  const longest = Math.max(1, ...layers.map((layer) => layer.length));
  const labels = Math.min(260, longest * sizes.character * (label / sizes.label));
  // Leaves room for the number at the end of the longest bar.
  const width = Math.max(140, panelWidth(panels, labels / panels) - 44);
  const titles = levelTitles(parts);
  const drawn = parts.filter(({ id }) => used.has(id));
  const y = {
    field: "layer",
    type: "nominal",
    sort: layers,
    scale: { domain: layers, paddingInner: 0.25 },
    title: null,
    axis: { labels: isFirst, ticks: false, domain: false, labelPadding: 6, labelFontSize: label },
  };
  const x = {
    type: "quantitative",
    title: axisTitle(metric.title, metric.unit),
    scale: { zero: true, nice: true },
    axis: {
      tickCount: Math.max(3, Math.floor(width / 80)),
      format: "~s",
      // Vega writes 0M if the other ticks are millions.
      labelExpr: "datum.value === 0 ? '0' : datum.label",
      labelFlush: false,
    },
  };
  const color = {
    field: "part",
    type: "nominal",
    scale: levelScale("color", parts, used),
    legend: parts.length > 1 ? levelLegend(drawn.map(({ title }) => title)) : null,
  };
  const values = bars.map(({ layer, part, value }) => ({ layer, part: titles.get(part) ?? part, value }));
  const ends = [...sums(bars, ({ layer }) => layer)].flatMap(([layer, value]) => (value > 0 ? [{ layer, value }] : []));
  return {
    width,
    height: { step },
    layer: [
      {
        data: { values: summed(values, drawn) },
        mark: { type: "bar" },
        encoding: { y, x: { ...x, field: "value", stack: "zero" }, color, order: { field: "order", type: "ordinal" } },
      },
      {
        data: { values: ends },
        mark: { type: "text", align: "left", baseline: "middle", dx: 4, fontSize: label - 1, color: ink.reference },
        encoding: { y, x: { ...x, field: "value" }, text: { field: "value", type: "quantitative", format: ".3~s" } },
      },
    ],
    // No frame, because the number of the longest bar may extend beyond it.
    view: { stroke: null },
  };
}

/** One segment per part of a bar, in the order of the parts, in which Vega stacks them. */
function summed(values: readonly { layer: string; part: string; value: number }[], parts: readonly Level[]): Json[] {
  const pieces = groupBy(values, ({ layer, part }) => JSON.stringify([layer, part]));
  const order = parts.map(({ title }) => title);
  return [...pieces.values()].map((group) => ({
    layer: group[0].layer,
    part: group[0].part,
    value: group.reduce((sum, { value }) => sum + value, 0),
    order: order.indexOf(group[0].part),
  }));
}
