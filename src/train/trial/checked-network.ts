// The network of a trial, built for every batch size that the trial will see before anything is allocated.
import type { Network, NetworkSource } from "../../nn/network.js";
import type { BatchLayout } from "../data/batch.js";
import type { RowOrder } from "../data/row-order.js";
import type { TrialSpec } from "../spec/trial-spec.js";

// Schedules repeat themselves, or stop growing, long before.
const mostEpochsLookedAt = 1000;

/** Sizes of the first and the last batch of every epoch, each once. */
function batchSizes(order: RowOrder, epochs: number): number[] {
  const found = new Set<number>();
  for (let epoch = 0; epoch < Math.min(epochs, mostEpochsLookedAt); epoch++) {
    for (const step of [order.firstStep(epoch), order.firstStep(epoch + 1) - 1]) found.add(order.sizeAt(step));
  }
  return [...found];
}

/** The network for the usual batch size. That of the last batch is built too: batch norm refuses a batch of one. */
export function checkedNetwork(
  { batchSize, microBatchSize = Number.POSITIVE_INFINITY, epochs, steps }: TrialSpec,
  source: NetworkSource,
  { inputs }: BatchLayout,
  order: RowOrder,
  checkSize: (plain: Network) => void,
): Network {
  const inputShapes = inputs.map(({ shape }) => shape);
  const sizes = batchSizes(order, epochs ?? order.epochAt((steps as number) - 1).number + 1);
  const largest = Math.min(Math.max(batchSize, ...sizes), microBatchSize);
  // Building for training makes constants for the masks of dropout, as large as the values that they drop.
  checkSize(source.build({ mode: "inference", batchSize: largest, inputShapes }));
  const build = (size: number): Network => source.build({ mode: "training", batchSize: size, inputShapes });
  for (const size of sizes) if (size % microBatchSize > 0) build(size % microBatchSize);
  return build(Math.min(batchSize, microBatchSize));
}
