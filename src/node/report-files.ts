// A report on disk: the page, and beside it every figure as SVG, PNG, Vega-Lite and CSV.
import { join } from "node:path";
import type { Figure } from "../figures/figure.js";
import type { ReportFigure } from "../report/document.js";
import { renderReport } from "../report/render-report.js";
import { type StudyReportInput, studyReport } from "../report/study-report.js";
import { writeFigureFiles } from "./figure-files.js";
import { writeFileAtomic } from "./files/atomic-file.js";
import { makeFolder } from "./files/make-folder.js";
import { type FigureRenderer, openFigureRenderer } from "./render.js";

export interface WriteReportOptions {
  /** Folder for `report.html` and `figures/`; created if missing. */
  readonly folder: string;
  readonly title: string;
  readonly subtitle?: string;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
  /** Finished studies, in the order of the document. */
  readonly studies: readonly Omit<StudyReportInput, "figures">[];
  /** A renderer to reuse. Default: opened on demand. */
  readonly renderer?: FigureRenderer;
}

/** Paths of the written files, absolute if the folder was. */
export interface WrittenReport {
  readonly report: string;
  readonly figures: readonly WrittenFigure[];
}

export interface WrittenFigure {
  readonly study: string;
  readonly id: string;
  readonly title: string;
  readonly files: readonly string[];
}

/**
 * Draws the figures of finished studies and writes the report. Each file is written atomically, and the page
 * comes last, so that it never refers to a missing figure.
 * @throws EnvironmentError if the folder is not writable.
 */
export async function writeReport(options: WriteReportOptions): Promise<WrittenReport> {
  const { folder, title, subtitle, generatedAt, studies } = options;
  const figuresFolder = join(folder, "figures");
  await makeFolder(figuresFolder);
  const renderer = options.renderer ?? (await openFigureRenderer());
  const written: WrittenFigure[] = [];
  const reports = [];
  for (const study of studies) {
    const figures: ReportFigure[] = [];
    for (const figure of study.analysis.figures) {
      const drawn = await writeFigure(figure, `${study.study.id}-${figure.id}`, folder, renderer);
      figures.push(drawn);
      const files = drawn.files.map(({ href }) => join(folder, href));
      written.push({ study: study.study.id, id: figure.id, title: figure.title, files });
    }
    reports.push(studyReport({ ...study, figures }));
  }
  const page = renderReport({ title, generatedAt, studies: reports, ...(subtitle === undefined ? {} : { subtitle }) });
  const report = join(folder, "report.html");
  await writeFileAtomic(report, page);
  return { report, figures: written };
}

async function writeFigure(
  figure: Figure,
  name: string,
  folder: string,
  renderer: FigureRenderer,
): Promise<ReportFigure> {
  const { svg, files } = await writeFigureFiles(figure, { folder: join(folder, "figures"), name, renderer });
  const links = files.map(({ label, file }) => ({ label, href: `figures/${file}` }));
  const { id, title, caption, rows, spec } = figure;
  const description = typeof spec.description === "string" ? spec.description : `${title}. ${caption}`;
  return { ...{ id, title, caption, svg, rows, description }, files: links };
}
