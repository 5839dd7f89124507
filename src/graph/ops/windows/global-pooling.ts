// Global pooling: one number from all positions of every channel, with any number of spatial axes.
import { ShapeError } from "../../../core/errors.js";
import { type Shape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { reducedOver } from "../../accounting/reach.js";
import { apply, scalar } from "../../build.js";
import type { NdArray, Op, Vjp } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { mul } from "../elementwise/arithmetic.js";
import { expand } from "../movement/shape-movement.js";
import type { NoAttributes } from "../record/elementwise.js";
import { lpSlope } from "./lp-pooling.js";
import { maxPoolGradient } from "./pooling-gradient.js";

export type GlobalLpPoolAttributes = { readonly p: number };

function pooledShape(where: string, shape: Shape): Shape {
  if (shape.length < 3) {
    throw new ShapeError("pooling needs spatial axes", {
      where,
      expected: "an input [batch, channels, spatial...]",
      received: shapeText(shape),
    });
  }
  return shape.map((extent, axis) => (axis < 2 ? extent : 1));
}

/** The common parts of the operators of this file: all but attributes and gradient. */
function globalPool<A extends NoAttributes | GlobalLpPoolAttributes>(
  name: string,
  attributes: Op["attributes"],
  value: (places: Float64Array, attrs: A) => number,
  vjp: Vjp<A>,
): Op<A> {
  return {
    name,
    reach: ({ inputs: [x] }) => reducedOver(x!.shape, x!.shape.map((_, axis) => axis).slice(2), true),
    arity: [1, 1],
    attributes,
    inputNames: ["X"],
    infer: ([x], _attrs, where) => [{ dtype: x!.dtype, shape: pooledShape(where, x!.shape) }],
    vjp,
    cost: ([x]) => ({ macs: 0, flops: sizeOf(x!.shape) }),
    evaluate: ([x], attrs) => [overPlaces(name, x!, (places) => value(places, attrs))],
  };
}

function overPlaces(name: string, x: NdArray, value: (places: Float64Array) => number): NdArray {
  const size = sizeOf(x.shape.slice(2));
  const shape = pooledShape(name, x.shape);
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => value(x.data.subarray(i * size, (i + 1) * size)));
  return { dtype: x.dtype, shape, data };
}

export const globalAveragePoolOp: Op<NoAttributes> = globalPool(
  "GlobalAveragePool",
  {},
  (places) => places.reduce((sum, value) => sum + value / places.length, 0),
  ({ inputs: [x], cotangents: [ct] }) => [expand(mul(ct!, scalar(1 / sizeOf(x!.shape.slice(2)), x!.dtype)), x!.shape)],
);

/** As MaxPool with one window: the first maximum takes the whole cotangent, as in PyTorch. */
export const globalMaxPoolOp: Op<NoAttributes> = globalPool(
  "GlobalMaxPool",
  {},
  (places) => places.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ({ inputs, outputs, cotangents, wants }) => {
    const kernel_shape = inputs[0]!.shape.slice(2);
    const attrs = { auto_pad: "NOTSET", ceil_mode: 0, storage_order: 0, with_indices: 0 };
    return maxPoolGradient({
      inputs,
      outputs,
      cotangents,
      wants,
      attrs: { ...attrs, kernel_shape, strides: kernel_shape },
    });
  },
);

export const globalLpPoolOp: Op<GlobalLpPoolAttributes> = globalPool(
  "GlobalLpPool",
  { p: { type: "int", default: 2 } },
  (places, { p }) => places.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p),
  ({ inputs: [x], outputs: [y], attrs: { p }, cotangents: [ct] }) => [lpSlope(x!, y, ct!, p, (parts) => parts)],
);

/** Mean over all spatial axes: `[batch, channels, spatial...]` to `[batch, channels, 1...]`. */
export function globalAveragePool(x: Tensor): Tensor {
  return apply(globalAveragePoolOp, [x])[0];
}

/** Largest value over all spatial axes: `[batch, channels, spatial...]` to `[batch, channels, 1...]`. */
export function globalMaxPool(x: Tensor): Tensor {
  return apply(globalMaxPoolOp, [x])[0];
}

/** L_p norm over all spatial axes, `p` 2 by default: `[batch, channels, spatial...]` to `[batch, channels, 1...]`. */
export function globalLpPool(x: Tensor, options: Partial<GlobalLpPoolAttributes> = {}): Tensor {
  return apply(globalLpPoolOp, [x], options)[0];
}
