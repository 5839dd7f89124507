// Runs of the local executor for tests, on run stores in a separate folder.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Remark } from "../../src/core/remark.js";
import type { SeriesBlock } from "../../src/core/rows.js";
import { loadedData } from "../../src/data/resolver.js";
import { trainscopePaths } from "../../src/node/files/paths.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { openRunStore, type StoreOptions } from "../../src/node/store/open-store.js";
import type { PlannedTrial } from "../../src/study/definition.js";
import type { ExecutionEvent } from "../../src/study/execution/executor.js";
import { trialJobs } from "../../src/study/execution/job.js";
import { type LocalExecutorOptions, localExecutor } from "../../src/study/execution/local-executor.js";
import type { CheckpointPort } from "../../src/study/execution/trial-host.js";
import { type MeasurementPlan, measurementPlan } from "../../src/study/measurement.js";
import { seriesIn } from "../../src/study/store/contract/contract-case.js";
import { exampleRun } from "../../src/study/store/contract/store-examples.js";
import type { RunStore } from "../../src/study/store/store.js";
import { trialId } from "../../src/train/spec/trial-spec.js";
import { patches, trialSpec } from "./small-trials.js";

export const data = patches(64);

export const planned = (seed: number, measure: MeasurementPlan = measurementPlan()): PlannedTrial => ({
  ...{ factors: {}, replicate: seed, measure },
  spec: trialSpec(data, { seed, epochs: 1 }),
});
export const trials = [0, 1, 2].map((seed) => planned(seed));
export const idOf = ({ spec }: PlannedTrial): string => trialId(spec);

/** A long trial with every measurement per step. */
export const longTrial: PlannedTrial = {
  ...{ factors: {}, replicate: 0, spec: trialSpec(data, { seed: 9, epochs: 6 }) },
  measure: measurementPlan({
    steps: { metrics: ["loss", "accuracy", "learningRate"] },
    probes: { every: 5, at: ["end"], of: ["weights"], histogramBins: 2 },
    tensors: [
      { of: "0.*", at: "start" },
      { of: "0.*", at: "end" },
    ],
  }),
};

/** Checkpoints in memory. */
export function checkpointsIn(files: Map<string, Uint8Array>): CheckpointPort {
  return {
    read: async (trial) => {
      const bytes = files.get(trial);
      return bytes === undefined ? undefined : { where: `${trial}.safetensors`, bytes };
    },
    write: async (trial, bytes) => void files.set(trial, bytes),
    remove: async (trial) => void files.delete(trial),
  };
}

export interface Asked extends Partial<LocalExecutorOptions> {
  readonly trials?: readonly PlannedTrial[];
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ExecutionEvent) => void;
}

/** The events of a run, and its results in the store by trial. */
export interface Executed {
  readonly store: RunStore;
  readonly events: readonly ExecutionEvent[];
  readonly remarks: readonly Remark[];
  readonly series: readonly (readonly SeriesBlock[])[];
}

/** Stores in a folder that `dispose` removes. */
export class ExecutorPlace {
  readonly #opened: RunStore[] = [];
  readonly #homes: string[] = [];

  /** Another connection to the newest store. */
  async openStore(options: StoreOptions = {}): Promise<RunStore> {
    const home = this.#homes.at(-1) ?? (await this.#newHome());
    const store = await openRunStore(trainscopePaths({ environment: { TRAINSCOPE_HOME: home } }), options);
    this.#opened.push(store);
    return store;
  }

  /** A new store with planned trials. */
  async storeWith(all: readonly PlannedTrial[] = trials): Promise<RunStore> {
    await this.#newHome();
    const store = await this.openStore();
    await store.addTrials((await store.createRun(exampleRun)).id, "main", all);
    return store;
  }

  /** Runs trials to the end of the stream; on a new store unless one is given. */
  async execute({ trials: all = trials, signal, onEvent, ...changes }: Asked = {}): Promise<Executed> {
    const store = changes.store ?? (await this.storeWith(all));
    const events: ExecutionEvent[] = [];
    const executor = localExecutor({
      ...{ store, data: loadedData([data]), checkpoints: checkpointsIn(new Map()), workers: 1, threads: 1 },
      openRuntime: (cores) => nodeRuntime({ cores }),
      now: () => performance.now(),
      timer: { every: () => () => undefined },
      wait: async () => undefined,
      ...changes,
    });
    const jobs = trialJobs(all, () => data);
    for await (const event of executor.run(jobs, signal ?? new AbortController().signal)) {
      events.push(event);
      onEvent?.(event);
    }
    const series: SeriesBlock[][] = [];
    for (const trial of all) series.push(await seriesIn(store, idOf(trial)));
    return {
      store,
      events,
      series,
      remarks: events.flatMap((event) => (event.kind === "remark" ? [event.remark] : [])),
    };
  }

  async dispose(): Promise<void> {
    for (const store of this.#opened) await store.close();
    for (const home of this.#homes) await rm(home, { recursive: true, force: true });
  }

  async #newHome(): Promise<string> {
    const home = await mkdtemp(join(tmpdir(), "trainscope-executor-"));
    this.#homes.push(home);
    return home;
  }
}

/** The events of trials, without progress and remarks. */
export const kinds = (events: readonly ExecutionEvent[]): string[] =>
  events.flatMap(({ kind }) => (kind === "progress" || kind === "remark" ? [] : [kind]));
