// Estimates with their intervals as error bars, beside the lines that theory predicts.
import type { Json } from "../core/formats/json.js";
import { axisDomain, axisTicks } from "./axis-range.js";
import type { CurveAxis } from "./curve-data.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut } from "./left-out.js";
import { completeLevels, type Level, levelLegend, levelScale, levelTitles } from "./level.js";
import { axisTitle, ink, panelWidth, sizes, themedSpec } from "./theme.js";

/** An estimate at one position. */
export interface EstimateRow {
  readonly variant: string;
  readonly x: number;
  readonly y: number;
  /** Ends of the interval; absent for an estimate without one. */
  readonly interval?: readonly [number, number] | undefined;
}

/** A point of a predicted line. */
export interface PredictionRow {
  readonly variant: string;
  readonly x: number;
  readonly y: number;
}

export interface EstimateOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly caption?: string;
  /** Order, names and styles of the variants. Default: those of the rows. */
  readonly variants?: readonly Level[];
  readonly x: CurveAxis & {
    /** Names of the positions 1, 2, 3, ..., printed in place of numbers. */
    readonly categories?: readonly string[];
  };
  readonly y: CurveAxis & {
    readonly unit?: string;
    readonly bounds?: readonly [number, number];
    /** Ends of the axis. Default: those of the data. */
    readonly domain?: readonly [number, number];
  };
  /** Lines without points, one per variant. */
  readonly predictions?: readonly PredictionRow[];
  /** Distance by which points of different variants at one position are drawn apart. Default 0. */
  readonly dodge?: number;
  /** Connect the estimates of a variant. Default false. */
  readonly joined?: boolean;
}

/** Draws one point with its interval per row, and a line per variant for predictions. */
export function estimateFigure(rows: readonly EstimateRow[], options: EstimateOptions): Figure {
  const { x, y, predictions = [], joined = false } = options;
  const variants = completeLevels(
    options.variants ?? [],
    [...rows, ...predictions].map(({ variant }) => variant),
  );
  const titles = levelTitles(variants);
  const omitted = leftOut();
  const titleOf = (variant: string): string => titles.get(variant) ?? variant;
  const isDrawn = (row: PredictionRow): boolean =>
    [[row.x, x] as const, [row.y, y] as const].every(([value, { scale }]) =>
      scale === "log" ? omitted.keepsPositive(value, titleOf(row.variant)) : omitted.keeps(value, titleOf(row.variant)),
    );
  const shown = rows.filter(isDrawn);
  const lines = predictions.filter(isDrawn);
  const caption = captionText(options.caption, ...omitted.sentences());
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: [
      ...shown.map(({ variant, x: place, y: value, interval }) => ({
        ...{ variant, kind: "estimate", [x.name]: place, [y.name]: value },
        ...{ low: interval?.[0] ?? null, high: interval?.[1] ?? null },
      })),
      ...lines.map(({ variant, x: place, y: value }) => ({
        ...{ variant, kind: "prediction", [x.name]: place, [y.name]: value },
        ...{ low: null, high: null },
      })),
    ],
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      panel(shown, lines, { options, variants, titleOf, joined }),
    ),
  };
}

interface PanelParts {
  readonly options: EstimateOptions;
  readonly variants: readonly Level[];
  readonly titleOf: (variant: string) => string;
  readonly joined: boolean;
}

function panel(
  rows: readonly EstimateRow[],
  predictions: readonly PredictionRow[],
  { options, variants, titleOf, joined }: PanelParts,
): { readonly [key: string]: Json } {
  const present = new Set([...rows, ...predictions].map(({ variant }) => variant));
  const drawn = variants.filter(({ id }) => present.has(id)).map(({ title }) => title);
  const scale = (name: "color" | "shape"): Json => ({
    field: "variant",
    type: "nominal",
    scale: levelScale(name, variants, present),
    legend: drawn.length > 1 ? { ...levelLegend(drawn), symbolStrokeWidth: 0 } : null,
  });
  const { x, y } = encodings(rows, predictions, options);
  const { dodge = 0 } = options;
  const shift = (variant: string): number =>
    dodge === 0 ? 0 : dodge * (drawn.indexOf(titleOf(variant)) - (drawn.length - 1) / 2);
  const points = rows.map(({ variant, x: place, y: value, interval }) => ({
    ...{ variant: titleOf(variant), x: place + shift(variant), y: value },
    ...{ low: interval?.[0] ?? null, high: interval?.[1] ?? null },
  }));
  const bars = {
    transform: [{ filter: "isValid(datum.low)" }],
    mark: { type: "rule", strokeWidth: 1.6, clip: true },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: scale("color") },
  };
  const line = { mark: { type: "line", strokeWidth: 1.6, clip: true }, encoding: { x, y, color: scale("color") } };
  const dots = {
    mark: { type: "point", filled: true, size: 46, opacity: 1 },
    encoding: { x, y, color: scale("color"), shape: scale("shape") },
  };
  return {
    width: panelWidth(1, sizes.axis),
    height: 320,
    data: { values: points },
    layer: [
      ...(predictions.length === 0
        ? []
        : [{ ...line, data: { values: predictions.map((row) => ({ ...row, variant: titleOf(row.variant) })) } }]),
      ...(joined ? [line] : []),
      ...(points.some(({ low }) => low !== null) ? [bars] : []),
      dots,
    ],
    view: { stroke: ink.quiet },
  };
}

function encodings(
  rows: readonly EstimateRow[],
  predictions: readonly PredictionRow[],
  { x, y }: EstimateOptions,
): { readonly x: { readonly [key: string]: Json }; readonly y: { readonly [key: string]: Json } } {
  const all = [...rows, ...predictions];
  const [xScale, yScale] = [x.scale ?? "linear", y.scale ?? "linear"];
  const xDomain = axisDomain(
    all.map((row) => row.x),
    [],
    { scale: xScale },
  );
  const ends = rows.flatMap(({ interval }) => interval ?? []);
  const yDomain =
    y.domain ??
    axisDomain(
      all.map((row) => row.y),
      ends,
      { scale: yScale, bounds: y.bounds },
    );
  return {
    x: {
      field: "x",
      type: "quantitative",
      title: x.title,
      scale: { type: xScale, domain: xDomain, nice: false, ...(xScale === "linear" ? { zero: false } : {}) },
      axis: {
        grid: false,
        labelFlush: false,
        ...(x.categories === undefined ? axisTicks(xDomain, xScale) : named(x.categories)),
      },
    },
    y: {
      field: "y",
      type: "quantitative",
      title: axisTitle(y.title, y.unit),
      scale: { type: yScale, domain: yDomain, nice: false, ...(yScale === "linear" ? { zero: false } : {}) },
      axis: { minExtent: sizes.axis, ...axisTicks(yDomain, yScale) },
    },
  };
}

/** One tick per category, with its name at a slant, so that long names need little room. */
function named(categories: readonly string[]): { readonly [key: string]: Json } {
  return {
    values: categories.map((_, i) => i + 1),
    labelExpr: `${JSON.stringify(categories)}[datum.value - 1]`,
    ...{ labelAngle: -35, labelAlign: "right", labelBaseline: "middle", labelOverlap: false },
  };
}
