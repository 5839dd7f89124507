// Converts a finished run to its part of a report.
import { groupBy } from "../core/group-by.js";
import type { RunFacts } from "../study/analyze.js";
import { type Analysis, defaultPreset, levelTitles, type StudyDefinition } from "../study/definition.js";
import { presetOf } from "../study/settings.js";
import type { RunRecord, RunTrial } from "../study/store/store.js";
import type { Divergence } from "../train/trial/events.js";
import type { ReportFigure, ReportStudy, ReportTrial } from "./document.js";

export interface StudyReportInput {
  readonly study: StudyDefinition;
  readonly run: RunRecord;
  readonly trials: readonly RunTrial[];
  readonly analysis: Analysis;
  readonly facts: RunFacts;
  /** The rendered figures of the analysis. */
  readonly figures: readonly ReportFigure[];
}

/** Collects the content of a report on one study. */
export function studyReport(input: StudyReportInput): ReportStudy {
  const { study, run, analysis, facts } = input;
  return {
    id: study.id,
    title: study.title,
    question: study.question,
    answer: analysis.answer,
    expectation: study.expectation,
    refutedBy: study.refutedBy,
    source: study.source,
    data: [...groupBy(Object.values(facts.data), ({ fingerprint }) => fingerprint).values()].map(([set]) => set),
    ...(study.kind === "computed" ? {} : { preset: presetText(study, facts) }),
    claims: analysis.claims,
    findings: analysis.findings,
    variantTitles: levelTitles(study),
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
      seeds: facts.seeds,
      settings: facts.settings,
    },
    trials: input.trials.map((trial) => reportTrial(trial, facts.seeds)),
  };
}

function presetText(study: Extract<StudyDefinition, { kind: "trained" }>, { preset = defaultPreset }: RunFacts) {
  return { name: preset, about: presetOf(study, preset).about };
}

function reportTrial(
  { id, factors, replicate, status, end, failure }: RunTrial,
  seeds: readonly number[],
): ReportTrial {
  const remark = failure ?? divergenceText(end?.diverged ?? []);
  return {
    ...{ id, status, factors: { ...factors, seed: seeds[replicate] ?? replicate } },
    ...(end === undefined ? {} : { timings: end.timings }),
    ...(remark === "" ? {} : { remark }),
  };
}

function divergenceText(diverged: readonly Divergence[]): string {
  if (diverged.length === 0) return "";
  const step = Math.min(...diverged.map((network) => network.step));
  if (diverged.length > 1) return `${diverged.length} networks not finite, the first from step ${step} on`;
  const [{ tensor }] = diverged;
  return `not finite from step ${step} on${tensor === undefined ? "" : `, first in ${tensor}`}`;
}
