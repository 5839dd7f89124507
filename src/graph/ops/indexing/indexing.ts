// Gather, GatherElements and ScatterElements: move elements by computed indices on one axis.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { normalizeAxis, type Shape, sameShape, shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { same } from "../../accounting/reach.js";
import { apply, scalar } from "../../build.js";
import { type InferInput, type NdArray, noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { expand, reshape } from "../movement/shape-movement.js";
import { requireDType } from "../record/elementwise.js";
import { scatterSlopes } from "./scatter-gradient.js";

export type AxisAttributes = { readonly axis: number };
export type ScatterAttributes = { readonly axis: number; readonly reduction: string };

/** Element types of indices. */
export const indexDTypes = ["int32", "int64"] as const;

/** How an update combines with the existing value. `none` replaces it. */
export const scatterReductions: Readonly<Record<string, (known: number, update: number) => number>> = {
  none: (_known, update) => update,
  add: (known, update) => known + update,
  mul: (known, update) => known * update,
  max: Math.max,
  min: Math.min,
};

/** Rejects a reduction that ONNX does not have. */
export function requireReduction(where: string, reduction: string): void {
  if (Object.hasOwn(scatterReductions, reduction)) return;
  const valid = Object.keys(scatterReductions).join(", ");
  throw new InvalidInputError("unknown reduction", { where, expected: valid, received: `"${reduction}"` });
}

/** A negative index counts from the end. */
export function wrapIndex(where: string, index: number, extent: number): number {
  if (index < -extent || index >= extent) {
    throw new InvalidInputError("index out of range", {
      where,
      expected: `${-extent} to ${extent - 1}`,
      received: `${index}`,
    });
  }
  return index < 0 ? index + extent : index;
}

export const gatherOp: Op<AxisAttributes> = {
  name: "Gather",
  weightUse: { 0: "weight" },
  // Gathered elements keep their receptive field, but not their position.
  reach({ inputs: [x, indices], attrs }) {
    const axis = normalizeAxis("Gather", attrs.axis, x!.shape.length);
    const more = indices!.shape.length;
    const gathered = Array.from({ length: more }, (_, i) => axis + i);
    return [
      x!.shape.map((_, i) => (i === axis ? { kind: "moved", axes: gathered } : same(i < axis ? i : i - 1 + more))),
    ];
  },
  arity: [2, 2],
  attributes: { axis: { type: "int", default: 0 } },
  inputNames: ["data", "indices"],
  infer([x, indices], attrs, where) {
    requireDType(where, indices!, indexDTypes);
    const axis = normalizeAxis(where, attrs.axis, x!.shape.length);
    return [{ dtype: x!.dtype, shape: gatheredShape(x!.shape, indices!.shape, axis) }];
  },
  // Rows that are gathered several times receive the sum of their cotangents.
  vjp({ inputs: [x, indices], attrs, cotangents: [ct] }) {
    const axis = normalizeAxis("gradient of Gather", attrs.axis, x!.shape.length);
    const count = sizeOf(indices!.shape);
    const shape = x!.shape.map((extent, i) => (i === axis ? count : extent));
    const alongAxis = x!.shape.map((_, i) => (i === axis ? count : 1));
    const places = expand(reshape(indices!, alongAxis), shape);
    return [scatterElements(zerosLike(x!), places, reshape(ct!, shape), { axis, reduction: "add" }), null];
  },
  cost: noCost,
  evaluate([x, indices], attrs) {
    const axis = normalizeAxis("Gather", attrs.axis, x!.shape.length);
    const shape = gatheredShape(x!.shape, indices!.shape, axis);
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const count = indices!.data.length;
    const extent = x!.shape[axis];
    const read = (index: number): number => {
      const row = wrapIndex("Gather", indices!.data[Math.floor(index / inner) % count], extent);
      return x!.data[(Math.floor(index / (inner * count)) * extent + row) * inner + (index % inner)];
    };
    return [ndFill(x!.dtype, shape, read)];
  },
};

function gatheredShape(shape: Shape, indices: Shape, axis: number): number[] {
  return [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)];
}

/** Zeros without storing them: one scalar, expanded. */
export function zerosLike(tensor: Tensor): Tensor {
  return expand(scalar(0, tensor.dtype), tensor.shape);
}

export const gatherElementsOp: Op<AxisAttributes> = {
  name: "GatherElements",
  arity: [2, 2],
  attributes: { axis: { type: "int", default: 0 } },
  inputNames: ["data", "indices"],
  infer([x, indices], attrs, where) {
    checkElementIndices(where, x!, indices!, attrs.axis);
    return [{ dtype: x!.dtype, shape: indices!.shape }];
  },
  vjp: ({ inputs: [x, indices], attrs: { axis }, cotangents: [ct] }) => [
    scatterElements(zerosLike(x!), indices!, ct!, { axis, reduction: "add" }),
    null,
  ],
  cost: noCost,
  evaluate([x, indices], attrs) {
    const place = placeReader("GatherElements", x!, indices!, attrs.axis);
    return [ndFill(x!.dtype, indices!.shape, (index) => x!.data[place(index)])];
  },
};

function checkElementIndices(where: string, x: InferInput, indices: InferInput, given: number): void {
  requireDType(where, indices, indexDTypes);
  const axis = normalizeAxis(where, given, x.shape.length);
  const fits = indices.shape.length === x.shape.length && indices.shape.every((n, i) => i === axis || n <= x.shape[i]);
  if (!fits) {
    throw new ShapeError("indices do not fit the data", {
      where,
      expected: `the rank of ${shapeText(x.shape)} and, except on axis ${axis}, no larger extents`,
      received: shapeText(indices.shape),
    });
  }
}

/** Maps a flat index of `indices` to the position of its element in `x`. */
function placeReader(where: string, x: NdArray, indices: NdArray, given: number): (index: number) => number {
  const axis = normalizeAxis(where, given, x.shape.length);
  const outer = stridesOf(indices.shape);
  const inner = stridesOf(x.shape);
  return (index) => {
    let place = wrapIndex(where, indices.data[index], x.shape[axis]) * inner[axis];
    for (let i = 0; i < outer.length; i++) {
      if (i !== axis) place += (Math.floor(index / outer[i]) % indices.shape[i]) * inner[i];
    }
    return place;
  };
}

export const scatterElementsOp: Op<ScatterAttributes> = {
  name: "ScatterElements",
  arity: [3, 3],
  attributes: { axis: { type: "int", default: 0 }, reduction: { type: "string", default: "none" } },
  inputNames: ["data", "indices", "updates"],
  infer([x, indices, updates], { axis, reduction }, where) {
    checkElementIndices(where, x!, indices!, axis);
    if (!sameShape(indices!.shape, updates!.shape) || updates!.dtype !== x!.dtype) {
      throw new ShapeError("updates do not fit", {
        where,
        expected: `${x!.dtype}${shapeText(indices!.shape)}, as the indices`,
        received: `${updates!.dtype}${shapeText(updates!.shape)}`,
      });
    }
    requireReduction(where, reduction);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  vjp({ inputs: [x, indices, updates], outputs: [y], attrs: { axis, reduction }, cotangents: [ct] }) {
    const slopes = scatterSlopes[reduction as ScatterReduction];
    const { ofX, ofUpdates } = slopes({ x: x!, indices: indices!, updates: updates!, y, ct: ct!, axis });
    return [ofX, null, ofUpdates];
  },
  // One addition per update at most; counted per update.
  cost: (inputs) => ({ macs: 0, flops: sizeOf(inputs[2]!.shape) }),
  evaluate([x, indices, updates], { axis, reduction }) {
    const data = x!.data.slice();
    const joined = scatterReductions[reduction];
    const place = placeReader("ScatterElements", x!, indices!, axis);
    for (const [i, update] of updates!.data.entries()) {
      const at = place(i);
      data[at] = joined(data[at], update);
    }
    return [{ ...x!, data }];
  },
};

/** Slices of `x` along `axis` (0 by default): `result[.., i.., ..] = x[.., indices[i..], ..]`. */
export function gather(x: Tensor, indices: Tensor, options: { readonly axis?: number } = {}): Tensor {
  return apply(gatherOp, [x, indices], options)[0];
}

/** `result[i][j] = x[indices[i][j]][j]` for axis 0 (the default), and so on. */
export function gatherElements(x: Tensor, indices: Tensor, options: { readonly axis?: number } = {}): Tensor {
  return apply(gatherElementsOp, [x, indices], options)[0];
}

export type ScatterReduction = "none" | "add" | "mul" | "max" | "min";

export interface ScatterOptions {
  /** 0 by default. */
  readonly axis?: number;
  /** `none` (the default) replaces and requires unique indices; the others accumulate. */
  readonly reduction?: ScatterReduction;
}

/** A copy of `x` with `x[indices[i][j]][j] = updates[i][j]` (or `+=`) for axis 0 (the default), and so on. */
export function scatterElements(x: Tensor, indices: Tensor, updates: Tensor, options: ScatterOptions = {}): Tensor {
  return apply(scatterElementsOp, [x, indices, updates], { ...options })[0];
}
