// Which examples make which batch: a pure function of seed, epoch and step.
import { InvalidInputError } from "../core/errors.js";
import { permutation, randomStream } from "../core/rng.js";
import type { TrialSpec } from "./trial-spec.js";

export interface RowOrder {
  readonly stepsPerEpoch: number;
  /** Row numbers of a step's batch. The last batch of an epoch may be smaller. */
  batch(step: number): Int32Array;
  /** Makes the order of an epoch ahead of its first batch. */
  prepare?(epoch: number): void;
}

export interface RowOrderRequest {
  readonly examples: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly dropLast: boolean;
}

/**
 * A new permutation for every epoch; the last batch holds what is left, unless `dropLast`.
 * @throws InvalidInputError when there is no whole batch to be had.
 */
export function shuffledOrder({ examples, batchSize, seed, dropLast }: RowOrderRequest): RowOrder {
  const stepsPerEpoch = dropLast ? Math.floor(examples / batchSize) : Math.ceil(examples / batchSize);
  if (stepsPerEpoch === 0) throw noBatch(examples, batchSize);
  // That of the running epoch, and of the next one if it was asked for.
  const orders = new Map<number, Int32Array>();
  const orderOf = (epoch: number): Int32Array => {
    const known = orders.get(epoch);
    if (known !== undefined) return known;
    const order = permutation(examples, randomStream(seed, "shuffle", epoch));
    orders.set(epoch, order);
    return order;
  };
  return {
    stepsPerEpoch,
    prepare: orderOf,
    batch(step) {
      const wanted = Math.floor(step / stepsPerEpoch);
      const order = orderOf(wanted);
      for (const epoch of orders.keys()) if (epoch !== wanted && epoch !== wanted + 1) orders.delete(epoch);
      const start = (step % stepsPerEpoch) * batchSize;
      return order.subarray(start, Math.min(examples, start + batchSize));
    },
  };
}

/** File order, wrapping round at the end; every batch is full. */
export function sequentialOrder({ examples, batchSize }: Pick<RowOrderRequest, "examples" | "batchSize">): RowOrder {
  return {
    stepsPerEpoch: Math.ceil(examples / batchSize),
    batch: (step) => Int32Array.from({ length: batchSize }, (_, i) => (step * batchSize + i) % examples),
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
  return {
    stepsPerEpoch: Math.ceil(rows.length / batchSize),
    batch: (step) => Int32Array.from({ length: batchSize }, (_, i) => rows[(step * batchSize + i) % rows.length]),
  };
}

/** The order of a trial: the rows given by the caller, or what the spec says. */
export function rowOrder(
  { order, batchSize, seed, dropLast }: Pick<TrialSpec, "order" | "batchSize" | "seed" | "dropLast">,
  rows: Int32Array | undefined,
  examples: number,
): RowOrder {
  if (rows !== undefined) return givenOrder(rows, { examples, batchSize });
  return order === "sequential"
    ? sequentialOrder({ examples, batchSize })
    : shuffledOrder({ examples, batchSize, seed, dropLast });
}

function noBatch(examples: number, batchSize: number): InvalidInputError {
  return new InvalidInputError("there is no whole batch", {
    where: "batchSize",
    expected: `at most ${examples}, the number of training examples`,
    received: `${batchSize}`,
    remedy: "Use a smaller batch, or keep the last one",
  });
}
