// Trilu: the triangle above or below a diagonal of matrices.
import { ShapeError } from "../../../core/errors.js";
import { shapeText } from "../../../core/numbers/shape.js";
import { firstPointwise } from "../../accounting/reach.js";
import { apply, scalar } from "../../build.js";
import { noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";

export type TriluAttributes = { readonly upper: number };

export const triluOp: Op<TriluAttributes> = {
  name: "Trilu",
  reach: firstPointwise,
  arity: [1, 2],
  attributes: { upper: { type: "int", default: 1 } },
  inputNames: ["input", "k"],
  infer([x], _attrs, where) {
    const { dtype, shape } = x!;
    if (shape.length < 2) {
      throw new ShapeError("not a matrix", {
        where,
        expected: "two axes, after any number of batch axes",
        received: shapeText(shape),
      });
    }
    return [{ dtype, shape }];
  },
  vjp: ({ inputs: [, k], attrs, cotangents: [ct] }) => [apply(triluOp, k ? [ct, k] : [ct], attrs)[0], null],
  cost: noCost,
  evaluate([x, k], { upper }) {
    const [rows, columns] = x!.shape.slice(-2);
    const diagonal = k?.data[0] ?? 0;
    const keeps = (i: number): boolean => {
      const above = (i % columns) - (Math.floor(i / columns) % rows);
      return upper === 1 ? above >= diagonal : above <= diagonal;
    };
    return [ndFill(x!.dtype, x!.shape, (i) => (keeps(i) ? x!.data[i] : 0))];
  },
};

export interface TriluOptions {
  /** The upper triangle by default. */
  readonly upper?: boolean;
  /** The last diagonal of the triangle: 0 is the main one, positive ones are above it. */
  readonly k?: number;
}

/** The upper (or lower) triangle of matrices `[..., rows, columns]`, zeros elsewhere. */
export function trilu(x: Tensor, { upper = true, k = 0 }: TriluOptions = {}): Tensor {
  return apply(triluOp, k === 0 ? [x] : [x, scalar(k, "int64")], { upper: upper ? 1 : 0 })[0];
}
