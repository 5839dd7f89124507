// Figure kinds: pure functions from tidy rows to Vega-Lite.
import { barFigure } from "./bar-figure.js";
import { curveFigure } from "./curve-figure.js";
import { dotIntervalFigure } from "./dot-interval-figure.js";
import { estimateFigure } from "./estimate-figure.js";
import { heatMapFigure } from "./heat-map-figure.js";
import { lineFigure } from "./line-figure.js";
import { scatterFigure } from "./scatter-figure.js";
import { violinFigure } from "./violin-figure.js";

export type { BarMetric, BarOptions, BarRow } from "./bar-figure.js";
export type { CurveAxis, CurveMetric, CurveRow } from "./curve-data.js";
export type { CurveOptions } from "./curve-figure.js";
export type { DotIntervalOptions, DotMetric, DotRow } from "./dot-interval-figure.js";
export type { EstimateOptions, EstimateRow, PredictionRow } from "./estimate-figure.js";
export type { Figure, VegaLiteSpec } from "./figure.js";
export type { HeatFrame, HeatMapOptions, HeatRow } from "./heat-map-figure.js";
export type { Level } from "./level.js";
export type { LineOptions, LineRow } from "./line-figure.js";
export type { ReferenceLine } from "./reference-line.js";
export type { ScatterAxis, ScatterOptions, ScatterRow } from "./scatter-figure.js";
export type { ViolinMetric, ViolinOptions } from "./violin-figure.js";
export type { ViolinRow } from "./violin-shape.js";
export {
  barFigure,
  curveFigure,
  dotIntervalFigure,
  estimateFigure,
  heatMapFigure,
  lineFigure,
  scatterFigure,
  violinFigure,
};

/** Every figure kind, by its name. A new kind is a file `<name>-figure.ts` and a line here. */
export const figureKinds = {
  bar: barFigure,
  curve: curveFigure,
  dotInterval: dotIntervalFigure,
  estimate: estimateFigure,
  heatMap: heatMapFigure,
  line: lineFigure,
  scatter: scatterFigure,
  violin: violinFigure,
} as const;
