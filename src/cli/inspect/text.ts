// Prints an inspection: the table of layers, the totals in words, and unknown layers.
import type { Row } from "../../core/rows.js";
import { extentsText } from "../../inspect/flat-rows.js";
import type { Inspection, LayerRecord } from "../../inspect/inspection.js";
import { formatTable, wrapText } from "../output.js";
import { scaledCount } from "../scaled-count.js";
import { fittingColumns, type OptionalColumn } from "./fitting-columns.js";
import { totalsText } from "./totals.js";

export interface TextOptions {
  readonly width: number;
  /** Prints every digit. */
  readonly exact: boolean;
  /** Includes rows that only move data, even in long tables. */
  readonly all: boolean;
  readonly hasColors: boolean;
}

/** Longer tables leave out rows that only move data. */
const longTable = 100;

/** Left to right. */
const columns: readonly OptionalColumn[] = [
  { key: "layer", title: "layer", cutAt: "start", narrowest: 16, dispensable: 0 },
  { key: "operator", title: "operator", narrowest: 11, isCutFirst: true, dispensable: 1 },
  { key: "input", title: "input", cutAt: "never", dispensable: 11 },
  { key: "output", title: "output", cutAt: "never", dispensable: 2 },
  { key: "window", title: "kernel", cutAt: "never", dispensable: 4 },
  { key: "parameters", title: "parameters", isNumeric: true, dispensable: 0 },
  { key: "parameterShare", title: "param. %", isNumeric: true, dispensable: 9 },
  { key: "macs", title: "MACs", isNumeric: true, dispensable: 0 },
  { key: "macShare", title: "MACs %", isNumeric: true, dispensable: 6 },
  { key: "activations", title: "activations", isNumeric: true, dispensable: 5 },
  { key: "field", title: "field", isNumeric: true, dispensable: 3 },
  { key: "jump", title: "jump", isNumeric: true, dispensable: 7 },
  { key: "center", title: "center", isNumeric: true, dispensable: 10 },
];

/** The whole text of one model. */
export function inspectionText(inspection: Inspection, options: TextOptions): string {
  const { model, remarks } = inspection;
  const table = layerTable(inspection, options);
  const paragraphs = [
    `${model}, input ${inputsText(inspection)}`,
    table.text.trimEnd(),
    [...table.remarks, ...legend(inspection, table.titles)].map((line) => wrapText(line, options.width, 2)).join("\n"),
    unknownText(inspection, options.width),
    totalsText(inspection, options.width),
    remarks.map((remark) => wrapText(remark, options.width, 2)).join("\n"),
  ];
  return `${paragraphs.filter((text) => text !== "").join("\n\n")}\n`;
}

const inputsText = ({ inputs }: Inspection): string =>
  inputs
    .map(({ name, shape }) => (inputs.length === 1 ? extentsText(shape) : `${name} ${extentsText(shape)}`))
    .join(", ");

interface LayerTable {
  readonly text: string;
  /** Titles of the printed columns. */
  readonly titles: readonly string[];
  /** A sentence about omitted columns and rows. */
  readonly remarks: readonly string[];
}

function layerTable({ layers, totals }: Inspection, options: TextOptions): LayerTable {
  const isShortened = layers.length > longTable && !options.all;
  const shown = isShortened ? layers.filter((layer) => !movesOnly(layer)) : layers;
  const rows = shown.map((layer) => layerRow(layer, options.exact));
  const least = totals.isLowerBound ? "≥ " : "";
  const total: Row = {
    layer: "total",
    parameters: totals.parameters.toLocaleString("en-US"),
    macs: `${least}${scaledCount(totals.macs, options.exact)}`,
    activations: `${least}${scaledCount(totals.activations, options.exact)}`,
  };
  const { kept, left } = fittingColumns(columns, [...rows, total], options.width);
  const hidden = layers.length - shown.length;
  return {
    text: dimmed(formatTable(kept, rows, options.width, [total]), shown, options.hasColors),
    titles: kept.map(({ title }) => title),
    remarks: [
      ...(hidden === 0
        ? []
        : [
            `${hidden} ${hidden === 1 ? "row that only moves" : "rows that only move"} data left out; --all shows all.`,
          ]),
      ...(left.length === 0
        ? []
        : [`Left out because the terminal is too narrow: ${left.join(", ")}. --format csv has every column.`]),
    ],
  };
}

/** Whether a layer only moves data: changes of shape, concatenations, copies. */
const movesOnly = ({ parameters, statistics, flops, unknown }: LayerRecord): boolean =>
  parameters === 0 && statistics === 0 && flops === 0 && unknown === undefined;

function layerRow(layer: LayerRecord, exact: boolean): Row {
  const number = (value: number | null): string =>
    value === null ? "unknown" : value === 0 ? "" : scaledCount(value, exact);
  const percent = (share: number): string => (share === 0 ? "" : (100 * share).toFixed(1));
  const shape = (value: LayerRecord["outputShape"]): string => (value === null ? "unknown" : extentsText(value));
  const isShared = layer.parameters === 0 && layer.shared !== undefined;
  return {
    // The next column has the operator.
    layer: layer.name.endsWith(`/${layer.operator}`) ? layer.name.slice(0, -layer.operator.length - 1) : layer.name,
    operator: layer.operator,
    input: layer.inputShapes.length === 0 ? "" : shape(layer.inputShape),
    output: shape(layer.outputShape),
    window: windowText(layer),
    parameters: isShared ? "shared" : layer.parameters === 0 ? "" : layer.parameters.toLocaleString("en-US"),
    parameterShare: percent(layer.share.parameters),
    macs: number(layer.macs),
    macShare: percent(layer.share.macs),
    activations: number(layer.activations),
    ...fieldCells(layer.receptiveField),
  };
}

function fieldCells(field: LayerRecord["receptiveField"]): Row {
  if (field === null) return { field: "", jump: "", center: "" };
  if (field === "all") return { field: "all", jump: "", center: "" };
  const short = (values: readonly number[]): string => extents(values.map((value) => Number(value.toPrecision(4))));
  return {
    field: `${extents(field.size)}${field.isAligned ? "" : "~"}${field.seesAll ? "+" : ""}`,
    jump: short(field.stride),
    center: short(field.offset),
  };
}

/** `7x7/2 p3`: kernel and stride, plus padding, dilation and groups if they differ from the defaults. */
function windowText({ kernel, stride, padding, dilation, groups = 1 }: LayerRecord): string {
  if (kernel === undefined || stride === undefined) return "";
  const isAll = (values: readonly number[] | undefined, value: number): boolean =>
    values === undefined || values.every((one) => one === value);
  return [
    kernel.join("x"),
    ...(isAll(stride, 1) ? [] : [`/${extents(stride)}`]),
    ...(isAll(padding, 0) ? [] : [` p${paddingText(padding ?? [])}`]),
    ...(isAll(dilation, 1) ? [] : [` d${extents(dilation ?? [])}`]),
    ...(groups === 1 ? [] : [` g${groups}`]),
  ].join("");
}

/** Padding before, and after a colon the padding behind if it differs. */
function paddingText(padding: readonly number[]): string {
  const [begins, ends] = [padding.slice(0, padding.length / 2), padding.slice(padding.length / 2)];
  return begins.every((value, axis) => value === ends[axis]) ? extents(begins) : `${extents(begins)}:${extents(ends)}`;
}

/** Sizes, printed once if they are equal. */
const extents = (values: readonly number[]): string =>
  values.every((value) => value === values[0]) ? `${values[0] ?? ""}` : values.join("x");

/** Explanations of the printed columns that are not self-evident. */
function legend({ layers }: Inspection, titles: readonly string[]): string[] {
  const hasField = titles.includes("field") && layers.some(({ receptiveField }) => receptiveField !== null);
  if (!hasField) return [];
  const fields = layers.map(({ receptiveField }) => receptiveField);
  const some = (test: (field: Exclude<LayerRecord["receptiveField"], "all" | null>) => boolean): boolean =>
    fields.some((field) => field !== null && field !== "all" && test(field));
  const parts = [
    "field: receptive field in input pixels, over the longest path",
    ...(fields.includes("all") ? ["all: sees the whole input"] : []),
    ...(some(({ seesAll }) => seesAll) ? ["+: some path (a gate, a statistic) sees the whole input as well"] : []),
    ...(some(({ isAligned }) => !isAligned) ? ["~: the centers of the paths differ"] : []),
    ...(titles.includes("jump") ? ["jump: input pixels between neighbors"] : []),
    ...(titles.includes("center") ? ["center: that of the first field, 0 is the first pixel"] : []),
  ];
  return [`${parts.join("; ")}.`];
}

/** Dims rows without parameters and products, and highlights unknown rows. */
function dimmed(table: string, layers: readonly LayerRecord[], hasColors: boolean): string {
  if (!hasColors) return table;
  return table
    .split("\n")
    .map((line, index) => {
      const layer = layers[index - 2];
      if (layer?.unknown !== undefined) return `\u001b[33m${line}\u001b[39m`;
      return layer !== undefined && layer.parameters === 0 && layer.macs === 0 ? `\u001b[2m${line}\u001b[22m` : line;
    })
    .join("\n");
}

/** Limit on listed reasons, since one unknown operator makes everything after it unknown. */
const mostReasons = 10;

/** Lists unknown layers with the reason, once per operator and reason. */
function unknownText({ totals, unknown }: Inspection, width: number): string {
  if (!totals.isLowerBound) return "";
  const groups = new Map<string, string[]>();
  for (const { name, operator, reason } of unknown) {
    const key = `(${operator}): ${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const count = totals.unknownLayers;
  const head = `${count} ${count === 1 ? "layer" : "layers"} could not be accounted, so totals are lower bounds:`;
  const lines = [...groups].slice(0, mostReasons).map(([key, names]) => {
    const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
    return `  ${wrapText(`${names.slice(0, 3).join(", ")}${more} ${key}`, width - 2, 4)}`;
  });
  const hidden = groups.size - lines.length;
  if (hidden > 0) lines.push(`  and ${hidden} more; --format json lists all`);
  return [head, ...lines].join("\n");
}
