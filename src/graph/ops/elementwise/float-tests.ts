// IsNaN, IsInf: predicates on floating-point numbers.
import type { DType } from "../../../core/numbers/dtype.js";
import { apply } from "../../build.js";
import { elementwiseCost, type NdArray, type Op } from "../../op.js";
import type { Attributes, Tensor } from "../../tensor.js";
import { type NoAttributes, requireDType } from "../record/elementwise.js";

export type IsInfAttributes = { readonly detect_negative: number; readonly detect_positive: number };

const floats: readonly DType[] = ["float32", "float64"];

/** An operator that applies a predicate to every element. */
function question<A extends Attributes>(
  name: string,
  attributes: Op<A>["attributes"],
  holds: (x: number, attrs: A) => boolean,
): Op<A> {
  return {
    name,
    arity: [1, 1],
    attributes,
    inputNames: ["X"],
    infer([x], _attrs, where) {
      requireDType(where, x!, floats);
      return [{ dtype: "bool", shape: x!.shape }];
    },
    vjp: "none",
    batch: "elementwise",
    cost: elementwiseCost(1),
    evaluate: ([x], attrs): NdArray[] => [
      { dtype: "bool", shape: x!.shape, data: x!.data.map((element) => (holds(element, attrs) ? 1 : 0)) },
    ],
  };
}

export const isNaNOp = question<NoAttributes>("IsNaN", {}, Number.isNaN);

export const isInfOp = question<IsInfAttributes>(
  "IsInf",
  { detect_negative: { type: "int", default: 1 }, detect_positive: { type: "int", default: 1 } },
  (x, attrs) =>
    (x === Number.POSITIVE_INFINITY && attrs.detect_positive === 1) ||
    (x === Number.NEGATIVE_INFINITY && attrs.detect_negative === 1),
);

/** Whether elements are not numbers, as `bool`. */
export function isNotANumber(x: Tensor): Tensor {
  return apply(isNaNOp, [x])[0];
}

/** Whether elements are infinite, of both signs or of the one asked for, as `bool`. */
export function isInfinite(
  x: Tensor,
  options: { readonly detect_negative?: 0 | 1; readonly detect_positive?: 0 | 1 } = {},
): Tensor {
  return apply(isInfOp, [x], options)[0];
}
