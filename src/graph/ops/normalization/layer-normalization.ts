// LayerNormalization and RMSNormalization: normalize every example by its own statistics over the last axes.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import {
  broadcastShapes,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeText,
  sizeOf,
} from "../../../core/numbers/shape.js";
import { normalizedOver } from "../../accounting/reach.js";
import { apply, scalar } from "../../build.js";
import type { InferInput, NdArray, Op, VjpContext } from "../../op.js";
import { broadcastReader } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import { add, div, mul, sub } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { sqrt } from "../elementwise/unary.js";
import { expand } from "../movement/shape-movement.js";
import { requireOneType } from "../record/element-types.js";
import { requireDType } from "../record/elementwise.js";
import { reduceMean, reduceSumSquare } from "../reduction/reduction.js";

export type LayerNormalizationAttributes = {
  readonly axis: number;
  readonly epsilon: number;
  readonly stash_type: number;
};

const floats = ["float32", "float64"] as const;
const attributes = {
  axis: { type: "int", default: -1 },
  epsilon: { type: "float", default: 1e-5 },
  stash_type: { type: "int", default: 1 },
} as const;

/** The normalized axes, the shape of the statistics, and the number of elements per statistic. */
function normalizedOf(where: string, shape: Shape, { axis }: LayerNormalizationAttributes) {
  const first = normalizeAxis(where, axis, shape.length);
  const axes = shape.map((_, i) => i).slice(first);
  const kept = shape.map((extent, i) => (i < first ? extent : 1));
  return { axes, kept, count: sizeOf(shape.slice(first)) };
}

/** Scale and shift broadcast to the input, never the reverse. */
function requireFits(where: string, x: InferInput, given: InferInput | null | undefined, name: string): void {
  if (given === null || given === undefined) return;
  if (given.shape.length <= x.shape.length && sameShape(broadcastShapes(where, x.shape, given.shape), x.shape)) return;
  throw new ShapeError(`${name} does not fit`, {
    where,
    expected: `what broadcasts to ${shapeText(x.shape)}`,
    received: shapeText(given.shape),
  });
}

/** The element type of the statistics, by its ONNX code. */
function stashType(where: string, { stash_type }: LayerNormalizationAttributes): "float32" | "float64" {
  if (stash_type === 1) return "float32";
  if (stash_type === 11) return "float64";
  throw new InvalidInputError("statistics of this type are not supported", {
    where,
    expected: "stash_type 1 (float32) or 11 (float64)",
    received: `${stash_type}`,
  });
}

/** `f` of the elements of each statistic, and the index of the statistic of every element. */
function statistics(x: NdArray, { count, kept }: { count: number; kept: Shape }, f: (row: Float64Array) => number) {
  const data = Float64Array.from({ length: sizeOf(kept) }, (_, i) => f(x.data.subarray(i * count, (i + 1) * count)));
  return { dtype: x.dtype, shape: kept, data };
}

const meanOf = (row: Float64Array): number => row.reduce((sum, value) => sum + value, 0) / row.length;

/** The axis and all later ones. */
const normalizedAxes = (shape: Shape, { axis }: LayerNormalizationAttributes): number[] =>
  shape.map((_, i) => i).slice(normalizeAxis("LayerNormalization", axis, shape.length));

export const layerNormalizationOp: Op<LayerNormalizationAttributes> = {
  name: "LayerNormalization",
  weightUse: { 1: "scale", 2: "shift" },
  reach: normalizedOver(normalizedAxes),
  arity: [2, 3],
  attributes,
  inputNames: ["X", "Scale", "B"],
  infer([x, scale, shift], attrs, where) {
    requireDType(where, x!, floats);
    requireOneType(where, x, scale, shift);
    requireFits(where, x!, scale, "Scale");
    requireFits(where, x!, shift, "B");
    const { kept } = normalizedOf(where, x!.shape, attrs);
    const statistic = { dtype: stashType(where, attrs), shape: kept };
    return [{ dtype: x!.dtype, shape: x!.shape }, statistic, statistic];
  },
  vjp: layerNormalizationGradient,
  // Two passes for the statistics, two for the difference and the quotient, two for scale and shift.
  cost: ([x, , shift]) => ({ macs: 0, flops: (shift === null || shift === undefined ? 7 : 8) * sizeOf(x!.shape) }),
  evaluate([x, scale, shift], attrs) {
    const extents = normalizedOf("LayerNormalization", x!.shape, attrs);
    const mean = statistics(x!, extents, meanOf);
    const deviation = statistics(x!, extents, (row) => {
      const center = meanOf(row);
      return 1 / Math.sqrt(meanOf(row.map((value) => (value - center) ** 2)) + attrs.epsilon);
    });
    const factor = broadcastReader(scale!, x!.shape);
    const offset = shift === null || shift === undefined ? () => 0 : broadcastReader(shift, x!.shape);
    const data = x!.data.map((value, i) => {
      const row = Math.floor(i / extents.count);
      return (value - mean.data[row]) * deviation.data[row] * factor(i) + offset(i);
    });
    const dtype = stashType("LayerNormalization", attrs);
    return [
      { ...x!, data },
      { ...mean, dtype },
      { ...deviation, dtype },
    ];
  },
};

/**
 * With `h = (x - mean) r` and `g = ct scale`: `dscale = ct h`, `dB = ct` (`gradients` sums both over the examples), and
 * `dx = r (g - mean(g) - h mean(g h))`. Cotangents of the statistics add `ct_mean / n - ct_r r^2 h / n`.
 */
function layerNormalizationGradient(context: VjpContext<LayerNormalizationAttributes>): (Tensor | null)[] {
  const { inputs, outputs, cotangents, attrs, wants } = context;
  const [x, scale] = inputs as readonly Tensor[];
  const [, mean, r] = outputs.map((output) => typed(output, x));
  const [ct, ctMean, ctR] = cotangents.map((one) => (one === null ? null : typed(one, x)));
  const { axes, count } = normalizedOf("gradient of LayerNormalization", x.shape, attrs);
  const perElement = (value: Tensor): Tensor => mul(value, scalar(1 / count, x.dtype));
  const h = mul(sub(x, mean), r);
  const direct = (upstream: Tensor): Tensor => {
    const g = mul(upstream, scale);
    // dscale needs the same product.
    const along = wants[1] ? mul(mul(upstream, h), scale) : mul(g, h);
    const slope = reduceMean(along, axes, { keepdims: 1 });
    return mul(sub(sub(g, mul(h, slope)), reduceMean(g, axes, { keepdims: 1 })), r);
  };
  const dx = (): Tensor => {
    const terms = ct === null ? [] : [direct(ct)];
    if (ctMean !== null) terms.push(perElement(ctMean));
    if (ctR !== null) terms.push(mul(h, perElement(mul(mul(ctR, mul(r, r)), scalar(-1, x.dtype)))));
    const total = terms.reduce(add);
    return sameShape(total.shape, x.shape) ? total : expand(total, x.shape);
  };
  return [wants[0] ? dx() : null, wants[1] && ct !== null ? mul(ct, h) : null, wants[2] ? ct : null];
}

export function typed(tensor: Tensor, like: Tensor): Tensor {
  return tensor.dtype === like.dtype ? tensor : cast(tensor, like.dtype);
}

export const rmsNormalizationOp: Op<LayerNormalizationAttributes> = {
  name: "RMSNormalization",
  weightUse: { 1: "scale" },
  reach: normalizedOver(normalizedAxes),
  arity: [2, 2],
  attributes,
  inputNames: ["X", "scale"],
  infer([x, scale], attrs, where) {
    requireDType(where, x!, floats);
    requireDType(where, scale!, floats);
    requireFits(where, x!, scale, "scale");
    normalizedOf(where, x!.shape, attrs);
    stashType(where, attrs);
    // Its type is that of the scale, which may differ from that of the input.
    return [{ dtype: scale!.dtype, shape: x!.shape }];
  },
  vjp: rmsNormalizationGradient,
  cost: ([x]) => ({ macs: 0, flops: 4 * sizeOf(x!.shape) }),
  evaluate([x, scale], attrs) {
    const extents = normalizedOf("RMSNormalization", x!.shape, attrs);
    const root = statistics(x!, extents, (row) => Math.sqrt(meanOf(row.map((value) => value ** 2)) + attrs.epsilon));
    const factor = broadcastReader(scale!, x!.shape);
    const data = x!.data.map((value, i) => (value / root.data[Math.floor(i / extents.count)]) * factor(i));
    return [{ dtype: scale!.dtype, shape: x!.shape, data }];
  },
};

/** `sqrt(mean(x^2) + epsilon)`, with extent 1 on the normalized axes. */
export function rootMeanSquare(x: Tensor, attrs: LayerNormalizationAttributes): Tensor {
  const { axes, count } = normalizedOf("RMSNormalization", x.shape, attrs);
  const square = mul(reduceSumSquare(x, axes, { keepdims: 1 }), scalar(1 / count, x.dtype));
  return sqrt(add(square, scalar(attrs.epsilon, x.dtype)));
}

/** With `h = x / root` and `g = ct scale`: `dscale = ct h`, `dx = (g - h mean(g h)) / root`. */
function rmsNormalizationGradient(context: VjpContext<LayerNormalizationAttributes>): (Tensor | null)[] {
  const [x, scale] = context.inputs as readonly Tensor[];
  const { axes } = normalizedOf("gradient of RMSNormalization", x.shape, context.attrs);
  const ct = typed(context.cotangents[0]!, x);
  const root = rootMeanSquare(x, context.attrs);
  const h = div(x, root);
  const g = mul(ct, typed(scale, x));
  const dx = () => div(sub(g, mul(h, reduceMean(mul(g, h), axes, { keepdims: 1 }))), root);
  return [context.wants[0] ? dx() : null, context.wants[1] ? typed(mul(ct, h), scale) : null];
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * scale + shift` with mean and population variance over the axes from `axis`
 * (the last by default) to the end; scale and shift broadcast to x, and the shift may be `null`. Epsilon is 1e-5 by
 * default. Returns `[y, mean, 1 / sqrt(variance + epsilon)]`.
 */
export function layerNormalization(
  x: Tensor,
  scale: Tensor,
  shift: Tensor | null = null,
  attrs: Partial<LayerNormalizationAttributes> = {},
): readonly Tensor[] {
  return apply(layerNormalizationOp, shift === null ? [x, scale] : [x, scale, shift], attrs);
}

/**
 * `x / sqrt(mean(x^2) + epsilon) * scale` over the axes from `axis` (the last by default) to the end (Zhang and
 * Sennrich 2019). Epsilon is 1e-5 by default. Introduced in operator set 23; written as a composition of set 21.
 */
export function rmsNormalization(x: Tensor, scale: Tensor, attrs: Partial<LayerNormalizationAttributes> = {}): Tensor {
  return apply(rmsNormalizationOp, [x, scale], attrs)[0];
}
