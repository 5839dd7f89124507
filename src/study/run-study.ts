// One run of a study: design, trials, analysis, all of it in the store.
//
//   definition + settings + seeds -> trials -> rows -> findings, claims, figures, tables
import { InvalidInputError } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import { type ExecutorRequest, type ExecutorResult, executeTrials } from "./execution/executor.js";
import type { NewRun, RunRecord, RunTrial } from "./store/store.js";
import { readTrialResults } from "./store/store.js";
import type { Analysis, AnalysisContext, PresetName, Settings, StudyDefinition, StudyTrial } from "./study.js";

export interface StudyRequest extends Omit<ExecutorRequest, "trials" | "keepTensors" | "data"> {
  readonly study: StudyDefinition;
  /** Absent for a study that trains nothing. */
  readonly data?: Dataset;
  readonly preset: PresetName;
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly run: Pick<NewRun, "command" | "versions" | "machine">;
  /** An unfinished run to go on with, instead of a new one. */
  readonly resumeRun?: RunRecord;
  /** The time of day, ISO 8601 in UTC. */
  readonly clock: () => string;
}

export interface StudyOutcome {
  readonly run: RunRecord;
  readonly trials: readonly RunTrial[];
  readonly execution: ExecutorResult;
  /** Absent when the run was interrupted. */
  readonly analysis?: Analysis;
}

/** What stands in a context where a study has no data. */
const noData = { title: "", isSample: false, fingerprint: "" };

/** Runs a study to its end, or to the next segment after the signal. Finished trials are taken from the store. */
export async function runStudy(request: StudyRequest): Promise<StudyOutcome> {
  const { study, preset, settings, seeds, store, clock } = request;
  const { fingerprint, title, isSample } = request.data ?? noData;
  const trials = study.design({ settings, seeds, fingerprint });
  const run = await openRun(request);
  await store.addTrials(run.id, trials);
  let execution: ExecutorResult;
  try {
    execution = await executeDesign(request, trials);
  } catch (cause) {
    // The store may be the very thing that failed; its own error must not hide the cause.
    await store.setRunStatus(run.id, "failed", clock()).catch(() => undefined);
    throw cause;
  }
  if (execution.interrupted) {
    await store.setRunStatus(run.id, "interrupted", clock());
    return { run, execution, trials: await store.listTrials(run.id) };
  }
  const context: AnalysisContext = {
    settings,
    seeds,
    preset,
    fingerprint,
    dataTitle: title,
    isSample,
  };
  const analysis = study.analyze(await readTrialResults(store, run.id), context);
  await store.saveAnalysis(run.id, analysis);
  await store.setRunStatus(run.id, "done", clock());
  const finished = (await store.findRun(run.id)) ?? run;
  return { run: finished, execution, analysis, trials: await store.listTrials(run.id) };
}

/** Runs the trials of a design. Without any there is nothing to run, and no data is needed. */
async function executeDesign(request: StudyRequest, trials: readonly StudyTrial[]): Promise<ExecutorResult> {
  const { study, data } = request;
  if (trials.length === 0) return { interrupted: false, found: 0 };
  if (data === undefined) {
    throw new InvalidInputError("the design has trials, but the study names no data set", {
      where: `study "${study.id}"`,
      expected: "a data set, or an empty design",
      received: `${trials.length} trials without data`,
    });
  }
  return executeTrials({ ...request, data, trials, keepTensors: (spec) => study.keepTensors(spec) });
}

async function openRun({ study, preset, settings, run, resumeRun, store, clock }: StudyRequest): Promise<RunRecord> {
  const startedAt = clock();
  if (resumeRun !== undefined) {
    await store.setRunStatus(resumeRun.id, "running", startedAt);
    return resumeRun;
  }
  return store.createRun({ study: study.id, preset, settings, startedAt, ...run });
}
