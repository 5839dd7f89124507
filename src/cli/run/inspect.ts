// What `trainscope inspect` does.
import { writeCsv } from "../../core/csv.js";
import { exitCodes, InvalidInputError } from "../../core/errors.js";
import type { Row } from "../../core/rows.js";
import { layerRows, markdownTable } from "../../inspect/flat-rows.js";
import { inspectSubject } from "../../inspect/inspect.js";
import type { Inspection } from "../../inspect/inspection.js";
import type { CommandContext } from "../command-context.js";
import type { InspectOptions, sortKeys } from "../commands/inspect.js";
import { jsonLine } from "../output.js";
import { comparisonRows, comparisonText, exactComparison } from "./inspect-compare.js";
import { subjectOf } from "./inspect-models.js";
import { inspectionText } from "./inspect-text.js";

/** `inspect`: one model, or several side by side. */
export async function inspectModels(options: InspectOptions, context: CommandContext): Promise<number> {
  const { models, compare } = options;
  if (models.length > 1 && !compare) {
    throw new InvalidInputError("several models are given", {
      where: "trainscope inspect",
      expected: "one, or --compare",
      received: models.join(", "),
      remedy: `Write trainscope inspect ${models.join(" ")} --compare`,
    });
  }
  const inspections: Inspection[] = [];
  for (const model of models) inspections.push(inspectionOf(await subjectOf(model, options), options));
  context.terminal.write(
    compare ? comparisonOutput(inspections, options, context) : modelOutput(inspections[0], options, context),
  );
  return exitCodes.done;
}

type SubjectToInspect = Parameters<typeof inspectSubject>[0];

function inspectionOf(subject: SubjectToInspect, { depth, optimizer, sort }: InspectOptions): Inspection {
  const kind = optimizer.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const inspection = inspectSubject(subject, { optimizer: kind, ...(depth === undefined ? {} : { depth }) });
  return sort === undefined ? inspection : { ...inspection, layers: sorted(inspection.layers, sort) };
}

type Layers = Inspection["layers"];

const fieldSize = ({ receptiveField: field }: Layers[number]): number =>
  field === null ? -1 : field === "all" ? Number.POSITIVE_INFINITY : Math.max(...field.size);

const orders: Readonly<Record<(typeof sortKeys)[number], (a: Layers[number], b: Layers[number]) => number>> = {
  parameters: (a, b) => b.parameters - a.parameters,
  macs: (a, b) => (b.macs ?? 0) - (a.macs ?? 0),
  flops: (a, b) => (b.flops ?? 0) - (a.flops ?? 0),
  activations: (a, b) => (b.activations ?? 0) - (a.activations ?? 0),
  // Both may be infinite.
  "receptive-field": (a, b) => (fieldSize(a) === fieldSize(b) ? 0 : fieldSize(b) - fieldSize(a)),
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
};

const sorted = (layers: Layers, key: (typeof sortKeys)[number]): Layers => layers.toSorted(orders[key]);

function modelOutput(inspection: Inspection, options: InspectOptions, { terminal }: CommandContext): string {
  switch (options.format) {
    case "json":
      return jsonLine(inspection);
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

function comparisonOutput(
  inspections: readonly Inspection[],
  { format, exact }: InspectOptions,
  { terminal }: CommandContext,
): string {
  switch (format) {
    case "json":
      return jsonLine({
        schema: 1,
        models: inspections.map(({ layers, ...rest }) => ({ ...rest, layers: layers.length })),
      });
    case "csv":
      return writeCsv(exactComparison(inspections));
    case "markdown": {
      const rows = exactComparison(inspections);
      return markdownTable(Object.keys(rows[0]), rows);
    }
    default:
      return comparisonText(comparisonRows(inspections, exact), terminal.columns, inspections);
  }
}
