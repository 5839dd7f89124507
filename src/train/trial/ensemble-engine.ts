// Trains many networks at once: one program holds them all, and each is what it would be alone with its own seed.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { SplitName } from "../../data/dataset.js";
import type { RowOrder } from "../data/row-order.js";
import type { SplitData } from "../data/split-data.js";
import { joinedNetworks, joinedRows, stateOfNetworks } from "../program/ensemble-state.js";
import type { ProbeRecord } from "../program/probe-record.js";
import type { Runtime } from "../runtime/runtime.js";
import { runtimeTarget } from "../runtime/runtime-target.js";
import { equalThreadCounts } from "../runtime/thread-choice.js";
import { type Ahead, type MeasuredSteps, type SegmentResult, stepMeasurements, type TrialEngine } from "./engine.js";
import { EnsembleProbes } from "./ensemble/ensemble-probes.js";
import { EnsembleShare, hasOwnRates, shareExtents } from "./ensemble/ensemble-share.js";
import type { MeasuredEpochs } from "./epochs/measured-epochs.js";
import type { Measured, ProbeReading } from "./events.js";
import type { TrialPlan } from "./plan.js";
import type { Segment, SegmentFeeds } from "./segment.js";
import type { LoadedProgram } from "./sessions.js";

// Row tables for the next segment are built while the current one runs. Upper bound on the table of one share: keeps the
// first wait short while it amortizes the way to the runtime.
const largestTable = 1_048_576;
// Rows of the coming epoch that are kept while this one goes on.
const mostPreparedRows = 8_000_000;

export class EnsembleEngine implements TrialEngine {
  readonly networks: number;
  readonly threadCounts: readonly number[];
  readonly #plan: TrialPlan;
  readonly #order: RowOrder;
  readonly #shares: readonly EnsembleShare[];
  readonly #probes: EnsembleProbes | undefined;
  /** Tables that were made ahead, one of each share. */
  #prepared: { readonly segment: Segment; readonly feeds: readonly SegmentFeeds[] } | undefined;

  /** @param given threads of all shares together; the runtime's cores when left out. */
  constructor(plan: TrialPlan, epochs: MeasuredEpochs, given: number | undefined) {
    const { runtime, network, probes } = plan;
    this.#plan = plan;
    this.#order = plan.orders[0];
    this.networks = plan.ensemble as number;
    const threads = given ?? runtime.capabilities.threads.most;
    const extents = shareExtents(network, this.networks, runtime.fork === undefined ? 1 : threads);
    this.#shares = extents.map((extent, i) => {
      const own = i === 0 ? runtime : (runtime.fork?.(i) as Runtime);
      return new EnsembleShare({ plan, epochs, extent, runtime: own, spinning: threads > 1 });
    });
    this.#probes = probes === undefined ? undefined : new EnsembleProbes(plan, probes, epochs);
    // Shares have one thread each.
    const counts =
      given === undefined ? equalThreadCounts(runtime.capabilities.threads.most, runtimeTarget(runtime)) : [given];
    this.threadCounts = this.#shares.length > 1 ? [1] : counts;
  }

  mostSteps(step: number): number {
    const perStep = this.#order.sizeAt(step) * Math.max(...this.#shares.map(({ orders }) => orders.length));
    return Math.min(this.#split("train").mostSteps(perStep), Math.max(1, Math.floor(largestTable / perStep)));
  }

  async upload(state: readonly TensorData[] | undefined): Promise<void> {
    for (const share of this.#shares) {
      await share.putSplits();
      await share.putState(state === undefined ? undefined : stateOfNetworks(state, this.networks, share.extent));
    }
  }

  /** The smaller last batch of an epoch has a program of its own; loading it later would hold up the tables made ahead. */
  async compile(step: number, threads: number): Promise<void> {
    const { first, steps } = this.#order.epochAt(step);
    const last = Math.max(step, Math.min(this.#plan.totalSteps, first + steps) - 1);
    for (const at of new Set([step, last])) await this.#load(this.#order.sizeAt(at), threads);
  }

  async runSegment(segment: Segment, threads: number, ahead: Ahead): Promise<SegmentResult> {
    const loaded = await this.#load(segment.batchSize, threads);
    const prepared = this.#prepared?.segment === segment ? this.#prepared.feeds : undefined;
    // A share that has its tables runs while those of the next one are made.
    const running = this.#shares.map(async (share, i) => {
      const feeds = prepared?.[i] ?? share.feeds(loaded[i], segment);
      return { ...(await share.run(loaded[i], feeds)), feeds };
    });
    const [results] = await Promise.all([Promise.all(running), this.#workAhead(segment, threads, ahead)]);
    const rates = results.map(({ feeds }) => feeds.learningRates);
    const { momenta } = results[0].feeds;
    const measured = results.map(({ outputs }, i) =>
      stepMeasurements(outputs, segment.steps, this.#shares[i].extent.networks),
    );
    return {
      ...joinedMeasurements(measured, segment.steps),
      learningRates: hasOwnRates(this.#plan) ? joinedRows(rates, segment.steps) : rates[0],
      ...(momenta === undefined ? {} : { momenta }),
      durationMs: Math.max(...results.map(({ durationMs }) => durationMs)),
      threads: threads * this.#shares.length,
    };
  }

  async rewind(segment: Segment, steps: number, threads: number): Promise<void> {
    const loaded = await this.#load(segment.batchSize, threads);
    await Promise.all(this.#shares.map((share, i) => share.rewind(loaded[i], { ...segment, steps })));
  }

  async lossesAt(step: number, threads: number): Promise<Float32Array> {
    const segment = { first: step, steps: 1, batchSize: this.#order.sizeAt(step) };
    const loaded = await this.#load(segment.batchSize, threads);
    const losses = await Promise.all(this.#shares.map((share, i) => share.losses(loaded[i], segment)));
    return joinedRows(losses, 1);
  }

  async probe(step: number): Promise<ProbeRecord> {
    return this.#looking().look(step, await this.readState());
  }

  readings(record: ProbeRecord): readonly ProbeReading[] {
    return this.#looking().read(record);
  }

  async evaluate(split: SplitName, threads: number): Promise<Measured> {
    const data = this.#split(split);
    const measured = await Promise.all(this.#shares.map((share) => share.evaluate(data, threads)));
    const accuracy = measured[0].accuracy && measured.flatMap((own) => [...(own.accuracy ?? [])]);
    return {
      loss: measured.flatMap((own) => [...own.loss]),
      ...(accuracy === undefined ? {} : { accuracy }),
    };
  }

  async readState(): Promise<TensorData[]> {
    const states = await Promise.all(this.#shares.map((share) => share.readState()));
    return states[0].map((_, i) =>
      joinedNetworks(
        states.map((vectors) => vectors[i]),
        this.#shares.map(({ extent }) => extent),
      ),
    );
  }

  async writeState(state: readonly TensorData[]): Promise<void> {
    for (const share of this.#shares) await share.putState(stateOfNetworks(state, this.networks, share.extent));
  }

  async dispose(): Promise<void> {
    await this.#probes?.dispose();
    await Promise.all(this.#shares.map((share) => share.dispose()));
  }

  /** The program of every share. */
  #load(batchSize: number, threads: number): Promise<LoadedProgram[]> {
    return Promise.all(this.#shares.map((share) => share.load(batchSize, threads)));
  }

  /** What the coming steps need, while the runtime works in a thread of its own. */
  async #workAhead({ first }: Segment, threads: number, ahead: Ahead): Promise<void> {
    const segment = ahead.segment();
    this.#prepared = undefined;
    if (segment !== undefined) {
      const loaded = await this.#load(segment.batchSize, threads);
      this.#prepared = { segment, feeds: this.#shares.map((share, i) => share.feeds(loaded[i], segment)) };
    }
    // The orders of the coming epoch, as many as are made in the time of this segment: the next one does some more.
    const { orders, totalSteps } = this.#plan;
    const epoch = this.#order.epochAt(first).number + 1;
    if (this.#order.firstStep(epoch) >= totalSteps) return;
    if (orders.length * this.#split("train").examples > mostPreparedRows) return;
    for (const share of this.#shares) share.prepare(epoch, ahead.hasTime);
  }

  #looking(): EnsembleProbes {
    return this.#probes as EnsembleProbes;
  }

  #split(name: SplitName): SplitData {
    return this.#plan.splits.get(name) as SplitData;
  }
}

/** What all shares measured, `[steps, networks]`; empty where there is nothing. */
function joinedMeasurements(parts: readonly MeasuredSteps[], steps: number): MeasuredSteps {
  const names = Object.keys(parts[0]) as (keyof MeasuredSteps)[];
  const joined = names.map((name) => [
    name,
    joinedRows(
      parts.map((part) => part[name] as Float32Array),
      steps,
    ),
  ]);
  return Object.fromEntries(joined) as MeasuredSteps;
}
