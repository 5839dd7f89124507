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
  if (orders.length > 1) feeds.rows = rowTable(orders, segment, program.lanes);
  if (program.randomKeyCount > 0) {
    const tables = Array.from({ length: networks }, (_, i) => randomKeys(program.randomKeyCount, segment, seed + i));
    feeds.keys = stackedTables(tables);
  }
  return feeds;
}

/** Rows of all networks: `[steps, batch, n]`, or in groups `[steps, g, batch, lanes]`, the last network's repeated. */
function rowTable(orders: readonly RowOrder[], { first, steps, batchSize }: Segment, lanes?: number): TensorData {
  const [width, groups] = lanes === undefined ? [orders.length, 1] : [lanes, Math.ceil(orders.length / lanes)];
  const data = new Int32Array(steps * groups * batchSize * width);
  for (let group = 0; group < groups; group++) {
    const own = Array.from({ length: width }, (_, lane) =>
      orders[Math.min(group * width + lane, orders.length - 1)].batches(first, steps),
    );
    for (let step = 0; step < steps; step++) {
      // Written from front to back: a column at a time would touch every line of the table once for each network.
      let at = (step * groups + group) * batchSize * width;
      const end = (step + 1) * batchSize;
      for (let row = step * batchSize; row < end; row++)
        for (let lane = 0; lane < width; lane++) data[at++] = own[lane][row];
    }
  }
  const shape = lanes === undefined ? [steps, batchSize, width] : [steps, groups, batchSize, width];
  return { dtype: "int32", shape, data };
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
