// A trial of many networks at once: one program trains them all, and each is what it would be alone with its own seed.
import { InvalidInputError } from "../core/errors.js";
import type { TensorData } from "../core/tensor-data.js";
import { lossFunction } from "../nn/losses.js";
import { layerNetwork, type Network } from "../nn/network.js";
import type { ScheduleFunction } from "../optim/schedule.js";
import { checkMomentum, scheduleFunction } from "../optim/schedules.js";
import { arrangedInputs, batchLayout, splitArrays } from "./batch.js";
import { checkedNetwork } from "./checked-network.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { checkCounts, checkMemory, checkMicroBatches, checkTargets } from "./checks.js";
import type { EnsembleEvaluation, EnsembleEvent } from "./ensemble-events.js";
import { ensembleFeeds } from "./ensemble-feeds.js";
import { type EnsembleForm, ensembleLayout } from "./ensemble-form.js";
import { EnsembleHistory } from "./ensemble-history.js";
import { initialEnsembleState, tensorsOfNetwork } from "./ensemble-state.js";
import { evaluateNetworks } from "./evaluation.js";
import { unpackValues } from "./packing.js";
import { readOptimizer } from "./program-request.js";
import { type RowOrder, rowOrder } from "./row-order.js";
import { nextSegment, type Segment } from "./segment.js";
import { ProgramCache } from "./sessions.js";
import { type StateLayout, stateLayout, stateNames } from "./state-layout.js";
import { equalThreadCounts, ThreadChoice } from "./thread-choice.js";
import type { TrialRequest } from "./trial.js";
import { type TrialSpec, trialId } from "./trial-spec.js";
import { readClip } from "./update.js";

/** What an ensemble needs: a trial's request whose spec says `ensemble`. */
export type EnsembleRequest = Omit<TrialRequest, "rows" | "initial">;

type SplitName = "train" | "test";

// The rows of a segment are handed over as one table, which is made while the segment before is computed: so segments
// are short enough that the first one does not wait for long, and long enough that the way to the runtime is nothing.
const largestTable = 1_048_576;
// Rows of the coming epoch that are kept while this one goes on.
const mostPreparedRows = 8_000_000;

/** A segment and the tables that it reads. */
interface PreparedSegment {
  readonly segment: Segment;
  readonly feeds: Readonly<Record<string, TensorData>>;
}

let nextInstance = 0;

/** Runs an ensemble. The stream ends with `done` or `interrupted`; then its values can be read. */
export class EnsembleTrial {
  readonly id: string;
  readonly networks: number;
  readonly #request: EnsembleRequest;
  readonly #network: Network;
  readonly #programs: ProgramCache;
  readonly #orders: readonly RowOrder[];
  readonly #totalSteps: number;
  readonly #schedule: ScheduleFunction;
  readonly #arrays: ReadonlyMap<SplitName, ReadonlyMap<string, TensorData>>;
  readonly #single: StateLayout;
  readonly #layout: StateLayout;
  readonly #names: readonly string[];
  readonly #threads: ThreadChoice;
  readonly #prefix: string;
  readonly #resident = new Set<string>();
  readonly #history: EnsembleHistory;
  #generation = 0;
  #step = 0;
  #stepMs: number | undefined;
  #lastCheckpoint = 0;
  #coming: PreparedSegment | undefined;

  constructor(request: EnsembleRequest) {
    const { spec, data, runtime } = request;
    this.#request = request;
    this.id = trialId(spec);
    this.#prefix = `${this.id}.ensemble.${nextInstance++}/`;
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
    this.#network = checkedNetwork(spec, network, layout, this.#orders[0], (plain) =>
      checkMemory(plain, ensembleLayout(stateLayout(plain, optimizer), this.networks), runtime.memoryBytes),
    );
    const loss = lossFunction(spec.loss);
    checkTargets(this.#network, loss, data);
    checkMicroBatches(spec, loss);
    this.#schedule = scheduleFunction(spec.schedule);
    checkMomentum(this.#schedule, optimizer);
    this.#single = stateLayout(this.#network, optimizer, this.networks);
    this.#layout = ensembleLayout(this.#single, this.networks);
    this.#names = stateNames(this.#layout);
    this.#totalSteps = spec.steps ?? (spec.epochs ?? 1) * this.#orders[0].stepsPerEpoch;
    const ensemble: EnsembleForm = {
      networks: this.networks,
      ownRows: this.#orders.length > 1,
      ownHyper: spec.learningRates !== undefined,
    };
    this.#programs = new ProgramCache(
      runtime,
      {
        network,
        layout,
        loss,
        optimizer: spec.optimizer,
        ensemble,
        ...(spec.clip === undefined ? {} : { clip: readClip(spec.clip) }),
        ...(spec.microBatchSize === undefined ? {} : { microBatchSize: spec.microBatchSize }),
      },
      request.threads === undefined || request.threads > 1,
    );
    this.#threads = new ThreadChoice(
      request.threads === undefined ? equalThreadCounts(runtime.cores) : [request.threads],
    );
  }

  get spec(): TrialSpec {
    return this.#request.spec;
  }

  /** Losses, evaluations and divergences so far; those before a resume included. */
  get history(): EnsembleHistory {
    return this.#history;
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
    const { loss, accuracy } = await evaluateNetworks(
      {
        programs: this.#programs,
        threads: this.#threads.current,
        data: {
          examples: this.#examples(split),
          residentKeys: () => this.#arrayKeys(split),
          mostSteps: () => Number.POSITIVE_INFINITY,
          feeds: async (rows) => ({ rows }),
        },
        stateKey: (name) => this.#stateKey(name),
      },
      this.networks,
    );
    return {
      loss: this.#history.measured(loss),
      ...(accuracy === undefined ? {} : { accuracy: this.#history.measured(accuracy) }),
    };
  }

  /** Frees what the runtime holds for this ensemble. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
    for (const key of this.#resident) await this.#request.runtime.remove(key);
    this.#resident.clear();
  }

  async *run(): AsyncGenerator<EnsembleEvent> {
    const { now, signal } = this.#request;
    const started = now();
    // The smaller last batch of an epoch has a program of its own.
    const [order] = this.#orders;
    const epochEnd = Math.min(this.#totalSteps, order.stepsPerEpoch) - 1;
    for (const step of new Set([0, epochEnd])) {
      await this.#programs.training(order.batch(step).length, this.#threads.current);
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
      yield await this.#runSegment(this.#coming ?? (await this.#prepared(this.#step)));
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
    const perStep = order.sizeAt(step) * this.#orders.length;
    const most = Math.max(1, Math.floor(largestTable / perStep));
    return nextSegment(order, step, Math.min(this.#totalSteps, step + most), this.#stepMs);
  }

  /** The segment that begins with a step, and its tables. */
  async #prepared(step: number): Promise<PreparedSegment> {
    const { spec } = this.#request;
    const segment = this.#nextSegment(step);
    const { program } = await this.#programs.training(segment.batchSize, this.#threads.current);
    const feeds = ensembleFeeds({
      program,
      segment,
      orders: this.#orders,
      optimizer: spec.optimizer,
      schedule: this.#schedule,
      totalSteps: this.#totalSteps,
      seed: spec.seed,
      networks: this.networks,
      ...(spec.learningRates === undefined ? {} : { learningRates: spec.learningRates }),
    });
    return { segment, feeds };
  }

  async #upload(): Promise<void> {
    const { resumeFrom, spec } = this.#request;
    for (const [split, arrays] of this.#arrays) {
      for (const [name, tensor] of arrays) await this.#put(this.#arrayKey(split, name), tensor);
    }
    let state: readonly TensorData[];
    if (resumeFrom === undefined) {
      state = initialEnsembleState(this.#network, this.#single, { seed: spec.seed, networks: this.networks });
    } else {
      const { where, bytes } = resumeFrom;
      const saved = readCheckpoint<EnsembleEvaluation>(where, bytes, this.#layout, { spec, origin: {} });
      state = saved.state;
      this.#step = saved.step;
      this.#history.add(saved.losses, saved.correct);
      this.#history.evaluations.push(...saved.evaluations);
    }
    for (const [i, name] of this.#names.entries()) await this.#put(this.#stateKey(name), state[i]);
  }

  async #put(key: string, tensor: TensorData): Promise<void> {
    await this.#request.runtime.put(key, tensor);
    this.#resident.add(key);
  }

  async #runSegment({ segment, feeds }: PreparedSegment): Promise<Extract<EnsembleEvent, { kind: "steps" }>> {
    const { spec } = this.#request;
    const threads = this.#threads.current;
    const { program, session } = await this.#programs.training(segment.batchSize, threads);
    const nextGeneration = 1 - this.#generation;
    const running = session.run({
      feeds,
      resident: {
        ...this.#arrayKeys("train"),
        ...Object.fromEntries(this.#names.map((name) => [name, this.#stateKey(name)])),
      },
      keep: Object.fromEntries(this.#names.map((name) => [`next:${name}`, this.#stateKey(name, nextGeneration)])),
      fetch: program.graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("next:")),
    });
    const [{ outputs, durationMs }] = await Promise.all([running, this.#workAhead(segment)]);
    this.#generation = nextGeneration;
    for (const name of this.#names) this.#resident.add(this.#stateKey(name));
    this.#step += segment.steps;
    const correct = (outputs.correct?.data as Float32Array | undefined) ?? new Float32Array(0);
    const losses = this.#history.add(outputs.loss.data as Float32Array, correct);
    if (segment.batchSize === spec.batchSize) {
      // The first run of a session warms caches and allocators; it is not a measurement.
      if (this.#stepMs !== undefined || segment.steps > 1)
        this.#threads.record(durationMs / segment.steps, segment.steps);
      this.#stepMs = durationMs / segment.steps;
    }
    const { first, steps, batchSize } = segment;
    return { kind: "steps", first, steps, losses, correct, examples: batchSize, durationMs, threads };
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
    for (const order of this.#orders) {
      if (now() - started > steps * this.#stepMs) return;
      order.prepare?.(epoch);
    }
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
    });
    this.#lastCheckpoint = this.#request.now();
    return { kind: "checkpoint", step: this.#step, bytes };
  }

  async #readState(): Promise<TensorData[]> {
    const state: TensorData[] = [];
    for (const name of this.#names) state.push(await this.#request.runtime.get(this.#stateKey(name)));
    return state;
  }

  #splitArrays(split: SplitName): ReadonlyMap<string, TensorData> {
    const arrays = this.#arrays.get(split);
    if (arrays !== undefined) return arrays;
    throw new InvalidInputError("no examples are held out", { where: `data (${this.spec.data.dataset})` });
  }

  #arrayKeys(split: SplitName): Record<string, string> {
    return Object.fromEntries([...this.#splitArrays(split).keys()].map((name) => [name, this.#arrayKey(split, name)]));
  }

  #arrayKey(split: SplitName, name: string): string {
    return `${this.#prefix}${split}.${name}`;
  }

  #examples(split: SplitName): number {
    return (this.#splitArrays(split).get("data.targets") as TensorData).shape[0];
  }

  #stateKey(name: string, generation = this.#generation): string {
    return `${this.#prefix}${generation}/${name}`;
  }
}

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
function networkCount({ ensemble, learningRates, probes, batchSchedule }: TrialSpec): number {
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
  if (probes !== undefined) {
    throw new InvalidInputError("an ensemble has no probes", {
      where: "probes",
      remedy: "Leave them out, or train the network of interest alone with its seed",
    });
  }
  return ensemble;
}
