// The building block of most architectures: a convolution without bias, batch normalization, optionally an activation.
import type { LayerSpec } from "../layer.js";
import { conv2d } from "../layers/convolution.js";
import { batchNorm } from "../layers/normalization/batch-norm.js";

export interface ConvolutionShape {
  /** Odd; the padding is half of it, so that sizes do not change. */
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** Initial weights before a ReLU, which halves the variance; they double it. */
export const he = { kind: "heNormal" } as const;

/** A convolution without a bias, which the following normalization would remove. */
export function unbiased(filters: number, { kernel, stride = 1, groups = 1 }: ConvolutionShape): LayerSpec {
  return conv2d({ filters, kernel, stride, padding: (kernel - 1) / 2, groups, bias: false, weightInitializer: he });
}

/** The convolution and its normalization. */
export function convNorm(filters: number, shape: ConvolutionShape, epsilon?: number): LayerSpec[] {
  return [unbiased(filters, shape), batchNorm(epsilon === undefined ? {} : { epsilon })];
}

/** Multiplies filter counts by a factor; the result is at least 1. */
export const scaledBy =
  (width: number) =>
  (filters: number): number =>
    Math.max(1, Math.round(width * filters));
