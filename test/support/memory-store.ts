// A run store in memory for tests, which fulfills the contract without a database.

import { InvalidInputError, StaleLeaseError } from "../../src/core/errors.js";
import { canonicalJson } from "../../src/core/formats/json.js";
import type { PlannedTrial } from "../../src/study/definition.js";
import { covers, joined, type KeptTensor, type MeasurementPlan } from "../../src/study/measurement.js";
import { checkNetworks, checkPart } from "../../src/study/store/check-part.js";
import { selectBlock, seriesMatcher } from "../../src/study/store/select-block.js";
import {
  type Lease,
  type LeaseToken,
  type MeasuredPart,
  type RunRecord,
  type RunStatus,
  type RunStore,
  type RunTrial,
  runName,
  type SeriesQuery,
  type StoredAnalysis,
  type TrialEnd,
  type TrialRecord,
} from "../../src/study/store/store.js";
import { trialId } from "../../src/train/spec/trial-spec.js";

/** The measurements under one plan. */
interface Measurements {
  readonly plan: MeasurementPlan;
  parts: MeasuredPart[];
}

interface MemoryTrial {
  readonly id: string;
  readonly spec: PlannedTrial["spec"];
  failure?: string;
  result?: Measurements & { readonly end: TrialEnd };
  /** The plan that is being measured, or was measured before the trial was released. */
  draft?: Measurements;
  lease?: { readonly number: number; readonly holder: string };
  leases: number;
}

interface MemoryRun {
  record: Omit<RunRecord, "stages">;
  readonly trials: { readonly stage: string; planned: PlannedTrial; readonly id: string }[];
  analysis?: StoredAnalysis;
}

/** The shared state of several stores that simulate several processes. */
export interface MemoryShelf {
  readonly runs: Map<string, MemoryRun>;
  readonly trials: Map<string, MemoryTrial>;
  /** Holders whose process counts as dead. */
  readonly dead: Set<string>;
}

export function memoryShelf(): MemoryShelf {
  return { runs: new Map(), trials: new Map(), dead: new Set() };
}

/** Opens a store on a shelf. `holder` identifies the simulated process. */
export function memoryStore(shelf: MemoryShelf = memoryShelf(), holder = "this process"): RunStore {
  return new MemoryStore(shelf, holder);
}

class MemoryStore implements RunStore {
  readonly location = "memory";
  readonly #shelf: MemoryShelf;
  readonly #holder: string;

  constructor(shelf: MemoryShelf, holder: string) {
    this.#shelf = shelf;
    this.#holder = holder;
  }

  async createRun(run: Parameters<RunStore["createRun"]>[0]): Promise<RunRecord> {
    const id = runName(run.study, run.startedAt, (name) => this.#shelf.runs.has(name));
    const record = { ...run, id, status: "running" as const };
    this.#shelf.runs.set(id, { record, trials: [] });
    return { ...record, stages: [] };
  }

  async setRunStatus(id: string, status: RunStatus, at: string): Promise<void> {
    const run = this.#run(id);
    const { finishedAt: _, ...rest } = run.record;
    run.record = { ...rest, status, ...(status === "running" ? {} : { finishedAt: at }) };
  }

  async listRuns(): Promise<RunRecord[]> {
    return [...this.#shelf.runs.values()]
      .map(recordOf)
      .sort((a, b) => (`${b.startedAt} ${b.id}` > `${a.startedAt} ${a.id}` ? 1 : -1));
  }

  async findRun(id: string): Promise<RunRecord | undefined> {
    const run = this.#shelf.runs.get(id);
    return run === undefined ? undefined : recordOf(run);
  }

  async removeRun(id: string): Promise<string[]> {
    const { runs, trials } = this.#shelf;
    const own = new Set(this.#run(id).trials.map((trial) => trial.id));
    for (const [other, run] of runs) if (other !== id) for (const trial of run.trials) own.delete(trial.id);
    const busy = [...own].find((trial) => this.#isBusy(this.#trial(trial)));
    if (busy !== undefined)
      throw new InvalidInputError(`cannot be removed because trial ${busy} is running`, { where: `run ${id}` });
    runs.delete(id);
    for (const trial of own) trials.delete(trial);
    return [...own];
  }

  async addTrials(id: string, stage: string, added: readonly PlannedTrial[]): Promise<void> {
    const run = this.#run(id);
    for (const planned of added) {
      const trial = trialId(planned.spec);
      if (!this.#shelf.trials.has(trial)) this.#shelf.trials.set(trial, { id: trial, spec: planned.spec, leases: 0 });
      const place = placeOf(stage, planned);
      const known = run.trials.find((other) => other.id === trial && placeOf(other.stage, other.planned) === place);
      if (known === undefined) run.trials.push({ stage, planned, id: trial });
      else known.planned = planned;
    }
  }

  async listTrials(id: string): Promise<RunTrial[]> {
    return (this.#shelf.runs.get(id)?.trials ?? []).map(({ stage, planned, id: trial }) => {
      const found = this.#trial(trial);
      const { result } = found;
      const isCovered = result !== undefined && covers(result.plan, planned.measure);
      const status = isCovered ? result.end.status : this.#isBusy(found) ? "running" : undefined;
      const record = this.#record(found);
      return { ...record, ...planned, stage, status: status ?? (result === undefined ? record.status : "pending") };
    });
  }

  async findTrial(id: string): Promise<TrialRecord | undefined> {
    const trial = this.#shelf.trials.get(id);
    return trial === undefined ? undefined : this.#record(trial);
  }

  async leaseTrial(id: string, wanted: MeasurementPlan): Promise<Lease> {
    const trial = this.#trial(id);
    const { result, lease } = trial;
    if (result !== undefined && covers(result.plan, wanted)) return { kind: "finished" };
    if (lease !== undefined && this.#isBusy(trial)) return { kind: "busy", holder: lease.holder };
    if (trial.draft === undefined || !covers(trial.draft.plan, wanted))
      trial.draft = { plan: result === undefined ? wanted : joined(result.plan, wanted), parts: [] };
    trial.lease = { number: ++trial.leases, holder: this.#holder };
    delete trial.failure;
    const token = { trial: id, number: trial.leases };
    return { kind: "leased", token, measure: trial.draft.plan, through: throughOf(trial.draft) };
  }

  async renewLease(token: LeaseToken): Promise<void> {
    this.#leased(token);
  }

  async releaseTrial(token: LeaseToken): Promise<void> {
    if (this.#holds(token)) delete this.#trial(token.trial).lease;
  }

  async append(token: LeaseToken, part: MeasuredPart): Promise<void> {
    const { draft } = this.#leased(token);
    checkPart(token.trial, part, throughOf(draft));
    for (const { phase, metric, path, networks } of part.series) {
      const of = seriesMatcher({ phases: [phase], metrics: [metric] });
      const earlier = draft.parts.flatMap(({ series }) => series).find((block) => of(block) && block.path === path);
      if (earlier !== undefined) checkNetworks(`trial ${token.trial}`, earlier.networks, networks);
    }
    draft.parts.push(part);
  }

  async dropAfter(token: LeaseToken, step: number): Promise<void> {
    const { draft } = this.#leased(token);
    const through = Math.max(0, Math.min(step, throughOf(draft)));
    draft.parts = [...draft.parts.filter((part) => part.through <= step), { through, series: [] }];
  }

  async finishTrial(token: LeaseToken, end: TrialEnd): Promise<void> {
    const { draft, trial } = this.#leased(token);
    trial.result = { ...draft, end };
    delete trial.draft;
    delete trial.lease;
  }

  async failTrial(token: LeaseToken, reason: string): Promise<void> {
    if (!this.#holds(token)) return;
    const trial = this.#trial(token.trial);
    delete trial.lease;
    if (trial.result === undefined) trial.failure = reason;
  }

  async *readSeries(id: string, query: SeriesQuery = {}) {
    const isWanted = seriesMatcher(query);
    for (const block of this.#parts(id).flatMap(({ series }) => series)) {
      const selected = isWanted(block) ? selectBlock(block, query) : undefined;
      if (selected !== undefined) yield selected;
    }
  }

  async readTensors(id: string): Promise<KeptTensor[]> {
    const order = ({ at, network, path }: KeptTensor): string => `${at === "start" ? 0 : 1} ${1e9 + network} ${path}`;
    return this.#parts(id)
      .flatMap(({ tensors = [] }) => tensors)
      .sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  async saveAnalysis(id: string, analysis: StoredAnalysis): Promise<void> {
    this.#run(id).analysis = analysis;
  }

  async readAnalysis(id: string): Promise<StoredAnalysis | undefined> {
    return this.#shelf.runs.get(id)?.analysis;
  }

  async close(): Promise<void> {
    for (const trial of this.#shelf.trials.values()) if (trial.lease?.holder === this.#holder) delete trial.lease;
  }

  #run(id: string): MemoryRun {
    return this.#shelf.runs.get(id) ?? unknown(`unknown run "${id}"`);
  }

  #trial(id: string): MemoryTrial {
    return this.#shelf.trials.get(id) ?? unknown(`unknown trial "${id}"`);
  }

  #isBusy({ lease }: MemoryTrial): boolean {
    return lease !== undefined && !this.#shelf.dead.has(lease.holder);
  }

  #holds({ trial, number }: LeaseToken): boolean {
    return this.#shelf.trials.get(trial)?.lease?.number === number;
  }

  #leased(token: LeaseToken): { readonly trial: MemoryTrial; readonly draft: Measurements } {
    const trial = this.#trial(token.trial);
    if (!this.#holds(token) || trial.draft === undefined) throw new StaleLeaseError(token.trial);
    return { trial, draft: trial.draft };
  }

  #parts(id: string): readonly MeasuredPart[] {
    const trial = this.#shelf.trials.get(id);
    return (trial?.result ?? trial?.draft)?.parts ?? [];
  }

  #record(trial: MemoryTrial): TrialRecord {
    const { id, spec, failure, result } = trial;
    if (result !== undefined) return { id, spec, status: result.end.status, measured: result.plan, end: result.end };
    if (this.#isBusy(trial)) return { id, spec, status: "running" };
    return failure === undefined ? { id, spec, status: "pending" } : { id, spec, status: "failed", failure };
  }
}

function recordOf({ record, trials }: MemoryRun): RunRecord {
  const stages = [...new Set(trials.map(({ stage }) => stage))].map((id) => ({
    id,
    trials: trials.filter(({ stage }) => stage === id).map((trial) => trial.id),
  }));
  return { ...record, stages };
}

function placeOf(stage: string, { factors, replicate }: PlannedTrial): string {
  return canonicalJson([stage, factors, replicate]);
}

function throughOf({ parts }: Measurements): number {
  return parts.at(-1)?.through ?? 0;
}

function unknown(summary: string): never {
  throw new InvalidInputError(summary, { where: "memory" });
}
