// What a program is made from: a model, the form of the data, a loss, a batch size, and for training an optimizer.
import type { Target } from "../../graph/targets/target.js";
import type { Loss } from "../../nn/losses.js";
import type { NetworkSource } from "../../nn/network.js";
import type { BatchLayout } from "../data/batch.js";
import type { EnsembleForm } from "./ensemble-form.js";
import type { GradientClip } from "./update.js";

export interface ProgramRequest {
  readonly network: NetworkSource;
  readonly layout: BatchLayout;
  readonly loss: Loss;
  readonly batchSize: number;
  /** Many networks as one program. */
  readonly ensemble?: EnsembleForm;
  /** Training only; but how parameters lie in vectors depends on the groups that it makes. */
  readonly optimizer?: unknown;
  /** What the program is compiled for; ONNX Runtime's CPU provider without blocks by default. */
  readonly target?: Target;
}

export interface TrainingRequest extends ProgramRequest {
  readonly optimizer: unknown;
  readonly clip?: GradientClip;
  /** Examples whose activations are in memory at once; gradients are summed over such parts of a batch. */
  readonly microBatchSize?: number;
  /** Random changes of the images of a batch, in turn. */
  readonly augment?: readonly object[];
}
