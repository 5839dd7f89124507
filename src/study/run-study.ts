// Runs a study: designs, runs and reads every stage, then analyzes the results, with everything in the store.
//
//   definition + settings + seeds -> trials -> results -> trials of the next stage -> results -> findings, claims, figures
import type * as z from "zod";
import { InvalidInputError } from "../core/errors.js";
import { canonicalJson } from "../core/formats/json.js";
import type { Remark } from "../core/remark.js";
import type { Dataset } from "../data/dataset.js";
import { trialId } from "../train/spec/trial-spec.js";
import { countText } from "./analysis/number-text.js";
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
import type { ExecutionEvent, Executor } from "./execution/executor.js";
import { trialJobs } from "./execution/job.js";
import { ProgressBoard, type StudyProgress } from "./execution/progress.js";
import type { Settings } from "./settings.js";
import { readTrialResults } from "./store/read-results.js";
import type { NewRun, RunRecord, RunStore, RunTrial } from "./store/store.js";

export interface StudyRequest {
  readonly study: StudyDefinition;
  /** The data sets by role; empty for a study that trains nothing. */
  readonly data: Readonly<Record<string, Dataset>>;
  /** Absent for a study that trains nothing. */
  readonly preset?: string;
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly run: Pick<NewRun, "command" | "versions" | "machine">;
  readonly store: RunStore;
  /** Runs the trials; not used by a study that trains nothing. */
  readonly executor: Executor;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StudyProgress) => void;
  /** Called with every trial that has just ended, in its place in the design. */
  readonly onEnd?: (trial: PlannedTrial, status: "done" | "diverged" | "found", progress: StudyProgress) => void;
  /** Receives remarks for the user while the work continues. */
  readonly onRemark?: (remark: Remark) => void;
  /** An unfinished run to resume instead of starting a new one. */
  readonly resumeRun?: RunRecord;
  /** The time of day, ISO 8601 in UTC. */
  readonly clock: () => string;
}

export interface Execution {
  readonly interrupted: boolean;
  /** Number of trials that were already finished. */
  readonly found: number;
}

export interface StudyOutcome {
  readonly run: RunRecord;
  readonly facts: RunFacts;
  readonly trials: readonly RunTrial[];
  readonly execution: Execution;
  /** Absent if the run was interrupted. */
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
    // The store itself may have failed, and its error must not hide the cause.
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
  readonly execution: Execution;
  /** Absent if the work was interrupted. */
  readonly analysis?: Analysis;
}

const identity = ({ title, isSample, fingerprint }: Dataset): DataIdentity => ({ title, isSample, fingerprint });

async function compute({ signal }: StudyRequest, study: Extract<StudyDefinition, { kind: "computed" }>): Promise<Made> {
  const analysis = await study.compute(signal === undefined ? {} : { signal });
  return { execution: { interrupted: false, found: 0 }, analysis };
}

/** Runs one stage after the other; each is designed from the results of the earlier ones. */
async function train(
  request: StudyRequest,
  study: TrainedStudy<z.ZodObject>,
  run: RunRecord,
  facts: RunFacts,
): Promise<Made> {
  const { store } = request;
  const board = new ProgressBoard();
  const done = new Set<string>();
  let results: StudyResults = [];
  let found = 0;
  for (const stage of study.stages) {
    const trials = designStage({ ...request, study }, stage, results);
    await checkSameDesign(request, run.id, stage.id, trials);
    await store.addTrials(run.id, stage.id, trials);
    const execution = await executeStage(request, trials, board);
    found += execution.found;
    if (execution.interrupted) return { execution: { interrupted: true, found } };
    done.add(stage.id);
    results = (await readTrialResults(store, run.id)).filter((result) => done.has(result.stage));
    const planned = (await store.listTrials(run.id)).filter((trial) => done.has(trial.stage));
    requireAllResults(`run "${run.id}" > stage "${stage.id}"`, planned.length, results.length);
  }
  return { execution: { interrupted: false, found }, analysis: analyzeResults(study, results, facts) };
}

/**
 * Fails if trials that were finished have no results: another stage or study has measured them on other inputs since.
 * @throws InvalidInputError
 */
export function requireAllResults(where: string, planned: number, found: number): void {
  if (found === planned) return;
  throw new InvalidInputError("some trials no longer have the measurements of this run", {
    where,
    expected: countText(planned, "result"),
    received: `${countText(found)}: another study or stage probed the same trials on other inputs`,
    remedy: "Run the study again, or give one of the two other seeds",
  });
}

/**
 * Before the trials of a stage are added: a resumed run must have the same design, or it would mix the results of two.
 * Measurements may differ, since trials run again if some are missing.
 */
async function checkSameDesign(
  { store, study }: StudyRequest,
  run: string,
  stage: string,
  trials: readonly PlannedTrial[],
): Promise<void> {
  const stored = (await store.listTrials(run)).filter((trial) => trial.stage === stage);
  if (stored.length === 0) return;
  const before = new Set(stored.map((trial) => placedTrial(trial.id, trial)));
  const other = trials.find((trial) => !before.has(placedTrial(trialId(trial.spec), trial)));
  if (other === undefined && stored.length === trials.length) return;
  const place = other === undefined ? "" : `, among them another one at ${placeText(other)}`;
  throw new InvalidInputError("the study's design has changed since the run was started", {
    where: `run "${run}" > stage "${stage}"`,
    expected: `the run's ${countText(stored.length, "trial")}`,
    received: `${countText(trials.length, "trial")}${place}`,
    remedy: `Start a new run: trainscope study run ${study.id}. Finished trials are taken from the store`,
  });
}

/** A trial with its place in the design, as a key. */
const placedTrial = (id: string, { factors, replicate }: Pick<PlannedTrial, "factors" | "replicate">): string =>
  canonicalJson([id, factors, replicate]);

/** `variant plain, replicate 0` */
const placeText = ({ factors, replicate }: PlannedTrial): string =>
  [...Object.entries(factors), ["replicate", replicate]].map((pair) => pair.join(" ")).join(", ");

/** Runs the trials of a stage. */
async function executeStage(
  request: StudyRequest,
  trials: readonly PlannedTrial[],
  board: ProgressBoard,
): Promise<Execution> {
  const { executor, signal = new AbortController().signal } = request;
  const sets = new Map(Object.values(request.data).map((data) => [data.fingerprint, data]));
  const jobs = trialJobs(trials, ({ data: { source } }) => {
    const set = sets.get(source.fingerprint);
    if (set !== undefined) return set;
    throw new InvalidInputError("a trial uses data outside of the study's roles", {
      where: `study "${request.study.id}"`,
      expected: `the data of ${Object.keys(request.data).join(", ")}`,
      received: canonicalJson(source),
      remedy: "Name the data set as a role of the study, and take it from context.data",
    });
  });
  const places = new Map(trials.map((trial) => [trialId(trial.spec), trial]));
  board.expect(jobs.map(({ trial }) => trial));
  let [ended, found] = [0, 0];
  for await (const event of executor.run(jobs, signal)) {
    if (event.kind === "found") found++;
    if (event.kind === "found" || event.kind === "ended") ended++;
    report(request, board, places, event);
  }
  return { interrupted: ended < jobs.length, found };
}

/** Reports an event to the caller. */
function report(
  { onProgress, onEnd, onRemark }: StudyRequest,
  board: ProgressBoard,
  places: ReadonlyMap<string, PlannedTrial>,
  event: ExecutionEvent,
): void {
  if (event.kind === "remark") onRemark?.(event.remark);
  if (event.kind === "failed" && event.willRetry) {
    const text = `is tried once more from its last checkpoint: ${event.reason}`;
    onRemark?.({ code: "trial-retried", where: `trial ${event.trial}`, text });
  }
  const progress = board.heard(event);
  if (progress === undefined) return;
  onProgress?.(progress);
  const place = places.get(event.trial);
  if (place === undefined || event.kind === "progress") return;
  onEnd?.(place, event.kind === "ended" ? event.status : "found", progress);
}

async function openRun({ study, run, resumeRun, store, clock }: StudyRequest, facts: RunFacts): Promise<RunRecord> {
  const startedAt = clock();
  if (resumeRun !== undefined) {
    await store.setRunStatus(resumeRun.id, "running", startedAt);
    return resumeRun;
  }
  return store.createRun({ study: study.id, ...facts, startedAt, ...run });
}
