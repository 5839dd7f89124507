// Converts a finished run to its part of a report.
import type { RunRecord, RunTrial } from "../study/store/store.js";
import type { Analysis, AnalysisContext, StudyDefinition } from "../study/study.js";
import type { ReportFigure, ReportStudy, ReportTrial } from "./document.js";

export interface StudyReportInput {
  readonly study: StudyDefinition;
  readonly run: RunRecord;
  readonly trials: readonly RunTrial[];
  readonly analysis: Analysis;
  readonly context: Pick<AnalysisContext, "dataTitle" | "isSample" | "fingerprint" | "seeds">;
  /** The rendered figures of the analysis. */
  readonly figures: readonly ReportFigure[];
}

/** Collects the content of a report on one study. */
export function studyReport(input: StudyReportInput): ReportStudy {
  const { study, run, analysis, context } = input;
  const preset = run.preset ?? "standard";
  return {
    id: study.id,
    title: study.title,
    question: study.question,
    expectation: study.expectation,
    source: study.source,
    ...(study.dataset === undefined
      ? {}
      : { data: { title: context.dataTitle, isSample: context.isSample, fingerprint: context.fingerprint } }),
    preset: { name: preset, about: study.presets[preset].about },
    claims: analysis.claims,
    findings: analysis.findings,
    variantTitles: Object.fromEntries(study.variants.map(({ id, title }) => [id, title])),
    figures: input.figures,
    tables: analysis.tables,
    notes: analysis.notes,
    making: {
      command: run.command,
      run: run.id,
      startedAt: run.startedAt,
      ...(run.finishedAt === undefined ? {} : { finishedAt: run.finishedAt }),
      versions: run.versions,
      machine: run.machine,
      seeds: context.seeds,
      settings: run.settings,
    },
    trials: input.trials.map(reportTrial),
  };
}

function reportTrial({ id, factors, status, timings, divergence, failure }: RunTrial): ReportTrial {
  const remark =
    divergence === undefined ? failure : `not finite from step ${divergence.step} on, first in ${divergence.tensor}`;
  return { id, factors, status, timings, ...(remark === undefined ? {} : { remark }) };
}
