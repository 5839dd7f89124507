// A trial of many networks at once: one program trains them all, and each is what it would be alone with its own seed.
import { InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { lossFunction } from "../../nn/losses.js";
import { layerNetwork } from "../../nn/network.js";
import type { ScheduleFunction } from "../../optim/schedule.js";
import { checkMomentum, scheduleFunction } from "../../optim/schedules.js";
import { readProbeSpec } from "../../probes/probe-spec.js";
import { arrangedInputs, batchLayout, splitArrays } from "../data/batch.js";
import { type RowOrder, rowOrder } from "../data/row-order.js";
import { ensembleLayout } from "../program/ensemble-form.js";
import { joinedNetworks, joinedRows, stateOfNetworks, tensorsOfNetwork } from "../program/ensemble-state.js";
import { unpackValues } from "../program/packing.js";
import { readOptimizer } from "../program/program-request.js";
import { type StateLayout, stateLayout } from "../program/state-layout.js";
import { readClip } from "../program/update.js";
import type { RunResult, Runtime } from "../runtime/runtime.js";
import { equalThreadCounts, ThreadChoice } from "../runtime/thread-choice.js";
import { checkCounts, checkMemory, checkMicroBatches, checkTargets } from "../spec/checks.js";
import { type TrialSpec, trialId } from "../spec/trial-spec.js";
import { checkedNetwork } from "./checked-network.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { EnsembleEvaluation, EnsembleEvent, EnsembleLook } from "./ensemble/ensemble-events.js";
import { EnsembleHistory } from "./ensemble/ensemble-history.js";
import { EnsembleProbes } from "./ensemble/ensemble-probes.js";
import { EnsembleShare, shareExtents } from "./ensemble/ensemble-share.js";
import { nextSegment, type Segment } from "./segment.js";
import type { LoadedProgram } from "./sessions.js";
import type { TrialRequest } from "./trial.js";

/** What an ensemble needs: a trial's request whose spec says `ensemble`. */
export type EnsembleRequest = Omit<TrialRequest, "rows" | "initial">;

type SplitName = "train" | "test";

// The rows of a segment, of one share of the networks, are handed over as one table, which is made while the segment before is computed: so segments
// are short enough that the first one does not wait for long, and long enough that the way to the runtime is nothing.
const largestTable = 1_048_576;
// Rows of the coming epoch that are kept while this one goes on.
const mostPreparedRows = 8_000_000;

/** A segment and the tables that every share reads in it. */
interface PreparedSegment {
  readonly segment: Segment;
  readonly feeds: readonly Readonly<Record<string, TensorData>>[];
}

let nextInstance = 0;

/** Runs an ensemble. The stream ends with `done` or `interrupted`; then its values can be read. */
export class EnsembleTrial {
  readonly id: string;
  readonly networks: number;
  readonly #request: EnsembleRequest;
  readonly #shares: readonly EnsembleShare[];
  readonly #orders: readonly RowOrder[];
  readonly #totalSteps: number;
  readonly #schedule: ScheduleFunction;
  readonly #arrays: ReadonlyMap<SplitName, ReadonlyMap<string, TensorData>>;
  readonly #layout: StateLayout;
  readonly #threads: ThreadChoice;
  readonly #history: EnsembleHistory;
  readonly #probes: EnsembleProbes | undefined;
  #step = 0;
  #stepMs: number | undefined;
  #lastCheckpoint = 0;
  #coming: PreparedSegment | undefined;

  constructor(request: EnsembleRequest) {
    const { spec, data, runtime } = request;
    this.#request = request;
    this.id = trialId(spec);
    this.networks = networkCount(spec);
    this.#history = new EnsembleHistory(this.networks);
    checkCounts(spec);
    const network = request.network ?? layerNetwork(spec.model, spec.freeze);
    const layout = batchLayout(data, spec.data.scaling, arrangedInputs(data, data.train, network.inputNames));
    this.#arrays = new Map([
      ["train", arraysOf(request, layout, network.inputNames, "train")],
      ...(data.test === undefined ? [] : [["test", arraysOf(request, layout, network.inputNames, "test")] as const]),
    ]);
    this.#orders = ordersOf(spec, this.networks, this.#examples("train"));
    const optimizer = readOptimizer(spec.optimizer);
    const built = checkedNetwork(spec, network, layout, this.#orders[0], (plain) =>
      checkMemory(
        plain,
        ensembleLayout(stateLayout(plain, optimizer), this.networks),
        runtime.capabilities.memoryBytes,
      ),
    );
    const loss = lossFunction(spec.loss);
    checkTargets(built, loss, data);
    checkMicroBatches(spec, loss);
    this.#schedule = scheduleFunction(spec.schedule);
    checkMomentum(this.#schedule, optimizer);
    const single = stateLayout(built, optimizer, this.networks);
    this.#layout = ensembleLayout(single, this.networks);
    this.#totalSteps = spec.steps ?? (spec.epochs ?? 1) * this.#orders[0].stepsPerEpoch;
    const threads = request.threads ?? runtime.capabilities.threads.most;
    const extents = shareExtents(built, this.networks, runtime.fork === undefined ? 1 : threads);
    const program = {
      ...{ network, layout, loss, optimizer: spec.optimizer },
      ...(spec.clip === undefined ? {} : { clip: readClip(spec.clip) }),
      ...(spec.microBatchSize === undefined ? {} : { microBatchSize: spec.microBatchSize }),
    };
    const prefix = `${this.id}.ensemble.${nextInstance++}/`;
    this.#shares = extents.map((extent, i) => {
      const own = i === 0 ? runtime : (runtime.fork?.(i) as Runtime);
      return new EnsembleShare({
        ...{ extent, of: this.networks, runtime: own, spec, network: built, program, single, prefix },
        ...{ orders: this.#orders, schedule: this.#schedule, totalSteps: this.#totalSteps, spinning: threads > 1 },
        examples: this.#examples("train"),
      });
    });
    const [schedule, totalSteps, orders] = [this.#schedule, this.#totalSteps, this.#orders];
    if (spec.probes !== undefined) {
      const probes = readProbeSpec(spec.probes);
      const networks = this.networks;
      const alone = stateLayout(built, optimizer);
      this.#probes = new EnsembleProbes({
        ...{ probes, spec, networks, runtime, program, within: single, alone, orders, schedule, totalSteps },
      });
    }
    const isShared = this.#shares.length > 1;
    this.#threads = new ThreadChoice(
      isShared
        ? [1]
        : request.threads === undefined
          ? equalThreadCounts(runtime.capabilities.threads.most)
          : [request.threads],
    );
  }

  get spec(): TrialSpec {
    return this.#request.spec;
  }

  /** Losses, evaluations and divergences so far; those before a resume included. */
  get history(): EnsembleHistory {
    return this.#history;
  }

  /** What probes found so far in every network, look by look; those before a resume included. */
  get probed(): readonly (readonly EnsembleLook[])[] {
    return this.#probes?.looks ?? [];
  }

  /** Whether examples are held out. */
  get hasTest(): boolean {
    return this.#arrays.has("test");
  }

  /** Parameters and buffers of one network by path, as they are now. */
  async tensors(network: number): Promise<Map<string, TensorData>> {
    if (!Number.isInteger(network) || network < 0 || network >= this.networks) {
      throw new InvalidInputError("there is no such network", {
        where: "ensemble",
        expected: `0 to ${this.networks - 1}`,
        received: `${network}`,
      });
    }
    return tensorsOfNetwork(await this.allTensors(), network);
  }

  /** Parameters and buffers of all networks by path; the last axis counts the networks. */
  async allTensors(): Promise<Map<string, TensorData>> {
    const { parameters, buffers } = this.#layout;
    const state = await this.#readState();
    const all = unpackValues(parameters, state.slice(0, parameters.length));
    for (const [path, value] of unpackValues(buffers, state.slice(state.length - buffers.length))) all.set(path, value);
    return all;
  }

  /** Loss and accuracy of every network over a split, with the current state and inference statistics. */
  async evaluate(split: SplitName): Promise<Pick<EnsembleEvaluation, "loss" | "accuracy">> {
    const measured = await Promise.all(
      this.#shares.map((share) => share.evaluate(this.#examples(split), this.#arrayKeys(split), this.#threads.current)),
    );
    const loss = measured.flatMap((own) => [...own.loss]);
    const accuracy = measured[0].accuracy && measured.flatMap((own) => [...(own.accuracy ?? [])]);
    return {
      loss: this.#history.measured(loss),
      ...(accuracy === undefined ? {} : { accuracy: this.#history.measured(accuracy) }),
    };
  }

  /** Frees what the runtime holds for this ensemble. */
  async dispose(): Promise<void> {
    await this.#probes?.dispose();
    await Promise.all(this.#shares.map((share) => share.dispose()));
  }

  async *run(): AsyncGenerator<EnsembleEvent> {
    const { now, signal } = this.#request;
    const started = now();
    // The smaller last batch of an epoch has a program of its own.
    const [order] = this.#orders;
    const epochEnd = Math.min(this.#totalSteps, order.stepsPerEpoch) - 1;
    for (const step of new Set([0, epochEnd])) {
      await this.#load(order.batch(step).length);
    }
    const compileMs = now() - started;
    await this.#upload();
    this.#lastCheckpoint = now();
    yield {
      kind: "ready",
      compileMs,
      step: this.#step,
      totalSteps: this.#totalSteps,
      stepsPerEpoch: this.#orders[0].stepsPerEpoch,
    };
    while (this.#step < this.#totalSteps) {
      if (signal?.aborted === true) {
        yield await this.#checkpoint();
        yield { kind: "interrupted", step: this.#step };
        return;
      }
      if (this.#probes !== undefined && this.#step % this.#probes.every === 0) yield await this.#look(this.#probes);
      yield await this.#runSegment(this.#coming?.segment ?? this.#nextSegment(this.#step), this.#coming);
      if (this.#step % this.#orders[0].stepsPerEpoch === 0 && this.#request.evaluate !== false)
        yield await this.#endEpoch();
      if (this.#step < this.#totalSteps && this.#isCheckpointDue()) yield await this.#checkpoint();
    }
    await this.#noteBadTensors();
    yield await this.#checkpoint();
    yield { kind: "done", step: this.#step, diverged: this.#history.diverged };
  }

  #nextSegment(step: number): Segment {
    const [order] = this.#orders;
    const perStep = order.sizeAt(step) * Math.max(...this.#shares.map(({ orders }) => orders.length));
    const most = Math.max(1, Math.floor(largestTable / perStep));
    return nextSegment(order, step, Math.min(this.#totalSteps, step + most), this.#stepMs, this.#probes?.every);
  }

  async #look(probes: EnsembleProbes): Promise<Extract<EnsembleEvent, { kind: "probes" }>> {
    const resident = this.#shares[0].residents(this.#arrayKeys("train"));
    return {
      kind: "probes",
      step: this.#step,
      looks: await probes.look(this.#step, await this.#readState(), resident),
    };
  }

  /** The program of every share. */
  #load(batchSize: number): Promise<LoadedProgram[]> {
    return Promise.all(this.#shares.map((share) => share.load(batchSize, this.#threads.current)));
  }

  /** The segment that begins with a step, and its tables. */
  async #prepared(step: number): Promise<PreparedSegment> {
    const segment = this.#nextSegment(step);
    const loaded = await this.#load(segment.batchSize);
    return { segment, feeds: this.#shares.map((share, i) => share.feeds(loaded[i], segment)) };
  }

  async #upload(): Promise<void> {
    const { resumeFrom, spec } = this.#request;
    const all = [...this.#arrays].flatMap(([split, arrays]) =>
      [...arrays].map(([name, tensor]) => [arrayKey(split, name), tensor] as const),
    );
    const arrays = new Map(all);
    if (resumeFrom === undefined) {
      for (const share of this.#shares) {
        await share.putArrays(arrays);
        await share.putState();
      }
      return;
    }
    const { where, bytes } = resumeFrom;
    const saved = readCheckpoint<EnsembleEvaluation>(where, bytes, this.#layout, { spec, origin: {} });
    this.#step = saved.step;
    this.#history.add(saved.losses, saved.correct);
    this.#history.evaluations.push(...saved.evaluations);
    this.#probes?.records.push(...(saved.probes ?? []));
    for (const share of this.#shares) {
      await share.putArrays(arrays);
      await share.putState(stateOfNetworks(saved.state, this.networks, share.extent));
    }
  }

  async #runSegment(
    segment: Segment,
    prepared: PreparedSegment | undefined,
  ): Promise<Extract<EnsembleEvent, { kind: "steps" }>> {
    const { spec } = this.#request;
    const loaded = await this.#load(segment.batchSize);
    const threads = this.#threads.current;
    // A share that has its tables runs while those of the next one are made.
    const running = this.#shares.map((share, i) =>
      share.run(loaded[i], prepared?.feeds[i] ?? share.feeds(loaded[i], segment), this.#arrayKeys("train")),
    );
    const [results] = await Promise.all([Promise.all(running), this.#workAhead(segment)]);
    const durationMs = Math.max(...results.map((result) => result.durationMs));
    this.#step += segment.steps;
    const [measured, correct] = ["loss", "correct"].map((name) => this.#joined(results, name, segment.steps));
    const losses = this.#history.add(measured, correct);
    if (segment.batchSize === spec.batchSize) {
      // The first run of a session warms caches and allocators; it is not a measurement.
      if (this.#stepMs !== undefined || segment.steps > 1)
        this.#threads.record(durationMs / segment.steps, segment.steps);
      this.#stepMs = durationMs / segment.steps;
    }
    const { first, steps, batchSize } = segment;
    const all = threads * this.#shares.length;
    return { kind: "steps", first, steps, losses, correct, examples: batchSize, durationMs, threads: all };
  }

  /** A measurement of all shares, `[steps, networks]`; empty where there is none. */
  #joined(results: readonly RunResult[], name: string, steps: number): Float32Array {
    const parts = results.map(({ outputs }) => outputs[name]?.data as Float32Array | undefined);
    return joinedRows(
      parts.filter((part) => part !== undefined),
      steps,
    );
  }

  /** What the coming steps need, while the runtime works in a thread of its own. */
  async #workAhead({ first, steps }: Segment): Promise<void> {
    const { now } = this.#request;
    const started = now();
    const next = first + steps;
    this.#coming = undefined;
    // How long a step takes is known after the first.
    if (this.#stepMs === undefined) return;
    if (next < this.#totalSteps) this.#coming = await this.#prepared(next);
    // The orders of the coming epoch, as many as are made in the time of this segment: the next one does some more.
    const [{ stepsPerEpoch }] = this.#orders;
    const epoch = Math.floor(first / stepsPerEpoch) + 1;
    if (epoch * stepsPerEpoch >= this.#totalSteps) return;
    if (this.#orders.length * this.#examples("train") > mostPreparedRows) return;
    const end = started + steps * this.#stepMs;
    for (const share of this.#shares) share.prepare(epoch, () => now() <= end);
  }

  async #endEpoch(): Promise<Extract<EnsembleEvent, { kind: "epoch" }>> {
    const [order] = this.#orders;
    const { stepsPerEpoch } = order;
    const [step, epoch, first] = [this.#step, this.#step / stepsPerEpoch, this.#step - stepsPerEpoch];
    const sizes = Array.from({ length: stepsPerEpoch }, (_, i) => order.batch(first + i).length);
    const train: EnsembleEvaluation = { phase: "train", step, epoch, ...this.#history.mean(first, sizes) };
    this.#history.evaluations.push(train);
    if (!this.hasTest) return { kind: "epoch", epoch, step, train };
    const validation: EnsembleEvaluation = { phase: "validation", step, epoch, ...(await this.evaluate("test")) };
    this.#history.evaluations.push(validation);
    return { kind: "epoch", epoch, step, train, validation };
  }

  /** The last update may go wrong, and no loss comes after it to show that. */
  async #noteBadTensors(): Promise<void> {
    for (const { data } of (await this.allTensors()).values()) {
      for (const [i, value] of (data as Float32Array).entries()) {
        if (!Number.isFinite(value)) this.#history.diverge(i % this.networks, this.#step);
      }
    }
  }

  #isCheckpointDue(): boolean {
    return this.#request.now() - this.#lastCheckpoint >= (this.#request.checkpointEveryMs ?? 10_000);
  }

  async #checkpoint(): Promise<Extract<EnsembleEvent, { kind: "checkpoint" }>> {
    const bytes = writeCheckpoint<EnsembleEvaluation>(this.#layout, {
      spec: this.spec,
      origin: {},
      step: this.#step,
      state: await this.#readState(),
      ...this.#history.arrays(),
      evaluations: this.#history.evaluations,
      ...(this.#probes === undefined ? {} : { probes: this.#probes.records }),
    });
    this.#lastCheckpoint = this.#request.now();
    return { kind: "checkpoint", step: this.#step, bytes };
  }

  async #readState(): Promise<TensorData[]> {
    const states = await Promise.all(this.#shares.map((share) => share.readState()));
    return states[0].map((_, i) =>
      joinedNetworks(
        states.map((vectors) => vectors[i]),
        this.#shares.map(({ extent }) => extent),
      ),
    );
  }

  #splitArrays(split: SplitName): ReadonlyMap<string, TensorData> {
    const arrays = this.#arrays.get(split);
    if (arrays !== undefined) return arrays;
    throw new InvalidInputError("no examples are held out", { where: `data (${this.spec.data.dataset})` });
  }

  #arrayKeys(split: SplitName): Record<string, string> {
    return Object.fromEntries([...this.#splitArrays(split).keys()].map((name) => [name, arrayKey(split, name)]));
  }

  #examples(split: SplitName): number {
    return (this.#splitArrays(split).get("data.targets") as TensorData).shape[0];
  }
}

const arrayKey = (split: SplitName, name: string): string => `${split}.${name}`;

function arraysOf(
  { data, spec }: EnsembleRequest,
  layout: ReturnType<typeof batchLayout>,
  inputNames: readonly string[] | undefined,
  name: SplitName,
): Map<string, TensorData> {
  const split = name === "train" ? data.train : (data.test ?? data.train);
  if (split.source !== undefined) {
    throw new InvalidInputError("an ensemble needs its data in memory", {
      where: `data (${data.id})`,
      expected: "rows that are not streamed from the disk",
      received: `${split.source.shape[0]} streamed rows`,
      remedy: "Raise TRAINSCOPE_RESIDENT_LIMIT, or train single networks",
    });
  }
  const count = name === "train" ? spec.data.trainExamples : spec.data.testExamples;
  return splitArrays(layout, arrangedInputs(data, split, inputNames), split.targets, count);
}

function ordersOf(spec: TrialSpec, networks: number, examples: number): RowOrder[] {
  const count = spec.order === "shuffle" ? networks : 1;
  return Array.from({ length: count }, (_, i) => rowOrder({ ...spec, seed: spec.seed + i }, undefined, examples));
}

/** @throws InvalidInputError unless the spec asks for an ensemble, with as many learning rates as networks. */
function networkCount({ ensemble, learningRates, batchSchedule }: TrialSpec): number {
  if (ensemble === undefined || !Number.isSafeInteger(ensemble) || ensemble < 1) {
    throw new InvalidInputError("not a count", {
      where: "ensemble",
      expected: "a number of networks, an integer from 1",
      received: `${ensemble}`,
    });
  }
  if (learningRates !== undefined && learningRates.length !== ensemble) {
    throw new InvalidInputError("learning rates do not fit the ensemble", {
      where: "learningRates",
      expected: `${ensemble}, one for each network`,
      received: `${learningRates.length}`,
    });
  }
  if (batchSchedule !== undefined) {
    throw new InvalidInputError("an ensemble has one batch size", {
      where: "batchSchedule",
      remedy: "Leave it out, or train the networks one by one",
    });
  }
  return ensemble;
}
