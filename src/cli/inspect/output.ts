// Prints the results of `trainscope inspect` by format: a table for people, documents for programs.
import { writeCsv } from "../../core/formats/csv.js";
import type { Row } from "../../core/rows.js";
import type { EffectiveField } from "../../inspect/field/effective-field.js";
import { layerRows, markdownTable } from "../../inspect/flat-rows.js";
import type { Inspection } from "../../inspect/inspection.js";
import type { CommandContext } from "../command-context.js";
import { jsonLine } from "../output.js";
import { comparisonText, exactComparison } from "./compare.js";
import type { WrittenFigure } from "./figures.js";
import type { InspectOptions } from "./options.js";
import { inspectionText } from "./text.js";

/** Additional members of a JSON document. */
export interface Extras {
  readonly effectiveField?: EffectiveField;
  readonly figures?: readonly WrittenFigure[];
}

/** The text of one model, in the requested format. */
export function modelOutput(
  inspection: Inspection,
  extras: Extras,
  options: InspectOptions,
  { terminal }: CommandContext,
): string {
  switch (options.format) {
    case "json":
      return jsonLine({ ...inspection, ...extras });
    case "csv":
      return writeCsv(layerRows(inspection));
    case "markdown":
      return markdownText(inspection);
    default:
      return inspectionText(inspection, {
        width: terminal.columns,
        exact: options.exact,
        all: options.all,
        hasColors: terminal.hasColors === true,
      });
  }
}

const markdownColumns = [
  "name",
  "operator",
  "outputShape",
  "kernel",
  "stride",
  "parameters",
  "macs",
  "activations",
  "receptiveField",
];

function markdownText(inspection: Inspection): string {
  const rows = layerRows(inspection);
  const { totals } = inspection;
  const sum: Row = {
    name: totals.isLowerBound ? "total (at least)" : "total",
    parameters: totals.parameters,
    macs: totals.macs,
    activations: totals.activations,
  };
  return markdownTable(markdownColumns, [...rows, sum]);
}

/** The text of several models side by side. */
export function comparisonOutput(
  inspections: readonly Inspection[],
  extras: Extras,
  { format, exact }: InspectOptions,
  { terminal }: CommandContext,
): string {
  switch (format) {
    case "json":
      return jsonLine({ schema: 1, models: inspections, ...extras });
    case "csv":
      return writeCsv(exactComparison(inspections));
    case "markdown": {
      const rows = exactComparison(inspections);
      return markdownTable(Object.keys(rows[0]), rows);
    }
    default:
      return comparisonText(inspections, terminal.columns, exact);
  }
}
