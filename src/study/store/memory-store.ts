// A run store that lives in memory: for tests, and for one-off runs that nobody wants to keep.
import { EnvironmentError, InvalidInputError } from "../../core/errors.js";
import type { MetricRow } from "../../core/rows.js";
import { trialId } from "../../train/spec/trial-spec.js";
import type { StudyTrial } from "./store.js";
import {
  type RunRecord,
  type RunStore,
  type RunTrial,
  runName,
  type StoredAnalysis,
  type TrialOutcome,
  type TrialRecord,
} from "./store.js";

interface MemoryTrial {
  record: TrialRecord;
  rows: readonly MetricRow[];
  tensors: TrialOutcome["tensors"];
  holder?: string;
}

/** What several stores share when they stand for several processes. */
export interface MemoryShelf {
  readonly runs: Map<
    string,
    { record: RunRecord; trials: { id: string; factors: StudyTrial["factors"] }[]; analysis?: StoredAnalysis }
  >;
  readonly trials: Map<string, MemoryTrial>;
  /** Holders whose process counts as dead. */
  readonly dead: Set<string>;
}

export function memoryShelf(): MemoryShelf {
  return { runs: new Map(), trials: new Map(), dead: new Set() };
}

/** Opens a store on a shelf. `holder` stands for the process. */
export function memoryStore(shelf: MemoryShelf = memoryShelf(), holder = "this process"): RunStore {
  const location = "memory";
  const requireRun = (id: string) => shelf.runs.get(id) ?? unknown(`unknown run "${id}"`);
  const requireTrial = (id: string) => shelf.trials.get(id) ?? unknown(`unknown trial "${id}"`);
  const unknown = (summary: string): never => {
    throw new InvalidInputError(summary, { where: location });
  };
  const isBusy = ({ holder }: MemoryTrial): boolean => holder !== undefined && !shelf.dead.has(holder);
  const seen = (trial: MemoryTrial): TrialRecord =>
    isBusy(trial) ? { ...trial.record, status: "running" } : trial.record;
  const isFinished = ({ record }: MemoryTrial): boolean => record.status === "done" || record.status === "diverged";
  const endLease = (id: string, change: Partial<TrialRecord>): void => {
    const trial = shelf.trials.get(id);
    if (trial === undefined || trial.holder !== holder) return;
    delete trial.holder;
    trial.record = { ...trial.record, ...change };
  };
  return {
    location,
    createRun: async (run) => {
      const record: RunRecord = {
        ...run,
        id: runName(run.study, run.startedAt, (name) => shelf.runs.has(name)),
        status: "running",
      };
      shelf.runs.set(record.id, { record, trials: [] });
      return record;
    },
    setRunStatus: async (id, status, at) => {
      const run = requireRun(id);
      const { finishedAt: _, ...rest } = run.record;
      run.record = { ...rest, status, ...(status === "running" ? {} : { finishedAt: at }) };
    },
    listRuns: async () =>
      [...shelf.runs.values()]
        .map(({ record }) => record)
        .sort((a, b) => (`${b.startedAt} ${b.id}` > `${a.startedAt} ${a.id}` ? 1 : -1)),
    findRun: async (id) => shelf.runs.get(id)?.record,
    removeRun: async (id) => {
      const used = new Set(
        [...shelf.runs].filter(([other]) => other !== id).flatMap(([, { trials }]) => trials.map((trial) => trial.id)),
      );
      const alone = [...new Set(requireRun(id).trials.map((trial) => trial.id))].filter((trial) => !used.has(trial));
      const busy = alone.find((trial) => isBusy(requireTrial(trial)));
      if (busy !== undefined)
        throw new InvalidInputError(`cannot be removed because trial ${busy} is running`, { where: `run ${id}` });
      shelf.runs.delete(id);
      for (const trial of alone) shelf.trials.delete(trial);
      return alone;
    },
    addTrials: async (runId, added) => {
      const { trials } = requireRun(runId);
      for (const { spec, factors } of added) {
        const id = trialId(spec);
        if (!shelf.trials.has(id)) {
          shelf.trials.set(id, { record: { id, spec, status: "pending", timings: {} }, rows: [], tensors: {} });
        }
        const isKnown = trials.some(
          (trial) => trial.id === id && JSON.stringify(trial.factors) === JSON.stringify(factors),
        );
        if (!isKnown) trials.push({ id, factors });
      }
    },
    listTrials: async (runId) =>
      (shelf.runs.get(runId)?.trials ?? []).map(
        ({ id, factors }): RunTrial => ({ ...seen(requireTrial(id)), factors }),
      ),
    findTrial: async (id) => {
      const trial = shelf.trials.get(id);
      return trial === undefined ? undefined : seen(trial);
    },
    leaseTrial: async (id) => {
      const trial = requireTrial(id);
      if (isFinished(trial)) return { kind: "finished" };
      if (isBusy(trial) && trial.holder !== holder) return { kind: "busy", holder: String(trial.holder) };
      const { failure: _, ...record } = trial.record;
      trial.record = { ...record, status: "pending" };
      trial.holder = holder;
      return { kind: "leased" };
    },
    renewLeases: async () => undefined,
    releaseTrial: async (id) => endLease(id, {}),
    saveRows: async (id, rows, fromStep) => {
      const trial = requireTrial(id);
      if (trial.holder !== holder)
        throw new EnvironmentError("another process has taken it over", { where: `trial ${id}` });
      trial.rows = [...trial.rows.filter(({ step }) => step < fromStep), ...rows];
    },
    finishTrial: async (id, { status, rows, tensors, timings, divergence }) => {
      const trial = requireTrial(id);
      if (isFinished(trial)) return;
      const { failure: _, ...record } = trial.record;
      trial.record = { ...record, status, timings, ...(divergence === undefined ? {} : { divergence }) };
      trial.rows = [...rows];
      trial.tensors = tensors;
      delete trial.holder;
    },
    failTrial: async (id, failure) => endLease(id, { status: "failed", failure }),
    readRows: async (id) => shelf.trials.get(id)?.rows ?? [],
    readTensors: async (id) => shelf.trials.get(id)?.tensors ?? {},
    saveAnalysis: async (id, analysis) => {
      requireRun(id).analysis = analysis;
    },
    readAnalysis: async (id) => shelf.runs.get(id)?.analysis,
    close: async () => {
      for (const id of shelf.trials.keys()) endLease(id, {});
    },
  };
}
