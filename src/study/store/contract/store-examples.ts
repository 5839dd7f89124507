// Made-up runs, trials and measurements for tests of stores.
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import type { SeriesBlock, SeriesKey } from "../../../core/rows.js";
import { trialSpec } from "../../../train/spec/trial-spec.js";
import type { PlannedTrial } from "../../definition.js";
import { type KeptTensor, measurementPlan } from "../../measurement.js";
import type { NewRun, TrialEnd } from "../store.js";

/** A trial that differs by seed. Its model cannot be built. */
export function exampleTrial(seed: number, variant = "plain"): PlannedTrial {
  const spec = trialSpec({
    model: { kind: "sequential", layers: [{ kind: "dense", units: 10 }], names: [variant] },
    data: { source: { kind: "published", name: "mnist", fingerprint: "f00d" }, scaling: "unit" },
    optimizer: { kind: "sgd", learningRate: 0.1 },
    steps: 4,
    seed,
  });
  return { factors: { variant }, replicate: seed, spec, measure: measurementPlan() };
}

export const exampleRun: NewRun = {
  study: "normalization",
  preset: "quick",
  settings: { epochs: 2 },
  seeds: [7, 3],
  data: { train: { title: "MNIST sample", isSample: true, fingerprint: "f00d" } },
  command: "trainscope study run normalization --preset quick",
  startedAt: "2026-11-22T20:25:01.500Z",
  versions: { trainscope: "0.1.0" },
  machine: "2 cores",
};

export const exampleEnd: TrialEnd = {
  status: "done",
  diverged: [],
  timings: { compileMs: 100.5, trainMs: 2000, evaluateMs: 30, totalMs: 2200 },
};

/** Difficult numbers: smallest and largest, signed zeros, numbers that JSON and SQL lack. */
export const hardNumbers = [
  ...[0.1 + 0.2, -0, 0, Number.NaN, Infinity, -Infinity],
  ...[5e-324, 1.7976931348623157e308, 2 ** 53, -7, 2 ** -149, 0.1],
];

/** One series from step `first` on, with three steps per epoch. */
export function exampleSeries(
  trial: string,
  values: ArrayLike<number>,
  {
    first = 0,
    networks = 1,
    ...key
  }: Partial<SeriesKey> & { readonly first?: number; readonly networks?: number } = {},
): SeriesBlock {
  const rows = values.length / networks;
  return {
    ...{ trial, phase: "train", metric: "loss", path: "", ...key, networks },
    steps: Int32Array.from({ length: rows }, (_, i) => first + i),
    epochs: Float64Array.from({ length: rows }, (_, i) => (first + i) / 3),
    values: Float64Array.from(values),
  };
}

/** A kept tensor with one axis. */
export function exampleTensor(path: string, values: readonly number[], place: Partial<KeptTensor> = {}): KeptTensor {
  return { at: "end", network: 0, path, tensor: tensorFrom("float32", [values.length], values), ...place };
}
