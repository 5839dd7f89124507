// Mod: the remainder of a division, with the sign of the divisor or of the dividend.
import { apply, scalar } from "../../build.js";
import { elementwiseCost, type Op } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import { inferBroadcast, requireDType } from "../record/elementwise.js";
import { div, mul, sub } from "./arithmetic.js";
import { cast } from "./cast.js";
import { and, equal, less, not, xor } from "./comparison.js";
import { neg, round } from "./unary.js";

export type ModAttributes = { readonly fmod: number };

/** The sign of the divisor, as in Python; with fmod = 1 the sign of the dividend, as in C. `+ 0` avoids -0. */
function rest(x: number, y: number, fmod: number): number {
  const left = x % y;
  return (fmod === 1 || left === 0 || left < 0 === y < 0 ? left : left + y) + 0;
}

export const modOp: Op<ModAttributes> = {
  name: "Mod",
  arity: [2, 2],
  attributes: { fmod: { type: "int", default: 0 } },
  inputNames: ["A", "B"],
  infer(inputs, _attrs, place) {
    requireDType(place, inputs[0]!, ["float32", "float64", "int32", "uint32", "int64", "int8", "uint8"]);
    return inferBroadcast(place, inputs);
  },
  // y = a - b n with an integer n, which is constant where y is differentiable.
  vjp: ({ inputs: [a, b], attrs: { fmod }, cotangents: [ct], wants }) => [
    ct,
    wants[1] ? neg(mul(ct!, wholeQuotient(a!, b!, fmod))) : null,
  ],
  batch: "elementwise",
  cost: elementwiseCost(1),
  evaluate: ([a, b], { fmod }) => [mapBroadcast(a!.dtype, [a!, b!], ([x, y]) => rest(x, y, fmod))],
};

/** Where the remainder with the sign of the dividend differs from the one with the sign of the divisor. */
export function crossesZero(left: Tensor, divisor: Tensor): Tensor {
  const zero = scalar(0, left.dtype);
  return and(not(equal(left, zero)), xor(less(left, zero), less(divisor, zero)));
}

/**
 * `a / b` rounded toward zero or minus infinity. After subtracting the remainder, the quotient is an integer up to
 * rounding.
 */
function wholeQuotient(a: Tensor, b: Tensor, fmod: number): Tensor {
  const left = mod(a, b, { fmod: 1 });
  const truncated = round(div(sub(a, left), b));
  return fmod === 1 ? truncated : sub(truncated, cast(crossesZero(left, b), a.dtype));
}

/** The remainder of `a / b`, with the sign of `b` (with `fmod: 1`: of `a`). */
export function mod(a: Tensor, b: Tensor, options: { readonly fmod?: 0 | 1 } = {}): Tensor {
  return apply(modOp, [a, b], options)[0];
}
