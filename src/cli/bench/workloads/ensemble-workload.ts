// The ensemble of the race: deep and narrow networks, as in studies of dying units.

import { tensorData } from "../../../core/numbers/tensor-data.js";
import { randomStream } from "../../../core/random/rng.js";
import type { Dataset } from "../../../data/dataset.js";
import { localData } from "../../../data/source.js";
import type { KindSpec } from "../../../train/spec/trial-spec.js";

export interface EnsembleWorkload {
  readonly networks: number;
  readonly hiddenLayers: number;
  readonly units: number;
  readonly examples: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
}

/** Lu, Shin, Su and Karniadakis, "Dying ReLU and initialization", 2020: 10 layers of width 2, 3,000 points. */
export const narrowEnsemble: EnsembleWorkload = {
  networks: 1000,
  hiddenLayers: 10,
  units: 2,
  examples: 3000,
  batchSize: 64,
  epochs: 2,
  learningRate: 1e-3,
};

/** A workload for one process, with its threads. */
export interface EnsembleAssignment extends EnsembleWorkload {
  readonly threads: number;
}

/** One input, dense layers with ReLU, one output; PyTorch's initial weights. */
export function ensembleModel({ hiddenLayers, units }: EnsembleWorkload): KindSpec {
  const hidden = Array.from({ length: hiddenLayers }, () => [{ kind: "dense", units }, { kind: "relu" }]);
  return { kind: "sequential", layers: [...hidden.flat(), { kind: "dense", units: 1 }] };
}

/** `y = |x|` on the interval of the study. */
export function ensembleData({ examples }: EnsembleWorkload): Dataset {
  const stream = randomStream(0, "ensemble data");
  const x = Float32Array.from({ length: examples }, (_, i) => Math.sqrt(7) * (2 * stream.uniform(i) - 1));
  const train = {
    inputs: tensorData("float32", [examples, 1], x),
    targets: tensorData("float32", [examples, 1], x.map(Math.abs)),
  };
  return {
    ...localData("absolute-value", `${examples}`),
    title: "y = |x|",
    train,
    inputShape: [1],
  };
}
