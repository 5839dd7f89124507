// Named points: one quantity of every model against another.
import type { Json } from "../core/formats/json.js";
import { axisDomain, axisTicks } from "./axis-range.js";
import type { Figure } from "./figure.js";
import { captionText, leftOut } from "./left-out.js";
import { completeLevels, type Level, levelLegend, levelScale, levelTitles } from "./level.js";
import { axisTitle, ink, palette, sizes, themedSpec } from "./theme.js";

export interface ScatterRow {
  /** Printed beside the point. */
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** The level whose color and shape the point has. Default: all points look the same. */
  readonly group?: string;
  /** Whether its name is printed. Default true. */
  readonly isNamed?: boolean;
}

/** A line through places, such as a boundary, with a name at its end. */
export interface ScatterLine {
  readonly label: string;
  readonly places: readonly { readonly x: number; readonly y: number }[];
}

/** A text at a place, such as the name of a region. */
export interface ScatterNote {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

export interface ScatterAxis {
  readonly title: string;
  readonly unit?: string;
  /** Default `log`, because models differ by powers of ten. */
  readonly scale?: "linear" | "log";
}

export interface ScatterOptions {
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly caption?: string;
  readonly x: ScatterAxis;
  readonly y: ScatterAxis;
  /** Order and names of the groups. */
  readonly groups?: readonly Level[];
  readonly lines?: readonly ScatterLine[];
  readonly notes?: readonly ScatterNote[];
}

const frame = { width: 720, height: 440 } as const;

/** Draws one point per row. Names are placed so that they cover no point and no other name, if there is room. */
export function scatterFigure(rows: readonly ScatterRow[], options: ScatterOptions): Figure {
  const { lines = [], notes = [] } = options;
  const omitted = leftOut();
  const keeps = (value: number, { scale = "log" }: ScatterAxis, name: string): boolean =>
    scale === "log" ? omitted.keepsPositive(value, name) : omitted.keeps(value, name);
  const shown = rows.filter(({ name, x, y }) => keeps(x, options.x, name) && keeps(y, options.y, name));
  const caption = captionText(options.caption, ...omitted.sentences());
  const all = [...shown, ...lines.flatMap(({ places }) => places), ...notes];
  const [x, y] = [axisOf("x", all, options.x), axisOf("y", all, options.y)];
  const encoding = { x: x.encoding, y: y.encoding };
  const places = shown.map((row) => ({ x: x.place(row.x) * frame.width, y: (1 - y.place(row.y)) * frame.height }));
  const labels = labelPlaces(
    places,
    shown.map(({ name, isNamed = true }) => (isNamed ? name : "")),
  );
  return {
    id: options.id,
    title: options.title,
    caption,
    rows: rows.map(({ name, x, y, group }) => ({ name, x, y, ...(group === undefined ? {} : { group }) })),
    spec: themedSpec(
      { ...options, description: `${options.title}. ${caption}` },
      {
        ...frame,
        layer: [
          ...lines.flatMap((line) => lineLayers(line, encoding)),
          pointLayer(shown, options.groups ?? [], encoding),
          ...shown.flatMap((row, index) =>
            row.isNamed === false ? [] : [textLayer({ ...row, text: row.name }, labels[index], encoding)],
          ),
          ...notes.map((note) => textLayer(note, { align: "center", fontStyle: "italic" }, encoding)),
        ],
        view: { stroke: ink.quiet },
      },
    ),
  };
}

type Encoding = { readonly [key: string]: Json };

function pointLayer(rows: readonly ScatterRow[], groups: readonly Level[], encoding: Encoding): Json {
  const isGrouped = rows.some(({ group }) => group !== undefined);
  const mark = { type: "point", filled: true, size: 90, opacity: 1 };
  if (!isGrouped) {
    const values = rows.map(({ x, y }) => ({ x, y }));
    return { data: { values }, mark: { ...mark, color: palette[0] }, encoding };
  }
  const levels = completeLevels(
    groups,
    rows.flatMap(({ group }) => group ?? []),
  );
  const titles = levelTitles(levels);
  const present = new Set(rows.flatMap(({ group }) => group ?? []));
  const drawn = levels.filter(({ id }) => present.has(id)).map(({ title }) => title);
  const channel = (name: "color" | "shape"): Json => ({
    field: "group",
    type: "nominal",
    scale: levelScale(name, levels, present),
    legend: { ...levelLegend(drawn), symbolStrokeWidth: 0 },
  });
  const values = rows.map(({ x, y, group = "" }) => ({ x, y, group: titles.get(group) ?? group }));
  return { data: { values }, mark, encoding: { ...encoding, color: channel("color"), shape: channel("shape") } };
}

/** The line, and its name to the left of its last place. */
function lineLayers({ label, places }: ScatterLine, encoding: Encoding): Json[] {
  const last = places.at(-1);
  return [
    {
      data: { values: places.map(({ x, y }) => ({ x, y })) },
      mark: { type: "line", color: ink.reference, strokeWidth: 2 },
      encoding,
    },
    ...(last === undefined ? [] : [textLayer({ ...last, text: label }, { align: "right", dx: -10 }, encoding)]),
  ];
}

function textLayer(
  { x, y, text }: ScatterNote,
  place: { readonly [key: string]: Json } | LabelPlace,
  encoding: Encoding,
): Json {
  return {
    data: { values: [{ x, y }] },
    mark: { ...place, type: "text", text, baseline: "middle", fontSize: sizes.label, color: ink.text },
    encoding,
  };
}

/** A channel's encoding, and the position of a value in the frame, 0 to 1. */
function axisOf(field: "x" | "y", rows: readonly Place[], { title, unit, scale = "log" }: ScatterAxis) {
  const values = rows.map((row) => row[field]);
  const domain = axisDomain(values, [], { scale, labeled: values });
  const to = scale === "log" ? Math.log10 : (value: number): number => value;
  const encoding: Json = {
    field,
    type: "quantitative",
    title: axisTitle(title, unit),
    scale: { type: scale, domain, nice: false, ...(scale === "linear" ? { zero: false } : {}) },
    // `100m` for 0.1 is for engineers only.
    axis: { ...axisTicks(domain, scale), format: domain[0] < 0.5 ? "~g" : "~s", labelFlush: false },
  };
  return { encoding, place: (value: number): number => (to(value) - to(domain[0])) / (to(domain[1]) - to(domain[0])) };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface LabelPlace {
  readonly align: "left" | "right" | "center";
  readonly dx: number;
  readonly dy: number;
}

/** Positions for a name, best first: beside its point, above, below, then diagonally and further away. */
const candidates: readonly LabelPlace[] = [
  { align: "left", dx: 9, dy: 0 },
  { align: "right", dx: -9, dy: 0 },
  { align: "center", dx: 0, dy: -13 },
  { align: "center", dx: 0, dy: 14 },
  { align: "left", dx: 7, dy: -11 },
  { align: "left", dx: 7, dy: 12 },
  { align: "right", dx: -7, dy: -11 },
  { align: "right", dx: -7, dy: 12 },
  { align: "center", dx: 0, dy: -26 },
  { align: "center", dx: 0, dy: 27 },
];

/** For every point in turn, the candidate that covers least. Greedy, which suffices for dozens of points. */
function labelPlaces(points: readonly Place[], names: readonly string[]): LabelPlace[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
  return points.map((point, index) => {
    const width = names[index].length * sizes.character;
    const costs = candidates.map((candidate) => {
      const box = boxOf(point, width, candidate);
      const covered = taken.reduce((sum, other, i) => (i === index ? sum : sum + overlap(box, other)), 0);
      return covered + outside(box) * sizes.label;
    });
    const best = costs.indexOf(Math.min(...costs));
    taken.push(boxOf(point, width, candidates[best]));
    return candidates[best];
  });
}

function boxOf({ x, y }: Place, width: number, { align, dx, dy }: LabelPlace): Box {
  const left = align === "left" ? x + dx : align === "right" ? x + dx - width : x - width / 2;
  return { left, right: left + width, top: y + dy - sizes.label / 2, bottom: y + dy + sizes.label / 2 };
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Number of pixels by which a name extends beyond the frame. */
function outside({ left, right, top, bottom }: Box): number {
  return Math.max(0, -left) + Math.max(0, right - frame.width) + Math.max(0, -top) + Math.max(0, bottom - frame.height);
}
