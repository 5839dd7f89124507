// A share of an ensemble: consecutive networks that one runtime trains, while others train theirs.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { Network } from "../../../nn/network.js";
import type { ScheduleFunction } from "../../../optim/schedule.js";
import type { RowOrder } from "../../data/row-order.js";
import { type EnsembleForm, ensembleLayout, gainsFromLanes } from "../../program/ensemble-form.js";
import { initialEnsembleState, type ShareExtent } from "../../program/ensemble-state.js";
import type { TrainingRequest } from "../../program/program-request.js";
import { type StateLayout, stateNames } from "../../program/state-layout.js";
import type { RunResult, Runtime } from "../../runtime/runtime.js";
import type { TrialSpec } from "../../spec/trial-spec.js";
import { evaluateNetworks } from "../evaluation.js";
import type { Segment } from "../segment.js";
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

export interface ShareRequest {
  readonly extent: ShareExtent;
  /** Networks of the whole ensemble. */
  readonly of: number;
  readonly runtime: Runtime;
  readonly spec: TrialSpec;
  readonly network: Network;
  /** What the programs are made of; the form of the ensemble is added. */
  readonly program: Omit<TrainingRequest, "batchSize" | "ensemble">;
  /** Whether idle threads may spin. */
  readonly spinning: boolean;
  /** The layout of one network. */
  readonly single: StateLayout;
  /** Of every network of the ensemble, or one that they share. */
  readonly orders: readonly RowOrder[];
  readonly schedule: ScheduleFunction;
  readonly totalSteps: number;
  /** That are trained on. */
  readonly examples: number;
  /** In front of the keys of resident tensors. */
  readonly prefix: string;
}

/** State, tables and programs of a share. */
export class EnsembleShare {
  readonly extent: ShareExtent;
  /** Of its own networks. */
  readonly orders: readonly RowOrder[];
  readonly #request: ShareRequest;
  readonly #seed: number;
  readonly #learningRates: { readonly learningRates?: readonly number[] };
  readonly #programs: ProgramCache;
  readonly #layout: StateLayout;
  readonly #names: readonly string[];
  readonly #resident = new Set<string>();
  #grouped: GroupedRows | undefined;
  #generation = 0;

  constructor(request: ShareRequest) {
    const { extent, of, runtime, spec, program, spinning, single, orders } = request;
    const { first, networks } = extent;
    this.#request = request;
    this.extent = extent;
    this.orders = orders.length > 1 ? orders.slice(first, first + networks) : orders;
    this.#seed = spec.seed + first;
    const rates = spec.learningRates?.slice(first, first + networks);
    this.#learningRates = rates === undefined ? {} : { learningRates: rates };
    this.#layout = ensembleLayout(single, networks);
    this.#names = stateNames(this.#layout);
    const ensemble: EnsembleForm = { networks, of, ownRows: orders.length > 1, ownHyper: rates !== undefined };
    this.#programs = new ProgramCache(runtime, { ...program, ensemble }, spinning);
  }

  /** The program of a training segment, compiled on first use. */
  load(batchSize: number, threads: number): Promise<LoadedProgram> {
    return this.#programs.training(batchSize, threads);
  }

  /** The tables of a segment. */
  feeds({ program }: LoadedProgram, segment: Segment): Readonly<Record<string, TensorData>> {
    const { spec, schedule, totalSteps, examples } = this.#request;
    if (program.lanes !== undefined && this.orders.length > 1)
      this.#grouped ??= new GroupedRows(this.orders, program.lanes, examples);
    return ensembleFeeds({
      ...(this.#grouped === undefined ? {} : { grouped: this.#grouped }),
      ...{ program, segment, schedule, totalSteps, orders: this.orders, optimizer: spec.optimizer },
      ...{ seed: this.#seed, networks: this.extent.networks },
      ...this.#learningRates,
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

  /** Hands arrays of data over, by their key. */
  async putArrays(arrays: ReadonlyMap<string, TensorData>): Promise<void> {
    for (const [key, tensor] of arrays) await this.#put(this.#key(key), tensor);
  }

  /** Hands the state over: given vectors, or those that the seed gives. */
  async putState(given?: readonly TensorData[]): Promise<void> {
    const { network, single } = this.#request;
    const { networks } = this.extent;
    const state = given ?? initialEnsembleState(network, single, { seed: this.#seed, networks });
    await Promise.all(this.#names.map((name, i) => this.#put(this.#stateKey(name), state[i])));
  }

  /**
   * Runs a segment. The runtime begins before this returns; so the caller can prepare another share meanwhile.
   * @param arrayKeys inputs of the program and the keys of the arrays that they read.
   */
  async run(
    { program, session }: LoadedProgram,
    feeds: Readonly<Record<string, TensorData>>,
    arrayKeys: Readonly<Record<string, string>>,
  ): Promise<RunResult> {
    const nextGeneration = 1 - this.#generation;
    const result = await session.run({
      feeds,
      // A table of megabytes that nobody reads after this.
      transfer: ["rows"],
      resident: {
        ...this.#arrays(arrayKeys),
        ...Object.fromEntries(this.#names.map((name) => [name, this.#stateKey(name)])),
      },
      keep: Object.fromEntries(this.#names.map((name) => [`next:${name}`, this.#stateKey(name, nextGeneration)])),
      fetch: program.graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("next:")),
    });
    this.#generation = nextGeneration;
    for (const name of this.#names) this.#resident.add(this.#stateKey(name));
    return result;
  }

  /** Loss and accuracy of its networks over a split. */
  evaluate(
    examples: number,
    arrayKeys: Readonly<Record<string, string>>,
    threads: number,
  ): Promise<{ loss: Float64Array; accuracy?: Float64Array }> {
    const data = {
      examples,
      residentKeys: () => this.#arrays(arrayKeys),
      mostSteps: () => Number.POSITIVE_INFINITY,
      feeds: async (rows: TensorData) => ({ rows }),
    };
    const stateKey = (name: string) => this.#stateKey(name);
    return evaluateNetworks({ programs: this.#programs, threads, data, stateKey }, this.extent.networks);
  }

  /** Its state vectors, in the order of `stateNames`. */
  readState(): Promise<TensorData[]> {
    return Promise.all(this.#names.map((name) => this.#request.runtime.get(this.#stateKey(name))));
  }

  /** Frees what the runtime holds for it. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
    for (const key of this.#resident) await this.#request.runtime.remove(key);
    this.#resident.clear();
  }

  async #put(key: string, tensor: TensorData): Promise<void> {
    await this.#request.runtime.put(key, tensor);
    this.#resident.add(key);
  }

  /** Keys of arrays of data in its runtime, by name. */
  residents(arrayKeys: Readonly<Record<string, string>>): Record<string, string> {
    return this.#arrays(arrayKeys);
  }

  #arrays(arrayKeys: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(arrayKeys).map(([name, key]) => [name, this.#key(key)]));
  }

  #stateKey(name: string, generation = this.#generation): string {
    return this.#key(`${generation}/${name}`);
  }

  #key(name: string): string {
    return `${this.#request.prefix}${name}`;
  }
}
