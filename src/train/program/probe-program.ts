// The probe program: computes one step apart from the training and keeps only statistics.

import { CorruptFileError } from "../../core/errors.js";
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { scalar, withScope } from "../../graph/build.js";
import { add, mul, sub } from "../../graph/ops/elementwise/arithmetic.js";
import { concat, reshape } from "../../graph/ops/movement/shape-movement.js";
import { slice } from "../../graph/ops/movement/slicing.js";
import { simplify } from "../../graph/passes/simplify.js";
import type { Graph, Tensor } from "../../graph/tensor.js";
import { countedStride, histogram } from "../../probes/histogram.js";
import { hasLoss, type ProbeSpec, type ProbeTarget } from "../../probes/probe-spec.js";
import { sampledValues } from "../../probes/samples.js";
import { type Statistic, type StatisticContext, squaredNorm, statistics } from "../../probes/statistics.js";
import { wholeBatch } from "./backward.js";
import { unpack } from "./packing.js";
import type { ProbedSamples, ProbedValue, ProbeFindings, ProbeRecord } from "./probe-record.js";
import type { TrainingRequest } from "./program-request.js";
import { singleStep } from "./single-step.js";
import { type TrainingStep, trainingStep } from "./step.js";

export interface ProbeProgram {
  /**
   * Inputs as those of the training program, with `iteration` for `steps`; outputs `values`, `counts` of histograms, and
   * `samples`.
   */
  readonly graph: Graph;
  /** Names of the per-step scalars and random streams, as in the training program. */
  readonly hyperNames: readonly string[];
  readonly randomStreams: readonly string[];
  /** The entries of `values`, in order. */
  readonly values: readonly ProbedValue[];
  /** The histogram in each row of `counts`; its ends are the first and second of these two values. */
  readonly histograms: readonly {
    readonly of: ProbeTarget;
    readonly path: string;
    readonly stride: number;
    readonly low: number;
    readonly high: number;
  }[];
  /** The entries of `samples`, in order. */
  readonly samples: readonly (Omit<ProbedSamples, "values"> & { readonly first: number; readonly count: number })[];
}

/** The stored outputs of the program. */
export function probeRecord(step: number, outputs: Readonly<Record<string, TensorData>>): ProbeRecord {
  const [values, counts, samples] = ["values", "counts", "samples"].map(
    (name) => (outputs[name]?.data as Float32Array | undefined) ?? new Float32Array(0),
  );
  return { step, values, counts, samples };
}

/**
 * Decodes the stored numbers.
 * @throws CorruptFileError if there are not as many as the program makes: they are of a checkpoint of another version.
 */
export function readProbes(
  { values: names, histograms, samples: sampled }: ProbeProgram,
  { step, values, counts, samples }: ProbeRecord,
): ProbeFindings {
  if (values.length !== names.length) {
    throw new CorruptFileError("the readings of the checkpoint are those of other probes", {
      where: "probes",
      expected: `${names.length} numbers`,
      received: `${values.length}`,
      remedy: "Resume with the version that wrote the checkpoint, or start anew without --resume",
    });
  }
  const bins = counts.length / Math.max(1, histograms.length);
  return {
    step,
    values: names.flatMap((name, i) => (name.statistic.startsWith("histogram") ? [] : [{ ...name, value: values[i] }])),
    histograms: histograms.map(({ of, path, stride, low, high }, i) => ({
      of,
      path,
      stride,
      low: values[low],
      high: values[high],
      counts: counts.slice(i * bins, (i + 1) * bins),
    })),
    samples: sampled.map(({ first, count, ...rest }) => ({ ...rest, values: samples.slice(first, first + count) })),
  };
}

/** A tensor to probe. */
interface Probed {
  readonly of: ProbeTarget;
  readonly path: string;
  readonly tensor: Tensor;
  readonly context: StatisticContext;
}

/** Builds the program that probes the first step of a segment. */
export function probeProgram(request: TrainingRequest, spec: ProbeSpec): ProbeProgram {
  const { microBatchSize: _, ...whole } = request;
  const step = trainingStep(whole, { sites: true });
  const probed = probedTensors(step).filter(({ of }) => spec.of.includes(of));
  const values: (ProbedValue & { readonly tensor: Tensor })[] = [];
  const counts: Tensor[] = [];
  const histograms: ProbeProgram["histograms"][number][] = [];
  const samples: ProbeProgram["samples"][number][] = [];
  const kept: Tensor[] = [];
  const keep = (of: ProbedValue["of"], path: string, statistic: string, tensor: Tensor): number =>
    values.push({ of, path, statistic, tensor }) - 1;
  for (const { of, path, tensor, context } of probed) {
    withScope(`probe ${of} ${path}`, () => {
      for (const name of spec.statistics) {
        const statistic: Statistic = statistics[name];
        const value = statistic.build(tensor, context);
        if (value !== undefined) keep(of, path, name, value);
      }
      if (spec.samples > 0) {
        const { stride, values: own } = sampledValues(tensor, spec.samples);
        const first = samples.reduce((total, { count }) => total + count, 0);
        samples.push({ of, path, stride, first, count: own.shape[0] });
        kept.push(own);
      }
      if (spec.histogramBins === 0) return;
      const counted = histogram(tensor, spec.histogramBins);
      counts.push(reshape(counted.counts, [1, spec.histogramBins]));
      const low = keep(of, path, "histogramLow", counted.low);
      const stride = countedStride(sizeOf(tensor.shape));
      histograms.push({ of, path, stride, low, high: keep(of, path, "histogramHigh", counted.high) });
    });
  }
  if (spec.noiseScale) for (const [name, tensor] of noiseParts(whole, step)) keep("gradients", "", name, tensor);
  if (hasLoss(spec)) keep("loss", "", "loss", step.loss);
  const graph = singleStep(step, {
    values: concat(
      values.map(({ tensor }) => reshape(tensor, [1])),
      { axis: 0 },
    ),
    ...(counts.length === 0 ? {} : { counts: concat(counts, { axis: 0 }) }),
    ...(samples.length === 0 ? {} : { samples: concat(kept, { axis: 0 }) }),
  });
  return {
    graph: simplify(graph),
    hyperNames: step.hyperNames,
    randomStreams: step.randomStreams,
    values: values.map(({ of, path, statistic }) => ({ of, path, statistic })),
    histograms,
    samples,
  };
}

/** All tensors that can be probed, in order of execution. */
function probedTensors({ batch, state, carried, next }: TrainingStep): Probed[] {
  const sites = batch.sites.flatMap((site): Probed[] => {
    const { path, preActivation, activation, gradient, facts, unitAxes, isOutput = false } = site;
    const context = { facts, preActivation, unitAxes, isOutput };
    return [
      ...(preActivation === undefined || isOutput
        ? []
        : [{ of: "preActivations" as const, path, tensor: preActivation, context: {} }]),
      { of: "activations", path, tensor: activation, context },
      { of: "activationGradients", path, tensor: gradient, context: {} },
    ];
  });
  const count = state.parameters.length;
  const before = unpack(state.parameters, carried.slice(0, count));
  const after = unpack(state.parameters, next.slice(0, count));
  const parameters = [...before].flatMap(([path, weight]): Probed[] => {
    const gradient = batch.gradientOf.get(path) as Tensor;
    const update = sub(after.get(path) as Tensor, weight);
    return [
      { of: "weights", path, tensor: weight, context: {} },
      { of: "gradients", path, tensor: gradient, context: {} },
      { of: "updates", path, tensor: update, context: { weight, gradient } },
    ];
  });
  return [...sites, ...parameters];
}

/**
 * Squared norms of the gradient of half a batch (mean of both halves) and of the whole batch, as
 * `gradientNoise` (src/probes/noise-scale.ts) needs.
 */
function noiseParts(request: TrainingRequest, { state, given }: TrainingStep): [string, Tensor][] {
  const half = Math.floor(request.batchSize / 2);
  // A last batch of one example cannot be halved.
  if (half === 0) return ["halfBatchSquaredNorm", "batchSquaredNorm"].map((name) => [name, scalar(Number.NaN)]);
  const [first, second] = [0, half].map((start) => {
    const rows = slice(given.rows, { starts: [start], ends: [start + half] });
    const part = { ...request, state, batchSize: half };
    return wholeBatch(part, { ...given, rows }, { firstExample: scalar(start, "uint32") }).gradients;
  });
  const both = first.map((gradient, i) => mul(add(gradient, second[i]), scalar(0.5)));
  return [
    ["halfBatchSquaredNorm", mul(add(squaredNorm(first), squaredNorm(second)), scalar(0.5))],
    ["batchSquaredNorm", squaredNorm(both)],
  ];
}
