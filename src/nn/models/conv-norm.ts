// What most architectures are made of: a convolution without bias, batch normalization, perhaps an activation.
import type { LayerSpec } from "../layer.js";
import { conv2d } from "../layers/convolution.js";
import { batchNorm } from "../layers/normalization/batch-norm.js";

export interface ConvolutionShape {
  /** Odd: half of it is the padding, so that extents stay as they are. */
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** Initial weights before a ReLU: it halves the variance, they double it again. */
export const he = { kind: "heNormal" } as const;

/** A convolution whose bias a normalization behind it would take away. */
export function unbiased(filters: number, { kernel, stride = 1, groups = 1 }: ConvolutionShape): LayerSpec {
  return conv2d({ filters, kernel, stride, padding: (kernel - 1) / 2, groups, bias: false, weightInitializer: he });
}

/** The convolution and its normalization. */
export function convNorm(filters: number, shape: ConvolutionShape, epsilon?: number): LayerSpec[] {
  return [unbiased(filters, shape), batchNorm(epsilon === undefined ? {} : { epsilon })];
}

/** Numbers of filters by a factor, at least 1. */
export const scaledBy =
  (width: number) =>
  (filters: number): number =>
    Math.max(1, Math.round(width * filters));
