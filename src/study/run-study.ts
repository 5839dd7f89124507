// One run of a study: every stage designed, run and read, then the analysis, all of it in the store.
//
//   definition + settings + seeds -> trials -> results -> trials of the next stage -> results -> findings, claims, figures
import type * as z from "zod";
import { InvalidInputError } from "../core/errors.js";
import { groupBy } from "../core/group-by.js";
import type { Dataset } from "../data/dataset.js";
import { analyzeResults, type RunFacts } from "./analyze.js";
import type {
  Analysis,
  DataIdentity,
  PlannedTrial,
  StudyDefinition,
  StudyResults,
  TrainedStudy,
} from "./definition.js";
import { designStage } from "./design.js";
import { type ExecutorRequest, type ExecutorResult, executeTrials } from "./execution/executor.js";
import type { ExecutorProgress } from "./execution/progress-board.js";
import type { Settings } from "./settings.js";
import { readTrialResults } from "./store/read-results.js";
import type { NewRun, RunRecord, RunTrial } from "./store/store.js";

export interface StudyRequest extends Omit<ExecutorRequest, "trials" | "data"> {
  readonly study: StudyDefinition;
  /** The data sets by role; none for a study that trains nothing. */
  readonly data: Readonly<Record<string, Dataset>>;
  /** Absent for a study that trains nothing. */
  readonly preset?: string;
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
  readonly facts: RunFacts;
  readonly trials: readonly RunTrial[];
  readonly execution: ExecutorResult;
  /** Absent when the run was interrupted. */
  readonly analysis?: Analysis;
}

/** Runs a study to its end, or to the next segment after the signal. Finished trials are taken from the store. */
export async function runStudy(request: StudyRequest): Promise<StudyOutcome> {
  const { study, preset, settings, seeds, data, store, clock } = request;
  const identities = Object.entries(data).map(([role, set]): [string, DataIdentity] => [role, identity(set)]);
  const facts = { ...(preset === undefined ? {} : { preset }), settings, seeds, data: Object.fromEntries(identities) };
  const run = await openRun(request, facts);
  let made: Made;
  try {
    made = await (study.kind === "computed" ? compute(request, study) : train(request, study, run, facts));
  } catch (cause) {
    // The store may be the very thing that failed; its own error must not hide the cause.
    await store.setRunStatus(run.id, "failed", clock()).catch(() => undefined);
    throw cause;
  }
  const { execution, analysis } = made;
  if (analysis !== undefined) await store.saveAnalysis(run.id, analysis);
  await store.setRunStatus(run.id, analysis === undefined ? "interrupted" : "done", clock());
  const finished = (await store.findRun(run.id)) ?? run;
  const trials = await store.listTrials(run.id);
  return { run: finished, facts, execution, trials, ...(analysis === undefined ? {} : { analysis }) };
}

interface Made {
  readonly execution: ExecutorResult;
  /** Absent when it was interrupted. */
  readonly analysis?: Analysis;
}

const identity = ({ title, isSample, fingerprint }: Dataset): DataIdentity => ({ title, isSample, fingerprint });

async function compute({ signal }: StudyRequest, study: Extract<StudyDefinition, { kind: "computed" }>): Promise<Made> {
  const analysis = await study.compute(signal === undefined ? {} : { signal });
  return { execution: { interrupted: false, found: 0 }, analysis };
}

/** Runs stage after stage; each is designed once the results of those before are there. */
async function train(
  request: StudyRequest,
  study: TrainedStudy<z.ZodObject>,
  run: RunRecord,
  facts: RunFacts,
): Promise<Made> {
  const { store } = request;
  const progress = new StageProgress(request.onProgress);
  const done = new Set<string>();
  let results: StudyResults = [];
  let found = 0;
  for (const stage of study.stages) {
    const trials = designStage({ ...request, study }, stage, results);
    await store.addTrials(run.id, stage.id, trials);
    await checkSameDesign(request, run.id, stage.id, trials);
    const execution = await executeStage(request, trials, progress);
    found += execution.found;
    if (execution.interrupted) return { execution: { interrupted: true, found } };
    done.add(stage.id);
    results = (await readTrialResults(store, run.id)).filter((result) => done.has(result.stage));
  }
  return { execution: { interrupted: false, found }, analysis: analyzeResults(study, results, facts) };
}

/** A resumed run must be designed as it was: else results of trials that the study no longer has would be among its own. */
async function checkSameDesign(
  { store, study }: StudyRequest,
  run: string,
  stage: string,
  trials: readonly PlannedTrial[],
): Promise<void> {
  const stored = (await store.findRun(run))?.stages.find(({ id }) => id === stage)?.trials ?? [];
  if (stored.length === trials.length) return;
  throw new InvalidInputError("the study designs other trials than when the run was started", {
    where: `run "${run}" > stage "${stage}"`,
    expected: `the ${stored.length} trials of the run`,
    received: `${trials.length} trials`,
    remedy: `Start a new run: trainscope study run ${study.id}. Finished trials are taken from the store`,
  });
}

/** Runs the trials of a stage, those of one data set after those of another. */
async function executeStage(
  request: StudyRequest,
  trials: readonly PlannedTrial[],
  progress: StageProgress,
): Promise<ExecutorResult> {
  const sets = new Map(Object.values(request.data).map((data) => [data.fingerprint, data]));
  let found = 0;
  for (const [fingerprint, group] of groupBy(trials, ({ spec }) => spec.data.source.fingerprint)) {
    const execution = await executeTrials({
      ...request,
      data: sets.get(fingerprint) as Dataset,
      trials: group,
      onProgress: progress.listener(),
    });
    found += execution.found;
    if (execution.interrupted) return { interrupted: true, found };
  }
  return { interrupted: false, found };
}

/** Adds the progress of a call of the executor to that of the calls before. */
class StageProgress {
  readonly #onProgress: (progress: ExecutorProgress) => void;
  #before = { done: 0, total: 0, trialsDone: 0, trials: 0 };
  #now = this.#before;

  constructor(onProgress: (progress: ExecutorProgress) => void = () => undefined) {
    this.#onProgress = onProgress;
  }

  listener(): (progress: ExecutorProgress) => void {
    this.#before = this.#now;
    const { done, total, trialsDone, trials } = this.#before;
    return (progress) => {
      this.#now = {
        done: done + progress.done,
        total: total + progress.total,
        trialsDone: trialsDone + progress.trialsDone,
        trials: trials + progress.trials,
      };
      this.#onProgress({ ...progress, ...this.#now });
    };
  }
}

async function openRun({ study, run, resumeRun, store, clock }: StudyRequest, facts: RunFacts): Promise<RunRecord> {
  const startedAt = clock();
  if (resumeRun !== undefined) {
    await store.setRunStatus(resumeRun.id, "running", startedAt);
    return resumeRun;
  }
  return store.createRun({ study: study.id, ...facts, startedAt, ...run });
}
