// A share of an ensemble: consecutive networks that one runtime trains, while others train theirs.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { Network } from "../../../nn/network.js";
import type { RowOrder } from "../../data/row-order.js";
import type { SplitData } from "../../data/split-data.js";
import { type EnsembleForm, ensembleLayout, gainsFromLanes } from "../../program/ensemble-form.js";
import { initialEnsembleState, type ShareExtent } from "../../program/ensemble-state.js";
import { stateNames } from "../../program/state-layout.js";
import type { RunRequest, RunResult, Runtime } from "../../runtime/runtime.js";
import type { MeasuredEpochs } from "../epochs/measured-epochs.js";
import { evaluateNetworks } from "../evaluation/evaluation.js";
import type { TrialPlan } from "../plan.js";
import type { Segment, SegmentFeeds } from "../segment.js";
import { type LoadedProgram, ProgramCache } from "../sessions.js";
import { ensembleFeeds } from "./ensemble-feeds.js";
import { GroupedRows } from "./ensemble-rows.js";

// In multiples of the widest vector register: then every network lies in the same place of a vector as it would in the
// whole ensemble, and its numbers are the same bit for bit.
const shareMultiple = 16;
// With fewer, what a node costs by itself is most of the time, and every share pays it.
const fewestInShare = 128;
// The tables of all shares are made by one thread.
const mostShares = 8;

/**
 * How an ensemble is divided among runtimes side by side, each with one thread: operators of narrow networks are too
 * short for several. One share where that gains nothing.
 * @param threads that may work at once.
 */
export function shareExtents(network: Network, networks: number, threads: number): ShareExtent[] {
  const possible = gainsFromLanes(network, networks) ? Math.floor(networks / fewestInShare) : 1;
  const count = Math.max(1, Math.min(threads, possible, mostShares));
  const boundary = (i: number): number =>
    Math.min(networks, shareMultiple * Math.floor((i * Math.ceil(networks / shareMultiple)) / count));
  return Array.from({ length: count }, (_, i) => ({ first: boundary(i), networks: boundary(i + 1) - boundary(i) }));
}

/** Whether the networks of an ensemble may have different learning rates. */
export function hasOwnRates({ spec, watchesEpochs }: Pick<TrialPlan, "spec" | "watchesEpochs">): boolean {
  return spec.learningRates !== undefined || watchesEpochs;
}

export interface ShareRequest {
  /** Of the whole ensemble. */
  readonly plan: TrialPlan;
  /** What schedules go by. */
  readonly epochs: MeasuredEpochs;
  readonly extent: ShareExtent;
  readonly runtime: Runtime;
  /** Whether idle threads may spin. */
  readonly spinning: boolean;
}

/** State, tables and programs of a share. */
export class EnsembleShare {
  readonly extent: ShareExtent;
  /** Of its own networks. */
  readonly orders: readonly RowOrder[];
  readonly #plan: TrialPlan;
  readonly #epochs: MeasuredEpochs;
  readonly #runtime: Runtime;
  readonly #train: SplitData;
  readonly #seed: number;
  readonly #learningRates: { readonly learningRates?: readonly number[] };
  readonly #programs: ProgramCache;
  readonly #names: readonly string[];
  readonly #resident = new Set<string>();
  #grouped: GroupedRows | undefined;
  /** Which of the two generations of resident state is current. The other is that before the last segment. */
  #generation = 0;

  constructor({ plan, epochs, extent, runtime, spinning }: ShareRequest) {
    const { spec, program, single, orders, ensemble: of } = plan;
    const { first, networks } = extent;
    this.#plan = plan;
    this.#epochs = epochs;
    this.#runtime = runtime;
    this.#train = plan.splits.get("train") as SplitData;
    this.extent = extent;
    this.orders = orders.length > 1 ? orders.slice(first, first + networks) : orders;
    this.#seed = spec.seed + first;
    const rates = spec.learningRates?.slice(first, first + networks);
    this.#learningRates = rates === undefined ? {} : { learningRates: rates };
    this.#names = stateNames(ensembleLayout(single, networks));
    const form = { networks, ownRows: orders.length > 1, ownHyper: hasOwnRates(plan) };
    const ensemble: EnsembleForm = of === undefined ? form : { ...form, of };
    this.#programs = new ProgramCache(runtime, { ...program, ensemble }, spinning);
  }

  /** The program of a training segment, compiled on first use. */
  load(batchSize: number, threads: number): Promise<LoadedProgram> {
    return this.#programs.training(batchSize, threads);
  }

  /** The tables of a segment. */
  feeds({ program }: LoadedProgram, segment: Segment): SegmentFeeds {
    const { spec, schedule, totalSteps, watchesEpochs } = this.#plan;
    if (program.lanes !== undefined && this.orders.length > 1)
      this.#grouped ??= new GroupedRows(this.orders, program.lanes, this.#train.examples);
    return ensembleFeeds({
      ...(this.#grouped === undefined ? {} : { grouped: this.#grouped }),
      ...{ program, segment, schedule, totalSteps, orders: this.orders, optimizer: spec.optimizer },
      ...{ seed: this.#seed, networks: this.extent.networks },
      ...this.#learningRates,
      ...(watchesEpochs ? { measuredOf: (i) => this.#epochs.of(this.extent.first + i, segment.first) } : {}),
    });
  }

  /** Makes orders of a coming epoch, until there is no time left; the next call goes on. */
  prepare(epoch: number, hasTime: () => boolean): void {
    const grouped = this.#grouped;
    if (grouped === undefined) {
      for (const order of this.orders) if (hasTime()) order.prepare?.(epoch);
    } else {
      while (hasTime() && grouped.prepare(epoch));
    }
  }

  /** Hands the data over, as far as it stays in the runtime. */
  async putSplits(): Promise<void> {
    for (const split of this.#plan.splits.values())
      for (const [key, tensor] of split.residentArrays()) await this.#put(key, tensor);
  }

  /** Hands the state over: vectors of a checkpoint, or those that the seed gives. */
  async putState(given?: readonly TensorData[]): Promise<void> {
    const { network, single } = this.#plan;
    const { networks } = this.extent;
    const state = given ?? initialEnsembleState(network, single, { seed: this.#seed, networks });
    await Promise.all(this.#names.map((name, i) => this.#put(this.#stateKey(name), state[i])));
  }

  /** Runs a segment. The runtime begins before this returns; so the caller can prepare another share meanwhile. */
  async run({ program, session }: LoadedProgram, feeds: SegmentFeeds): Promise<RunResult> {
    const nextGeneration = 1 - this.#generation;
    // Rows that are streamed are read first.
    const streamed = this.#isStreamed ? await this.#train.feeds(feeds.feeds.rows) : {};
    const result = await session.run({
      ...this.#inputs(feeds, streamed),
      keep: Object.fromEntries(this.#names.map((name) => [`next:${name}`, this.#stateKey(name, nextGeneration)])),
      fetch: program.graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("next:")),
    });
    this.#generation = nextGeneration;
    for (const name of this.#names) this.#resident.add(this.#stateKey(name));
    return result;
  }

  /** Losses of its networks in a segment of one step, in the current state, which stays as it is. */
  async losses(loaded: LoadedProgram, segment: Segment): Promise<Float32Array> {
    const feeds = this.feeds(loaded, segment);
    const streamed = this.#isStreamed ? await this.#train.feeds(feeds.feeds.rows) : {};
    const { outputs } = await loaded.session.run({ ...this.#inputs(feeds, streamed), fetch: ["loss"] });
    return outputs.loss.data as Float32Array;
  }

  /** Goes back to the state after the first so many steps of the last segment. */
  async rewind(loaded: LoadedProgram, segment: Segment): Promise<void> {
    this.#generation = 1 - this.#generation;
    if (segment.steps > 0) await this.run(loaded, this.feeds(loaded, segment));
  }

  /** Loss and accuracy of its networks over a split. */
  evaluate(data: SplitData, threads: number): Promise<{ loss: Float64Array; accuracy?: Float64Array }> {
    const stateKey = (name: string) => this.#stateKey(name);
    const batch = this.#plan.evaluationBatch;
    return evaluateNetworks({ programs: this.#programs, threads, data, stateKey, batch }, this.extent.networks);
  }

  /** Its state vectors, in the order of `stateNames`. */
  readState(): Promise<TensorData[]> {
    return Promise.all(this.#names.map((name) => this.#runtime.get(this.#stateKey(name))));
  }

  /** Frees what the runtime holds for it. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
    for (const key of this.#resident) await this.#runtime.remove(key);
    this.#resident.clear();
  }

  get #isStreamed(): boolean {
    return Object.keys(this.#train.residentKeys()).length === 0;
  }

  /** The tables, the data and the current state. */
  #inputs({ feeds }: SegmentFeeds, streamed: RunRequest["feeds"]): Omit<RunRequest, "keep" | "fetch"> {
    const resident = this.#train.residentKeys();
    return {
      feeds: { ...feeds, ...streamed },
      // A table of megabytes that nobody reads after this.
      transfer: ["rows"],
      resident: { ...resident, ...Object.fromEntries(this.#names.map((name) => [name, this.#stateKey(name)])) },
    };
  }

  async #put(key: string, tensor: TensorData): Promise<void> {
    await this.#runtime.put(key, tensor);
    this.#resident.add(key);
  }

  #stateKey(name: string, generation = this.#generation): string {
    return `${this.#plan.prefix}${generation}/${name}`;
  }
}
