// Operators that rearrange or repeat elements without arithmetic: reshaping, transposition, broadcasting.
import { ShapeError } from "../../../core/errors.js";
import {
  broadcastShapes,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeText,
  sizeOf,
  stridesOf,
} from "../../../core/numbers/shape.js";
import { pointwise, regrouped, same } from "../../accounting/reach.js";
import { apply, constantValue, int64s } from "../../build.js";
import { type InferInput, noCost, type Op, type Vjp } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import { broadcastReader } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import type { NoAttributes } from "../record/elementwise.js";
import { asKnown, knownValues } from "../record/known-value.js";

export { gather } from "../indexing/indexing.js";
export { pad } from "./padding.js";
export { concat, slice, split } from "./slicing.js";

export type ReshapeAttributes = { readonly allowzero: number };
export type FlattenAttributes = { readonly axis: number };
export type TransposeAttributes = { readonly perm?: readonly number[] };

/** The gradient of operators that keep the order of elements. */
const reshapeBack: Vjp = ({ inputs: [x], cotangents: [ct] }) => [reshape(ct!, x!.shape), null];

export const reshapeOp: Op<ReshapeAttributes> = {
  // Of several consecutive ones only the last counts, and it may undo the others. Only `simplify` may do this: a tensor
  // with respect to which gradients are taken must stay on the path.
  simpler([x, shape], [result]) {
    const source = x!.node?.op === (reshapeOp as Op) ? (x!.node.inputs[0] as Tensor) : x!;
    if (sameShape(source.shape, result.shape)) return source;
    // A 0 copies a size of the input, which is now another tensor.
    const isPlain = constantValue(shape!)?.data.every((extent) => extent !== 0) === true;
    return source === x || !isPlain ? null : apply(reshapeOp, [source, shape!])[0];
  },
  name: "Reshape",
  isView: true,
  reach: regrouped,
  arity: [2, 2],
  attributes: { allowzero: { type: "int", default: 0 } },
  inputNames: ["data", "shape"],
  staticInputs: [1],
  infer([x, shape], { allowzero }, where) {
    return [
      { dtype: x!.dtype, shape: reshaped(where, x!.shape, knownValues(where, "shape", shape)!, allowzero === 1) },
    ];
  },
  vjp: reshapeBack,
  cost: noCost,
  evaluate: ([x, shape], { allowzero }) => [
    { ...x!, shape: reshaped("Reshape", x!.shape, [...shape!.data], allowzero === 1) },
  ],
};

/** 0 copies the size of the same axis (unless `allowZero`), and one -1 is inferred. */
function reshaped(where: string, shape: Shape, wanted: readonly number[], allowZero: boolean): number[] {
  const result = wanted.map((extent, axis) => (extent === 0 && !allowZero ? (shape[axis] ?? Number.NaN) : extent));
  const open = result.indexOf(-1);
  if (open >= 0) result[open] = sizeOf(shape) / -sizeOf(result);
  const valid = result.every((extent) => Number.isInteger(extent) && extent >= 0) && sizeOf(result) === sizeOf(shape);
  if (!valid) {
    throw new ShapeError("cannot reshape", {
      where,
      expected: `${sizeOf(shape)} elements, as in ${shapeText(shape)}`,
      received: shapeText(wanted),
    });
  }
  return result;
}

export const flattenOp: Op<FlattenAttributes> = {
  name: "Flatten",
  isView: true,
  reach: regrouped,
  arity: [1, 1],
  attributes: { axis: { type: "int", default: 1 } },
  inputNames: ["input"],
  infer: ([x], { axis }, where) => [{ dtype: x!.dtype, shape: flattened(where, x!.shape, axis) }],
  vjp: reshapeBack,
  cost: noCost,
  evaluate: ([x], { axis }) => [{ ...x!, shape: flattened("Flatten", x!.shape, axis) }],
};

function flattened(where: string, shape: Shape, axis: number): number[] {
  // The axis may equal the rank; then the first size takes everything.
  const at = axis === shape.length ? axis : normalizeAxis(where, axis, shape.length);
  return [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))];
}

export const transposeOp: Op<TransposeAttributes> = {
  name: "Transpose",
  reach({ inputs: [x], attrs }) {
    const perm = permutationOf(attrs, x!.shape.length);
    return [x!.shape.map((_, axis) => same(perm.indexOf(axis)))];
  },
  arity: [1, 1],
  attributes: { perm: { type: "ints" } },
  inputNames: ["data"],
  infer([x], attrs, where) {
    const perm = permutationOf(attrs, x!.shape.length);
    if (normalizeAxes(where, perm, x!.shape.length).length !== x!.shape.length || perm.some((axis) => axis < 0)) {
      throw new ShapeError("perm is not a permutation of the axes", {
        where,
        expected: `each of 0 to ${x!.shape.length - 1} once`,
        received: shapeText(perm),
      });
    }
    return [{ dtype: x!.dtype, shape: perm.map((axis) => x!.shape[axis]) }];
  },
  vjp({ inputs: [x], attrs, cotangents: [ct] }) {
    const perm = permutationOf(attrs, x!.shape.length);
    return [
      transpose(
        ct!,
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
    ];
  },
  cost: noCost,
  evaluate([x], attrs) {
    const perm = permutationOf(attrs, x!.shape.length);
    const shape = perm.map((axis) => x!.shape[axis]);
    const from = stridesOf(x!.shape);
    const to = stridesOf(shape);
    const read = (index: number): number =>
      x!.data[perm.reduce((sum, axis, i) => sum + (Math.floor(index / to[i]) % shape[i]) * from[axis], 0)];
    return [ndFill(x!.dtype, shape, read)];
  },
};

/** Reversed axes unless `perm` is given. */
export function permutationOf({ perm }: TransposeAttributes, rank: number): readonly number[] {
  return perm ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

export const squeezeOp: Op<NoAttributes> = {
  name: "Squeeze",
  isView: true,
  reach: regrouped,
  arity: [1, 2],
  attributes: {},
  inputNames: ["data", "axes"],
  staticInputs: [1],
  infer: (inputs, _attrs, where) => [{ dtype: inputs[0]!.dtype, shape: squeezed(where, inputs) }],
  vjp: reshapeBack,
  cost: noCost,
  evaluate: (inputs) => [{ ...inputs[0]!, shape: squeezed("Squeeze", asKnown(inputs)) }],
};

function squeezed(where: string, [x, axes]: readonly (InferInput | null)[]): number[] {
  const { shape } = x!;
  const given = knownValues(where, "axes", axes);
  if (given === undefined) return shape.filter((extent) => extent !== 1);
  const dropped = normalizeAxes(where, given, shape.length);
  if (dropped.some((axis) => shape[axis] !== 1)) {
    throw new ShapeError("only axes of extent 1 can be squeezed", {
      where,
      expected: `extent 1 at ${shapeText(dropped)}`,
      received: shapeText(shape),
    });
  }
  return shape.filter((_, axis) => !dropped.includes(axis));
}

export const unsqueezeOp: Op<NoAttributes> = {
  name: "Unsqueeze",
  isView: true,
  reach: regrouped,
  arity: [2, 2],
  attributes: {},
  inputNames: ["data", "axes"],
  staticInputs: [1],
  infer: (inputs, _attrs, where) => [{ dtype: inputs[0]!.dtype, shape: unsqueezed(where, inputs) }],
  vjp: reshapeBack,
  cost: noCost,
  evaluate: (inputs) => [{ ...inputs[0]!, shape: unsqueezed("Unsqueeze", asKnown(inputs)) }],
};

/** The axes refer to the result. */
function unsqueezed(where: string, [x, axes]: readonly (InferInput | null)[]): number[] {
  const given = knownValues(where, "axes", axes)!;
  const shape = [...x!.shape];
  for (const axis of normalizeAxes(where, given, shape.length + given.length)) shape.splice(axis, 0, 1);
  return shape;
}

export const expandOp: Op<NoAttributes> = {
  name: "Expand",
  repeatsFirst: true,
  reach: ({ inputs: [x], ...context }) => pointwise({ ...context, inputs: [x] }),
  arity: [2, 2],
  attributes: {},
  inputNames: ["input", "shape"],
  staticInputs: [1],
  infer: ([x, shape], _attrs, where) => [
    { dtype: x!.dtype, shape: broadcastShapes(where, x!.shape, knownValues(where, "shape", shape)!) },
  ],
  // `gradients` sums over the repeated axes.
  vjp: ({ cotangents: [ct] }) => [ct, null],
  cost: noCost,
  evaluate([x, shape]) {
    const result = broadcastShapes("Expand", x!.shape, [...shape!.data]);
    return [ndFill(x!.dtype, result, broadcastReader(x!, result))];
  },
};

/** The same elements in another shape. In `shape`, 0 copies the size of the same axis and one -1 is inferred. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply(reshapeOp, [x, int64s(shape)], shape.includes(0) ? { allowzero: 1 } : {})[0];
}

/** A matrix: axes before `axis` (1 by default) become rows, the others columns. */
export function flatten(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  return apply(flattenOp, [x], options)[0];
}

/** Axis `i` of the result is axis `perm[i]` of `x`; reversed axes by default. */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  return apply(transposeOp, [x], perm === undefined ? {} : { perm })[0];
}

/** Drops axes of size 1: the given ones, or all. */
export function squeeze(x: Tensor, axes?: readonly number[]): Tensor {
  return apply(squeezeOp, axes === undefined ? [x] : [x, int64s(axes)])[0];
}

/** Inserts axes of size 1 at these positions of the result. */
export function unsqueeze(x: Tensor, axes: readonly number[]): Tensor {
  return apply(unsqueezeOp, [x, int64s(axes)])[0];
}

/** Broadcasts to the common shape of `x` and `shape`. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return apply(expandOp, [x, int64s(shape)])[0];
}
