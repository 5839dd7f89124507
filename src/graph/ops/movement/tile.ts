// Tile: repeats a tensor along its axes.
import { ShapeError } from "../../../core/errors.js";
import { shapeText, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { same } from "../../accounting/reach.js";
import { apply, int64s, scalar } from "../../build.js";
import { type InferInput, noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import type { NoAttributes } from "../record/elementwise.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";
import { reduceSum } from "../reduction/reduction.js";
import { expand, reshape } from "./shape-movement.js";

export function repeatsOf(where: string, [x, repeats]: readonly (InferInput | null)[]): number[] {
  const known = knownValues(where, "repeats", repeats)!;
  if (known.length === x!.shape.length && known.every((count) => Number.isInteger(count) && count >= 0)) return known;
  throw new ShapeError("repeats do not fit", {
    where,
    expected: `${x!.shape.length} whole numbers from 0, one an axis of ${shapeText(x!.shape)}`,
    received: shapeText(known),
  });
}

export const tileOp: Op<NoAttributes> = {
  name: "Tile",
  repeatsFirst: true,
  reach({ inputs: [x], outputs: [y] }) {
    return [x!.shape.map((extent, axis) => (extent === y.shape[axis] ? same(axis) : { kind: "moved", axes: [axis] }))];
  },
  arity: [2, 2],
  attributes: {},
  inputNames: ["input", "repeats"],
  staticInputs: [1],
  infer(inputs, _attrs, where) {
    const repeats = repeatsOf(where, inputs);
    const [x] = inputs;
    return [{ dtype: x!.dtype, shape: x!.shape.map((extent, axis) => extent * repeats[axis]) }];
  },
  // Sums the copies of an element: axes are split into (copy, position), and the copies reduced.
  vjp({ inputs, cotangents: [ct] }) {
    const x = inputs[0]!;
    const repeats = repeatsOf("gradient of Tile", knownInputs(inputs));
    if (sizeOf(ct!.shape) === 0) return [expand(scalar(0, x.dtype), x.shape), null];
    const cut: number[] = [];
    const copies: number[] = [];
    for (const [axis, extent] of x.shape.entries()) {
      if (repeats[axis] > 1) {
        copies.push(cut.length);
        cut.push(repeats[axis]);
      }
      cut.push(extent);
    }
    return [copies.length === 0 ? ct : reduceSum(reshape(ct!, cut), copies), null];
  },
  cost: noCost,
  evaluate(inputs) {
    const repeats = repeatsOf("Tile", asKnown(inputs));
    const x = inputs[0]!;
    const shape = x.shape.map((extent, axis) => extent * repeats[axis]);
    const [inner, outer] = [stridesOf(x.shape), stridesOf(shape)];
    const place = (index: number): number =>
      inner.reduce(
        (sum, stride, axis) => sum + ((Math.floor(index / outer[axis]) % shape[axis]) % x.shape[axis]) * stride,
        0,
      );
    return [ndFill(x.dtype, shape, (index) => x.data[place(index)])];
  },
};

/** x repeated `repeats[axis]` times along every axis, whole copy after whole copy. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  return apply(tileOp, [x, int64s(repeats)])[0];
}
