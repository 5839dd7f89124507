// The figures of `trainscope inspect --figures`.
import { join, resolve } from "node:path";
import type { Figure } from "../../figures/figure.js";
import type { EffectiveField } from "../../inspect/field/effective-field.js";
import { effectiveFieldFigure, fieldGrowthFigure } from "../../inspect/field/field-figures.js";
import { receptiveFieldGrowth } from "../../inspect/field/field-growth.js";
import type { Inspection } from "../../inspect/inspection.js";
import { layerCostFigure, layerMemoryFigure, modelComparisonFigure } from "../../inspect/inspection-figures.js";
import type { Subject } from "../../inspect/subject/subject.js";
import { writeFigureFiles } from "../../node/figure-files.js";
import { openFigureRenderer } from "../../node/render.js";

/** A written figure; `files` are paths. */
export interface WrittenFigure {
  readonly id: string;
  readonly title: string;
  readonly files: readonly string[];
}

interface NamedFigure {
  /** File name without extension. */
  readonly name: string;
  readonly figure: Figure;
}

/** A model with its results. */
export interface Inspected {
  readonly subject: Subject;
  readonly inspection: Inspection;
}

/** The figures of one model, named for it. */
export function modelFigures(inspected: Inspected, field?: EffectiveField): NamedFigure[] {
  const { inspection } = inspected;
  const name = inspection.model.replace(/\.(?:onnx|json)$/i, "");
  const figures = [
    layerCostFigure(inspection),
    layerMemoryFigure(inspection),
    ...growthFigures([inspected]),
    ...(field === undefined ? [] : [effectiveFieldFigure(field)]),
  ];
  return figures.map((figure) => ({ name: `${name}-${figure.id}`, figure }));
}

/** The figures of several models side by side. */
export function comparisonFigures(inspected: readonly Inspected[]): NamedFigure[] {
  const figures = [modelComparisonFigure(inspected.map(({ inspection }) => inspection)), ...growthFigures(inspected)];
  return figures.map((figure) => ({ name: figure.id, figure }));
}

/** Fields against depth, for models with windows over their input; none if there are no such models. */
function growthFigures(inspected: readonly Inspected[]): Figure[] {
  const models = inspected
    .map(({ subject, inspection }) => ({ model: inspection.model, growth: receptiveFieldGrowth(subject) }))
    .filter(({ growth }) => growth.length > 0);
  return models.length === 0 ? [] : [fieldGrowthFigure(models)];
}

/** @param folder an existing folder. */
export async function writeFigures(figures: readonly NamedFigure[], folder: string): Promise<WrittenFigure[]> {
  const renderer = await openFigureRenderer();
  const written: WrittenFigure[] = [];
  for (const { name, figure } of figures) {
    const { files } = await writeFigureFiles(figure, { folder: resolve(folder), name, renderer });
    written.push({ id: figure.id, title: figure.title, files: files.map(({ file }) => join(folder, file)) });
  }
  return written;
}

/** The printed text about them. */
export function figuresText(figures: readonly WrittenFigure[]): string {
  return figures.map(({ title, files }) => `figure: ${title}: ${files[0]}\n`).join("");
}
