// What a program is made from: a model, the form of the data, a loss, a batch size, and for training an optimizer.
import { readSpec } from "../core/definition.js";
import type { Loss } from "../nn/losses.js";
import type { NetworkSource } from "../nn/network.js";
import type { OptimizerPart } from "../optim/optimizer.js";
import { optimizers } from "../optim/optimizers/index.js";
import type { BatchLayout } from "./batch.js";

export interface ProgramRequest {
  readonly network: NetworkSource;
  readonly layout: BatchLayout;
  readonly loss: Loss;
  readonly batchSize: number;
}

export interface TrainingRequest extends ProgramRequest {
  readonly optimizer: unknown;
  /** Examples whose activations are in memory at once; gradients are summed over such parts of a batch. */
  readonly microBatchSize?: number;
}

/** The optimizer that a spec stands for, with its options filled in. */
export function readOptimizer(spec: unknown): {
  part: OptimizerPart<unknown>;
  spec: { readonly kind: string; readonly learningRate: number };
} {
  const { definition, spec: complete } = readSpec("optimizer", "optimizer", optimizers, spec);
  return {
    part: definition as unknown as OptimizerPart<unknown>,
    spec: complete as unknown as { kind: string; learningRate: number },
  };
}
