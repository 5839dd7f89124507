// What probes find in an ensemble: one network after the other, as if each were trained alone.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { ProbeSpec } from "../../../probes/probe-spec.js";
import { stateOfNetworks } from "../../program/ensemble-state.js";
import { type Packing, packValues, unpackValues } from "../../program/packing.js";
import { joinedFloats, type ProbeRecord } from "../../program/probe-record.js";
import { readOptimizer } from "../../program/read-optimizer.js";
import { type StateLayout, stateLayout, stateNames } from "../../program/state-layout.js";
import type { MeasuredEpochs } from "../epochs/measured-epochs.js";
import type { ProbeReading } from "../events.js";
import { NetworkProbes } from "../network-probes.js";
import type { TrialPlan } from "../plan.js";

/**
 * Looks at the networks of an ensemble. A look costs about what a step of all networks one by one costs: the program that
 * looks is that of a single network, so that its numbers are, too.
 */
export class EnsembleProbes {
  readonly #networks: number;
  readonly #probes: NetworkProbes;
  /** The layout of one network in the ensemble, and by itself: there large tensors are in parts. */
  readonly #single: StateLayout;
  readonly #alone: StateLayout;

  constructor(plan: TrialPlan, probes: ProbeSpec, epochs: MeasuredEpochs) {
    this.#networks = plan.ensemble as number;
    this.#probes = new NetworkProbes(plan, probes, { epochs, spinning: false });
    this.#single = plan.single;
    this.#alone = stateLayout(plan.network, readOptimizer(plan.spec.optimizer));
  }

  /**
   * Computes the coming step of every network beside the training.
   * @param state vectors of all networks, in the order of `stateNames`.
   * @returns the numbers of all networks, one after the other.
   */
  async look(step: number, state: readonly TensorData[]): Promise<ProbeRecord> {
    const names = stateNames(this.#alone);
    const found: ProbeRecord[] = [];
    for (let network = 0; network < this.#networks; network++) {
      const extent = { first: network, networks: 1 };
      const own = laidOut(stateOfNetworks(state, this.#networks, extent), this.#single, this.#alone);
      const feeds = Object.fromEntries(names.map((name, i) => [name, own[i]]));
      found.push(await this.#probes.look(step, { feeds }, { network }));
    }
    const joined = (name: (typeof parts)[number]): Float32Array => joinedFloats(found.map((record) => record[name]));
    return { step, values: joined("values"), counts: joined("counts"), samples: joined("samples") };
  }

  async dispose(): Promise<void> {
    await this.#probes.dispose();
  }

  /** What a look found, one reading of each network. */
  read({ step, ...all }: ProbeRecord): readonly ProbeReading[] {
    return Array.from({ length: this.#networks }, (_, network) => {
      const [values, counts, samples] = parts.map((name) => {
        const width = all[name].length / this.#networks;
        return all[name].subarray(network * width, (network + 1) * width);
      });
      return { network, ...this.#probes.read({ step, values, counts, samples }) };
    });
  }
}

/** The arrays of a record, which in an ensemble are those of its networks, one after the other. */
const parts = ["values", "counts", "samples"] as const;

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
