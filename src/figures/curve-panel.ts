// One panel of curves as Vega-Lite: references, bands, lines, and points if there are few enough to tell apart.

import type { Json } from "../core/formats/json.js";
import { groupBy } from "../core/group-by.js";
import { axisDomain, axisTicks } from "./axis-range.js";
import type { CurveAxis, CurveMetric, CurvePoint } from "./curve-data.js";
import { type Channel, type Level, levelLegend, levelScale, levelTitles, lineDash } from "./level.js";
import { horizontalReference } from "./reference-line.js";
import { axisTitle, panelWidth, sizes } from "./theme.js";

/** More points per line than this would merge into a thick stroke. */
const mostPoints = 30;

export interface PanelOptions {
  readonly metric: CurveMetric;
  readonly phase: Level;
  readonly x: CurveAxis;
  /** All levels of the study, which determine the styles, and those that the figure contains. */
  readonly variants: readonly Level[];
  readonly present: ReadonlySet<string>;
  /** Positions of all panels, which share their horizontal axis. */
  readonly places: readonly number[];
  /** Whether lines have points; the same in all panels, because they share the legend. */
  readonly hasPoints: boolean;
  /** The end of references that carries their label. Default `right`. */
  readonly labelEnd?: "left" | "right";
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

type Encoding = { readonly [key: string]: Json };

/** Draws one phase of the points of a metric. The points of its other phases share the vertical axis. */
export function panelSpec(points: readonly CurvePoint[], panel: PanelOptions): Json {
  const { metric, phase, row, columns, hasPoints, labelEnd } = panel;
  const domain = panelDomain(points, metric);
  const drawn = points.filter((point) => point.phase === phase.id);
  const width = panelWidth(columns, sizes.axis);
  const x = horizontalEncoding(panel);
  const y = verticalEncoding(domain, panel);
  const looks = looksOf(panel);
  const isFloor = (value: number): boolean => points.every(({ mean }) => mean >= value);
  const sideOf = (value: number) => (labelEnd === "left" ? "left" : isFloor(value) ? "below" : "above");
  const bands = {
    transform: [{ filter: "isValid(datum.low)" }],
    mark: { type: "area", opacity: 0.14, clip: true },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: looks.color },
  };
  const dots = {
    mark: { type: "point", filled: true, size: 38, opacity: 1 },
    encoding: { x, y, color: looks.color, shape: looks.shape },
  };
  return {
    ...(row === 0 && phase.title !== ""
      ? { title: { text: phase.title, fontSize: sizes.title, anchor: "middle", offset: 8 } }
      : {}),
    width,
    height: 210,
    data: { values: panelValues(drawn, domain, panel) },
    layer: [
      ...(metric.references ?? []).flatMap((reference) =>
        horizontalReference(reference, { width, y, side: sideOf(reference.value) }),
      ),
      ...(drawn.some(({ low }) => low !== null) ? [bands] : []),
      {
        mark: { type: "line", strokeWidth: 2, clip: true },
        encoding: { x, y, color: looks.color, strokeDash: looks.strokeDash },
      },
      ...(hasPoints ? [dots] : []),
    ],
  };
}

/** Whether points can be told apart on every line. */
export function canHavePoints(points: readonly CurvePoint[]): boolean {
  const lines = groupBy(points, ({ variant, phase, metric }) => JSON.stringify([variant, phase, metric]));
  return [...lines.values()].every((line) => line.length <= mostPoints);
}

/** Vertical domain of all panels of a metric. */
export function panelDomain(points: readonly CurvePoint[], metric: CurveMetric): [number, number] {
  const references = (metric.references ?? []).map(({ value }) => value);
  const ends = points.flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
  return axisDomain([...points.map(({ mean }) => mean), ...references], ends, {
    scale: metric.scale ?? "linear",
    bounds: metric.bounds,
    labeled: references,
  });
}

/** Whether the interval of a point extends beyond its panel (parts beyond the metric's bounds do not count). */
export function isClipped({ low, high }: CurvePoint, domain: readonly [number, number], metric: CurveMetric): boolean {
  const [least, most] = metric.bounds ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return low !== null && high !== null && (Math.max(low, least) < domain[0] || Math.min(high, most) > domain[1]);
}

/** Clips intervals to the metric's bounds, and above zero on a logarithmic axis; the frame clips the mark. */
function panelValues(points: readonly CurvePoint[], domain: readonly [number, number], panel: PanelOptions): Json {
  const { bounds, scale } = panel.metric;
  const titles = levelTitles(panel.variants);
  const least = Math.max(
    bounds?.[0] ?? Number.NEGATIVE_INFINITY,
    scale === "log" ? domain[0] : Number.NEGATIVE_INFINITY,
  );
  const most = bounds?.[1] ?? Number.POSITIVE_INFINITY;
  const dash = new Map(panel.variants.map(({ id }, place) => [id, lineDash(place)]));
  return points.map(({ variant, x, mean, low, high }) => ({
    variant: titles.get(variant) ?? variant,
    dash: dash.get(variant) ?? lineDash(0),
    x,
    mean,
    low: low === null ? null : Math.max(low, least),
    high: high === null ? null : Math.min(high, most),
  }));
}

function horizontalEncoding({ x, places, row, rows }: PanelOptions): Encoding {
  const isLog = x.scale === "log";
  const domain: [number, number] = [Math.min(...places), Math.max(...places)];
  // Epochs 1.5 and 2.5 do not exist, so integer positions get integer ticks.
  const whole: Encoding = places.every(Number.isInteger) ? { tickMinStep: 1, format: ",~d" } : {};
  const linear: Encoding = { tickCount: Math.min(10, Math.max(2, places.length)), ...whole };
  return {
    field: "x",
    type: "quantitative",
    title: row === rows - 1 ? x.title : null,
    scale: { type: isLog ? "log" : "linear", nice: false, ...(places.length > 1 ? { domain } : {}) },
    axis: { grid: false, labelFlush: false, ...(isLog ? axisTicks(domain, "log") : linear) },
  };
}

function verticalEncoding(domain: readonly [number, number], { metric, column }: PanelOptions): Encoding {
  const scale = metric.scale ?? "linear";
  return {
    field: "mean",
    type: "quantitative",
    title: column === 0 ? axisTitle(metric.title, metric.unit) : null,
    scale: { type: scale, domain, nice: false },
    axis: { minExtent: sizes.axis, ...axisTicks(domain, scale) },
  };
}

/** Color, dash and shape of the variants. The legend shows shapes if there are points, otherwise dashes. */
function looksOf({ variants, present, hasPoints }: PanelOptions): Readonly<Record<Channel, Json>> {
  const titles = variants.filter(({ id }) => present.has(id)).map(({ title }) => title);
  const symbol: Encoding = hasPoints ? { symbolStrokeWidth: 0 } : { symbolType: "stroke", symbolSize: 900 };
  const legend = titles.length > 1 ? { ...levelLegend(titles), ...symbol } : null;
  const channel = (name: Channel): Json => ({
    field: "variant",
    type: "nominal",
    scale: levelScale(name, variants, present),
    legend,
  });
  // Legends with the same domain merge, and dashes would break up small shapes, so with points the dashes are data.
  const strokeDash: Json = hasPoints ? { field: "dash", type: "nominal", scale: null } : channel("strokeDash");
  return { color: channel("color"), strokeDash, shape: channel("shape") };
}
