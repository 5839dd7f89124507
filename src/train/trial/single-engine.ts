// Trains one network: its state and data stay in the runtime, and every kind of program is loaded when it is needed.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { SplitName } from "../../data/dataset.js";
import type { RowOrder } from "../data/row-order.js";
import type { SplitData } from "../data/split-data.js";
import { initialState } from "../program/initial-state.js";
import type { ProbeRecord } from "../program/probe-record.js";
import { stepCount } from "../program/program.js";
import { stateNames } from "../program/state-layout.js";
import { runtimeTarget } from "../runtime/runtime-target.js";
import { equalThreadCounts } from "../runtime/thread-choice.js";
import { firstBad } from "./diagnosis.js";
import { type SegmentResult, stepMeasurements, type TrialEngine } from "./engine.js";
import type { MeasuredEpochs } from "./epochs/measured-epochs.js";
import { evaluateNetworks } from "./evaluation/evaluation.js";
import type { Measured, ProbeReading } from "./events.js";
import { NetworkProbes } from "./network-probes.js";
import type { TrialPlan } from "./plan.js";
import { type Segment, type SegmentFeeds, segmentFeeds } from "./segment.js";
import { type LoadedProgram, ProgramCache } from "./sessions.js";

export class SingleEngine implements TrialEngine {
  readonly networks = 1;
  readonly threadCounts: readonly number[];
  readonly #plan: TrialPlan;
  readonly #epochs: MeasuredEpochs;
  readonly #order: RowOrder;
  readonly #programs: ProgramCache;
  readonly #probes: NetworkProbes | undefined;
  readonly #names: readonly string[];
  /** Keys of what the runtime holds for this trial. */
  readonly #resident = new Set<string>();
  /** Which of the two generations of resident state is current. The other is that before the last segment. */
  #generation = 0;

  /** @param threads of every program; chosen by measurement when left out. */
  constructor(plan: TrialPlan, epochs: MeasuredEpochs, threads: number | undefined) {
    this.#plan = plan;
    this.#epochs = epochs;
    this.#order = plan.orders[0];
    this.#names = stateNames(plan.state);
    const spinning = threads === undefined || threads > 1;
    this.#programs = new ProgramCache(plan.runtime, plan.program, spinning);
    this.#probes = plan.probes === undefined ? undefined : new NetworkProbes(plan, plan.probes, { epochs, spinning });
    this.threadCounts =
      threads === undefined
        ? equalThreadCounts(plan.runtime.capabilities.threads.most, runtimeTarget(plan.runtime))
        : [threads];
  }

  mostSteps(step: number): number {
    return this.#split("train").mostSteps(this.#order.sizeAt(step));
  }

  async upload(state: readonly TensorData[] | undefined): Promise<void> {
    const { splits, network, state: layout, spec, initial } = this.#plan;
    for (const split of splits.values()) {
      for (const [key, tensor] of split.residentArrays()) await this.#put(key, tensor);
    }
    await this.writeState(state ?? initialState(network, layout, spec.seed, initial));
  }

  /** Only the first program: that of a smaller last batch would make the user wait for the first loss. */
  async compile(step: number, threads: number): Promise<void> {
    await this.#programs.training(this.#order.sizeAt(step), threads);
  }

  async runSegment(segment: Segment, threads: number): Promise<SegmentResult> {
    const loaded = await this.#programs.training(segment.batchSize, threads);
    const { feeds, learningRates, momenta } = await this.#feedsOf(loaded, segment);
    const fetch = loaded.program.graph.outputs.map(({ name }) => name).filter((name) => !name.startsWith("next:"));
    const { outputs, durationMs } = await this.#run(loaded, feeds, fetch);
    return {
      ...stepMeasurements(outputs, segment.steps, 1),
      learningRates,
      ...(momenta === undefined ? {} : { momenta }),
      durationMs,
      threads,
    };
  }

  async rewind(segment: Segment, steps: number, threads: number): Promise<void> {
    this.#generation = 1 - this.#generation;
    if (steps === 0) return;
    const loaded = await this.#programs.training(segment.batchSize, threads);
    const { feeds } = await this.#feedsOf(loaded, { ...segment, steps });
    await this.#run(loaded, feeds, []);
  }

  async lossesAt(step: number, threads: number): Promise<Float32Array> {
    const batchSize = this.#order.sizeAt(step);
    const loaded = await this.#programs.training(batchSize, threads);
    const { feeds } = await this.#feedsOf(loaded, { first: step, steps: 1, batchSize });
    const { outputs } = await loaded.session.run({ feeds, resident: this.#residents(), fetch: ["loss"] });
    return outputs.loss.data as Float32Array;
  }

  probe(step: number, threads: number): Promise<ProbeRecord> {
    return this.#looking().look(step, { resident: this.#stateKeys() }, { threads });
  }

  readings(record: ProbeRecord): readonly ProbeReading[] {
    return [{ network: 0, ...this.#looking().read(record) }];
  }

  async evaluate(split: SplitName, threads: number): Promise<Measured> {
    const data = this.#split(split);
    const stateKey = (name: string) => this.#stateKey(name);
    const { loss, accuracy } = await evaluateNetworks(
      { programs: this.#programs, threads, data, stateKey, batch: this.#plan.evaluationBatch },
      1,
    );
    return { loss: [...loss], ...(accuracy === undefined ? {} : { accuracy: [...accuracy] }) };
  }

  async writeState(state: readonly TensorData[]): Promise<void> {
    for (const [i, name] of this.#names.entries()) await this.#put(this.#stateKey(name), state[i]);
  }

  async readState(): Promise<TensorData[]> {
    const state: TensorData[] = [];
    for (const name of this.#names) state.push(await this.#plan.runtime.get(this.#stateKey(name)));
    return state;
  }

  /** Checks every value of the coming step, one after the other in order of execution. */
  async whereDiverged(step: number, threads: number): Promise<string> {
    const { names, session } = await this.#programs.diagnosis(this.#order.sizeAt(step));
    try {
      const { outputs } = await session.run({
        feeds: await this.#tablesOf(step, threads),
        resident: this.#residents(),
        fetch: ["flags"],
      });
      return firstBad(names, outputs.flags.data as Float32Array) ?? "loss";
    } finally {
      await session.dispose();
    }
  }

  async dispose(): Promise<void> {
    await this.#probes?.dispose();
    await this.#programs.dispose();
    for (const key of this.#resident) await this.#plan.runtime.remove(key);
    this.#resident.clear();
  }

  async #put(key: string, tensor: TensorData): Promise<void> {
    await this.#plan.runtime.put(key, tensor);
    this.#resident.add(key);
  }

  /** Runs steps on the current state; what they leave becomes current. */
  async #run({ session }: LoadedProgram, feeds: Readonly<Record<string, TensorData>>, fetch: readonly string[]) {
    const nextGeneration = 1 - this.#generation;
    const keep = Object.fromEntries(this.#names.map((name) => [`next:${name}`, this.#stateKey(name, nextGeneration)]));
    const result = await session.run({ feeds, resident: this.#residents(), keep, fetch });
    this.#generation = nextGeneration;
    for (const name of this.#names) this.#resident.add(this.#stateKey(name));
    return result;
  }

  async #feedsOf({ program }: LoadedProgram, segment: Segment): Promise<SegmentFeeds> {
    const { schedule, totalSteps, spec, watchesEpochs } = this.#plan;
    const { feeds, ...rest } = segmentFeeds({
      ...{ program, segment, schedule, totalSteps, order: this.#order },
      ...{ optimizer: spec.optimizer, seed: spec.seed },
      ...(watchesEpochs ? { measured: this.#epochs.of(0, segment.first) } : {}),
    });
    return { ...rest, feeds: { ...feeds, ...(await this.#split("train").feeds(feeds.rows)) } };
  }

  /** What a program of one step beside the training is fed. */
  async #tablesOf(step: number, threads: number): Promise<Record<string, TensorData>> {
    const batchSize = this.#order.sizeAt(step);
    const loaded = await this.#programs.training(batchSize, threads);
    const { steps: _, ...tables } = (await this.#feedsOf(loaded, { first: step, steps: 1, batchSize })).feeds;
    return { ...tables, iteration: stepCount(0) };
  }

  /** The training data and the current state, by the names of the program's inputs. */
  #residents(): Record<string, string> {
    return { ...this.#split("train").residentKeys(), ...this.#stateKeys() };
  }

  /** Keys of the current state by the names of the program's inputs. */
  #stateKeys(): Record<string, string> {
    return Object.fromEntries(this.#names.map((name) => [name, this.#stateKey(name)]));
  }

  #split(name: SplitName): SplitData {
    return this.#plan.splits.get(name) as SplitData;
  }

  #looking(): NetworkProbes {
    return this.#probes as NetworkProbes;
  }

  #stateKey(name: string, generation = this.#generation): string {
    return `${this.#plan.prefix}${generation}/${name}`;
  }
}
