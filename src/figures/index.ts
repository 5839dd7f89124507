// Figure kinds: pure functions from tidy rows to Vega-Lite.
import { curveFigure } from "./curve-figure.js";
import { dotIntervalFigure } from "./dot-interval-figure.js";
import { violinFigure } from "./violin-figure.js";

export type { CurveAxis, CurveMetric, CurveRow } from "./curve-data.js";
export type { CurveOptions } from "./curve-figure.js";
export type { DotIntervalOptions, DotMetric, DotRow } from "./dot-interval-figure.js";
export type { Figure, VegaLiteSpec } from "./figure.js";
export type { Level } from "./level.js";
export type { ReferenceLine } from "./reference-line.js";
export type { ViolinMetric, ViolinOptions } from "./violin-figure.js";
export type { ViolinRow } from "./violin-shape.js";
export { curveFigure, dotIntervalFigure, violinFigure };

/** Every figure kind, by its name. A new kind is a file `<name>-figure.ts` and a line here. */
export const figureKinds = { curve: curveFigure, dotInterval: dotIntervalFigure, violin: violinFigure } as const;
