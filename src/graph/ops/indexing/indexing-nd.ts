// GatherND and ScatterND: move slices by rows of coordinates.
import { ShapeError } from "../../../core/errors.js";
import { type Shape, sameShape, shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, scalar } from "../../build.js";
import { type NdArray, noCost, type Op } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { less } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { reshape } from "../movement/shape-movement.js";
import { requireDType } from "../record/elementwise.js";
import { reduceSum } from "../reduction/reduction.js";
import {
  indexDTypes,
  requireReduction,
  type ScatterReduction,
  scatterElements,
  scatterReductions,
  wrapIndex,
  zerosLike,
} from "./indexing.js";
import { scatterSlopes } from "./scatter-gradient.js";

export type GatherNDAttributes = { readonly batch_dims: number };
export type ScatterNDAttributes = { readonly reduction: string };

/** How rows of coordinates address x: `[batch..., rows..., width]` over `[batch..., coordinate axes..., slice...]`. */
interface Addressing {
  /** Sizes of the axes that x and the indices share. */
  readonly batch: Shape;
  /** Sizes of the indices between batch and coordinates. */
  readonly rows: Shape;
  /** Sizes of the axes of x that the coordinates address. */
  readonly counted: Shape;
  /** Sizes of the slice that one row of coordinates addresses. */
  readonly slice: Shape;
}

function addressing(where: string, x: TensorType, indices: TensorType, batchDims: number): Addressing {
  requireDType(where, indices, indexDTypes);
  const lead = indices.shape.length - 1;
  const width = indices.shape.at(-1) ?? Number.NaN;
  const batch = x.shape.slice(0, batchDims);
  const fits =
    Number.isInteger(batchDims) &&
    batchDims >= 0 &&
    batchDims <= lead &&
    batchDims + width <= x.shape.length &&
    sameShape(batch, indices.shape.slice(0, batchDims));
  if (!fits) {
    throw new ShapeError("indices do not fit the data", {
      where,
      expected: `${batchDims} equal leading extents, then at most ${x.shape.length - batchDims} coordinates for ${shapeText(x.shape)}`,
      received: shapeText(indices.shape),
    });
  }
  return {
    batch,
    rows: indices.shape.slice(batchDims, lead),
    counted: x.shape.slice(batchDims, batchDims + width),
    slice: x.shape.slice(batchDims + width),
  };
}

/** The flat position in x of the slice that each row of coordinates addresses. */
function sliceStarts(where: string, indices: NdArray, { batch, rows, counted, slice }: Addressing): number[] {
  const strides = stridesOf([...counted, ...slice]);
  const perBatch = sizeOf(rows);
  const span = sizeOf(counted) * sizeOf(slice);
  return Array.from({ length: sizeOf(batch) * perBatch }, (_, row) =>
    counted.reduce(
      (start, extent, axis) =>
        start + wrapIndex(where, indices.data[row * counted.length + axis], extent) * strides[axis],
      Math.floor(row / perBatch) * span,
    ),
  );
}

/**
 * The same positions as a tensor: `sum coordinate x stride`, in elements. ONNX Runtime adds to equal positions in
 * ScatterND from several threads at once and may lose a sum; flat positions are used with ScatterElements, which does
 * not.
 */
function flatPlaces(x: Tensor, indices: Tensor, batchDims: number): { places: Tensor; count: number } {
  const { batch, rows, counted, slice } = addressing("gradient", x, indices, batchDims);
  const [count, width, inner] = [sizeOf(batch) * sizeOf(rows), counted.length, sizeOf(slice)];
  const { dtype } = indices;
  const list = (values: readonly number[]) => constant(tensorFrom(dtype, [values.length], values));
  const given = reshape(indices, [count, width]);
  const positive = where(less(given, scalar(0, dtype)), add(given, list(counted)), given);
  let starts = reduceSum(mul(positive, list(stridesOf([...counted, ...slice]).slice(0, width))), [1], { keepdims: 1 });
  if (batch.length > 0) {
    const span = sizeOf(counted) * inner;
    const origins = Array.from({ length: count }, (_, row) => Math.floor(row / sizeOf(rows)) * span);
    starts = add(starts, constant(tensorFrom(dtype, [count, 1], origins)));
  }
  const withinSlice = Array.from({ length: inner }, (_, i) => i);
  return { places: reshape(add(starts, list(withinSlice)), [count * inner]), count: count * inner };
}

/** `x` with the updates added at flat positions. */
export function addedAt(x: Tensor, indices: Tensor, updates: Tensor, batchDims: number): Tensor {
  const { places, count } = flatPlaces(x, indices, batchDims);
  const sums = scatterElements(reshape(x, [sizeOf(x.shape)]), places, reshape(updates, [count]), { reduction: "add" });
  return reshape(sums, x.shape);
}

/** The gradient for multiplied or compared updates: that of ScatterElements at flat positions. */
function joinedBack(x: Tensor, indices: Tensor, updates: Tensor, y: Tensor, ct: Tensor, reduction: string) {
  const { places, count } = flatPlaces(x, indices, 0);
  const flat = (tensor: Tensor): Tensor => reshape(tensor, [sizeOf(tensor.shape)]);
  const { ofX, ofUpdates } = scatterSlopes[reduction as ScatterReduction]({
    x: flat(x),
    indices: places,
    updates: reshape(updates, [count]),
    y: flat(y),
    ct: flat(ct),
    axis: 0,
  });
  return [reshape(ofX, x.shape), null, reshape(ofUpdates, updates.shape)];
}

export const gatherNDOp: Op<GatherNDAttributes> = {
  name: "GatherND",
  arity: [2, 2],
  attributes: { batch_dims: { type: "int", default: 0 } },
  inputNames: ["data", "indices"],
  infer([x, indices], { batch_dims }, place) {
    const { batch, rows, slice } = addressing(place, x!, indices!, batch_dims);
    return [{ dtype: x!.dtype, shape: [...batch, ...rows, ...slice] }];
  },
  // Slices that are gathered several times receive the sum of their cotangents.
  vjp({ inputs: [x, indices], attrs: { batch_dims }, cotangents: [ct] }) {
    if (sizeOf(ct!.shape) === 0) return [zerosLike(x!), null];
    return [addedAt(zerosLike(x!), indices!, ct!, batch_dims), null];
  },
  cost: noCost,
  evaluate([x, indices], { batch_dims }) {
    const address = addressing("GatherND", x!, indices!, batch_dims);
    const inner = sizeOf(address.slice);
    const starts = sliceStarts("GatherND", indices!, address);
    const data = new Float64Array(starts.length * inner);
    for (const [row, start] of starts.entries()) data.set(x!.data.subarray(start, start + inner), row * inner);
    return [{ dtype: x!.dtype, shape: [...address.batch, ...address.rows, ...address.slice], data }];
  },
};

export const scatterNDOp: Op<ScatterNDAttributes> = {
  name: "ScatterND",
  arity: [3, 3],
  attributes: { reduction: { type: "string", default: "none" } },
  inputNames: ["data", "indices", "updates"],
  infer([x, indices, updates], { reduction }, place) {
    requireReduction(place, reduction);
    const { rows, slice } = addressing(place, x!, indices!, 0);
    if (!sameShape(updates!.shape, [...rows, ...slice]) || updates!.dtype !== x!.dtype) {
      throw new ShapeError("updates do not fit", {
        where: place,
        expected: `${x!.dtype}${shapeText([...rows, ...slice])}`,
        received: `${updates!.dtype}${shapeText(updates!.shape)}`,
      });
    }
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  // With reduction "none" every row of indices must be unique, as the ONNX specification requires.
  vjp({ inputs: [x, indices, updates], outputs: [y], attrs: { reduction }, cotangents: [ct], wants }) {
    if (sizeOf(updates!.shape) === 0) return [ct!, null, zerosLike(updates!)];
    if (reduction !== "none" && reduction !== "add") return joinedBack(x!, indices!, updates!, y, ct!, reduction);
    const kept = reduction === "add" ? ct! : scatterND(ct!, indices!, zerosLike(updates!));
    return [kept, null, wants[2] ? gatherND(ct!, indices!) : null];
  },
  // One operation per update at most; counted per update.
  cost: (inputs) => ({ macs: 0, flops: sizeOf(inputs[2]!.shape) }),
  evaluate([x, indices, updates], { reduction }) {
    const address = addressing("ScatterND", x!, indices!, 0);
    const inner = sizeOf(address.slice);
    const joined = scatterReductions[reduction];
    const data = x!.data.slice();
    for (const [row, start] of sliceStarts("ScatterND", indices!, address).entries()) {
      for (let i = 0; i < inner; i++) data[start + i] = joined(data[start + i], updates!.data[row * inner + i]);
    }
    return [{ ...x!, data }];
  },
};

/**
 * Slices of x by their coordinates: x `[batch..., coordinate axes..., slice...]`, indices `[batch..., rows..., width]`;
 * result `[batch..., rows..., slice...]`. `batch_dims` is the number of batch axes, by default 0.
 */
export function gatherND(x: Tensor, indices: Tensor, options: { readonly batch_dims?: number } = {}): Tensor {
  return apply(gatherNDOp, [x, indices], options)[0];
}

/**
 * A copy of x in which the slices at these coordinates are replaced (or combined with) updates `[rows..., slice...]`.
 */
export function scatterND(
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  options: { readonly reduction?: ScatterReduction } = {},
): Tensor {
  return apply(scatterNDOp, [x, indices, updates], { ...options })[0];
}
