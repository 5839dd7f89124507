// The figures of `trainscope inspect --figures`.
import { join, resolve } from "node:path";
import type { Figure } from "../../figures/figure.js";
import type { Inspection } from "../../inspect/inspection.js";
import { layerCostFigure, layerMemoryFigure, modelComparisonFigure } from "../../inspect/inspection-figures.js";
import { writeFigureFiles } from "../../node/figure-files.js";
import { openFigureRenderer } from "../../node/render.js";

/** A figure that was written: `files` are paths. */
export interface WrittenFigure {
  readonly id: string;
  readonly title: string;
  readonly files: readonly string[];
}

interface NamedFigure {
  /** Of the files, without ending. */
  readonly name: string;
  readonly figure: Figure;
}

/** The figures of one model, named for it. */
export function modelFigures(inspection: Inspection): NamedFigure[] {
  const name = inspection.model.replace(/\.(?:onnx|json)$/i, "");
  return [layerCostFigure(inspection), layerMemoryFigure(inspection)].map((figure) => ({
    name: `${name}-${figure.id}`,
    figure,
  }));
}

/** The figures of several models side by side. */
export function comparisonFigures(inspections: readonly Inspection[]): NamedFigure[] {
  const figure = modelComparisonFigure(inspections);
  return [{ name: figure.id, figure }];
}

/** @param folder has to be there. */
export async function writeFigures(figures: readonly NamedFigure[], folder: string): Promise<WrittenFigure[]> {
  const renderer = await openFigureRenderer();
  const written: WrittenFigure[] = [];
  for (const { name, figure } of figures) {
    const { files } = await writeFigureFiles(figure, { folder: resolve(folder), name, renderer });
    written.push({ id: figure.id, title: figure.title, files: files.map(({ file }) => join(folder, file)) });
  }
  return written;
}

/** What people are told of them. */
export function figuresText(figures: readonly WrittenFigure[]): string {
  return figures.map(({ title, files }) => `figure: ${title}: ${files[0]}\n`).join("");
}
