// One segment of a trial: which steps, and everything that they are fed.

import type { TensorData } from "../../core/numbers/tensor-data.js";
import { randomStream } from "../../core/random/rng.js";
import type { MeasuredEpoch, ScheduleFunction } from "../../optim/schedule.js";
import type { RowOrder } from "../data/row-order.js";
import { type Program, stepCount } from "../program/program.js";
import { readOptimizer } from "../program/read-optimizer.js";

export interface Segment {
  readonly first: number;
  readonly steps: number;
  readonly batchSize: number;
}

// A segment is long enough to hide the cost of a run and short enough for progress, Ctrl-C and checkpoints.
const targetMs = 500;
const longest = 4096;

/**
 * The next segment: about half a second of steps of one batch size, never across the end of an epoch.
 * Its length never changes a result, only when the caller hears of it.
 */
export function nextSegment(
  order: RowOrder,
  step: number,
  totalSteps: number,
  stepMs: number | undefined,
  probeEvery: number | null = null,
): Segment {
  const epoch = order.epochAt(step);
  const epochEnd = epoch.first + epoch.steps;
  // The very first segment is one step, so that something is seen at once.
  const wanted =
    stepMs === undefined ? 1 : Math.max(1, Math.min(longest, Math.round(targetMs / Math.max(stepMs, 0.01))));
  // Probes look at the state between two segments.
  const probe = probeEvery === null ? Number.POSITIVE_INFINITY : probeEvery - (step % probeEvery);
  let steps = Math.min(wanted, epochEnd - step, totalSteps - step, probe);
  const batchSize = order.sizeAt(step);
  // Only the last batch of an epoch can be smaller; it is a segment of its own.
  if (steps > 1 && step + steps === epochEnd && order.sizeAt(epochEnd - 1) !== batchSize) steps--;
  return { first: step, steps, batchSize };
}

export interface FeedRequest {
  readonly program: Pick<Program, "hyperNames" | "randomStreams">;
  readonly segment: Segment;
  readonly order: RowOrder;
  readonly optimizer: unknown;
  readonly schedule: ScheduleFunction;
  /** Updates of the whole training. */
  readonly totalSteps: number;
  readonly seed: number;
  /** The epochs that were over before the segment, for schedules that go by them. */
  readonly measured?: readonly MeasuredEpoch[];
}

/** The per-step tables of a segment, and what is in them. */
export interface SegmentFeeds {
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** `[steps]`, or `[steps, networks]` where networks have learning rates of their own. */
  readonly learningRates: Float64Array;
  /** `[steps]`; absent for optimizers without momentum. */
  readonly momenta?: Float64Array;
}

/** The tables of one network, or of networks that share their order and learning rate. */
export function segmentFeeds(request: FeedRequest): SegmentFeeds {
  const { program, segment, order, optimizer, schedule, totalSteps, seed, measured = [] } = request;
  const { first, steps, batchSize } = segment;
  const { part, spec } = readOptimizer(optimizer);
  const width = Math.max(1, program.hyperNames.length);
  const rows = new Int32Array(steps * batchSize);
  const hyper = new Float32Array(steps * width);
  const learningRates = new Float64Array(steps);
  const ownMomentum = momentumOf(part.momentumOption, spec);
  const momenta = ownMomentum === undefined ? undefined : new Float64Array(steps).fill(ownMomentum);
  // In the steps that schedules count.
  const epochs = measured.map((epoch) => ({ ...epoch, step: passedSteps(order, epoch.step) }));
  const scheduled = (step: number) =>
    schedule({ ...scheduleTime(order, step, totalSteps), learningRate: spec.learningRate, measured: epochs });
  let before = scheduled(Math.max(0, first - 1)).momentum;
  for (let i = 0; i < steps; i++) {
    const step = first + i;
    rows.set(order.batch(step), i * batchSize);
    const { learningRate, momentum } = scheduled(step);
    learningRates[i] = learningRate;
    if (momenta !== undefined && momentum !== undefined) momenta[i] = momentum;
    const pair = momentum === undefined ? {} : { momentum: { now: momentum, before: before ?? momentum } };
    before = momentum;
    const values = part.hyperparameters(spec, { step, learningRate, ...pair });
    for (const [h, name] of program.hyperNames.entries()) hyper[i * width + h] = values[name];
  }
  const feeds: Record<string, TensorData> = {
    steps: stepCount(steps),
    rows: { dtype: "int32", shape: [steps, batchSize], data: rows },
    hyper: { dtype: "float32", shape: [steps, width], data: hyper },
  };
  if (program.randomStreams.length > 0) feeds.keys = randomKeys(program.randomStreams, segment, seed);
  return { feeds, learningRates, ...(momenta === undefined ? {} : { momenta }) };
}

/** The optimizer's own momentum; undefined for one without. */
function momentumOf(option: string | undefined, spec: object): number | undefined {
  const momentum = option === undefined ? 0 : Number((spec as Readonly<Record<string, unknown>>)[option]);
  return momentum === 0 ? undefined : momentum;
}

/**
 * What a schedule counts: steps. Where epochs differ in length, the share of the data that was seen is counted instead,
 * in steps of the first epoch, so that a schedule has the shape over the data that it has without a batch schedule.
 */
function passedSteps(order: RowOrder, at: number): number {
  const { stepsPerEpoch } = order;
  const { number, first, steps } = order.epochAt(at);
  if (steps === stepsPerEpoch && first === number * stepsPerEpoch) return at;
  // One rounding, so that what is a whole number is one.
  return ((number * steps + (at - first)) * stepsPerEpoch) / steps;
}

function scheduleTime(order: RowOrder, step: number, totalSteps: number) {
  const { stepsPerEpoch } = order;
  return { step: passedSteps(order, step), stepsPerEpoch, totalSteps: passedSteps(order, totalSteps) };
}

/** Two words per random stream and step. They depend on the seed, the stream's name and the step only. */
export function randomKeys(streams: readonly string[], { first, steps }: Segment, seed: number): TensorData {
  const count = streams.length;
  const keys = new Uint32Array(steps * 2 * count);
  for (const [column, name] of streams.entries()) {
    for (let i = 0; i < steps; i++) keys.set(streamKey(seed, name, first + i), (i * count + column) * 2);
  }
  return { dtype: "uint32", shape: [steps, 2 * count], data: keys };
}

/** The key of one random stream at one step. */
export function streamKey(seed: number, name: string, step: number): [number, number] {
  const stream = randomStream(seed, name, step);
  return [stream.word(0), stream.word(1)];
}
