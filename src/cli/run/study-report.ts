// From finished studies to a report document and its files.
import type { CommandContext } from "../command-context.js";
import type { ReportFiles, ResultOptions } from "./study-results.js";
import type { StudySessionResult } from "./study-session.js";
import type { Analysis } from "../../study/study.js";
import { openFigureRenderer } from "../../node/render.js";
import { mkdirSync, writeFileSync } from "node:fs";

export async function writeStudyReport(results: readonly (StudySessionResult & { readonly analysis: Analysis })[], options: ResultOptions, _context: CommandContext): Promise<ReportFiles> {
  mkdirSync(options.out, { recursive: true });
  for (const { analysis } of results) for (const figure of analysis.figures) {
    const renderer = await openFigureRenderer();
    const svg = await renderer.svg(figure.spec);
    writeFileSync(`${options.out}/${figure.id}.png`, await renderer.png(svg));
  }
  return { report: options.out, figures: new Map() };
}
