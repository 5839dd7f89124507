// An inspection for people: the table of layers, the totals in words, what could not be accounted.
import type { Row } from "../../core/rows.js";
import { extentsText } from "../../inspect/flat-rows.js";
import type { Inspection, LayerRecord, Totals } from "../../inspect/inspection.js";
import { formatBytes, formatTable, type TableColumn } from "../output.js";

export interface TextOptions {
  readonly width: number;
  /** Every digit. */
  readonly exact: boolean;
  /** Rows that only move data, however long the table. */
  readonly all: boolean;
  readonly hasColors: boolean;
}

/** Longer tables leave out rows that only move data. */
const longTable = 100;

/** Left to right, and how dispensable each is: the largest goes first where the terminal is narrow. */
const columns: readonly (TableColumn & { readonly dispensable: number })[] = [
  { key: "layer", title: "layer", dispensable: 0 },
  { key: "operator", title: "operator", dispensable: 1 },
  { key: "output", title: "output", dispensable: 2 },
  { key: "window", title: "kernel", dispensable: 5 },
  { key: "parameters", title: "parameters", isNumeric: true, dispensable: 0 },
  { key: "macs", title: "MACs", isNumeric: true, dispensable: 0 },
  { key: "share", title: "MACs %", isNumeric: true, dispensable: 7 },
  { key: "activations", title: "activations", isNumeric: true, dispensable: 4 },
  { key: "field", title: "field", isNumeric: true, dispensable: 3 },
  { key: "jump", title: "stride", isNumeric: true, dispensable: 6 },
];

/** Texts may be cut down to this many characters before a column goes. */
const narrowText = 16;

/** The whole text of one model. */
export function inspectionText(inspection: Inspection, options: TextOptions): string {
  const { table, remarks } = layerTable(inspection, options);
  const title = `${inspection.model}, input ${inputsText(inspection)}`;
  return `${title}\n\n${table}\n${[...remarks, ...totalsText(inspection), ...inspection.remarks].join("\n")}\n`;
}

const inputsText = ({ inputs }: Inspection): string =>
  inputs
    .map(({ name, shape }) => (inputs.length === 1 ? extentsText(shape) : `${name} ${extentsText(shape)}`))
    .join(", ");

function layerTable({ layers, totals }: Inspection, options: TextOptions): { table: string; remarks: string[] } {
  const movesOnly = ({ parameters, flops, unknown }: LayerRecord): boolean =>
    parameters === 0 && flops === 0 && unknown === undefined;
  const isShortened = layers.length > longTable && !options.all;
  const shown = isShortened ? layers.filter((layer) => !movesOnly(layer)) : layers;
  const rows = shown.map((layer) => layerRow(layer, options.exact));
  const kept = fittingColumns(rows, options.width);
  const left = columns.filter((column) => !kept.includes(column)).map(({ title }) => title);
  const hidden = layers.length - shown.length;
  return {
    table: dimmed(formatTable(kept, rows, options.width), shown, options.hasColors),
    remarks: [
      ...(hidden === 0 ? [] : [`${hidden} rows that only move data are left out: --all shows them.`]),
      ...(left.length === 0 ? [] : [`Left out for want of width: ${left.join(", ")}. --format csv has every column.`]),
      ...(hidden + left.length === 0 ? [] : [""]),
      ...(totals.isLowerBound
        ? [`${totals.unknownLayers} layers could not be accounted, so totals are lower bounds:`]
        : []),
      ...shown.flatMap(({ name, operator, unknown }) =>
        unknown === undefined ? [] : [`  ${name} (${operator}): ${unknown}`],
      ),
      ...(totals.isLowerBound ? [""] : []),
    ],
  };
}

function layerRow(layer: LayerRecord, exact: boolean): Row {
  const number = (value: number | null): string => (value === null ? "unknown" : countText(value, exact));
  const { receptiveField: field } = layer;
  return {
    layer: layer.name,
    operator: layer.operator,
    output: layer.outputShape === null ? "unknown" : extentsText(layer.outputShape),
    window: windowText(layer),
    parameters:
      layer.parameters === 0 && layer.shared !== undefined
        ? "shared"
        : layer.parameters === 0
          ? ""
          : layer.parameters.toLocaleString("en-US"),
    macs: layer.macs === 0 ? "" : number(layer.macs),
    share: layer.share.macs === 0 ? "" : (100 * layer.share.macs).toFixed(1),
    activations: layer.activations === 0 ? "" : number(layer.activations),
    field: field === null ? "" : field === "all" ? "all" : `${extents(field.size)}${field.seesAll ? "+" : ""}`,
    jump: field === null || field === "all" ? "" : extents(field.stride.map((stride) => Number(stride.toPrecision(4)))),
  };
}

/** `3x3/2`: kernel and stride; dilation and groups where there are any. */
function windowText({ kernel, stride, dilation, groups = 1 }: LayerRecord): string {
  if (kernel === undefined || stride === undefined || dilation === undefined) return "";
  const isOne = (values: readonly number[]): boolean => values.every((value) => value === 1);
  return [
    kernel.join("x"),
    ...(isOne(stride) ? [] : [`/${extents(stride)}`]),
    ...(isOne(dilation) ? [] : [` d${extents(dilation)}`]),
    ...(groups === 1 ? [] : [` g${groups}`]),
  ].join("");
}

/** Equal extents once. */
const extents = (values: readonly number[]): string =>
  values.every((value) => value === values[0]) ? `${values[0] ?? ""}` : values.join("x");

/** As many columns as the width allows with names cut to a readable length. */
function fittingColumns(rows: readonly Row[], width: number): typeof columns {
  const widthOf = ({ key, title, isNumeric = false }: TableColumn): number => {
    const longest = Math.max(title.length, ...rows.map((row) => String(row[key] ?? "").length));
    return isNumeric ? longest : Math.min(longest, Math.max(narrowText, title.length));
  };
  let kept = columns.filter(({ key }) => rows.some((row) => row[key] !== ""));
  const total = (): number => kept.reduce((sum, column) => sum + widthOf(column) + 2, -2);
  while (total() > width && kept.some(({ dispensable }) => dispensable > 0)) {
    const most = Math.max(...kept.map(({ dispensable }) => dispensable));
    kept = kept.filter(({ dispensable }) => dispensable !== most);
  }
  return kept;
}

/** Rows without parameters and products stand back. */
function dimmed(table: string, layers: readonly LayerRecord[], hasColors: boolean): string {
  if (!hasColors) return table;
  const lines = table.split("\n");
  return lines
    .map((line, index) => {
      const layer = layers[index - 2];
      if (layer?.unknown !== undefined) return `\u001b[33m${line}\u001b[39m`;
      return layer !== undefined && layer.parameters === 0 && layer.macs === 0 ? `\u001b[2m${line}\u001b[22m` : line;
    })
    .join("\n");
}

/** `11.7 M`: three digits and a power of 1000; small counts as they are. */
export function countText(value: number, exact = false): string {
  if (exact || value < 10_000) return value.toLocaleString("en-US");
  const units = ["", "k", "M", "G", "T", "P", "E"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = Number((value / 1000 ** power).toPrecision(3));
  // 999.9 k rounds up to the next unit.
  return scaled >= 1000 && power < units.length - 1
    ? `1.00 ${units[power + 1]}`
    : `${(value / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

function totalsText({ totals, memory, batchSize, layers, conventions }: Inspection): string[] {
  const { training, inference } = memory;
  const least = totals.isLowerBound ? "at least " : "";
  const many = batchSize === 1 ? "one example" : `a batch of ${batchSize.toLocaleString("en-US")}`;
  const lines: [string, string][] = [
    ["Parameters", parametersText(totals)],
    ["MACs", `${least}${exactly(totals.macs)} for ${many}`],
    ["FLOPs", `${least}${exactly(totals.flops)}: ${conventions.flops}`],
    ["Activations", `${least}${exactly(totals.activations)} elements, ${formatBytes(totals.activationBytes)}`],
    [
      "Inference",
      `${least}${formatBytes(inference.total)}: weights ${formatBytes(inference.weights)}, tensors at their peak ${formatBytes(inference.peakActivations)}${inference.peakLayer === "" ? "" : ` (at ${inference.peakLayer})`}`,
    ],
    [
      "Training",
      `${least}${formatBytes(training.total)}: weights ${formatBytes(training.weights)}, gradients ${formatBytes(training.gradients)}, ${training.optimizer} ${formatBytes(training.optimizerSlots)}, ${training.saved === "all" ? "all activations" : "activations kept for the backward pass"} ${formatBytes(training.savedActivations)}`,
    ],
    ["Intensity", `${totals.arithmeticIntensity.toPrecision(3)} FLOPs a byte, every layer by itself`],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const gates = layers.some(({ receptiveField: field }) => field !== null && field !== "all" && field.seesAll);
  return [
    ...lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`),
    ...(gates ? ["field +: some path sees the whole input as well (a gate, statistics of a normalization)."] : []),
  ];
}

function parametersText({
  parameters,
  weights,
  biases,
  frozen,
  trainable,
  statistics,
  parameterBytes,
}: Totals): string {
  const parts = [
    `weights ${weights.toLocaleString("en-US")}`,
    `biases ${biases.toLocaleString("en-US")}`,
    ...(frozen === 0 ? [] : [`trained ${trainable.toLocaleString("en-US")}`, `held ${frozen.toLocaleString("en-US")}`]),
    ...(statistics === 0 ? [] : [`running statistics besides ${statistics.toLocaleString("en-US")}`]),
  ];
  return `${exactly(parameters)}, ${formatBytes(parameterBytes)} (${parts.join(", ")})`;
}

/** `1,814,073,344 (1.81 G)` */
export function exactly(value: number): string {
  const exact = value.toLocaleString("en-US");
  return value < 10_000 ? exact : `${exact} (${countText(value)})`;
}
