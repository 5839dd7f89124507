// Normalization without parameters: LpNormalization, MeanVarianceNormalization, and LRN across neighboring channels.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { normalizeAxes, normalizeAxis, shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { normalizedOver } from "../../accounting/reach.js";
import { apply, constant, scalar } from "../../build.js";
import type { InferInput, NdArray, Op } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { add, div, max, mul, pow, sub } from "../elementwise/arithmetic.js";
import { abs, reciprocal, sign, sqrt } from "../elementwise/unary.js";
import { reshape } from "../movement/shape-movement.js";
import { matMul } from "../products/matmul.js";
import { requireDType } from "../record/elementwise.js";
import { reduceMean, reduceSum, reduceSumSquare } from "../reduction/reduction.js";

export type LpNormalizationAttributes = { readonly axis: number; readonly p: number };
export type MeanVarianceNormalizationAttributes = { readonly axes: readonly number[] };
export type LrnAttributes = {
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
  readonly size: number;
};

const floats = ["float32", "float64"] as const;

function sameType(where: string, x: InferInput): TensorType[] {
  requireDType(where, x, floats);
  return [{ dtype: x.dtype, shape: x.shape }];
}

/** The norm of the elements that share their position on all other axes. */
function mapGroups(x: NdArray, axes: readonly number[], f: (group: readonly number[]) => readonly number[]): NdArray {
  const strides = stridesOf(x.shape);
  const groups = new Map<number, number[]>();
  for (let index = 0; index < x.data.length; index++) {
    let key = 0;
    for (const [axis, stride] of strides.entries())
      if (!axes.includes(axis)) key += (Math.floor(index / stride) % x.shape[axis]) * stride;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  const data = new Float64Array(x.data.length);
  for (const indices of groups.values()) {
    const values = f(indices.map((index) => x.data[index]));
    for (const [i, index] of indices.entries()) data[index] = values[i];
  }
  return { ...x, data };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Lower bound of a norm in the gradient, as in `torch.nn.functional.normalize`. */
const smallestNorm = 1e-12;

export const lpNormalizationOp: Op<LpNormalizationAttributes> = {
  name: "LpNormalization",
  reach: normalizedOver((shape, { axis }) => [normalizeAxis("LpNormalization", axis, shape.length)]),
  arity: [1, 1],
  attributes: { axis: { type: "int", default: -1 }, p: { type: "int", default: 2 } },
  inputNames: ["input"],
  infer([x], { axis, p }, where) {
    normalizeAxis(where, axis, x!.shape.length);
    if (p !== 1 && p !== 2)
      throw new InvalidInputError("unknown norm", { where, expected: "p 1 or 2", received: `${p}` });
    return sameType(where, x!);
  },
  // With y = x / norm: `(ct - y sum(ct y)) / norm`, where for p = 1 the sign takes the place of the outer y.
  vjp({ inputs: [x], outputs: [y], attrs: { axis, p }, cotangents: [ct] }) {
    const over = (values: Tensor): Tensor => reduceSum(values, [axis], { keepdims: 1 });
    const norm = p === 1 ? over(abs(x!)) : sqrt(reduceSumSquare(x!, [axis], { keepdims: 1 }));
    const along = p === 1 ? sign(x!) : y;
    return [div(sub(ct!, mul(along, over(mul(ct!, y)))), max(norm, scalar(smallestNorm, y.dtype)))];
  },
  cost: ([x]) => ({ macs: 0, flops: 3 * sizeOf(x!.shape) }),
  evaluate([x], { axis, p }) {
    const axes = [normalizeAxis("LpNormalization", axis, x!.shape.length)];
    const norm = (row: readonly number[]) => total(row.map((value) => Math.abs(value) ** p)) ** (1 / p);
    return [mapGroups(x!, axes, (row) => row.map((value) => (value === 0 ? 0 : value / norm(row))))];
  },
};

/** Added to the deviation by the ONNX specification. */
const leastDeviation = 1e-9;

/** `c = x - mean`, its deviation, and what c is divided by. */
export function meanAndVariance(x: Tensor, axes: readonly number[]) {
  const mean = (values: Tensor): Tensor => reduceMean(values, axes, { keepdims: 1 });
  const c = sub(x, mean(x));
  const deviation = sqrt(mean(mul(c, c)));
  return { c, deviation, d: add(deviation, scalar(leastDeviation, x.dtype)) };
}

export const meanVarianceNormalizationOp: Op<MeanVarianceNormalizationAttributes> = {
  name: "MeanVarianceNormalization",
  reach: normalizedOver((shape, { axes }) => normalizeAxes("MeanVarianceNormalization", axes, shape.length)),
  arity: [1, 1],
  attributes: { axes: { type: "ints", default: [0, 2, 3] } },
  inputNames: ["X"],
  infer([x], { axes }, where) {
    normalizeAxes(where, axes, x!.shape.length);
    return sameType(where, x!);
  },
  // With c = x - mean and d = deviation + 1e-9: `(ct - mean(ct)) / d - c mean(ct c) / (d^2 deviation)`.
  vjp({ inputs: [x], attrs: { axes }, cotangents: [ct] }) {
    const mean = (values: Tensor): Tensor => reduceMean(values, axes, { keepdims: 1 });
    const { c, deviation, d } = meanAndVariance(x!, axes);
    // If nothing varies, c is zero and so is the term.
    const safe = max(deviation, scalar(leastDeviation, x!.dtype));
    const slope = div(div(div(mean(mul(ct!, c)), d), d), safe);
    return [sub(div(sub(ct!, mean(ct!)), d), mul(c, slope))];
  },
  cost: ([x]) => ({ macs: 0, flops: 6 * sizeOf(x!.shape) }),
  evaluate([x], { axes }) {
    const over = normalizeAxes("MeanVarianceNormalization", axes, x!.shape.length);
    return [
      mapGroups(x!, over, (values) => {
        const mean = total(values) / values.length;
        const deviation = Math.sqrt(total(values.map((value) => (value - mean) ** 2)) / values.length);
        return values.map((value) => (value - mean) / (deviation + leastDeviation));
      }),
    ];
  },
};

/** The neighborhood of a channel: from `before` below it to `after` above it. */
function neighbors({ size }: LrnAttributes) {
  return { before: Math.floor((size - 1) / 2), after: Math.ceil((size - 1) / 2) };
}

export const lrnOp: Op<LrnAttributes> = {
  name: "LRN",
  // An element also depends on neighboring channels.
  reach: normalizedOver(() => [1]),
  arity: [1, 1],
  attributes: {
    alpha: { type: "float", default: 1e-4 },
    beta: { type: "float", default: 0.75 },
    bias: { type: "float", default: 1 },
    size: { type: "int" },
  },
  inputNames: ["X"],
  infer([x], { size }, where) {
    if (x!.shape.length < 2) {
      const received = shapeText(x!.shape);
      throw new ShapeError("there is no channel axis", { where, expected: "[batch, channels, ...]", received });
    }
    if (!(size >= 1))
      throw new InvalidInputError("no channels to sum over", { where, expected: "size >= 1", received: `${size}` });
    return sameType(where, x!);
  },
  // With u = bias + alpha/size W x^2: `ct u^-beta - 2 alpha beta/size x W'(ct x u^-(beta + 1))`.
  vjp({ inputs: [x], attrs, cotangents: [ct] }) {
    const { rows, window, u, power } = lrnParts(x!, attrs);
    const upstream = reshape(ct!, rows.shape);
    const scaled = mul(upstream, power);
    const back = matMul(window(1), div(mul(scaled, rows), u));
    const factor = scalar((-2 * attrs.alpha * attrs.beta) / attrs.size, rows.dtype);
    return [reshape(add(scaled, mul(mul(rows, factor), back)), x!.shape)];
  },
  fromGradientParts: ([x], attrs) => fromLrnParts(x!, attrs),
  cost: ([x], _outputs, { size }) => ({ macs: 0, flops: (size + 4) * sizeOf(x!.shape) }),
  evaluate([x], attrs) {
    const [, channels, ...inner] = x!.shape;
    const places = sizeOf(inner);
    const { before, after } = neighbors(attrs);
    const data = x!.data.map((value, index) => {
      const channel = Math.floor(index / places) % channels;
      let sum = 0;
      for (let j = Math.max(0, channel - before); j <= Math.min(channels - 1, channel + after); j++)
        sum += x!.data[index + (j - channel) * places] ** 2;
      return value / (attrs.bias + (attrs.alpha / attrs.size) * sum) ** attrs.beta;
    });
    return [{ ...x!, data }];
  },
};

/**
 * The input as `[batch, channels, places]`, `u`, and `u^-beta`. Sums over neighboring channels are a product with a
 * band matrix: ONNX Runtime's own kernel takes twenty times as long.
 */
function lrnParts(x: Tensor, attrs: LrnAttributes) {
  const [examples, channels, ...inner] = x.shape;
  const rows = reshape(x, [examples, channels, sizeOf(inner)]);
  const { before, after } = neighbors(attrs);
  const window = (transposed: 0 | 1): Tensor => {
    const isIn = (of: number, j: number): boolean => j >= of - before && j <= of + after;
    const band = Array.from({ length: channels * channels }, (_, i) => {
      const [row, column] = [Math.floor(i / channels), i % channels];
      return (transposed === 1 ? isIn(column, row) : isIn(row, column)) ? 1 : 0;
    });
    return constant(tensorFrom(x.dtype, [channels, channels], band));
  };
  const sums = matMul(window(0), mul(rows, rows));
  const u = add(mul(sums, scalar(attrs.alpha / attrs.size, x.dtype)), scalar(attrs.bias, x.dtype));
  return { rows, window, u, power: inversePower(u, attrs.beta) };
}

export function fromLrnParts(x: Tensor, attrs: LrnAttributes): Tensor {
  const { rows, power } = lrnParts(x, attrs);
  return reshape(mul(rows, power), x.shape);
}

/** `u^-beta`. Square roots are many times faster than Pow. */
function inversePower(u: Tensor, beta: number): Tensor {
  if (beta === 1) return reciprocal(u);
  const root = sqrt(u);
  if (beta === 0.5) return reciprocal(root);
  if (beta === 0.75) return reciprocal(mul(root, sqrt(root)));
  return pow(u, scalar(-beta, u.dtype));
}

/** `x / (sum |x|^p)^(1/p)` along `axis` (the last by default), p 1 or 2 (by default); zeros stay zeros. */
export function lpNormalization(x: Tensor, attrs: Partial<LpNormalizationAttributes> = {}): Tensor {
  return apply(lpNormalizationOp, [x], attrs)[0];
}

/** `(x - mean) / (deviation + 1e-9)` over `axes`, all but the channels of images by default. */
export function meanVarianceNormalization(x: Tensor, attrs: Partial<MeanVarianceNormalizationAttributes> = {}): Tensor {
  return apply(meanVarianceNormalizationOp, [x], attrs)[0];
}

/**
 * `x / (bias + alpha / size * sum x^2)^beta`, the sum over `size` neighboring channels (Krizhevsky, Sutskever and
 * Hinton 2012); alpha is 1e-4, beta 0.75 and bias 1 by default.
 */
export function localResponseNormalization(
  x: Tensor,
  attrs: Partial<LrnAttributes> & { readonly size: number },
): Tensor {
  return apply(lrnOp, [x], attrs)[0];
}
