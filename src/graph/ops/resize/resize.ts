// Resize: nearest neighbor, linear or cubic interpolation, one axis after the other.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { normalizeAxis, type Shape, shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import type { AxisReach } from "../../accounting/axis-reach.js";
import { same } from "../../accounting/reach.js";
import { apply, constant, int64s, scalar } from "../../build.js";
import type { Cost, InferInput, NdArray, Op } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { scatterElements } from "../indexing/indexing.js";
import { expand, reshape } from "../movement/shape-movement.js";
import { matMul } from "../products/matmul.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";
import { reduceSum } from "../reduction/reduction.js";
import {
  type AxisResize,
  type AxisWeights,
  axisWeights,
  centersOf,
  checkModes,
  isChanged,
  type ResizeAttributes,
  repeatedReads,
} from "./resize-weights.js";

/** How every axis of x is resized. */
export function resizedAxes(
  where: string,
  inputs: readonly (InferInput | null)[],
  attrs: ResizeAttributes,
): AxisResize[] {
  checkModes(where, attrs);
  const { shape } = inputs[0]!;
  const [roi, scales, sizes] = ["roi", "scales", "sizes"].map((name, i) => listOf(where, name, inputs[i + 1]));
  const axes = (attrs.axes ?? shape.map((_, axis) => axis)).map((axis) => normalizeAxis(where, axis, shape.length));
  const given = scales ?? sizes;
  if (given === undefined || (scales !== undefined && sizes !== undefined) || given.length !== axes.length) {
    throw new InvalidInputError("the new extents are unclear", {
      where,
      expected: `either scales or sizes, ${axes.length} of them`,
      received: given === undefined ? "neither" : `${scales?.length ?? 0} scales, ${sizes?.length ?? 0} sizes`,
    });
  }
  const factors =
    scales ??
    fitted(
      sizes!.map((size, i) => size / shape[axes[i]]),
      attrs,
    );
  const result = shape.map((input): AxisResize => ({ input, output: input, scale: 1, roi: [0, 1] }));
  for (const [i, axis] of axes.entries()) {
    const input = shape[axis];
    // In float32, as in ONNX Runtime and ONNX's own shape rule.
    const output =
      scales !== undefined ? Math.floor(Math.fround(input * scales[i])) : Math.floor(factors[i] * input + 0.5);
    const isStretched = sizes !== undefined && attrs.keep_aspect_ratio_policy === "stretch";
    const part: AxisResize["roi"] = roi === undefined ? [0, 1] : [roi[i], roi[axes.length + i]];
    result[axis] = { input, output: isStretched ? sizes[i] : output, scale: factors[i], roi: part };
  }
  if (result.some(({ input, output }) => !Number.isInteger(output) || output < 0 || (input === 0 && output > 0))) {
    throw new ShapeError("cannot resize", { where, expected: "finite extents", received: shapeText(given) });
  }
  return result;
}

/** An empty list stands for an omitted one. */
function listOf(where: string, name: string, input: InferInput | null | undefined): number[] | undefined {
  if (input?.shape.length === 1 && input.shape[0] === 0) return undefined;
  return knownValues(where, name, input);
}

/** A common factor for all axes if their ratio is kept: the one that fits inside the sizes, or covers them. */
function fitted(factors: readonly number[], { keep_aspect_ratio_policy: policy }: ResizeAttributes): readonly number[] {
  if (policy === "stretch") return factors;
  const factor = policy === "not_larger" ? Math.min(...factors) : Math.max(...factors);
  return factors.map(() => factor);
}

export const resizeOp: Op<ResizeAttributes> = {
  name: "Resize",
  weightUse: { 1: "never", 2: "never" },
  reach({ inputs, attrs }) {
    return [
      resizedAxes("Resize", inputs, attrs).map((axis, i) =>
        isChanged(axis) ? interpolatedReach(axis, i, attrs) : same(i),
      ),
    ];
  },
  arity: [1, 4],
  attributes: {
    antialias: { type: "int", default: 0 },
    axes: { type: "ints" },
    coordinate_transformation_mode: { type: "string", default: "half_pixel" },
    cubic_coeff_a: { type: "float", default: -0.75 },
    exclude_outside: { type: "int", default: 0 },
    extrapolation_value: { type: "float", default: 0 },
    keep_aspect_ratio_policy: { type: "string", default: "stretch" },
    mode: { type: "string", default: "nearest" },
    nearest_mode: { type: "string", default: "round_prefer_floor" },
  },
  inputNames: ["X", "roi", "scales", "sizes"],
  staticInputs: [1, 2, 3],
  infer: (inputs, attrs, where) => [
    { dtype: inputs[0]!.dtype, shape: resizedAxes(where, inputs, attrs).map(({ output }) => output) },
  ],
  vjp({ inputs, attrs, cotangents: [ct] }) {
    const axes = resizedAxes("gradient of Resize", knownInputs(inputs), attrs);
    return [resizedBack(ct!, inputs[0]!.shape, axes, attrs), null, null, null];
  },
  cost: interpolationCost,
  evaluate(inputs, attrs) {
    let result = inputs[0]!;
    const outside: (readonly boolean[])[] = [];
    for (const [axis, resize] of resizedAxes("Resize", asKnown(inputs), attrs).entries()) {
      const weights = isChanged(resize) ? axisWeights(resize, attrs) : null;
      outside.push(Array.from({ length: resize.output }, (_, place) => weights?.[place] === null));
      if (weights !== null) result = interpolated(result, axis, weights);
    }
    return [extrapolated(result, outside, attrs.extrapolation_value)];
  },
};

/** Number of elements that an interpolation reads; more for antialiased reductions. */
const interpolationTaps: Readonly<Record<string, number>> = { nearest: 1, linear: 2, cubic: 4 };

function interpolatedReach(resize: AxisResize, axis: number, attrs: ResizeAttributes): AxisReach {
  const wider = attrs.antialias === 1 ? Math.max(1, Math.ceil(1 / resize.scale)) : 1;
  const taps = interpolationTaps[attrs.mode] * wider;
  const reads = repeatedReads(resize, attrs, taps);
  return { kind: "between", axis, taps, ...centersOf(resize, attrs), ...(reads === undefined ? {} : { reads }) };
}

/** Nearest neighbors are copied; otherwise one product and sum for each of the (2 or 4) elements along every axis. */
function interpolationCost(
  [x]: readonly (TensorType | null)[],
  [y]: readonly TensorType[],
  { mode }: ResizeAttributes,
): Cost {
  if (mode === "nearest") return { macs: 0, flops: 0 };
  const changed = y.shape.filter((extent, axis) => extent !== x!.shape[axis]).length;
  return { macs: 0, flops: 2 * sizeOf(y.shape) * (mode === "linear" ? 2 : 4) ** changed };
}

function interpolated(x: NdArray, axis: number, weights: AxisWeights): NdArray {
  const [extent, inner] = [x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
  const shape = x.shape.with(axis, weights.length);
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const first = Math.floor(i / (inner * weights.length)) * extent * inner + (i % inner);
    const taps = weights[Math.floor(i / inner) % weights.length] ?? [];
    return taps.reduce((sum, { index, weight }) => sum + weight * x.data[first + index * inner], 0);
  });
  return { dtype: x.dtype, shape, data };
}

/** The given value wherever a coordinate lies outside x on any axis. */
function extrapolated(x: NdArray, outside: readonly (readonly boolean[])[], value: number): NdArray {
  if (!outside.some((axis) => axis.includes(true))) return x;
  const strides = stridesOf(x.shape);
  const isOutside = (i: number): boolean => outside.some((axis, at) => axis[Math.floor(i / strides[at]) % x.shape[at]]);
  return { ...x, data: x.data.map((element, i) => (isOutside(i) ? value : element)) };
}

/** The transpose, axis by axis: every element receives the weighted cotangents of the positions made from it. */
function resizedBack(ct: Tensor, shape: Shape, axes: readonly AxisResize[], attrs: ResizeAttributes): Tensor {
  if (sizeOf(ct.shape) === 0) return expand(scalar(0, ct.dtype), shape);
  const tables = axes.map((resize) => (isChanged(resize) ? axisWeights(resize, attrs) : null));
  const repeats = tables.map((table, axis) => (table === null ? 1 : wholeRepeats(table, shape[axis])));
  let result = blockSums(
    ct,
    repeats.map((count) => count ?? 1),
  );
  for (const [axis, table] of tables.entries()) {
    if (table === null || repeats[axis] !== undefined) continue;
    const isLarge = table.length * shape[axis] > largestMatrix;
    result = (isLarge ? axisBackByPlaces : axisBackByProduct)(result, axis, table, shape[axis]);
  }
  return result;
}

/** The number of repetitions of every element, if the axis consists of whole repetitions. */
function wholeRepeats(table: AxisWeights, extent: number): number | undefined {
  const count = table.length / extent;
  const isRepeated = table.every((taps, place) => taps?.length === 1 && taps[0].index === Math.floor(place / count));
  return Number.isInteger(count) && isRepeated ? count : undefined;
}

/** Sums over blocks of `repeats` elements, all axes at once. */
function blockSums(ct: Tensor, repeats: readonly number[]): Tensor {
  const cut: number[] = [];
  const summed: number[] = [];
  for (const [axis, count] of repeats.entries()) {
    cut.push(ct.shape[axis] / count);
    if (count > 1) {
      summed.push(cut.length);
      cut.push(count);
    }
  }
  return summed.length === 0 ? ct : reduceSum(reshape(ct, cut), summed);
}

// Beyond this, the nearly empty weight matrix costs more memory and time than adding position by position.
const largestMatrix = 2 ** 20;

/** One matrix product with the weights: despite the zeros, this is what ONNX Runtime does fastest. */
function axisBackByProduct(ct: Tensor, axis: number, table: AxisWeights, extent: number): Tensor {
  const places = table.length;
  const weights = new Float64Array(places * extent);
  const isLast = axis === ct.shape.length - 1;
  for (const [place, taps] of table.entries()) {
    for (const { index, weight } of taps ?? [])
      weights[isLast ? place * extent + index : index * places + place] += weight;
  }
  const matrix = constant(tensorFrom(ct.dtype, isLast ? [places, extent] : [extent, places], weights));
  const shape = ct.shape.with(axis, extent);
  if (isLast) return reshape(matMul(reshape(ct, [sizeOf(ct.shape) / places, places]), matrix), shape);
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  return reshape(matMul(matrix, reshape(ct, [outer, places, inner])), shape);
}

/** The first element of every position, then the second ones, and so on, each added at its source. */
function axisBackByPlaces(ct: Tensor, axis: number, table: AxisWeights, extent: number): Tensor {
  const most = table.reduce((count, taps) => Math.max(count, taps?.length ?? 0), 1);
  const alongAxis = ct.shape.map((_, at) => (at === axis ? table.length : 1));
  const parts = Array.from({ length: most }, (_, tap) => {
    const weights = table.map((taps) => taps?.[tap]?.weight ?? 0);
    const indices = table.map((taps) => taps?.[tap]?.index ?? 0);
    const weighted = mul(ct, reshape(constant(tensorFrom(ct.dtype, [weights.length], weights)), alongAxis));
    const places = expand(reshape(int64s(indices), alongAxis), ct.shape);
    const zeros = expand(scalar(0, ct.dtype), ct.shape.with(axis, extent));
    return scatterElements(zeros, places, weighted, { axis, reduction: "add" });
  });
  return parts.reduce(add);
}

/** Repeats every element over a block of `factors`, one integer per axis: `y[i] = x[floor(i / factor)]`. */
export function enlarge(x: Tensor, factors: readonly number[]): Tensor {
  const attrs = { coordinate_transformation_mode: "asymmetric", mode: "nearest", nearest_mode: "floor" };
  return resize(x, { scales: factors, ...attrs });
}

export type ResizeOptions = Partial<ResizeAttributes> & {
  /** Factors of all axes (or of `axes`); sizes become `floor(size x factor)`. */
  readonly scales?: readonly number[];
  /** The new sizes, instead of factors. */
  readonly sizes?: readonly number[];
};

/**
 * Resizes x. Nearest neighbor unless `mode` is `linear` or `cubic`; coordinates refer to the centers of
 * elements (`half_pixel`) unless `coordinate_transformation_mode` is given. `pytorch_half_pixel` with `linear` is
 * PyTorch's `interpolate`; `asymmetric` with `floor` its `nearest`.
 */
export function resize(x: Tensor, { scales, sizes, ...attrs }: ResizeOptions): Tensor {
  const factors = scales === undefined ? null : constant(tensorFrom("float32", [scales.length], scales));
  return apply(resizeOp, sizes === undefined ? [x, null, factors] : [x, null, null, int64s(sizes)], attrs)[0];
}
