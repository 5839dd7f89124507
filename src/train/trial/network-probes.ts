// The probes of one network: its program and its sessions, and what they are fed.
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { ProbeSpec } from "../../probes/probe-spec.js";
import type { SplitData } from "../data/split-data.js";
import { type ProbeProgram, probeRecord, readProbes } from "../program/probe-program.js";
import type { ProbeRecord } from "../program/probe-record.js";
import { stepCount } from "../program/program.js";
import type { MeasuredEpochs } from "./epochs/measured-epochs.js";
import type { ProbeReading } from "./events.js";
import type { TrialPlan } from "./plan.js";
import { type ChosenInputs, chosenInputs, probedRequest } from "./probe-inputs.js";
import { segmentFeeds } from "./segment.js";
import { ProgramCache } from "./sessions.js";

/** State vectors of one network by their names: as they are, or as keys of what the runtime holds. */
export interface ProbedState {
  readonly feeds?: Readonly<Record<string, TensorData>>;
  readonly resident?: Readonly<Record<string, string>>;
}

interface Surroundings {
  /** What schedules go by. */
  readonly epochs: MeasuredEpochs;
  /** Whether idle threads may spin. */
  readonly spinning: boolean;
}

export class NetworkProbes {
  readonly #plan: TrialPlan;
  readonly #probes: ProbeSpec;
  readonly #epochs: MeasuredEpochs;
  readonly #programs: ProgramCache;
  /** Undefined where every step is looked at on its own batch. */
  readonly #chosen: ChosenInputs | undefined;

  constructor(plan: TrialPlan, probes: ProbeSpec, { epochs, spinning }: Surroundings) {
    this.#plan = plan;
    this.#probes = probes;
    this.#epochs = epochs;
    this.#programs = new ProgramCache(plan.runtime, probedRequest(plan.program, probes), spinning);
    this.#chosen = chosenInputs(probes, plan.splits, plan.program.layout);
  }

  /**
   * Computes a step beside the training.
   * @param network its number: of an ensemble every network has its own seed, and may have its own order and rate.
   */
  async look(step: number, state: ProbedState, { network = 0, threads = 1 } = {}): Promise<ProbeRecord> {
    const { program, session } = await this.#programs.probes(this.#examples(step), threads, this.#probes);
    const { rows, ...tables } = this.#tables(program, step, network);
    const data = this.#plan.splits.get("train") as SplitData;
    const arrays = this.#chosen === undefined ? await data.feeds(rows) : await this.#chosen.feeds();
    const { outputs } = await session.run({
      feeds: { ...tables, ...arrays, ...state.feeds, iteration: stepCount(0) },
      resident: { ...(this.#chosen?.resident ?? data.residentKeys()), ...state.resident },
      fetch: program.graph.outputs.map(({ name }) => name),
    });
    return probeRecord(step, outputs);
  }

  /** What the kept numbers say. */
  read(record: ProbeRecord): Omit<ProbeReading, "network"> {
    const examples = this.#examples(record.step);
    return { ...readProbes(this.#programs.probeProgram(examples, this.#probes), record), examples };
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }

  #examples(step: number): number {
    return this.#chosen?.examples ?? this.#plan.orders[0].sizeAt(step);
  }

  /** Row numbers, hyperparameters and random keys of one step. */
  #tables(program: ProbeProgram, step: number, network: number): Readonly<Record<string, TensorData>> {
    const { spec, orders, schedule, totalSteps, watchesEpochs } = this.#plan;
    const order = orders[network] ?? orders[0];
    const learningRate = spec.learningRates?.[network];
    const { steps: _, ...tables } = segmentFeeds({
      ...{ program, order, schedule, totalSteps, seed: spec.seed + network },
      segment: { first: step, steps: 1, batchSize: order.sizeAt(step) },
      ...(watchesEpochs ? { measured: this.#epochs.of(network, step) } : {}),
      optimizer: { ...spec.optimizer, ...(learningRate === undefined ? {} : { learningRate }) },
    }).feeds;
    return tables;
  }
}
