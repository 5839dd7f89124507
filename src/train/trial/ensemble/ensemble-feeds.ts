// What the programs of an ensemble are fed in one segment: tables with a column for every network.
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import type { MeasuredEpoch, ScheduleFunction } from "../../../optim/schedule.js";
import type { RowOrder } from "../../data/row-order.js";
import { interleaved } from "../../program/ensemble-state.js";
import type { Program } from "../../program/program.js";
import { randomKeys, type Segment, type SegmentFeeds, segmentFeeds } from "../segment.js";
import type { GroupedRows } from "./ensemble-rows.js";

export interface EnsembleFeedRequest {
  readonly program: Program;
  readonly segment: Segment;
  /** Of every network, or one that they share. */
  readonly orders: readonly RowOrder[];
  /** The same in groups of lanes, where the program has them so. */
  readonly grouped?: GroupedRows;
  readonly optimizer: Readonly<Record<string, unknown>>;
  readonly schedule: ScheduleFunction;
  readonly totalSteps: number;
  readonly seed: number;
  readonly networks: number;
  /** Of every network, where they differ. */
  readonly learningRates?: readonly number[];
  /** What the epochs before the segment measured of a network, where the schedule goes by them. */
  readonly measuredOf?: (network: number) => readonly MeasuredEpoch[];
}

/** The per-step tables of a segment: rows `[steps, batch, n]`, keys `[steps, 2 k, n]`, hyper `[steps, h]` or `[.., n]`. */
export function ensembleFeeds(request: EnsembleFeedRequest): SegmentFeeds {
  const { program, segment, orders, grouped, optimizer, schedule, totalSteps, seed, networks } = request;
  const { learningRates, measuredOf } = request;
  const feedsWith = (options: Readonly<Record<string, unknown>>, measured?: readonly MeasuredEpoch[]): SegmentFeeds =>
    segmentFeeds({
      program: { ...program, randomStreams: [] },
      segment,
      order: orders[0],
      optimizer: options,
      schedule,
      totalSteps,
      seed,
      ...(measured === undefined ? {} : { measured }),
    });
  const shared = feedsWith(optimizer);
  const feeds: Record<string, TensorData> = { ...shared.feeds };
  let rates = shared.learningRates;
  if (learningRates !== undefined || measuredOf !== undefined) {
    const own = Array.from({ length: networks }, (_, i) => {
      const learningRate = learningRates?.[i];
      return feedsWith(learningRate === undefined ? optimizer : { ...optimizer, learningRate }, measuredOf?.(i));
    });
    feeds.hyper = stackedTables(own.map((one) => one.feeds.hyper));
    rates = interleaved(
      own.map((one) => one.learningRates),
      new Float64Array(segment.steps * networks),
    );
  }
  if (orders.length > 1) feeds.rows = grouped?.table(segment) ?? rowTable(orders, segment);
  if (program.randomStreams.length > 0) {
    const tables = Array.from({ length: networks }, (_, i) => randomKeys(program.randomStreams, segment, seed + i));
    feeds.keys = stackedTables(tables);
  }
  return { ...shared, feeds, learningRates: rates };
}

/** Rows of all networks: `[steps, batch, n]`. */
function rowTable(orders: readonly RowOrder[], { first, steps, batchSize }: Segment): TensorData {
  const own = orders.map((order) => order.batches(first, steps));
  const data = new Int32Array(steps * batchSize * own.length);
  // Written from front to back: a column at a time would touch every line of the table once for each network.
  let at = 0;
  for (let row = 0; row < steps * batchSize; row++) for (const rows of own) data[at++] = rows[row];
  return { dtype: "int32", shape: [steps, batchSize, own.length], data };
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
