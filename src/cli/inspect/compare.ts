// Compares several inspections: one row per model.
import type { Row } from "../../core/rows.js";
import { extentsText } from "../../inspect/flat-rows.js";
import type { Inspection } from "../../inspect/inspection.js";
import { formatBytes, formatTable, wrapText } from "../output.js";
import { scaledCount } from "../scaled-count.js";
import { fittingColumns, type OptionalColumn } from "./fitting-columns.js";

const extentText = (values: readonly number[]): string =>
  values.every((value) => value === values[0]) ? `${values[0]}` : values.join("x");

/** The largest receptive field before every position sees everything. */
function largestField({ layers }: Inspection): string | null {
  const last = layers.findLast(({ receptiveField }) => receptiveField !== null && receptiveField !== "all");
  const field = last?.receptiveField;
  return field === undefined || field === null || field === "all" ? null : extentText(field.size);
}

/** One row per model, with exact numbers. */
export function exactComparison(inspections: readonly Inspection[]): Row[] {
  return inspections.map((inspection): Row => {
    const { model, inputs, totals, memory } = inspection;
    return {
      model,
      input: inputs.map(({ shape }) => extentsText(shape)).join(" "),
      layers: inspection.layers.length,
      parameters: totals.parameters,
      macs: totals.macs,
      flops: totals.flops,
      activations: totals.activations,
      inferenceBytes: memory.inference.total,
      trainingBytes: memory.training.total,
      arithmeticIntensity: totals.arithmeticIntensity,
      receptiveField: largestField(inspection),
      unknownLayers: totals.unknownLayers,
    };
  });
}

const columns: readonly OptionalColumn[] = [
  { key: "model", title: "model", cutAt: "start", narrowest: 12, dispensable: 0 },
  { key: "input", title: "input", cutAt: "never", dispensable: 6 },
  { key: "layers", title: "layers", isNumeric: true, dispensable: 9 },
  { key: "parameters", title: "parameters", isNumeric: true, dispensable: 0 },
  { key: "macs", title: "MACs", isNumeric: true, dispensable: 0 },
  { key: "flops", title: "FLOPs", isNumeric: true, dispensable: 7 },
  { key: "activations", title: "activations", isNumeric: true, dispensable: 3 },
  { key: "inference", title: "inference", isNumeric: true, dispensable: 5 },
  { key: "training", title: "training", isNumeric: true, dispensable: 4 },
  { key: "intensity", title: "intensity", isNumeric: true, dispensable: 8 },
  { key: "field", title: "field", isNumeric: true, dispensable: 2 },
];

function comparisonRow(inspection: Inspection, exact: boolean): Row {
  const { model, inputs, totals, memory, layers } = inspection;
  const least = totals.isLowerBound ? "≥ " : "";
  return {
    model,
    input: inputs.map(({ shape }) => extentsText(shape)).join(" "),
    layers: layers.length.toLocaleString("en-US"),
    parameters: scaledCount(totals.parameters, exact),
    macs: `${least}${scaledCount(totals.macs, exact)}`,
    flops: `${least}${scaledCount(totals.flops, exact)}`,
    activations: `${least}${scaledCount(totals.activations, exact)}`,
    inference: `${least}${formatBytes(memory.inference.total)}`,
    training: `${least}${formatBytes(memory.training.total)}`,
    intensity: totals.arithmeticIntensity.toPrecision(3),
    field: largestField(inspection) ?? "",
  };
}

/** The printed table, and the text below it. */
export function comparisonText(inspections: readonly Inspection[], width: number, exact: boolean): string {
  const rows = inspections.map((inspection) => comparisonRow(inspection, exact));
  const { kept, left } = fittingColumns(columns, rows, width);
  const bounds = inspections.filter(({ totals }) => totals.isLowerBound).map(({ model }) => model);
  const remarks = [
    ...(left.length === 0
      ? []
      : [`Left out because the terminal is too narrow: ${left.join(", ")}. --format csv has every column.`]),
    legend(inspections, kept),
    ...(bounds.length === 0 ? [] : [`Lower bounds (≥), since some layers are unknown: ${bounds.join(", ")}.`]),
    ...inspections.flatMap(({ model, remarks: of }) =>
      of.map((remark) => (remark.includes(model) ? remark : `${model}: ${remark}`)),
    ),
  ];
  return `${formatTable(kept, rows, width)}\n${remarks.map((remark) => wrapText(remark, width, 2)).join("\n")}\n`;
}

/** Explanations of the printed columns that are not self-evident. */
function legend(inspections: readonly Inspection[], kept: readonly OptionalColumn[]): string {
  const [{ memory, conventions }] = inspections;
  const meanings: Readonly<Record<string, string>> = {
    macs: "MACs: multiply-accumulate pairs",
    flops: `FLOPs: ${conventions.flops}`,
    inference: "inference: bytes of weights and of the largest sum of tensors alive at once",
    training: `training: bytes of weights, gradients, slots of ${memory.training.optimizer} and activations kept for the backward pass`,
    intensity: "intensity: FLOPs per byte",
    field: "field: receptive field in input pixels of the last layer whose elements do not all see the whole input",
  };
  const sizes = [...new Set(inspections.map(({ batchSize }) => batchSize))];
  const batch =
    sizes.length === 1 ? `batch ${sizes[0]}` : `batches of ${inspections.map((one) => one.batchSize).join(", ")}`;
  return `${[...kept.flatMap(({ key }) => meanings[key] ?? []), `numbers for ${batch}`].join("; ")}.`;
}
