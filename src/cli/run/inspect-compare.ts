// Several inspections side by side: one row a model.
import type { Row } from "../../core/rows.js";
import { extentsText } from "../../inspect/flat-rows.js";
import type { Inspection } from "../../inspect/inspection.js";
import { formatBytes, formatTable } from "../output.js";
import { countText } from "./inspect-text.js";

/** The largest receptive field before every place sees everything. */
function largestField({ layers }: Inspection): string | null {
  const last = layers.findLast(({ receptiveField }) => receptiveField !== null && receptiveField !== "all");
  const field = last?.receptiveField;
  return field === undefined || field === null || field === "all" ? null : field.size.join("x");
}

/** One row a model, every number exact. */
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

/** The same for people. */
export function comparisonRows(inspections: readonly Inspection[], exact: boolean): Row[] {
  return inspections.map((inspection): Row => {
    const { model, inputs, totals, memory } = inspection;
    const least = totals.isLowerBound ? "≥ " : "";
    return {
      model,
      input: inputs.map(({ shape }) => extentsText(shape)).join(" "),
      parameters: countText(totals.parameters, exact),
      macs: `${least}${countText(totals.macs, exact)}`,
      activations: `${least}${countText(totals.activations, exact)}`,
      inference: `${least}${formatBytes(memory.inference.total)}`,
      training: `${least}${formatBytes(memory.training.total)}`,
      field: largestField(inspection) ?? "",
    };
  });
}

/** The table, and what stands below it. */
export function comparisonText(rows: readonly Row[], width: number, inspections: readonly Inspection[]): string {
  const titles = { model: "model", input: "input", parameters: "parameters", macs: "MACs", activations: "activations" };
  const columns = Object.entries({ ...titles, inference: "inference", training: "training", field: "field" }).map(
    ([key, title]) => ({ key, title, isNumeric: key !== "model" && key !== "input" }),
  );
  const bounds = inspections.filter(({ totals }) => totals.isLowerBound).map(({ model }) => model);
  const { optimizer } = inspections[0].memory.training;
  return [
    formatTable(columns, rows, width),
    `Memory for a batch of ${inspections.map(({ batchSize }) => batchSize).join(", ")}; training with ${optimizer}. field: of the last layer whose places do not see everything.`,
    ...(bounds.length === 0 ? [] : [`Lower bounds, since some layers are unknown: ${bounds.join(", ")}.`]),
    "",
  ].join("\n");
}
