// Plain lines, one per variant: one quantity against another, without seeds or intervals.
import type { CurveAxis, CurveMetric, CurvePoint } from "./curve-data.js";
import { canHavePoints, panelSpec } from "./curve-panel.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut } from "./left-out.js";
import { completeLevels, type Level, levelTitles } from "./level.js";
import type { ReferenceLine } from "./reference-line.js";
import { themedSpec } from "./theme.js";

export interface LineRow {
  readonly variant: string;
  readonly x: number;
  readonly y: number;
}

export interface LineOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly caption?: string;
  /** Order, names and styles of the variants. Default: those of the rows. */
  readonly variants?: readonly Level[];
  readonly x: CurveAxis;
  readonly y: CurveAxis & { readonly unit?: string; readonly references?: readonly ReferenceLine[] };
}

const panelId = "";

/** Draws one line per variant through its rows in order of x. The caption counts values that cannot be drawn. */
export function lineFigure(rows: readonly LineRow[], options: LineOptions): Figure {
  const { x, y } = options;
  const variants = completeLevels(
    options.variants ?? [],
    rows.map(({ variant }) => variant),
  );
  const points = drawnPoints(rows, options, variants);
  const caption = captionText(options.caption, ...points.sentences);
  const metric: CurveMetric = { ...y, id: panelId };
  const panel = panelSpec(points.drawn, {
    ...{ metric, variants, x, phase: { id: panelId, title: "" } },
    present: new Set(points.drawn.map(({ variant }) => variant)),
    places: [...new Set(points.drawn.map((point) => point.x))],
    // Most quantities grow with x, so lines start below a reference.
    labelEnd: "left",
    hasPoints: canHavePoints(points.drawn),
    ...{ row: 0, column: 0, rows: 1, columns: 1 },
  }) as Figure["spec"];
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: points.drawn.map(({ variant, x: place, mean }) => ({ variant, [x.name]: place, [y.name]: mean })),
    spec: themedSpec({ ...options, description: `${options.title}. ${caption}` }, { ...panel, height: 320 }),
  };
}

function drawnPoints(rows: readonly LineRow[], { x, y }: LineOptions, variants: readonly Level[]) {
  const titles = levelTitles(variants);
  const omitted = leftOut();
  const keeps = (value: number, { scale }: CurveAxis, title: string): boolean =>
    scale === "log" ? omitted.keepsPositive(value, title) : omitted.keeps(value, title);
  const drawn = rows
    .filter((row) => {
      const title = titles.get(row.variant) ?? row.variant;
      return keeps(row.y, y, title) && keeps(row.x, x, title);
    })
    .map((row): CurvePoint => {
      const place = { variant: row.variant, phase: panelId, metric: panelId, x: row.x };
      return { ...place, mean: row.y, low: null, high: null, n: 1 };
    })
    .sort((a, b) => a.x - b.x);
  return { drawn, sentences: omitted.sentences() };
}
