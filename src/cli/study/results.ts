// The results of finished studies: the report on disk, the numbers and verdicts on the terminal.
import { resolve } from "node:path";
import { EnvironmentError, exitCodes } from "../../core/errors.js";
import type { Claim } from "../../core/findings.js";
import type { WrittenReport } from "../../node/report-files.js";
import { countText } from "../../study/analysis/number-text.js";
import type { Analysis } from "../../study/definition.js";
import type { CommandContext } from "../command-context.js";
import type { Interrupts } from "../interrupt.js";
import { formatDuration, formatTable, jsonLine } from "../output.js";
import { type ReportPart, writeStudyReport } from "./report.js";
import type { StudySessionResult } from "./session.js";

export interface ResultOptions {
  readonly out: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

type Finished = StudySessionResult & { readonly analysis: Analysis };

/** Writes the report and prints the results. Returns the exit code: 1 if a trial diverged, 130 if interrupted. */
export async function finishStudies(
  results: readonly StudySessionResult[],
  options: ResultOptions,
  context: CommandContext,
  interrupts: Interrupts,
): Promise<number> {
  const finished = results.filter(isFinished);
  const interrupted = results.some(({ execution }) => execution.interrupted);
  interrupts.setAnswer("finishing the report");
  const files = finished.length === 0 || interrupted ? undefined : await writeReport(finished, options.out);
  const { terminal } = context;
  if (options.json) {
    const documents = results.map((result) =>
      isFinished(result) ? studyDocument(result, files) : interruptedDocument(result),
    );
    terminal.write(
      jsonLine(
        documents.length === 1
          ? { schema: 1, ...documents[0] }
          : { schema: 1, studies: documents, report: files?.report ?? null },
      ),
    );
  } else {
    for (const result of finished) terminal.write(studyText(result, terminal.tableColumns));
    if (files !== undefined) terminal.write(`\nReport: ${resolve(files.report)}\n`);
  }
  if (interrupted) {
    if (terminal.isClosed !== true)
      terminal.writeError("interrupted; finished trials are kept, and the same command goes on from here\n");
    return exitCodes.interrupted;
  }
  // Exit 130 after Ctrl-C, although all results are saved, so that `a && b` does not run b.
  if (interrupts.signal.aborted) return exitCodes.interrupted;
  return finished.some(({ trials }) => trials.some(({ status }) => status === "diverged"))
    ? exitCodes.failed
    : exitCodes.done;
}

function isFinished(result: StudySessionResult): result is Finished {
  return result.analysis !== undefined;
}

async function writeReport(finished: readonly Finished[], folder: string): Promise<WrittenReport> {
  try {
    return await writeStudyReport(finished.map(reportPart), folder, new Date().toISOString());
  } catch (cause) {
    if (!(cause instanceof EnvironmentError)) throw cause;
    const runs = finished.map(({ run }) => run.id).join(" ");
    throw new EnvironmentError("the report could not be written, but the results are in the run store", {
      where: folder,
      remedy: `The reason: ${cause.message}. Then: trainscope report ${runs} --out <folder>`,
      cause,
    });
  }
}

function reportPart({ study, run, trials, analysis, facts }: Finished): ReportPart {
  return { study, run, trials, analysis, facts };
}

/** An interrupted study has no findings: only how far it came. */
function interruptedDocument({ study, facts, run, trials }: StudySessionResult) {
  const ended = trials.filter(({ status }) => status === "done" || status === "diverged").length;
  return {
    ...{ study: study.id, run: run.id, status: "interrupted", preset: facts.preset ?? null },
    ...{ settings: facts.settings, seeds: facts.seeds.length, trials: trials.length, ended },
  };
}

/** The JSON document of one study, as docs/command-line.md describes it. */
function studyDocument({ study, facts, analysis, run }: Finished, files: WrittenReport | undefined) {
  const sets = Object.values(facts.data);
  return {
    study: study.id,
    run: run.id,
    preset: facts.preset ?? null,
    settings: facts.settings,
    seeds: facts.seeds.length,
    data:
      sets.length === 0
        ? null
        : { title: sets.map(({ title }) => title).join(", "), isSample: sets.some(({ isSample }) => isSample) },
    sets: Object.fromEntries(
      Object.entries(facts.data).map(([role, { title, isSample }]) => [role, { title, isSample }]),
    ),
    answer: analysis.answer,
    findings: analysis.findings,
    claims: analysis.claims.map(({ id, source, text, rule, verdict, evidence }) => ({
      id,
      source,
      text,
      rule,
      verdict,
      evidence,
    })),
    figures: analysis.figures.map(({ id, title }) => ({
      id,
      title,
      files: files?.figures.find((figure) => figure.study === study.id && figure.id === id)?.files ?? [],
    })),
    report: files?.report ?? null,
  };
}

function studyText({ study, analysis, facts, execution, trials, durationMs }: Finished, columns: number): string {
  const sets = Object.values(facts.data).map(({ title }) => title);
  const isComputed = study.kind === "computed";
  const basis = isComputed ? "computed, nothing trained" : [...sets, countText(facts.seeds.length, "seed")].join(", ");
  const parts = [`\n${study.title} (${basis})`, `${analysis.answer}\n`];
  for (const table of analysis.tables)
    parts.push(`${table.title}\n${formatTable(table.columns, table.rows, Math.max(columns, 110))}`);
  parts.push("Claims");
  parts.push(...analysis.claims.map(claimText), "");
  const found = execution.found === 0 ? "" : `, ${execution.found} of them found in the store`;
  const work = isComputed ? "" : `${trials.length} trials${found}, `;
  parts.push(`${work}${formatDuration(durationMs / 1000)}`);
  return `${parts.join("\n")}\n`;
}

function claimText({ verdict, text, evidence }: Claim): string {
  return `  ${verdict.toUpperCase().padEnd(13)} ${text}\n  ${" ".repeat(13)} ${evidence}`;
}
