// The trial loop: segments of steps inside the runtime; between them progress, evaluation, checkpoints, cancellation.
//
//   spec + data -> programs -> [ segment -> losses ]* -> epoch -> evaluation -> ... -> done
import { InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Dataset, Split } from "../../data/dataset.js";
import { lossFunction } from "../../nn/losses.js";
import { layerNetwork, type Network, type NetworkSource } from "../../nn/network.js";
import type { ScheduleFunction } from "../../optim/schedule.js";
import { checkMomentum, scheduleFunction } from "../../optim/schedules.js";
import { type ProbeSpec, readProbeSpec } from "../../probes/probe-spec.js";
import { arrangedInputs, batchLayout } from "../data/batch.js";
import { type RowOrder, rowOrder } from "../data/row-order.js";
import { SplitData } from "../data/split-data.js";
import { initialState } from "../program/initial-state.js";
import { unpackValues } from "../program/packing.js";
import { probeRecord, readProbes } from "../program/probe-program.js";
import type { ProbeRecord } from "../program/probe-record.js";
import { stepCount } from "../program/program.js";
import { readOptimizer } from "../program/program-request.js";
import { type StateLayout, stateLayout, stateNames } from "../program/state-layout.js";
import { readClip } from "../program/update.js";
import type { Runtime } from "../runtime/runtime.js";
import { equalThreadCounts, ThreadChoice } from "../runtime/thread-choice.js";
import { checkCounts, checkMemory, checkMicroBatches, checkTargets, checkTokens } from "../spec/checks.js";
import { trialOrigin } from "../spec/origin.js";
import { type TrialSpec, trialId } from "../spec/trial-spec.js";
import { checkedNetwork } from "./checked-network.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { firstBad } from "./diagnosis.js";
import { evaluateSplit } from "./evaluation.js";
import type { Evaluation, TrialEvent } from "./events.js";
import { nextSegment, type Segment, segmentFeeds } from "./segment.js";
import { type LoadedProgram, ProgramCache } from "./sessions.js";

export interface TrialRequest {
  readonly spec: TrialSpec;
  /** What is trained, where the spec names it only: a model from a file. Default: the layers of `spec.model`. */
  readonly network?: NetworkSource;
  readonly data: Dataset;
  readonly runtime: Runtime;
  /** Intra-op threads; measured among 1 and the runtime's cores when left out. */
  readonly threads?: number;
  /** A checkpoint to go on from. */
  readonly resumeFrom?: { readonly where: string; readonly bytes: Uint8Array };
  /** Initial parameters by path instead of those that the seed gives. */
  readonly initial?: ReadonlyMap<string, Float32Array>;
  /** Row numbers to train on, batch after batch, instead of the spec's order. */
  readonly rows?: Int32Array;
  /**
   * Checkpoints come this often, the first after a second, and one at the end. Infinity for none but the last;
   * default 10 s.
   */
  readonly checkpointEveryMs?: number;
  /** Whether to measure the held-out split after every epoch. Default true. */
  readonly evaluate?: boolean;
  readonly signal?: Pick<AbortSignal, "aborted">;
  /** A clock in milliseconds: time comes from outside. */
  readonly now: () => number;
}

type SplitName = "train" | "test";

// Two trials of one spec may live in one runtime: their resident tensors need names of their own.
let nextInstance = 0;

/** Runs a trial. The stream ends with `done`, `diverged` or `interrupted`; then `Trial` values can be read. */
export class Trial {
  readonly id: string;
  readonly #request: TrialRequest;
  readonly #network: Network;
  readonly #programs: ProgramCache;
  readonly #order: RowOrder;
  readonly #totalSteps: number;
  readonly #schedule: ScheduleFunction;
  readonly #prefix: string;
  readonly #splits: ReadonlyMap<SplitName, SplitData>;
  readonly #layout: StateLayout;
  readonly #names: readonly string[];
  readonly #threads: ThreadChoice;
  readonly #probes: ProbeSpec | undefined;
  /** Keys of what the runtime holds for this trial. */
  readonly #resident = new Set<string>();
  /** Which of the two generations of resident state is current. The other is that before the last segment. */
  #generation = 0;
  #step = 0;
  #losses: number[] = [];
  #correct: number[] = [];
  #evaluations: Evaluation[] = [];
  #probeRecords: ProbeRecord[] = [];
  #stepMs: number | undefined;
  #lastCheckpoint = 0;
  #checkpoints = 0;

  constructor(request: TrialRequest) {
    const { spec, data, runtime } = request;
    this.#request = request;
    this.id = trialId(spec);
    this.#prefix = `${this.id}.${nextInstance++}/`;
    const network = request.network ?? layerNetwork(spec.model, spec.freeze);
    const layout = batchLayout(data, spec.data.scaling, arrangedInputs(data, data.train, network.inputNames));
    const splitData = (name: SplitName, split: Split, count: number | undefined) => {
      const arranged = arrangedInputs(data, split, network.inputNames);
      return [name, new SplitData({ layout, arranged, split, count, keyPrefix: `${this.#prefix}${name}.` })] as const;
    };
    this.#splits = new Map([
      splitData("train", data.train, spec.data.trainExamples),
      ...(data.test === undefined ? [] : [splitData("test", data.test, spec.data.testExamples)]),
    ]);
    const loss = lossFunction(spec.loss);
    checkCounts(spec);
    this.#probes = spec.probes === undefined ? undefined : readProbeSpec(spec.probes);
    this.#order = rowOrder(request.spec, request.rows, this.#split("train").examples);
    const optimizer = readOptimizer(spec.optimizer);
    this.#network = checkedNetwork(spec, network, layout, this.#order, (plain) =>
      checkMemory(plain, stateLayout(plain, optimizer), runtime.capabilities.memoryBytes),
    );
    checkTargets(this.#network, loss, data);
    checkTokens(this.#network, data, spec.data.scaling);
    checkMicroBatches(spec, loss);
    this.#schedule = scheduleFunction(spec.schedule);
    checkMomentum(this.#schedule, optimizer);
    this.#layout = stateLayout(this.#network, optimizer);
    this.#names = stateNames(this.#layout);
    this.#totalSteps = spec.steps ?? this.#order.firstStep(spec.epochs ?? 1);
    const spinning = request.threads === undefined || request.threads > 1;
    this.#programs = new ProgramCache(
      runtime,
      {
        network,
        layout,
        loss,
        optimizer: spec.optimizer,
        ...(spec.clip === undefined ? {} : { clip: readClip(spec.clip) }),
        ...(spec.microBatchSize === undefined ? {} : { microBatchSize: spec.microBatchSize }),
      },
      spinning,
    );
    this.#threads = new ThreadChoice(
      request.threads === undefined ? equalThreadCounts(runtime.capabilities.threads.most) : [request.threads],
    );
  }

  get spec(): TrialSpec {
    return this.#request.spec;
  }

  /** Training and validation measurements of every epoch so far, in turn; those before a resume included. */
  get evaluations(): readonly Evaluation[] {
    return this.#evaluations;
  }

  /** What probes found so far, those before a resume included. */
  get probed(): readonly Omit<Extract<TrialEvent, { kind: "probes" }>, "kind" | "epoch">[] {
    if (this.#probes === undefined || this.#probeRecords.length === 0) return [];
    const program = this.#programs.probeProgram(this.spec.batchSize, this.#probes);
    return this.#probeRecords.map((record) => readProbes(program, record));
  }

  /** Loss before each update so far; those before a resume included. */
  get losses(): readonly number[] {
    return this.#losses;
  }

  /** Final (or current) parameters and buffers by path. */
  async tensors(): Promise<Map<string, TensorData>> {
    const { parameters, buffers } = this.#layout;
    const state = await this.#readState();
    const all = unpackValues(parameters, state.slice(0, parameters.length));
    for (const [path, value] of unpackValues(buffers, state.slice(state.length - buffers.length))) all.set(path, value);
    return all;
  }

  /** Frees what the runtime holds for this trial. */
  async dispose(): Promise<void> {
    await this.#programs.dispose();
    for (const key of this.#resident) await this.#request.runtime.remove(key);
    this.#resident.clear();
  }

  async *run(): AsyncGenerator<TrialEvent> {
    const { now, signal } = this.#request;
    const started = now();
    await this.#upload();
    const first = nextSegment(this.#order, this.#step, Math.max(this.#totalSteps, this.#step + 1), undefined);
    await this.#programs.training(first.batchSize, this.#threads.current);
    this.#lastCheckpoint = now();
    yield {
      kind: "ready",
      compileMs: now() - started,
      step: this.#step,
      totalSteps: this.#totalSteps,
      stepsPerEpoch: this.#order.stepsPerEpoch,
    };
    while (this.#step < this.#totalSteps) {
      if (signal?.aborted === true) {
        yield await this.#checkpoint();
        yield { kind: "interrupted", step: this.#step };
        return;
      }
      if (this.#probes !== undefined && this.#step % this.#probes.every === 0) yield await this.#probe(this.#probes);
      const wanted = nextSegment(this.#order, this.#step, this.#totalSteps, this.#stepMs, this.#probes?.every);
      const most = this.#split("train").mostSteps(wanted.batchSize);
      const segment = { ...wanted, steps: Math.min(wanted.steps, most) };
      const steps = await this.#runSegment(segment);
      yield steps;
      const bad = steps.losses.findIndex((loss) => !Number.isFinite(loss));
      if (bad !== -1) {
        yield {
          kind: "diverged",
          step: steps.first + bad,
          loss: steps.losses[bad],
          tensor: await this.#diagnose(segment, bad),
        };
        return;
      }
      if (this.#order.epochAt(this.#step).first === this.#step && this.#request.evaluate !== false)
        yield await this.#endEpoch();
      if (this.#step < this.#totalSteps && this.#isCheckpointDue()) yield await this.#checkpoint();
    }
    const bad = await this.#firstBadTensor();
    if (bad !== undefined) {
      // The last update went wrong, and no loss came after it to show that.
      yield { kind: "diverged", step: this.#step, loss: Number.NaN, tensor: `parameter ${bad}` };
      return;
    }
    yield await this.#checkpoint();
    yield { kind: "done", step: this.#step };
  }

  async #upload(): Promise<void> {
    const { resumeFrom, spec, initial } = this.#request;
    for (const split of this.#splits.values()) {
      for (const [key, tensor] of split.residentArrays()) await this.#put(key, tensor);
    }
    let state: readonly TensorData[];
    if (resumeFrom === undefined) state = initialState(this.#network, this.#layout, spec.seed, initial);
    else {
      const saved = readCheckpoint(resumeFrom.where, resumeFrom.bytes, this.#layout, {
        spec,
        origin: trialOrigin(this.#request),
      });
      state = saved.state;
      this.#step = saved.step;
      this.#losses = [...saved.losses];
      this.#correct = [...saved.correct];
      this.#evaluations = [...saved.evaluations];
      this.#probeRecords = [...(saved.probes ?? [])];
    }
    for (const [i, name] of this.#names.entries()) await this.#put(this.#stateKey(name), state[i]);
  }

  async #put(key: string, tensor: TensorData): Promise<void> {
    await this.#request.runtime.put(key, tensor);
    this.#resident.add(key);
  }

  async #runSegment(segment: Segment): Promise<Extract<TrialEvent, { kind: "steps" }>> {
    const { spec } = this.#request;
    const threads = this.#threads.current;
    const loaded = await this.#programs.training(segment.batchSize, threads);
    const { feeds, learningRates } = await this.#feedsOf(loaded, segment);
    const fetch = loaded.program.graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("next:"));
    const nextGeneration = 1 - this.#generation;
    const { outputs, durationMs } = await loaded.session.run({
      feeds,
      resident: this.#residents(),
      keep: this.#keepAs(nextGeneration),
      fetch,
    });
    this.#generation = nextGeneration;
    for (const name of this.#names) this.#resident.add(this.#stateKey(name));
    this.#step += segment.steps;
    const all = outputs.loss.data as Float32Array;
    // What comes after the first loss that is not a number says nothing.
    const bad = all.findIndex((loss) => !Number.isFinite(loss));
    const losses = bad === -1 ? all : all.slice(0, bad + 1);
    const correct = ((outputs.correct?.data as Float32Array | undefined) ?? new Float32Array(0)).slice(
      0,
      losses.length,
    );
    for (const loss of losses) this.#losses.push(loss);
    for (const count of correct) this.#correct.push(count);
    if (segment.batchSize === spec.batchSize) {
      // The first run of a session warms caches and allocators; it is not a measurement.
      if (this.#stepMs !== undefined || segment.steps > 1)
        this.#threads.record(durationMs / segment.steps, segment.steps);
      this.#stepMs = durationMs / segment.steps;
    }
    const examples = new Int32Array(losses.length).fill(segment.batchSize);
    return {
      kind: "steps",
      first: segment.first,
      epoch: this.#order.epochAt(segment.first),
      losses,
      correct,
      examples,
      learningRates: learningRates.slice(0, losses.length),
      durationMs,
      threads,
    };
  }

  /** Computes the coming step beside the training, and keeps statistics of it. */
  async #probe(spec: ProbeSpec): Promise<Extract<TrialEvent, { kind: "probes" }>> {
    const batchSize = this.#order.batch(this.#step).length;
    const threads = this.#threads.current;
    const loaded = await this.#programs.training(batchSize, threads);
    const { program, session } = await this.#programs.probes(batchSize, threads, spec);
    const { feeds } = await this.#feedsOf(loaded, { first: this.#step, steps: 1, batchSize });
    const { steps: _, ...tables } = feeds;
    const { outputs } = await session.run({
      feeds: { ...tables, iteration: stepCount(0) },
      resident: this.#residents(),
      fetch: program.graph.outputs.map(({ name }) => name),
    });
    const record = probeRecord(this.#step, outputs);
    // A trial that resumes at this very step looked already.
    if (this.#probeRecords.at(-1)?.step !== this.#step) this.#probeRecords.push(record);
    return { kind: "probes", epoch: this.#order.epochAt(this.#step), ...readProbes(program, record) };
  }

  /** Averages the epoch's steps over its examples and measures the held-out split. */
  async #endEpoch(): Promise<TrialEvent> {
    const ended = this.#order.epochAt(this.#step - 1);
    const epoch = ended.number + 1;
    let [loss, correct, examples] = [0, 0, 0];
    for (let step = ended.first; step < this.#step; step++) {
      const size = this.#order.batch(step).length;
      loss += this.#losses[step] * size;
      correct += this.#correct[step] ?? 0;
      examples += size;
    }
    const hasAccuracy = this.#correct.length > 0;
    const train: Evaluation = {
      phase: "train",
      step: this.#step,
      epoch,
      loss: loss / examples,
      ...(hasAccuracy ? { accuracy: correct / examples } : {}),
    };
    this.#evaluations.push(train);
    if (!this.hasTest) return { kind: "epoch", epoch, step: this.#step, train };
    const measured = await this.evaluate("test");
    const validation: Evaluation = { phase: "validation", step: this.#step, epoch, ...measured };
    this.#evaluations.push(validation);
    return { kind: "epoch", epoch, step: this.#step, train, validation };
  }

  /** Whether examples are held out. */
  get hasTest(): boolean {
    return this.#splits.has("test");
  }

  /** Loss and accuracy of a split with the current state and inference statistics. */
  async evaluate(split: SplitName): Promise<{ loss: number; accuracy?: number }> {
    return evaluateSplit({
      programs: this.#programs,
      threads: this.#threads.current,
      data: this.#split(split),
      stateKey: (name) => this.#stateKey(name),
    });
  }

  #isCheckpointDue(): boolean {
    const everyMs = this.#request.checkpointEveryMs ?? 10_000;
    // The first one comes soon: it tells early whether it can be written, and compiling again is not free.
    const waitMs = this.#checkpoints === 0 && Number.isFinite(everyMs) ? Math.min(everyMs, 1000) : everyMs;
    return this.#request.now() - this.#lastCheckpoint >= waitMs;
  }

  /** The path of the first parameter or buffer that is not finite throughout. */
  async #firstBadTensor(): Promise<string | undefined> {
    for (const [path, { data }] of await this.tensors())
      if (!(data as Float32Array).every(Number.isFinite)) return path;
    return undefined;
  }

  async #checkpoint(): Promise<Extract<TrialEvent, { kind: "checkpoint" }>> {
    const checkpoint: Checkpoint = {
      spec: this.#request.spec,
      origin: trialOrigin(this.#request),
      step: this.#step,
      state: await this.#readState(),
      losses: Float32Array.from(this.#losses),
      correct: Float32Array.from(this.#correct),
      evaluations: this.#evaluations,
      probes: this.#probeRecords,
    };
    this.#lastCheckpoint = this.#request.now();
    this.#checkpoints++;
    return { kind: "checkpoint", step: this.#step, bytes: writeCheckpoint(this.#layout, checkpoint) };
  }

  async #readState(): Promise<TensorData[]> {
    const state: TensorData[] = [];
    for (const name of this.#names) state.push(await this.#request.runtime.get(this.#stateKey(name)));
    return state;
  }

  async #feedsOf({ program }: LoadedProgram, segment: Segment) {
    const { optimizer, seed } = this.#request.spec;
    const { feeds, learningRates } = segmentFeeds({
      program,
      segment,
      order: this.#order,
      optimizer,
      schedule: this.#schedule,
      totalSteps: this.#totalSteps,
      seed,
    });
    return { feeds: { ...feeds, ...(await this.#split("train").feeds(feeds.rows)) }, learningRates };
  }

  /** The training data and the current state, by the names of the program's inputs. */
  #residents(): Record<string, string> {
    return {
      ...this.#split("train").residentKeys(),
      ...Object.fromEntries(this.#names.map((name) => [name, this.#stateKey(name)])),
    };
  }

  #split(name: SplitName): SplitData {
    const split = this.#splits.get(name);
    if (split !== undefined) return split;
    throw new InvalidInputError("no examples are held out", { where: `data (${this.spec.data.dataset})` });
  }

  #keepAs(generation: number): Record<string, string> {
    return Object.fromEntries(this.#names.map((name) => [`next:${name}`, this.#stateKey(name, generation)]));
  }

  /**
   * Goes back to the state before the bad step, which becomes the trial's state, and checks every value of that step.
   * Returns the first that is not a finite number, in order of execution.
   */
  async #diagnose(segment: Segment, bad: number): Promise<string> {
    if (bad > 0) await this.#repeat({ ...segment, steps: bad });
    else this.#generation = 1 - this.#generation;
    this.#step = segment.first + bad;
    const { names, session } = await this.#programs.diagnosis(segment.batchSize);
    const { feeds } = await this.#feedsOf(await this.#programs.training(segment.batchSize, this.#threads.current), {
      ...segment,
      first: this.#step,
      steps: 1,
    });
    const { steps: _, ...tables } = feeds;
    const { outputs } = await session.run({
      feeds: { ...tables, iteration: stepCount(0) },
      resident: this.#residents(),
      fetch: ["flags"],
    });
    await session.dispose();
    return firstBad(names, outputs.flags.data as Float32Array) ?? "loss";
  }

  /** Runs the beginning of the last segment again, from the state before it. */
  async #repeat(segment: Segment): Promise<void> {
    this.#generation = 1 - this.#generation;
    const loaded = await this.#programs.training(segment.batchSize, this.#threads.current);
    await loaded.session.run({
      feeds: (await this.#feedsOf(loaded, segment)).feeds,
      resident: this.#residents(),
      keep: this.#keepAs(1 - this.#generation),
      fetch: [],
    });
    this.#generation = 1 - this.#generation;
  }

  #stateKey(name: string, generation = this.#generation): string {
    return `${this.#prefix}${generation}/${name}`;
  }
}
