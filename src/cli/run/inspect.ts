// What `trainscope inspect` does.
import { resolve } from "node:path";
import { writeCsv } from "../../core/csv.js";
import { exitCodes, InvalidInputError } from "../../core/errors.js";
import type { Row } from "../../core/rows.js";
import { layerRows, markdownTable } from "../../inspect/flat-rows.js";
import { inspectSubject } from "../../inspect/inspect.js";
import type { Inspection } from "../../inspect/inspection.js";
import { makeFolder } from "../../node/make-folder.js";
import type { CommandContext } from "../command-context.js";
import type { InspectOptions, sortKeys } from "../commands/inspect.js";
import { jsonLine } from "../output.js";
import { comparisonText, exactComparison } from "./inspect-compare.js";
import { comparisonFigures, figuresText, modelFigures, type WrittenFigure, writeFigures } from "./inspect-figures.js";
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
  // Before the work: what cannot be written should be known at once.
  if (options.figures !== undefined) await makeFolder(resolve(options.figures));
  const inspections: Inspection[] = [];
  for (const model of models) inspections.push(inspectionOf(await subjectOf(model, options), options));
  const figures = await figuresOf(inspections, options);
  const { terminal } = context;
  terminal.write(
    compare
      ? comparisonOutput(inspections, figures, options, context)
      : modelOutput(inspections[0], figures, options, context),
  );
  if (options.format !== "json" && figures !== undefined) terminal.writeError(figuresText(figures));
  return exitCodes.done;
}

/** Written before the text, so that JSON can name them; undefined where none were asked for. */
async function figuresOf(
  inspections: readonly Inspection[],
  { compare, figures: folder }: InspectOptions,
): Promise<readonly WrittenFigure[] | undefined> {
  if (folder === undefined) return undefined;
  return writeFigures(compare ? comparisonFigures(inspections) : modelFigures(inspections[0]), folder);
}

type SubjectToInspect = Parameters<typeof inspectSubject>[0];

function inspectionOf(subject: SubjectToInspect, { depth, optimizer, sort, reverse }: InspectOptions): Inspection {
  const kind = optimizer.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const inspection = inspectSubject(subject, { optimizer: kind, ...(depth === undefined ? {} : { depth }) });
  const layers = sort === undefined ? inspection.layers : sorted(inspection.layers, sort);
  return { ...inspection, layers: reverse ? layers.toReversed() : layers };
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

type Figures = readonly WrittenFigure[] | undefined;

/** A document of JSON, with the figures where there are any. */
const withFigures = (document: object, figures: Figures): string =>
  jsonLine(figures === undefined ? document : { ...document, figures });

function modelOutput(
  inspection: Inspection,
  figures: Figures,
  options: InspectOptions,
  { terminal }: CommandContext,
): string {
  switch (options.format) {
    case "json":
      return withFigures(inspection, figures);
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
  figures: Figures,
  { format, exact }: InspectOptions,
  { terminal }: CommandContext,
): string {
  switch (format) {
    case "json":
      return withFigures({ schema: 1, models: inspections }, figures);
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
