// Runs `trainscope inspect`.
import { resolve } from "node:path";
import { exitCodes, InvalidInputError } from "../../core/errors.js";
import type { EffectiveField } from "../../inspect/field/effective-field.js";
import { inspectSubject } from "../../inspect/inspect.js";
import type { Inspection } from "../../inspect/inspection.js";
import type { Subject } from "../../inspect/subject/subject.js";
import { makeFolder } from "../../node/files/make-folder.js";
import type { CommandContext } from "../command-context.js";
import { effectiveFieldText, measureField } from "./field.js";
import { comparisonFigures, figuresText, type Inspected, modelFigures, writeFigures } from "./figures.js";
import { subjectOf } from "./models.js";
import type { InspectOptions, sortKeys } from "./options.js";
import { comparisonOutput, modelOutput } from "./output.js";

/** `inspect`: one model, or several side by side. */
export async function inspectModels(options: InspectOptions, context: CommandContext): Promise<number> {
  checkOptions(options);
  const { compare, figures: folder, format } = options;
  // Before the work, so that an unwritable folder is reported at once.
  if (folder !== undefined) await makeFolder(resolve(folder));
  const inspected: Inspected[] = [];
  for (const model of options.models) {
    const subject = await subjectOf(model, options);
    inspected.push({ subject, inspection: inspectionOf(subject, options) });
  }
  const effectiveField = await fieldOf(inspected[0].subject, options);
  const drawn = compare ? comparisonFigures(inspected) : modelFigures(inspected[0], effectiveField);
  const figures = folder === undefined ? undefined : await writeFigures(drawn, folder);
  const extras = {
    ...(effectiveField === undefined ? {} : { effectiveField }),
    ...(figures === undefined ? {} : { figures }),
  };
  const inspections = inspected.map(({ inspection }) => inspection);
  const { terminal } = context;
  terminal.write(
    compare
      ? comparisonOutput(inspections, extras, options, context)
      : modelOutput(inspections[0], extras, options, context),
  );
  if (format === "json") return exitCodes.done;
  const field = effectiveField === undefined ? "" : effectiveFieldText(effectiveField, terminal.columns);
  // Machine-readable tables are unchanged.
  if (format === "table") terminal.write(field);
  else terminal.writeError(field);
  terminal.writeError(figuresText(figures ?? []));
  return exitCodes.done;
}

function checkOptions({ models, compare, effectiveField }: InspectOptions): void {
  if (models.length > 1 && !compare) {
    throw new InvalidInputError("several models are given", {
      where: "trainscope inspect",
      expected: "one, or --compare",
      received: models.join(", "),
      remedy: `Write trainscope inspect ${models.join(" ")} --compare`,
    });
  }
  if (compare && effectiveField !== undefined) {
    throw new InvalidInputError("effective receptive fields are measured one model at a time", {
      where: "--effective-field",
      received: "--compare",
      remedy: "Leave one out",
    });
  }
}

async function fieldOf(subject: Subject, options: InspectOptions): Promise<EffectiveField | undefined> {
  return options.effectiveField === undefined ? undefined : measureField(subject, options);
}

function inspectionOf(subject: Subject, { depth, optimizer, sort, reverse }: InspectOptions): Inspection {
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
