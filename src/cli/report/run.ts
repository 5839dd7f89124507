// Runs `trainscope report`: analyzes stored rows again and writes the report.

import { exitCodes, InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { studies } from "../../studies/index.js";
import { analyzeResults } from "../../study/analyze.js";
import { requireAllResults } from "../../study/run-study.js";
import { storedSettings } from "../../study/settings.js";
import { readTrialResults } from "../../study/store/read-results.js";
import type { RunStore } from "../../study/store/store.js";
import type { CommandContext } from "../command-context.js";
import { jsonLine } from "../output.js";
import { findRunByName } from "../runs/run.js";
import { type ReportPart, writeStudyReport } from "../study/report.js";

export interface ReportOptions {
  /** Names of runs, or unique beginnings of names. */
  readonly runs: readonly string[];
  /** Folder for the report and the files of its figures. */
  readonly out: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Returns the exit code. */
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
  if (run.status !== "done" || (results.length === 0 && study.kind === "trained")) {
    throw new InvalidInputError("the run is not finished", {
      where: `run "${run.id}"`,
      expected: "a run with status done",
      received: run.status,
      remedy: `Finish it with: trainscope study run ${run.study} --resume`,
    });
  }
  const trials = await store.listTrials(run.id);
  if (study.kind === "trained") requireAllResults(`run "${run.id}"`, trials.length, results.length);
  if (study.kind === "computed")
    return { study, run, trials, analysis: await study.compute({}), facts: { settings: {}, seeds: [], data: {} } };
  const facts = { ...run, settings: storedSettings(study, run) };
  return { study, run, trials, analysis: analyzeResults(study, results, facts), facts };
}
