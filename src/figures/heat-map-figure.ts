// Values over the cells of an image as colors, with frames around parts of it.
import type { Json } from "../core/formats/json.js";
import type { Row } from "../core/rows.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut } from "./left-out.js";
import { ink, sizes, themedSpec } from "./theme.js";

/** A value at a row and a column, both from 0. */
export interface HeatRow {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

/** A rectangle from the first to the last row and column, which may extend beyond the image. */
export interface HeatFrame {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly label: string;
}

export interface HeatMapOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly caption?: string;
  /** Size of the image. */
  readonly height: number;
  readonly width: number;
  readonly value: { readonly name: string; readonly title: string };
  /** Default `linear`. On `log`, colors end at `10 ** -decades` of the largest value. */
  readonly scale?: "linear" | "log";
  /** Default 4. */
  readonly decades?: number;
  readonly frames?: readonly HeatFrame[];
}

/** Larger images are drawn as means of blocks: finer cells are invisible, and the file size grows with the square. */
const mostCells = 112;
/** Approximate length of the longer side, in pixels at 1x. */
const longSide = 448;
/** Images lower than this, in pixels at 1x, have their legend underneath. */
const lowestLegend = 220;
const frameColors = ["#ffffff", "#E69F00"] as const;

/** Draws each cell in a color, dark for small values. Cells without a row stay white. */
export function heatMapFigure(rows: readonly HeatRow[], options: HeatMapOptions): Figure {
  const { height, width, value, frames = [], scale = "linear", decades = 4 } = options;
  const omitted = leftOut();
  const block = Math.ceil(Math.max(height, width) / mostCells);
  const kept = rows.filter((row) => omitted.keeps(row.value, value.title));
  const cells = blockMeans(kept, block);
  const caption = captionText(
    options.caption,
    block === 1 ? "" : `Every cell is the mean of ${height === 1 ? block : `${block} × ${block}`} pixels.`,
    scale === "linear"
      ? ""
      : `Colors are logarithmic; the darkest stands for 10⁻${superscript(decades)} of the largest value and less.`,
    frames.some((frame) => isCut(frame, options)) ? "Frames that reach beyond the image are cut there." : "",
    ...omitted.sentences(),
  );
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: cells.map((cell): Row => ({ row: cell.row, column: cell.column, [value.name]: cell.value })),
    spec: themedSpec({ ...options, description: `${options.title}. ${caption}` }, drawing(cells, block, options)),
  };
}

function drawing(cells: readonly HeatRow[], block: number, options: HeatMapOptions): Figure["spec"] {
  const { value, frames = [], scale = "linear", decades = 4 } = options;
  const largest = cells.reduce((most, cell) => Math.max(most, cell.value), 0);
  const least = scale === "log" ? largest * 10 ** -decades : 0;
  // Whole blocks and whole pixels, because cell edges between pixels would shimmer.
  const [rows, columns] = [Math.ceil(options.height / block), Math.ceil(options.width / block)];
  const step = Math.max(1, Math.floor(longSide / Math.max(rows, columns)));
  // A one-row image is drawn as a band.
  const height = Math.max(40, rows * step);
  const axes = {
    x: { ...axisOf("column", options.width), scale: { domain: [0, columns * block], nice: false } },
    y: { ...axisOf("row", options.height), scale: { domain: [rows * block, 0], nice: false } },
  };
  const values = cells.map((cell) => ({
    ...{ row: cell.row, bottom: cell.row + block, column: cell.column, right: cell.column + block },
    value: Math.max(least, cell.value),
  }));
  const color = colorOf(value.title, [least, largest], { scale, isLow: height < lowestLegend });
  return {
    width: columns * step,
    height,
    view: { stroke: ink.axis },
    layer: [
      {
        data: { values },
        // Thousands of labels would be most of the picture; its colors have a legend.
        mark: { type: "rect", strokeWidth: 0, aria: false },
        encoding: { ...axes, x2: { field: "right" }, y2: { field: "bottom" }, color },
      },
      ...frames.flatMap((frame, i) =>
        frameLayers(frame, { options, axes, color: frameColors[i % frameColors.length] }),
      ),
    ],
  };
}

const superscript = (digits: number): string =>
  [...`${digits}`].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? digit).join("");

/** Means over square blocks of cells, in row-major order; each block is named by its first row and column. */
function blockMeans(rows: readonly HeatRow[], block: number): HeatRow[] {
  const blocks = new Map<string, { row: number; column: number; sum: number; count: number }>();
  for (const { row, column, value } of rows) {
    const at = { row: row - (row % block), column: column - (column % block) };
    const key = `${at.row}:${at.column}`;
    const known = blocks.get(key) ?? { ...at, sum: 0, count: 0 };
    blocks.set(key, { ...known, sum: known.sum + value, count: known.count + 1 });
  }
  return [...blocks.values()].map(({ row, column, sum, count }) => ({ row, column, value: sum / count }));
}

type Encoding = { readonly [key: string]: Json };

function axisOf(field: "row" | "column", extent: number): Encoding {
  return {
    field,
    type: "quantitative",
    title: extent === 1 ? null : `${field === "row" ? "Row" : "Column"} of the input`,
    axis: { grid: false, tickCount: 6, labels: extent > 1, ticks: extent > 1 },
  };
}

interface ColorOptions {
  readonly scale: "linear" | "log";
  /** Whether the image is too low for a legend beside it. */
  readonly isLow: boolean;
}

function colorOf(title: string, [least, largest]: readonly [number, number], { scale, isLow }: ColorOptions): Encoding {
  const domain = largest > least ? [least, largest] : [0, 1];
  const isLog = scale === "log" && domain[0] > 0;
  return {
    field: "value",
    type: "quantitative",
    title,
    scale: { type: isLog ? "log" : "linear", domain, nice: false, scheme: "viridis" },
    legend: {
      ...(isLow ? { orient: "bottom", direction: "horizontal" } : {}),
      ...{ gradientLength: isLow ? 300 : 200, format: ".1e", tickCount: 5, titleLimit: 260 },
    },
  };
}

const within = (value: number, most: number): number => Math.min(most, Math.max(0, value));

/** A cell extends from its index to the next. */
function isCut({ rows, columns }: HeatFrame, { height, width }: HeatMapOptions): boolean {
  return rows[0] < 0 || columns[0] < 0 || rows[1] + 1 > height || columns[1] + 1 > width;
}

interface FrameOptions {
  readonly options: HeatMapOptions;
  readonly axes: { readonly x: Encoding; readonly y: Encoding };
  readonly color: string;
}

/** Lines along the sides that are inside the image, and the label at a corner. */
function frameLayers({ rows, columns, label }: HeatFrame, { options, axes, color }: FrameOptions): Json[] {
  const { height, width } = options;
  const [top, bottom, left, right] = [rows[0], rows[1] + 1, columns[0], columns[1] + 1];
  const box = {
    top: within(top, height),
    bottom: within(bottom, height),
    left: within(left, width),
    right: within(right, width),
  };
  const upright = [left, right].filter((x) => x > 0 && x < width).map((x) => ({ x, from: box.top, to: box.bottom }));
  const level = [top, bottom].filter((y) => y > 0 && y < height).map((y) => ({ y, from: box.left, to: box.right }));
  const mark = { type: "rule", color, strokeWidth: 1.6, strokeDash: [6, 3] };
  return [
    {
      data: { values: upright },
      mark,
      encoding: { x: { ...axes.x, field: "x" }, y: { ...axes.y, field: "from" }, y2: { field: "to" } },
    },
    {
      data: { values: level },
      mark,
      encoding: { y: { ...axes.y, field: "y" }, x: { ...axes.x, field: "from" }, x2: { field: "to" } },
    },
    {
      data: { values: [{ x: box.left, y: box.top }] },
      mark: { type: "text", text: label, align: "left", baseline: "top", dx: 5, dy: 5, color, fontSize: sizes.label },
      encoding: { x: { ...axes.x, field: "x" }, y: { ...axes.y, field: "y" } },
    },
  ];
}
