// Means with intervals, one line per variant, and every seed as a faint dot.

import type { Json } from "../core/formats/json.js";
import { groupBy } from "../core/group-by.js";
import { defaultLevel, type Estimate, meanEstimate } from "../core/statistics/intervals.js";
import { axisDomain } from "./axis-range.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut, seedsText } from "./left-out.js";
import { completeLevels, type Level, levelScale, levelTitles } from "./level.js";
import { type ReferenceLine, verticalReference } from "./reference-line.js";
import { axisTitle, ink, panelWidth, sizes, themedSpec } from "./theme.js";

/** One number of one trial, or one paired difference. */
export interface DotRow {
  readonly variant: string;
  readonly seed: number;
  readonly metric: string;
  readonly value: number;
}

/** A panel. */
export interface DotMetric extends Level {
  /** Unit, printed after the title: `%`. */
  readonly unit?: string;
  readonly bounds?: readonly [number, number];
  readonly references?: readonly ReferenceLine[];
}

export interface DotIntervalOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly caption?: string;
  /** Top to bottom. */
  readonly variants?: readonly Level[];
  /** Panels, left to right. */
  readonly metrics?: readonly DotMetric[];
  /** Confidence level of the intervals. */
  readonly level?: number;
}

/** The summary of one variant in one panel. */
interface Summary {
  readonly variant: string;
  readonly metric: string;
  readonly estimate: Estimate;
  readonly values: readonly number[];
}

/**
 * Draws means over seeds with t intervals. The axis need not start at 0, because positions matter here, not lengths.
 */
export function dotIntervalFigure(rows: readonly DotRow[], options: DotIntervalOptions): Figure {
  const variants = completeLevels(
    options.variants ?? [],
    rows.map(({ variant }) => variant),
  );
  const metrics: readonly DotMetric[] =
    options.metrics ??
    completeLevels(
      [],
      rows.map(({ metric }) => metric),
    );
  const titles = levelTitles(variants);
  const omitted = leftOut();
  const shown = rows.filter(
    (row) =>
      metrics.some(({ id }) => id === row.metric) && omitted.keeps(row.value, titles.get(row.variant) ?? row.variant),
  );
  const summaries = [...groupBy(shown, (row) => JSON.stringify([row.metric, row.variant])).values()].map((group) => {
    const values = group.map(({ value }) => value);
    return {
      variant: group[0].variant,
      metric: group[0].metric,
      estimate: meanEstimate(values, options.level),
      values,
    };
  });
  const caption = captionText(
    options.caption,
    readingText(summaries, options.level ?? defaultLevel),
    ...omitted.sentences(),
  );
  const drawn = variants.filter(({ id }) => summaries.some(({ variant }) => variant === id));
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: shown.map(({ variant, seed, metric, value }) => ({ variant, seed, metric, value })),
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      {
        hconcat: metrics.map((metric, index) =>
          panelSpec(
            summaries.filter((summary) => summary.metric === metric.id),
            { metric, variants, drawn, isFirst: index === 0, panels: metrics.length },
          ),
        ),
        spacing: sizes.gap,
      },
    ),
  };
}

function readingText(summaries: readonly Summary[], level: number): string {
  if (summaries.length === 0) return "";
  const counts = summaries.map(({ estimate }) => estimate.n);
  if (Math.max(...counts) === 1) return "Dots: one seed per variant, so there are no intervals.";
  const percent = Math.round(level * 1000) / 10;
  return `Large dots: means over ${seedsText(counts)}; bars: ${percent} % t intervals of the mean; small dots: the seeds.`;
}

interface PanelOptions {
  readonly metric: DotMetric;
  /** All levels of the study, which decide the colors. */
  readonly variants: readonly Level[];
  /** Those with values, top to bottom. */
  readonly drawn: readonly Level[];
  readonly isFirst: boolean;
  readonly panels: number;
}

function panelSpec(summaries: readonly Summary[], { metric, variants, drawn, isFirst, panels }: PanelOptions): Json {
  const titles = levelTitles(variants);
  const longest = Math.max(...drawn.map(({ title }) => title.length), 1);
  const width = Math.max(120, panelWidth(panels, Math.min(260, longest * sizes.character) / panels));
  const domain = panelDomain(summaries, metric);
  const color = {
    field: "variant",
    type: "nominal",
    scale: levelScale("color", variants, new Set(drawn.map(({ id }) => id))),
    legend: null,
  };
  const x = {
    type: "quantitative",
    title: axisTitle(metric.title, metric.unit),
    scale: { domain, zero: false, nice: false },
    axis: { tickCount: Math.max(3, Math.floor(width / 60)), labelFlush: false },
  };
  const y = {
    field: "variant",
    type: "nominal",
    sort: drawn.map(({ title }) => title),
    scale: { domain: drawn.map(({ title }) => title) },
    title: null,
    axis: { labels: isFirst, ticks: false, domain: false, grid: true, gridColor: "#efefef", labelPadding: 8 },
  };
  const title = (summary: Summary): string => titles.get(summary.variant) ?? summary.variant;
  const means = summaries.map((summary) => ({
    variant: title(summary),
    mean: summary.estimate.value,
    low: within(summary.estimate.interval?.[0], domain),
    high: within(summary.estimate.interval?.[1], domain),
  }));
  const seeds = summaries.flatMap((summary) =>
    summary.values.length > 1 ? summary.values.map((value) => ({ variant: title(summary), value })) : [],
  );
  return {
    width,
    height: { step: 42 },
    layer: [
      ...(metric.references ?? []).flatMap((reference) => verticalReference(reference, x)),
      {
        data: { values: means.filter(({ low }) => low !== null) },
        mark: { type: "rule", strokeWidth: 2.5 },
        encoding: { y, x: { field: "low", ...x }, x2: { field: "high" }, color },
      },
      {
        data: { values: seeds },
        mark: { type: "point", filled: true, size: 26, opacity: 0.45, yOffset: 12 },
        encoding: { y, x: { field: "value", ...x }, color },
      },
      {
        data: { values: means },
        mark: { type: "point", filled: true, size: 110, opacity: 1, stroke: "white", strokeWidth: 1 },
        encoding: { y, x: { field: "mean", ...x }, color },
      },
    ],
    view: { stroke: ink.quiet },
  };
}

function panelDomain(summaries: readonly Summary[], metric: DotMetric): [number, number] {
  const references = (metric.references ?? []).map(({ value }) => value);
  const core = [...summaries.flatMap(({ values }) => values), ...references];
  const ends = summaries.flatMap(({ estimate }) => estimate.interval ?? []);
  return axisDomain(core, ends, { scale: "linear", bounds: metric.bounds });
}

function within(value: number | undefined, [low, high]: readonly [number, number]): number | null {
  return value === undefined ? null : Math.min(Math.max(value, low), high);
}
