// Normalization by batch statistics with running statistics, shared by layers and models from files.
import { ShapeError } from "../core/errors.js";
import { shapeText, sizeOf } from "../core/numbers/shape.js";
import { scalar } from "../graph/build.js";
import { add, mul } from "../graph/ops/elementwise/arithmetic.js";
import { batchNormalization } from "../graph/ops/normalization/batch-normalization.js";
import type { Tensor } from "../graph/tensor.js";

export interface NormalizationInputs {
  readonly scale: Tensor;
  readonly shift: Tensor;
  /** Running statistics before the step. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export interface BatchNormalized {
  readonly y: Tensor;
  /** Running statistics after the step. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * `y = (x - mean) / sqrt(variance + epsilon) * scale + shift` per channel (axis 1) with mean and population variance of
 * the batch. The running statistics move by `momentum` toward the batch mean and the *unbiased* variance, as in PyTorch
 * (ONNX's own training mode uses the population variance).
 * @throws ShapeError if there is only one value per channel.
 */
export function normalizeByBatch(
  x: Tensor,
  { scale, shift, mean, variance }: NormalizationInputs,
  { epsilon, momentum, where }: { readonly epsilon: number; readonly momentum: number; readonly where: string },
): BatchNormalized {
  const count = sizeOf(x.shape) / x.shape[1];
  if (count < 2) {
    throw new ShapeError("batchNorm cannot compute statistics of one value per channel", {
      where,
      expected: "a batch of at least 2 examples, or images larger than one pixel",
      received: shapeText(x.shape),
      remedy: "Use a larger batch, or --drop-last if only the last batch is that small",
    });
  }
  const [y, batchMean, batchVariance] = batchNormalization(x, scale, shift, mean, variance, {
    epsilon,
    momentum: 0,
    training_mode: 1,
  });
  const moved = (running: Tensor, batch: Tensor, correction: number): Tensor =>
    add(mul(running, scalar(1 - momentum, x.dtype)), mul(batch, scalar(momentum * correction, x.dtype)));
  return { y, mean: moved(mean, batchMean, 1), variance: moved(variance, batchVariance, count / (count - 1)) };
}
