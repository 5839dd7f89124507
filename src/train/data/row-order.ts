// Which examples make which batch: a pure function of seed, epoch and step.
import { InvalidInputError } from "../../core/errors.js";
import { permutation, randomStream, writePermutation } from "../../core/random/rng.js";
import { batchSizeFunction } from "../../optim/batch-schedules.js";
import type { TrialSpec } from "../spec/trial-spec.js";

/** The steps of one pass over the examples. */
export interface Epoch {
  /** From 0. */
  readonly number: number;
  readonly first: number;
  readonly steps: number;
}

/** Passes over the examples that are done after so many steps: the epoch's number, and its share that is done. */
export function passedEpochs({ number, first, steps }: Epoch, step: number): number {
  return number + (step - first) / steps;
}

export interface RowOrder {
  /** Of the first epoch; the same for all, unless batch sizes follow a schedule. */
  readonly stepsPerEpoch: number;
  /** The epoch that a step belongs to. */
  epochAt(step: number): Epoch;
  /** The first step of an epoch: updates done after so many epochs. */
  firstStep(epoch: number): number;
  /** Row numbers of a step's batch. The last batch of an epoch may be smaller. */
  batch(step: number): Int32Array;
  /** The batches of several steps of one epoch, one behind the other. */
  batches(first: number, steps: number): Int32Array;
  /** How many they are. */
  sizeAt(step: number): number;
  /** Makes the order of an epoch ahead of its first batch. */
  prepare?(epoch: number): void;
  /**
   * Writes the rows of an epoch into a table, from place `at` on and `stride` places apart: of shuffled epochs, all
   * examples, whether or not there is a last batch for them. They are not kept.
   */
  writeEpoch?(epoch: number, table: { readonly into: Int32Array; readonly at: number; readonly stride: number }): void;
}

export interface RowOrderRequest {
  readonly examples: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly dropLast: boolean;
}

/** Epochs that all have the same number of steps. */
function equalEpochs(stepsPerEpoch: number): Pick<RowOrder, "stepsPerEpoch" | "epochAt" | "firstStep"> {
  return {
    stepsPerEpoch,
    epochAt(step) {
      const number = Math.floor(step / stepsPerEpoch);
      return { number, first: number * stepsPerEpoch, steps: stepsPerEpoch };
    },
    firstStep: (epoch) => epoch * stepsPerEpoch,
  };
}

/** Epochs of different lengths, found one after the other. */
function scheduledEpochs(
  stepsOf: (epoch: number) => number,
): Pick<RowOrder, "stepsPerEpoch" | "epochAt" | "firstStep"> {
  const firsts = [0];
  const firstStep = (epoch: number): number => {
    while (firsts.length <= epoch) firsts.push(firsts[firsts.length - 1] + stepsOf(firsts.length - 1));
    return firsts[epoch];
  };
  let last = 0;
  return {
    stepsPerEpoch: stepsOf(0),
    firstStep,
    epochAt(step) {
      // Steps are asked for nearly in order.
      if (firstStep(last) > step) last = 0;
      while (firstStep(last + 1) <= step) last++;
      return { number: last, first: firstStep(last), steps: firstStep(last + 1) - firstStep(last) };
    },
  };
}

/** Batch size of an epoch, where it changes. */
type SizeOf = (epoch: number) => number;

/**
 * Epochs that are passes over the examples: cut into batches, of which the last holds what is left, unless `dropLast`.
 * @throws InvalidInputError when there is no whole batch to be had.
 */
function passes(
  { examples, batchSize, dropLast }: Omit<RowOrderRequest, "seed">,
  orderOf: (epoch: number) => Int32Array,
  sizeOf: SizeOf | undefined,
): RowOrder {
  const stepsOf = (size: number): number => (dropLast ? Math.floor(examples / size) : Math.ceil(examples / size));
  if (stepsOf(batchSize) === 0) throw noBatch(examples, batchSize);
  // A size beyond the examples is the whole of them.
  const sizeIn = (epoch: number): number => Math.min(examples, sizeOf?.(epoch) ?? batchSize);
  const epochs =
    sizeOf === undefined ? equalEpochs(stepsOf(batchSize)) : scheduledEpochs((epoch) => stepsOf(sizeIn(epoch)));
  const batches = (from: number, steps: number): Int32Array => {
    const { number, first } = epochs.epochAt(from);
    const size = sizeIn(number);
    const start = (from - first) * size;
    return orderOf(number).subarray(start, Math.min(examples, start + steps * size));
  };
  return {
    ...epochs,
    batch: (step) => batches(step, 1),
    batches,
    sizeAt(step) {
      const { number, first } = epochs.epochAt(step);
      const size = sizeIn(number);
      return Math.min(size, examples - (step - first) * size);
    },
  };
}

/** Passes in the order of the data. */
export function sequentialOrder(request: Omit<RowOrderRequest, "seed">, sizeOf?: SizeOf): RowOrder {
  const order = Int32Array.from({ length: request.examples }, (_, row) => row);
  return passes(request, () => order, sizeOf);
}

/** Passes with a new permutation for each. */
export function shuffledOrder({ seed, ...request }: RowOrderRequest, sizeOf?: SizeOf): RowOrder {
  const { examples } = request;
  // That of the running epoch, and of the next one if it was asked for.
  const orders = new Map<number, Int32Array>();
  const streamOf = (epoch: number) => randomStream(seed, "shuffle", epoch);
  const orderOf = (epoch: number): Int32Array => {
    const known = orders.get(epoch);
    if (known !== undefined) return known;
    const order = permutation(examples, streamOf(epoch));
    orders.set(epoch, order);
    return order;
  };
  const current = (wanted: number): Int32Array => {
    const order = orderOf(wanted);
    for (const epoch of orders.keys()) if (epoch !== wanted && epoch !== wanted + 1) orders.delete(epoch);
    return order;
  };
  return {
    ...passes(request, current, sizeOf),
    prepare: orderOf,
    writeEpoch: (epoch, table) => writePermutation(examples, streamOf(epoch), table),
  };
}

/**
 * The order of the data, batch after batch, going on from its end to its beginning: every batch is full, and an epoch is
 * as many batches as hold all examples, some of which it repeats. For comparisons by steps.
 */
export function wrappingOrder({ examples, batchSize }: Pick<RowOrderRequest, "examples" | "batchSize">): RowOrder {
  const batches = (first: number, steps: number): Int32Array =>
    Int32Array.from({ length: steps * batchSize }, (_, i) => (first * batchSize + i) % examples);
  return {
    ...equalEpochs(Math.ceil(examples / batchSize)),
    sizeAt: () => batchSize,
    batch: (step) => batches(step, 1),
    batches,
  };
}

/** Row numbers given by the caller, batch after batch, wrapping round at the end of the list. */
export function givenOrder(
  rows: Int32Array,
  { examples, batchSize }: Pick<RowOrderRequest, "examples" | "batchSize">,
): RowOrder {
  const outside = rows.findIndex((row) => row < 0 || row >= examples);
  if (outside !== -1) {
    throw new InvalidInputError("row number out of range", {
      where: `order[${outside}]`,
      expected: `0 to ${examples - 1}`,
      received: `${rows[outside]}`,
    });
  }
  if (rows.length < batchSize) throw noBatch(rows.length, batchSize);
  const batches = (first: number, steps: number): Int32Array =>
    Int32Array.from({ length: steps * batchSize }, (_, i) => rows[(first * batchSize + i) % rows.length]);
  return {
    ...equalEpochs(Math.ceil(rows.length / batchSize)),
    sizeAt: () => batchSize,
    batch: (step) => batches(step, 1),
    batches,
  };
}

/**
 * The order of a trial: the rows given by the caller, or what the spec says.
 * @throws InvalidInputError when there is no whole batch, or a batch schedule for an order whose epochs are no passes.
 */
export function rowOrder(
  { order, batchSize, seed, dropLast, batchSchedule }: OrderSpec,
  rows: Int32Array | undefined,
  examples: number,
): RowOrder {
  if (batchSchedule !== undefined && (rows !== undefined || order === "wrapping")) {
    throw new InvalidInputError("needs epochs that are passes over the examples", {
      where: "batchSchedule",
      expected: 'order "shuffle" or "sequential"',
      received: rows === undefined ? order : "row numbers",
    });
  }
  if (rows !== undefined) return givenOrder(rows, { examples, batchSize });
  if (order === "wrapping") return wrappingOrder({ examples, batchSize });
  const sizes = batchSchedule === undefined ? undefined : batchSizeFunction(batchSchedule);
  const sizeOf = sizes === undefined ? undefined : (epoch: number) => sizes({ epoch, batchSize });
  const request = { examples, batchSize, dropLast };
  return order === "sequential" ? sequentialOrder(request, sizeOf) : shuffledOrder({ ...request, seed }, sizeOf);
}

type OrderSpec = Pick<TrialSpec, "order" | "batchSize" | "seed" | "dropLast" | "batchSchedule">;

function noBatch(examples: number, batchSize: number): InvalidInputError {
  return new InvalidInputError("there is no whole batch", {
    where: "batchSize",
    expected: `at most ${examples}, the number of training examples`,
    received: `${batchSize}`,
    remedy: "Use a smaller batch, or keep the last one",
  });
}
