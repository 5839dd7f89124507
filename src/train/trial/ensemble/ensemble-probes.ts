// What probes find in an ensemble: one network after the other, as if each were trained alone.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { ProbeSpec } from "../../../probes/probe-spec.js";
import type { SplitData } from "../../data/split-data.js";
import { stateOfNetworks } from "../../program/ensemble-state.js";
import { type Packing, packValues, unpackValues } from "../../program/packing.js";
import { probeRecord, readProbes } from "../../program/probe-program.js";
import type { ProbeRecord } from "../../program/probe-record.js";
import { type Program, stepCount, trainingProgram } from "../../program/program.js";
import { readOptimizer } from "../../program/read-optimizer.js";
import { type StateLayout, stateLayout, stateNames } from "../../program/state-layout.js";
import type { ProbeReading } from "../events.js";
import type { TrialPlan } from "../plan.js";
import { segmentFeeds } from "../segment.js";
import { ProgramCache } from "../sessions.js";

/**
 * Looks at the networks of an ensemble. A look costs about what a step of all networks one by one costs: the program that
 * looks is that of a single network, so that its numbers are, too.
 */
export class EnsembleProbes {
  readonly #plan: TrialPlan;
  readonly #networks: number;
  readonly #probes: ProbeSpec;
  readonly #programs: ProgramCache;
  readonly #training = new Map<number, Program>();
  /** The layout of one network by itself: there large tensors are in parts. */
  readonly #alone: StateLayout;

  constructor(plan: TrialPlan, probes: ProbeSpec) {
    this.#plan = plan;
    this.#networks = plan.ensemble as number;
    this.#probes = probes;
    this.#programs = new ProgramCache(plan.runtime, plan.program, false);
    this.#alone = stateLayout(plan.network, readOptimizer(plan.spec.optimizer));
  }

  /**
   * Computes the coming step of every network beside the training.
   * @param state vectors of all networks, in the order of `stateNames`.
   * @returns the numbers of all networks, one after the other.
   */
  async look(step: number, state: readonly TensorData[], data: SplitData): Promise<ProbeRecord> {
    const batchSize = this.#plan.orders[0].sizeAt(step);
    const { program, session } = await this.#programs.probes(batchSize, 1, this.#probes);
    const fetch = program.graph.outputs.map(({ name }) => name);
    const names = stateNames(this.#alone);
    const found: ProbeRecord[] = [];
    for (let network = 0; network < this.#networks; network++) {
      const extent = { first: network, networks: 1 };
      const own = laidOut(stateOfNetworks(state, this.#networks, extent), this.#plan.single, this.#alone);
      const { steps: _, ...tables } = this.#feeds(step, batchSize, network);
      const vectors = Object.fromEntries(names.map((name, i) => [name, own[i]]));
      const { outputs } = await session.run({
        feeds: { ...tables, ...(await data.feeds(tables.rows)), ...vectors, iteration: stepCount(0) },
        resident: data.residentKeys(),
        fetch,
      });
      found.push(probeRecord(step, outputs));
    }
    return { step, values: joined(found, "values"), counts: joined(found, "counts") };
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }

  /** What a look found, one reading of each network. */
  read({ step, values, counts }: ProbeRecord): readonly ProbeReading[] {
    const program = this.#programs.probeProgram(this.#plan.orders[0].sizeAt(step), this.#probes);
    const part = (all: Float32Array, network: number): Float32Array =>
      all.subarray((network * all.length) / this.#networks, ((network + 1) * all.length) / this.#networks);
    return Array.from({ length: this.#networks }, (_, network) => ({
      network,
      ...readProbes(program, { step, values: part(values, network), counts: part(counts, network) }),
    }));
  }

  #feeds(step: number, batchSize: number, network: number): Readonly<Record<string, TensorData>> {
    const { spec, orders, schedule, totalSteps } = this.#plan;
    const learningRate = spec.learningRates?.[network];
    return segmentFeeds({
      program: this.#trainingProgram(batchSize),
      segment: { first: step, steps: 1, batchSize },
      order: orders[network] ?? orders[0],
      optimizer: { ...spec.optimizer, ...(learningRate === undefined ? {} : { learningRate }) },
      ...{ schedule, totalSteps, seed: spec.seed + network },
    }).feeds;
  }

  /** It is not run: it says which tables there are. */
  #trainingProgram(batchSize: number): Program {
    let program = this.#training.get(batchSize);
    if (program === undefined) {
      program = trainingProgram({ ...this.#plan.program, batchSize });
      this.#training.set(batchSize, program);
    }
    return program;
  }
}

/** State vectors of one layout in another. */
function laidOut(state: readonly TensorData[], from: StateLayout, to: StateLayout): TensorData[] {
  const kinds = 1 + Object.keys(from.slots).length;
  const width = from.parameters.length;
  const moved = (vectors: readonly TensorData[], before: Packing, after: Packing): TensorData[] => {
    const values = unpackValues(before, vectors);
    return packValues(after, (path) => values.get(path)?.data as Float32Array);
  };
  return [
    ...Array.from({ length: kinds }, (_, i) => state.slice(i * width, (i + 1) * width)).flatMap((vectors) =>
      moved(vectors, from.parameters, to.parameters),
    ),
    ...moved(state.slice(kinds * width), from.buffers, to.buffers),
  ];
}

function joined(records: readonly ProbeRecord[], name: "values" | "counts"): Float32Array {
  const all = new Float32Array(records.reduce((total, record) => total + record[name].length, 0));
  let at = 0;
  for (const record of records) {
    all.set(record[name], at);
    at += record[name].length;
  }
  return all;
}
