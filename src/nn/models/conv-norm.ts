// What most architectures are made of: a convolution without bias, batch normalization, perhaps an activation.
import type { LayerSpec } from "../layer.js";
import { batchNorm } from "../layers/batch-norm.js";
import { conv2d } from "../layers/convolution.js";

export interface ConvolutionShape {
  readonly kernel: number | readonly [number, number];
  readonly stride?: number;
  /** Half of the kernel unless given: extents stay as they are. */
  readonly padding?: number | readonly [number, number];
  readonly groups?: number;
}

// ReLU halves the variance; these weights double it again.
const he = { kind: "heNormal" } as const;

/** A convolution whose bias a normalization behind it would take away. */
export function unbiased(filters: number, { kernel, stride = 1, padding, groups = 1 }: ConvolutionShape): LayerSpec {
  const half = typeof kernel === "number" ? (kernel - 1) / 2 : kernel.map((extent) => (extent - 1) / 2);
  return conv2d({
    filters,
    kernel: extentsOf(kernel),
    stride,
    padding: padding === undefined ? extentsOf(half) : extentsOf(padding),
    groups,
    bias: false,
    weightInitializer: he,
  });
}

const extentsOf = (extents: number | readonly number[]): number | number[] =>
  typeof extents === "number" ? extents : [...extents];

/** The convolution and its normalization. */
export function convNorm(filters: number, shape: ConvolutionShape, epsilon?: number): LayerSpec[] {
  return [unbiased(filters, shape), batchNorm(epsilon === undefined ? {} : { epsilon })];
}

/** Numbers of filters by a factor, at least 1. */
export const scaledBy =
  (width: number) =>
  (filters: number): number =>
    Math.max(1, Math.round(width * filters));
