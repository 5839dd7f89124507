// Curves over training: one line per variant with its interval over seeds, one row of panels per metric, one column per
// phase.
import { groupBy } from "../core/group-by.js";
import { defaultLevel, meanEstimate } from "../core/statistics/intervals.js";
import type { CurveAxis, CurveMetric, CurvePoint, CurveRow } from "./curve-data.js";
import { canHavePoints, isClipped, panelDomain, panelSpec } from "./curve-panel.js";
import type { Figure } from "./figure.js";
import { captionText, type LeftOut, leftOut, seedsText } from "./left-out.js";
import { completeLevels, type Level, levelTitles } from "./level.js";
import { themedSpec } from "./theme.js";

export interface CurveOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  /** What to look for; a sentence on how to read lines and bands is added. */
  readonly caption?: string;
  /** Order, names and styles of the variants. Default: those of the rows. */
  readonly variants?: readonly Level[];
  /** Rows of panels, top to bottom. Default: those of the rows. */
  readonly metrics?: readonly CurveMetric[];
  /** Columns of panels, left to right. Default: those of the rows. */
  readonly phases?: readonly Level[];
  /** Default: epochs. */
  readonly x?: CurveAxis;
  /** Confidence level of the bands. */
  readonly level?: number;
}

/**
 * Draws means over seeds with t intervals. Panels in one row share their vertical axis, which need not start at 0. With
 * one seed there are no bands. Non-finite values are omitted and counted in the caption.
 */
export function curveFigure(rows: readonly CurveRow[], options: CurveOptions): Figure {
  const x: CurveAxis = options.x ?? { name: "epoch", title: "Epoch" };
  const ids = (key: "variant" | "metric" | "phase"): string[] => rows.map((row) => row[key]);
  const variants = completeLevels(options.variants ?? [], ids("variant"));
  const metrics: readonly CurveMetric[] = options.metrics ?? completeLevels([], ids("metric"));
  const phases = options.phases ?? completeLevels([], ids("phase"));
  const shown = rows.filter(
    (row) => metrics.some(({ id }) => id === row.metric) && phases.some(({ id }) => id === row.phase),
  );
  const omitted = leftOut();
  const points = curvePoints(shown, { omitted, variants, metrics, xScale: x.scale ?? "linear", level: options.level });
  const caption = captionText(
    options.caption,
    readingText(points, options.level ?? defaultLevel),
    bandNote(points, metrics),
    ...missingPanels(points, metrics, phases),
    ...omitted.sentences(),
  );
  const present = new Set(points.map(({ variant }) => variant));
  const places = [...new Set(points.map((point) => point.x))];
  const shared = { x, variants, present, places, hasPoints: canHavePoints(points) };
  const panels = metrics.flatMap((metric, row) =>
    phases.map((phase, column) =>
      panelSpec(
        points.filter((point) => point.metric === metric.id),
        { ...shared, metric, phase, row, column, rows: metrics.length, columns: phases.length },
      ),
    ),
  );
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: points.map(({ x: place, ...point }) => ({
      variant: point.variant,
      phase: point.phase,
      metric: point.metric,
      [x.name]: place,
      mean: point.mean,
      low: point.low,
      high: point.high,
      n: point.n,
    })),
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      { concat: panels, columns: phases.length, spacing: { row: 18, column: 26 } },
    ),
  };
}

interface PointOptions {
  readonly omitted: LeftOut;
  readonly variants: readonly Level[];
  readonly metrics: readonly CurveMetric[];
  readonly xScale: "linear" | "log";
  readonly level: number | undefined;
}

/** Means and intervals over the seeds of each variant, phase, metric and position. */
function curvePoints(rows: readonly CurveRow[], options: PointOptions): CurvePoint[] {
  const titles = levelTitles(options.variants);
  const logMetrics = new Set(options.metrics.flatMap(({ id, scale }) => (scale === "log" ? [id] : [])));
  const kept = rows.filter((row) => {
    const title = titles.get(row.variant) ?? row.variant;
    const ok = logMetrics.has(row.metric)
      ? options.omitted.keepsPositive(row.value, title)
      : options.omitted.keeps(row.value, title);
    return ok && (options.xScale === "linear" || options.omitted.keepsPositive(row.x, title));
  });
  const groups = groupBy(kept, (row) => JSON.stringify([row.variant, row.phase, row.metric, row.x]));
  return [...groups.values()]
    .map((group) => {
      const { value, interval, n } = meanEstimate(
        group.map((row) => row.value),
        options.level,
      );
      const { variant, phase, metric, x } = group[0];
      return { variant, phase, metric, x, mean: value, low: interval?.[0] ?? null, high: interval?.[1] ?? null, n };
    })
    .sort((a, b) => a.x - b.x);
}

function readingText(points: readonly CurvePoint[], level: number): string {
  if (points.length === 0) return "";
  const counts = points.map(({ n }) => n);
  if (Math.max(...counts) === 1) return "Lines: one seed per variant, so there are no intervals.";
  return `Lines: means over ${seedsText(counts)}; bands: ${Math.round(level * 1000) / 10} % t intervals of the mean.`;
}

/** A caption sentence if a band is wider than its panel. */
function bandNote(points: readonly CurvePoint[], metrics: readonly CurveMetric[]): string {
  const cut = metrics.some((metric) => {
    const ofMetric = points.filter((point) => point.metric === metric.id);
    const domain = panelDomain(ofMetric, metric);
    return ofMetric.some((point) => isClipped(point, domain, metric));
  });
  return cut ? "Bands that reach beyond the frame are cut there." : "";
}

function missingPanels(
  points: readonly CurvePoint[],
  metrics: readonly CurveMetric[],
  phases: readonly Level[],
): string[] {
  const present = new Set(points.map(({ metric, phase }) => JSON.stringify([metric, phase])));
  return metrics.flatMap((metric) =>
    phases
      .filter((phase) => !present.has(JSON.stringify([metric.id, phase.id])))
      .map((phase) => `No values of ${metric.title.toLowerCase()} for ${phase.title.toLowerCase()}.`),
  );
}
