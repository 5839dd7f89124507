// Interpolation by factors as in PyTorch, written so that every runtime finds the same extents and the same elements.
import { int64s } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { gather } from "../indexing/indexing.js";
import { resize } from "./resize.js";

export interface InterpolationOptions {
  /** Factor of every spatial axis of x `[batch, channels, spatial...]`; its new extent is `floor(extent factor)`. */
  readonly factors: readonly number[];
  readonly mode: "nearest" | "linear";
  /** Linear only: whether the outermost elements keep their positions. */
  readonly alignCorners: boolean;
}

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly factor: number;
}

/** The new extents of spatial axes: `floor(extent factor)` in float64, as in PyTorch. */
export function interpolatedExtents(extents: readonly number[], factors: readonly number[]): number[] {
  return extents.map((extent, axis) => Math.floor(extent * factors[axis]));
}

/**
 * PyTorch's `interpolate` with `scale_factor`: coordinates refer to the given factors, not to the ratio of the rounded
 * extents. Linear interpolation copies an axis whose extent stays the same. So does `nearest` for images, where it
 * also repeats every element twice if the extent doubles, whatever the factor; for sequences and volumes it does not.
 *
 * PyTorch has two deviations from itself, which we do not follow: its nearest gradient treats sequences and volumes as
 * images, and images with more than 128 places on both axes together as volumes.
 */
export function interpolate(x: Tensor, { factors, mode, alignCorners }: InterpolationOptions): Tensor {
  const extents = x.shape.slice(2);
  const outputs = interpolatedExtents(extents, factors);
  const axes = extents.map((input, axis): Axis => ({ input, output: outputs[axis], factor: factors[axis] }));
  return mode === "nearest" ? byNearest(x, axes) : byLines(x, axes, alignCorners);
}

function byLines(x: Tensor, axes: readonly Axis[], alignCorners: boolean): Tensor {
  // ONNX puts a single place at the first element, PyTorch at the middle of what the factor covers.
  const hasSingle = axes.some(({ output }) => output === 1);
  const coordinates = alignCorners ? "align_corners" : hasSingle ? "half_pixel" : "pytorch_half_pixel";
  return resize(x, {
    ...sizesOrScales(x, axes, alignCorners),
    mode: "linear",
    coordinate_transformation_mode: coordinates,
    nearest_mode: "floor",
  });
}

/** Sizes where they say all: their ratio is the factor, or corners that keep their positions leave no use for it. */
function sizesOrScales(
  x: Tensor,
  axes: readonly Axis[],
  alignCorners: boolean,
): { readonly sizes: readonly number[] } | { readonly scales: readonly number[] } {
  const sizes = [...x.shape.slice(0, 2), ...axes.map(({ output }) => output)];
  const isSaid = axes.every(({ input, output, factor }) => alignCorners || output === input * factor);
  const isExact = axes.every(({ factor }) => Math.fround(factor) === factor);
  if (isSaid && !isExact) return { sizes };
  const scales = axes.map((axis) => (axis.input === axis.output ? 1 : scaleOf(axis)));
  return scales.includes(undefined) ? { sizes } : { scales: [1, 1, ...(scales as number[])] };
}

function byNearest(x: Tensor, axes: readonly Axis[]): Tensor {
  const isImage = axes.length === 2;
  const sources = axes.map((axis) => nearestSources(isImage ? wholeFactor(axis) : axis));
  const scales = axes.map((axis, i) => {
    const isSame = (scale: number): boolean =>
      sources[i].every((source, place) => Math.min(axis.input - 1, Math.floor(Math.fround(place / scale))) === source);
    return scaleOf(isImage ? wholeFactor(axis) : axis, isSame);
  });
  let result = x;
  for (const [i, scale] of scales.entries())
    if (scale === undefined) result = gather(result, int64s(sources[i]), { axis: i + 2 });
  if (scales.every((scale) => scale === undefined)) return result;
  return resize(result, {
    scales: [1, 1, ...scales.map((scale) => scale ?? 1)],
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
}

/** Images whose extent stays the same or doubles are copied or doubled exactly. */
function wholeFactor(axis: Axis): Axis {
  const factor = axis.output / axis.input;
  return factor === 1 || factor === 2 ? { ...axis, factor } : axis;
}

/** Which element every place takes. PyTorch multiplies by the reciprocal, in float32 for every element type. */
function nearestSources({ input, output, factor }: Axis): number[] {
  const step = Math.fround(1 / factor);
  return Array.from({ length: output }, (_, place) => Math.min(input - 1, Math.floor(Math.fround(place * step))));
}

// Units in the last place by which a scale may differ from the factor.
const nearby = [0, 1, -1, 2, -2, 3, -3];

/**
 * The float32 scale closest to the factor from which the extent follows in float32 and in float64 alike, since
 * runtimes multiply in either; `undefined` if there is none that also suits.
 */
function scaleOf({ input, output, factor }: Axis, suits: (scale: number) => boolean = () => true): number | undefined {
  const rounded = Math.fround(factor);
  const unit = 2 ** (Math.floor(Math.log2(rounded)) - 23);
  return nearby
    .map((units) => Math.fround(rounded + units * unit))
    .find(
      (scale) =>
        Math.floor(Math.fround(input * scale)) === output && Math.floor(input * scale) === output && suits(scale),
    );
}
