// The look of every figure: one palette, one font, one set of sizes, readable in black and white.
import type { Json } from "../core/formats/json.js";
import type { VegaLiteSpec } from "./figure.js";

/**
 * Eight colors that people with any form of color blindness can tell apart (Okabe & Ito 2008), ordered so that
 * neighbors also differ in lightness. The original yellow, too faint for a line on white, is replaced by a brown.
 */
export const palette = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#56B4E9",
  "#E69F00",
  "#000000",
  "#7F5539",
] as const;

/** Line patterns parallel to `palette`, for print without color. */
export const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [7, 3],
  [2, 2],
  [9, 3, 2, 3],
  [4, 2],
  [12, 3],
  [2, 4],
  [9, 3, 2, 3, 2, 3],
];

/** Point shapes parallel to `palette`, of similar visual weight. */
export const pointShapes = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "triangle-down",
  "cross",
  "triangle-right",
  "triangle-left",
] as const;

/** Colors of text, of unobtrusive lines (grid, ticks), and of references, which must be visible but not dominant. */
export const ink = { text: "#1a1a1a", quiet: "#d9d9d9", axis: "#8a8a8a", reference: "#4d4d4d" } as const;

/** Verdana has nearly the widths of DejaVu Sans, so a page without the font keeps its layout. */
export const fontFamily = "DejaVu Sans, Verdana, sans-serif";

/** Sizes in pixels at 1x. */
export const sizes = {
  /** Approximate width of a whole figure: the text width of a report. */
  width: 860,
  label: 12,
  title: 13,
  heading: 16,
  subheading: 12.5,
  /** Width of an average character of a label. */
  character: 7.4,
  /** Space for the labels of a vertical axis, the same in all panels so that they align. */
  axis: 40,
  /** Space for the title of a vertical axis. */
  axisTitle: 24,
  padding: 14,
  /** Between adjacent panels. */
  gap: 24,
} as const;

/** Width of each of several adjacent panels, of which each uses `labels` pixels for an axis. */
export function panelWidth(panels: number, labels: number): number {
  const room = sizes.width - 2 * sizes.padding - sizes.axisTitle - (panels - 1) * sizes.gap;
  return Math.floor(room / panels - labels);
}

/** `Loss (nats)`, or the title alone for a pure number. */
export function axisTitle(title: string, unit: string | undefined): string {
  return unit === undefined || unit === "" ? title : `${title} (${unit})`;
}

const config: Json = {
  font: fontFamily,
  background: "white",
  view: { stroke: null },
  axis: {
    labelFontSize: sizes.label,
    titleFontSize: sizes.title,
    titleFontWeight: "normal",
    labelColor: ink.text,
    titleColor: ink.text,
    domainColor: ink.axis,
    tickColor: ink.axis,
    gridColor: ink.quiet,
    gridWidth: 0.75,
    titlePadding: 8,
    labelPadding: 4,
    labelLimit: 260,
    aria: false,
  },
  legend: {
    labelFontSize: sizes.label,
    titleFontSize: sizes.title,
    labelColor: ink.text,
    titleColor: ink.text,
    labelLimit: 0,
    symbolSize: 90,
    symbolOpacity: 1,
    symbolStrokeWidth: 2,
    rowPadding: 5,
    columnPadding: 22,
    aria: false,
  },
  title: {
    anchor: "start",
    color: ink.text,
    subtitleColor: ink.reference,
    fontSize: sizes.heading,
    subtitleFontSize: sizes.subheading,
    fontWeight: "bold",
    subtitlePadding: 5,
    offset: 14,
  },
  concat: { spacing: sizes.gap },
};

/** Breaks a text between words so that no line is wider than a figure. A character counts as 0.62 of the font size. */
function textLines(text: string, fontSize: number): string[] {
  const most = Math.floor((sizes.width - 2 * sizes.padding) / (0.62 * fontSize));
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** The text above a figure, and the text for screen readers. */
export interface Heading {
  readonly title: string;
  /** Data set, seeds, preset: everything that a reader of the picture alone must know. */
  readonly subtitle?: string;
  readonly description: string;
}

/** Completes a drawing to a full specification. */
export function themedSpec({ title, subtitle, description }: Heading, drawing: VegaLiteSpec): VegaLiteSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description,
    title: {
      text: textLines(title, sizes.heading),
      ...(subtitle === undefined ? {} : { subtitle: textLines(subtitle, sizes.subheading) }),
    },
    padding: sizes.padding,
    ...drawing,
    config,
  };
}
