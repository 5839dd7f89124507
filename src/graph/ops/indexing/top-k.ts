// TopK: the largest or smallest elements along an axis, and their indices.
import { InvalidInputError } from "../../../core/errors.js";
import { normalizeAxis, type Shape, sizeOf } from "../../../core/numbers/shape.js";
import { apply, int64s } from "../../build.js";
import type { InferInput, Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { asKnown, knownValues } from "../record/known-value.js";
import { scatterElements, zerosLike } from "./indexing.js";

export type TopKAttributes = { readonly axis: number; readonly largest: number; readonly sorted: number };

function keptShape(
  where: string,
  [x, k]: readonly (InferInput | null)[],
  given: number,
): { shape: Shape; axis: number } {
  const axis = normalizeAxis(where, given, x!.shape.length);
  const count = knownValues(where, "K", k)![0];
  if (!Number.isInteger(count) || count < 0 || count > x!.shape[axis]) {
    throw new InvalidInputError("K does not fit", {
      where,
      expected: `an integer from 0 to ${x!.shape[axis]}, the extent of axis ${axis}`,
      received: `${count}`,
    });
  }
  return { shape: x!.shape.with(axis, count), axis };
}

export const topKOp: Op<TopKAttributes> = {
  name: "TopK",
  arity: [2, 2],
  attributes: {
    axis: { type: "int", default: -1 },
    largest: { type: "int", default: 1 },
    sorted: { type: "int", default: 1 },
  },
  inputNames: ["X", "K"],
  staticInputs: [1],
  infer(inputs, attrs, where) {
    const { shape } = keptShape(where, inputs, attrs.axis);
    return [
      { dtype: inputs[0]!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  // Every element is taken at most once, so nothing has to be added.
  vjp({ inputs: [x], outputs: [, indices], attrs: { axis }, cotangents: [ct] }) {
    return [ct === null ? null : scatterElements(zerosLike(x!), indices, ct, { axis }), null];
  },
  cost: ([x]) => ({ macs: 0, flops: sizeOf(x!.shape) }),
  // Always sorted, even if that is not requested. Of equal elements, the one with the lower index comes first.
  evaluate(inputs, attrs) {
    const x = inputs[0]!;
    const { shape, axis } = keptShape("TopK", asKnown(inputs), attrs.axis);
    const [extent, count, inner] = [x.shape[axis], shape[axis], sizeOf(shape.slice(axis + 1))];
    const sign = attrs.largest === 1 ? -1 : 1;
    const values = new Float64Array(sizeOf(shape));
    const indices = new Float64Array(sizeOf(shape));
    const lines = count === 0 ? 0 : values.length / count;
    for (let line = 0; line < lines; line++) {
      const [outer, within] = [Math.floor(line / inner), line % inner];
      const element = (index: number): number => x.data[(outer * extent + index) * inner + within];
      const order = Array.from({ length: extent }, (_, i) => i).sort(
        (a, b) => sign * (element(a) - element(b)) || a - b,
      );
      for (const [rank, index] of order.slice(0, count).entries()) {
        const at = (outer * count + rank) * inner + within;
        values[at] = element(index);
        indices[at] = index;
      }
    }
    return [
      { dtype: x.dtype, shape, data: values },
      { dtype: "int64", shape, data: indices },
    ];
  },
};

export interface TopKOptions {
  /** Last by default. */
  readonly axis?: number;
  /** Selects the smallest elements instead. */
  readonly smallest?: boolean;
}

/** The k largest elements along an axis in falling order (the smallest, rising), and their indices as `int64`. */
export function topK(x: Tensor, k: number, { axis = -1, smallest = false }: TopKOptions = {}): [Tensor, Tensor] {
  const [values, indices] = apply(topKOp, [x, int64s([k])], { axis, largest: smallest ? 0 : 1 });
  return [values, indices];
}
