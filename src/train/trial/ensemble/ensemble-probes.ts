// What probes find in an ensemble: one network after the other, as if each were trained alone.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { ScheduleFunction } from "../../../optim/schedule.js";
import type { ProbeSpec } from "../../../probes/probe-spec.js";
import type { RowOrder } from "../../data/row-order.js";
import { stateOfNetworks } from "../../program/ensemble-state.js";
import { type Packing, packValues, unpackValues } from "../../program/packing.js";
import { type ProbeProgram, probeRecord, readProbes } from "../../program/probe-program.js";
import type { ProbeRecord } from "../../program/probe-record.js";
import { type Program, stepCount, trainingProgram } from "../../program/program.js";
import type { TrainingRequest } from "../../program/program-request.js";
import { type StateLayout, stateNames } from "../../program/state-layout.js";
import type { Runtime } from "../../runtime/runtime.js";
import type { TrialSpec } from "../../spec/trial-spec.js";
import { segmentFeeds } from "../segment.js";
import { ProgramCache } from "../sessions.js";
import type { EnsembleLook } from "./ensemble-events.js";

export interface EnsembleProbeRequest {
  readonly probes: ProbeSpec;
  readonly spec: TrialSpec;
  readonly networks: number;
  readonly runtime: Runtime;
  /** What the programs of one network are made of. */
  readonly program: Omit<TrainingRequest, "batchSize" | "ensemble">;
  /** The layout of one network as part of the ensemble, and by itself: there large tensors are in parts. */
  readonly within: StateLayout;
  readonly alone: StateLayout;
  /** Of every network, or one that they share. */
  readonly orders: readonly RowOrder[];
  readonly schedule: ScheduleFunction;
  readonly totalSteps: number;
}

/**
 * Looks at the networks of an ensemble. A look costs about what a step of all networks one by one costs: the program that
 * looks is that of a single network, so that its numbers are, too.
 */
export class EnsembleProbes {
  /** What was found so far: the numbers of all networks, one after the other. */
  readonly records: ProbeRecord[] = [];
  readonly #request: EnsembleProbeRequest;
  readonly #programs: ProgramCache;
  readonly #training = new Map<number, Program>();

  constructor(request: EnsembleProbeRequest) {
    this.#request = request;
    this.#programs = new ProgramCache(request.runtime, request.program, false);
  }

  /** Steps between two looks. */
  get every(): number {
    return this.#request.probes.every;
  }

  /** All looks so far. */
  get looks(): readonly (readonly EnsembleLook[])[] {
    return this.records.map((record) => this.#read(record));
  }

  /**
   * Computes the coming step of every network beside the training.
   * @param state vectors of all networks, in the order of `stateNames`.
   * @param resident keys of the arrays of data in the runtime, by name.
   */
  async look(
    step: number,
    state: readonly TensorData[],
    resident: Readonly<Record<string, string>>,
  ): Promise<readonly EnsembleLook[]> {
    const { probes, networks, within, alone, orders } = this.#request;
    const batchSize = orders[0].batch(step).length;
    const { program, session } = await this.#programs.probes(batchSize, 1, probes);
    const fetch = program.graph.outputs.map(({ name }) => name);
    const names = stateNames(alone);
    const found: ProbeRecord[] = [];
    for (let network = 0; network < networks; network++) {
      const own = laidOut(stateOfNetworks(state, networks, { first: network, networks: 1 }), within, alone);
      const { steps: _, ...tables } = this.#feeds(step, batchSize, network);
      const vectors = Object.fromEntries(names.map((name, i) => [name, own[i]]));
      const { outputs } = await session.run({
        feeds: { ...tables, ...vectors, iteration: stepCount(0) },
        resident,
        fetch,
      });
      found.push(probeRecord(step, outputs));
    }
    const record = { step, values: joined(found, "values"), counts: joined(found, "counts") };
    // A trial that resumes at this very step looked already.
    if (this.records.at(-1)?.step !== step) this.records.push(record);
    return this.#read(record);
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }

  #feeds(step: number, batchSize: number, network: number): Record<string, TensorData> {
    const { spec, orders, schedule, totalSteps } = this.#request;
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
      program = trainingProgram({ ...this.#request.program, batchSize });
      this.#training.set(batchSize, program);
    }
    return program;
  }

  #read(record: ProbeRecord): readonly EnsembleLook[] {
    const { probes, networks, orders } = this.#request;
    const program: ProbeProgram = this.#programs.probeProgram(orders[0].batch(record.step).length, probes);
    const part = (all: Float32Array, network: number): Float32Array =>
      all.subarray((network * all.length) / networks, ((network + 1) * all.length) / networks);
    return Array.from({ length: networks }, (_, network) => ({
      network,
      ...readProbes(program, {
        step: record.step,
        values: part(record.values, network),
        counts: part(record.counts, network),
      }),
    }));
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
