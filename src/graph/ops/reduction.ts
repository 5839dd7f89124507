// Reductions over axes. Axes are a constant `int64` input, as ONNX has them since opset 18 (ReduceSum: 13).
import type { Shape } from "../../core/shape.js";
import { normalizeAxes, sameShape, sizeOf, stridesOf } from "../../core/shape.js";
import { ShapeError } from "../../core/errors.js";
import { apply, int64s } from "../build.js";
import type { Cost, InferInput, NdArray, Op, Vjp } from "../op.js";
import type { Tensor } from "../tensor.js";
import { reshape } from "./shape-movement.js";

export type ReductionAttributes = { readonly keepdims: number; readonly noop_with_empty_axes: number };

function reducedAxes(where: string, inputs: readonly (InferInput | null)[], attrs: ReductionAttributes): number[] {
  const [x, axes] = inputs;
  if (axes === null || axes === undefined) return attrs.noop_with_empty_axes === 1 ? [] : x!.shape.map((_, axis) => axis);
  if (axes.value === undefined) throw new ShapeError("axes must be a known constant", { where, received: "a computed tensor" });
  if (axes.value.data.length === 0) return attrs.noop_with_empty_axes === 1 ? [] : x!.shape.map((_, axis) => axis);
  return normalizeAxes(where, [...axes.value.data], x!.shape.length);
}

export function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): number[] {
  return keep
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
}
