// The request for a program: a model, the form of the data, a loss, a batch size, and for training an optimizer.
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
  /** For evaluation: how many examples of a batch count, from the first on. Default: all. */
  readonly counted?: number;
  /** For many networks in one program. */
  readonly ensemble?: EnsembleForm;
  /** For training only, although the packing of parameters depends on its groups. */
  readonly optimizer?: unknown;
  /** The target of the compilation. Default: ONNX Runtime's CPU provider without blocks. */
  readonly target?: Target;
}

export interface TrainingRequest extends ProgramRequest {
  readonly optimizer: unknown;
  readonly clip?: GradientClip;
  /** Whether to give the norm of the gradient of every step; always where it is clipped. */
  readonly gradientNorm?: boolean;
  /** Number of examples whose activations are in memory at once; gradients are summed over such parts of a batch. */
  readonly microBatchSize?: number;
  /** Random changes of the images of a batch, in order. */
  readonly augment?: readonly object[];
}
