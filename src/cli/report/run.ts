// What `trainscope report` does: analyzes stored rows again and writes the report.
import { exitCodes, InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { identityOf } from "../../data/published/definition.js";
import { datasetDefinition } from "../../data/published/index.js";
import { studies } from "../../studies/index.js";
import { type RunStore, readTrialResults } from "../../study/store/store.js";
import type { AnalysisContext } from "../../study/study.js";
import type { CommandContext } from "../command-context.js";
import { jsonLine } from "../output.js";
import { findRunByName } from "../runs/run.js";
import { type ReportPart, writeStudyReport } from "../study/report.js";
import type { ReportOptions } from "./command.js";

/** Gives the exit code. */
export async function runReport(options: ReportOptions, context: CommandContext): Promise<number> {
  const store = await context.openExistingStore();
  try {
    const parts: ReportPart[] = [];
    for (const name of options.runs) parts.push(await storedPart(store, name));
    const written = await writeStudyReport(parts, options.out, new Date().toISOString());
    if (options.json) context.terminal.write(jsonLine({ schema: 1, ...written }));
    else context.terminal.write(`Report: ${written.report}\n`);
    return exitCodes.done;
  } finally {
    await store?.close();
  }
}

async function storedPart(store: RunStore | undefined, name: string): Promise<ReportPart> {
  const run = await findRunByName(store, name);
  if (run.study === "train") {
    throw new InvalidInputError("a training has no report", {
      where: `run "${run.id}"`,
      expected: "the run of a study",
      received: run.command,
      remedy: `See trainscope runs show ${run.id}`,
    });
  }
  if (store === undefined || !Object.hasOwn(studies, run.study))
    throw new UnknownNameError(`run "${run.id}"`, "study", run.study, Object.keys(studies));
  const study = studies[run.study];
  const results = await readTrialResults(store, run.id);
  if (run.status !== "done" || (results.length === 0 && study.dataset !== undefined)) {
    throw new InvalidInputError("the run is not finished", {
      where: `run "${run.id}"`,
      expected: "a run with status done",
      received: run.status,
      remedy: `Finish it with: trainscope study run ${run.study} --resume`,
    });
  }
  const seeds = [...new Set(results.map(({ factors }) => Number(factors.seed)))].sort((a, b) => a - b);
  const { title, isSample, fingerprint } =
    study.dataset === undefined
      ? { title: "", isSample: false, fingerprint: "" }
      : identityOf(datasetDefinition(study.dataset), results[0].spec.data.fingerprint);
  const context: AnalysisContext = {
    settings: run.settings,
    seeds,
    preset: run.preset ?? "standard",
    fingerprint,
    dataTitle: title,
    isSample,
  };
  return { study, run, trials: await store.listTrials(run.id), analysis: study.analyze(results, context), context };
}
