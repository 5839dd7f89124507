// What the programs of an ensemble are fed in one segment: tables with a column for every network.
import type { TensorData } from "../core/tensor-data.js";
import type { ScheduleFunction } from "../optim/schedule.js";
import { interleaved } from "./ensemble-state.js";
import type { Program } from "./program.js";
import type { RowOrder } from "./row-order.js";
import { randomKeys, type Segment, segmentFeeds } from "./segment.js";

export interface EnsembleFeedRequest {
  readonly program: Program;
  readonly segment: Segment;
  /** Of every network, or one that they share. */
  readonly orders: readonly RowOrder[];
  readonly optimizer: Readonly<Record<string, unknown>>;
  readonly schedule: ScheduleFunction;
  readonly totalSteps: number;
  readonly seed: number;
  readonly networks: number;
  /** Of every network, where they differ. */
  readonly learningRates?: readonly number[];
}

/** The per-step tables of a segment: rows `[steps, batch, n]`, keys `[steps, 2 k, n]`, hyper `[steps, h]` or `[.., n]`. */
export function ensembleFeeds(request: EnsembleFeedRequest): Record<string, TensorData> {
  const { program, segment, orders, optimizer, schedule, totalSteps, seed, networks, learningRates } = request;
  const feedsWith = (options: Readonly<Record<string, unknown>>): Record<string, TensorData> =>
    segmentFeeds({
      program: { ...program, randomKeyCount: 0 },
      segment,
      order: orders[0],
      optimizer: options,
      schedule,
      totalSteps,
      seed,
    }).feeds;
  const feeds = feedsWith(optimizer);
  if (learningRates !== undefined) {
    const tables = learningRates.map((learningRate) => feedsWith({ ...optimizer, learningRate }).hyper);
    feeds.hyper = stackedTables(tables);
  }
  if (orders.length > 1) feeds.rows = rowTable(orders, segment);
  if (program.randomKeyCount > 0) {
    const tables = Array.from({ length: networks }, (_, i) => randomKeys(program.randomKeyCount, segment, seed + i));
    feeds.keys = stackedTables(tables);
  }
  return feeds;
}

function rowTable(orders: readonly RowOrder[], { first, steps, batchSize }: Segment): TensorData {
  const networks = orders.length;
  const data = new Int32Array(steps * batchSize * networks);
  for (let step = 0; step < steps; step++) {
    const batches = orders.map((order) => order.batch(first + step));
    let at = step * batchSize * networks;
    for (let b = 0; b < batchSize; b++) for (let i = 0; i < networks; i++) data[at++] = batches[i][b];
  }
  return { dtype: "int32", shape: [steps, batchSize, networks], data };
}

function stackedTables(tables: readonly TensorData[]): TensorData {
  const [{ dtype, shape, data: first }] = tables;
  const into =
    dtype === "float32"
      ? new Float32Array(first.length * tables.length)
      : new Uint32Array(first.length * tables.length);
  const data = interleaved(
    tables.map((table) => table.data as Float32Array | Uint32Array),
    into,
  );
  return { dtype, shape: [...shape, tables.length], data };
}
