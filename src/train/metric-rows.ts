// What trials emit as rows: one writer for one network and for many.
//
//   TrialEvent -> SeriesBlock[]    numbers in columns, for the store
//   TrialEvent -> MetricRow...     one number a row, for figures
import { type MetricRow, rowsOf, type SeriesBlock } from "../core/rows.js";
import { passedEpochs } from "./data/row-order.js";
import type { ProbedHistogram } from "./program/probe-record.js";
import type { Evaluation, EventOf, ProbeReading, TrialEvent } from "./trial/events.js";

/**
 * Quantities of a step, before its update. Rows call them `batchLoss`, `batchAccuracy`, `learningRate`, `momentum`,
 * `batchSize`, `gradientNorm` (before clipping) and `clipped` (1 where a limit changed the gradient, 0 otherwise), because
 * `loss` and `accuracy` are those of whole splits.
 */
export const stepMetrics = [
  "loss",
  "accuracy",
  "learningRate",
  "momentum",
  "batchSize",
  "gradientNorm",
  "clipped",
] as const;

export type StepMetric = (typeof stepMetrics)[number];

export interface StepSelection {
  /** Default: only the loss. */
  readonly metrics?: readonly StepMetric[];
  /** Steps between two rows, counted from step 0. Default 1. */
  readonly every?: number;
}

/** What an event measured. Nothing for events that measure nothing. @param steps what to keep of the steps. */
export function seriesOf(trial: string, event: TrialEvent, steps: StepSelection = {}): SeriesBlock[] {
  if (event.kind === "steps") return stepSeries(trial, event, steps);
  if (event.kind === "probes") return probeSeries(trial, event);
  if (event.kind === "test") return evaluationSeries(trial, event.measured);
  if (event.kind === "epoch") return event.measured.flatMap((evaluation) => evaluationSeries(trial, evaluation));
  return [];
}

/** The same as tidy rows, in the order in which they were measured: of probes, all rows of a network together. */
export function* rowsOfEvent(trial: string, event: TrialEvent, steps: StepSelection = {}): Generator<MetricRow> {
  const series = seriesOf(trial, event, steps);
  if (event.kind !== "probes") for (const block of series) yield* rowsOf(block);
  else {
    const rows = series.map((block) => [...rowsOf(block)]);
    const networks = event.readings.length;
    for (let network = 0; network < networks; network++)
      for (const own of rows) for (let i = network; i < own.length; i += networks) yield own[i];
  }
}

/** Loss and, for classes, accuracy of a whole split. */
export function evaluationSeries(trial: string, { phase, step, epoch, loss, accuracy }: Evaluation): SeriesBlock[] {
  const place = { trial, phase, path: "", networks: loss.length, ...at([step], [epoch]) };
  const block = (metric: string, values: readonly number[]): SeriesBlock => ({
    ...place,
    metric,
    values: Float64Array.from(values),
  });
  return [block("loss", loss), ...(accuracy === undefined ? [] : [block("accuracy", accuracy)])];
}

function probeSeries(trial: string, { step, epoch, readings }: EventOf<"probes">): SeriesBlock[] {
  const passed = passedEpochs(epoch, step);
  const common = { trial, phase: "train" as const, networks: readings.length };
  const statistics = readings[0].values.map(({ of, path, statistic }, i) => ({
    ...{ ...common, metric: `${of}.${statistic}`, path },
    ...at([step], [passed]),
    values: Float64Array.from(readings, ({ values }) => values[i].value),
  }));
  return [...statistics, ...sampleSeries(common, step, passed, readings)];
}

/** Samples of a tensor in their order, as so many rows of one step: `activations.sample`. */
function sampleSeries(
  common: Pick<SeriesBlock, "trial" | "phase" | "networks">,
  step: number,
  epoch: number,
  readings: readonly ProbeReading[],
): SeriesBlock[] {
  return readings[0].samples.map(({ of, path, values: first }, i) => {
    const values = new Float64Array(first.length * readings.length);
    for (const [network, { samples }] of readings.entries())
      for (const [row, value] of samples[i].values.entries()) values[row * readings.length + network] = value;
    const places = at(new Array(first.length).fill(step), new Array(first.length).fill(epoch));
    return { ...common, metric: `${of}.sample`, path, ...places, values };
  });
}

/**
 * Histograms of probes: their ends as `weights.histogram.low` and `.high`, the distance of the elements that are counted
 * as `.stride`, and the counted elements in each bin from low to high as `weights.histogram[0]` and so on.
 */
export function histogramSeries(trial: string, { step, epoch, readings }: EventOf<"probes">): SeriesBlock[] {
  const place = at([step], [passedEpochs(epoch, step)]);
  return readings[0].histograms.flatMap(({ of, path, counts }, i) => {
    const series = (name: string, value: (histogram: ProbedHistogram) => number): SeriesBlock => ({
      ...{ trial, phase: "train" as const, metric: `${of}.histogram${name}`, path, networks: readings.length },
      ...place,
      values: Float64Array.from(readings, ({ histograms }) => value(histograms[i])),
    });
    const bins = Array.from(counts, (_, bin) => series(`[${bin}]`, (histogram) => histogram.counts[bin]));
    return [
      series(".low", ({ low }) => low),
      series(".high", ({ high }) => high),
      series(".stride", ({ stride }) => stride),
      ...bins,
    ];
  });
}

/** The loss of a step is that before its update, and so is its epoch: nothing of the data has passed at step 0. */
function stepSeries(
  trial: string,
  event: EventOf<"steps">,
  { metrics = ["loss"], every = 1 }: StepSelection,
): SeriesBlock[] {
  const { first, steps, epoch, losses } = event;
  const networks = losses.length / steps;
  const kept = Array.from({ length: steps }, (_, i) => i).filter((i) => (first + i) % every === 0);
  if (kept.length === 0) return [];
  const place = at(
    kept.map((i) => first + i),
    kept.map((i) => passedEpochs(epoch, first + i)),
  );
  return metrics.flatMap((metric) => {
    const column = stepColumn(metric, event, networks);
    if (column === undefined) return [];
    const values = new Float64Array(kept.length * networks);
    for (const [row, i] of kept.entries()) for (let n = 0; n < networks; n++) values[row * networks + n] = column(i, n);
    return [{ trial, phase: "train" as const, metric, path: "", networks, ...place, values }];
  });
}

/** The numbers of a metric by step of the segment and network; undefined where there are none. */
function stepColumn(
  metric: StepMetric,
  { losses, correct, examples, learningRates, momenta, gradientNorms, clipped, steps }: EventOf<"steps">,
  networks: number,
): ((step: number, network: number) => number) | undefined {
  switch (metric) {
    case "loss":
      return (i, n) => losses[i * networks + n];
    case "accuracy":
      return correct.length === 0 ? undefined : (i, n) => correct[i * networks + n] / examples[i];
    case "learningRate":
      return learningRates.length === steps ? (i) => learningRates[i] : (i, n) => learningRates[i * networks + n];
    case "momentum":
      return momenta === undefined ? undefined : (i) => momenta[i];
    case "batchSize":
      return (i) => examples[i];
    case "gradientNorm":
      return gradientNorms === undefined ? undefined : (i, n) => gradientNorms[i * networks + n];
    case "clipped":
      return clipped === undefined ? undefined : (i, n) => clipped[i * networks + n];
  }
}

function at(steps: readonly number[], epochs: readonly number[]): Pick<SeriesBlock, "steps" | "epochs"> {
  return { steps: Int32Array.from(steps), epochs: Float64Array.from(epochs) };
}
