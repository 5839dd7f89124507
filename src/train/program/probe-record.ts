// Probe readings, as a trial keeps them and as checkpoints store them.
import { CorruptFileError } from "../../core/errors.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";
import type { ProbeTarget } from "../../probes/probe-spec.js";

/** One number of a probe program. */
export interface ProbedValue {
  readonly of: ProbeTarget | "loss";
  /** Layer or parameter; "" for the whole network. */
  readonly path: string;
  readonly statistic: string;
}

/** Elements counted in equal bins from `low` to `high`. */
export interface ProbedHistogram {
  readonly of: ProbeTarget;
  readonly path: string;
  /** Every so-many-th element is counted, in row-major order; 1 for all. The ends are those of all elements. */
  readonly stride: number;
  readonly low: number;
  readonly high: number;
  readonly counts: Float32Array;
}

/** Raw values of a tensor: every `stride`-th element in row-major order, starting with the first. */
export interface ProbedSamples {
  readonly of: ProbeTarget;
  readonly path: string;
  readonly stride: number;
  readonly values: Float32Array;
}

/** The reading of one network before a step, or after the last. */
export interface ProbeFindings {
  readonly step: number;
  readonly values: readonly (ProbedValue & { readonly value: number })[];
  readonly histograms: readonly ProbedHistogram[];
  readonly samples: readonly ProbedSamples[];
}

/** One reading: the numbers in the order of the program's outputs. */
export interface ProbeRecord {
  readonly step: number;
  readonly values: Float32Array;
  /** Rows of histograms, concatenated; empty without histograms. */
  readonly counts: Float32Array;
  /** Samples of all tensors, concatenated; empty without samples. A smaller batch has fewer. */
  readonly samples: Float32Array;
}

/**
 * All readings as tensors: `steps [n]`, `values [n, numbers]`, `counts [n, bins]`; with samples also `samples`,
 * concatenated, and `sampleCounts [n]`. Empty without readings.
 */
export function probeTensors(records: readonly ProbeRecord[]): Map<string, TensorData> {
  if (records.length === 0) return new Map();
  const stacked = (of: (record: ProbeRecord) => Float32Array): TensorData => {
    const width = of(records[0]).length;
    const data = new Float32Array(records.length * width);
    for (const [i, record] of records.entries()) data.set(of(record), i * width);
    return tensorData("float32", [records.length, width], data);
  };
  const steps = Int32Array.from(records, ({ step }) => step);
  const tensors = new Map([
    ["steps", tensorData("int32", [records.length], steps)],
    ["values", stacked(({ values }) => values)],
    ["counts", stacked(({ counts }) => counts)],
  ]);
  const samples = joinedFloats(records.map((record) => record.samples));
  if (samples.length === 0) return tensors;
  const sampleCounts = Int32Array.from(records, (record) => record.samples.length);
  return tensors
    .set("samples", tensorData("float32", [samples.length], samples))
    .set("sampleCounts", tensorData("int32", [records.length], sampleCounts));
}

/** The arrays, concatenated. */
export function joinedFloats(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The readings that `probeTensors` stored under `probes/`. @throws CorruptFileError if they are inconsistent. */
export function readProbeTensors(where: string, tensors: ReadonlyMap<string, TensorData>): ProbeRecord[] {
  const [steps, values, counts] = ["steps", "values", "counts"].map((name) => tensors.get(`probes/${name}`));
  if (steps === undefined) return [];
  const number = steps.shape[0];
  const rows = [values, counts].map((tensor) => {
    if (tensor?.data instanceof Float32Array && tensor.shape.length === 2 && tensor.shape[0] === number) return tensor;
    throw new CorruptFileError("the probe readings are damaged", { where });
  });
  const samples = readSamples(where, tensors, number);
  return Array.from({ length: number }, (_, i) => {
    const [own, counted] = rows.map(({ data, shape }) =>
      (data as Float32Array).slice(i * shape[1], (i + 1) * shape[1]),
    );
    return { step: Number(steps.data[i]), values: own, counts: counted, samples: samples[i] };
  });
}

/** The samples of every reading. */
function readSamples(where: string, tensors: ReadonlyMap<string, TensorData>, readings: number): Float32Array[] {
  const [samples, counts] = ["samples", "sampleCounts"].map((name) => tensors.get(`probes/${name}`)?.data);
  if (samples === undefined && counts === undefined) return Array.from({ length: readings }, () => new Float32Array(0));
  const lengths = counts instanceof Int32Array ? [...counts] : [];
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (!(samples instanceof Float32Array) || lengths.length !== readings || total !== samples.length) {
    throw new CorruptFileError("the samples of probes are damaged", { where });
  }
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return samples.slice(at - length, at);
  });
}
