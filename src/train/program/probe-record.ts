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
  readonly low: number;
  readonly high: number;
  readonly counts: Float32Array;
}

/** The reading of one network before a step. */
export interface ProbeFindings {
  readonly step: number;
  readonly values: readonly (ProbedValue & { readonly value: number })[];
  readonly histograms: readonly ProbedHistogram[];
}

/** One reading: the numbers in the order of the program's outputs. */
export interface ProbeRecord {
  readonly step: number;
  readonly values: Float32Array;
  /** Rows of histograms, concatenated; empty without histograms. */
  readonly counts: Float32Array;
}

/** All readings as three tensors: `steps [n]`, `values [n, numbers]`, `counts [n, bins]`. Empty without readings. */
export function probeTensors(records: readonly ProbeRecord[]): Map<string, TensorData> {
  if (records.length === 0) return new Map();
  const stacked = (of: (record: ProbeRecord) => Float32Array): TensorData => {
    const width = of(records[0]).length;
    const data = new Float32Array(records.length * width);
    for (const [i, record] of records.entries()) data.set(of(record), i * width);
    return tensorData("float32", [records.length, width], data);
  };
  const steps = Int32Array.from(records, ({ step }) => step);
  return new Map([
    ["steps", tensorData("int32", [records.length], steps)],
    ["values", stacked(({ values }) => values)],
    ["counts", stacked(({ counts }) => counts)],
  ]);
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
  return Array.from({ length: number }, (_, i) => {
    const [own, counted] = rows.map(({ data, shape }) =>
      (data as Float32Array).slice(i * shape[1], (i + 1) * shape[1]),
    );
    return { step: Number(steps.data[i]), values: own, counts: counted };
  });
}
