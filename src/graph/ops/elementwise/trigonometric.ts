// Trigonometric and hyperbolic functions and their inverses.
import { apply, scalar } from "../../build.js";
import type { Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { type NoAttributes, unary } from "../record/elementwise.js";
import { add, div, mul, sub } from "./arithmetic.js";
import { neg, sqrt } from "./unary.js";

const constant = (x: Tensor, value: number): Tensor => scalar(value, x.dtype);
const one = (x: Tensor): Tensor => constant(x, 1);

/** A function of one operand, given by its value and its derivative as nodes of input and output. */
function smooth(
  name: string,
  value: (x: number) => number,
  derivative: (x: Tensor, y: Tensor) => Tensor,
): Op<NoAttributes> {
  return unary(name, value, ({ inputs: [x], outputs: [y], cotangents: [ct] }) => [mul(ct!, derivative(x!, y))]);
}

/** As `smooth`, with a derivative of the form 1 / `below`. */
function reciprocalSlope(name: string, value: (x: number) => number, below: (x: Tensor) => Tensor): Op<NoAttributes> {
  return unary(name, value, ({ inputs: [x], cotangents: [ct] }) => [div(ct!, below(x!))]);
}

export const sinOp = smooth("Sin", Math.sin, (x) => cos(x));
export const cosOp = smooth("Cos", Math.cos, (x) => neg(sin(x)));
export const tanOp = smooth("Tan", Math.tan, (x, y) => add(mul(y, y), one(x)));
export const asinOp = reciprocalSlope("Asin", Math.asin, (x) => sqrt(sub(one(x), mul(x, x))));
export const acosOp = reciprocalSlope("Acos", Math.acos, (x) => neg(sqrt(sub(one(x), mul(x, x)))));
export const atanOp = reciprocalSlope("Atan", Math.atan, (x) => add(mul(x, x), one(x)));
export const sinhOp = smooth("Sinh", Math.sinh, (x) => cosh(x));
export const coshOp = smooth("Cosh", Math.cosh, (x) => sinh(x));
export const asinhOp = reciprocalSlope("Asinh", Math.asinh, (x) => sqrt(add(mul(x, x), one(x))));
export const acoshOp = reciprocalSlope("Acosh", Math.acosh, (x) => sqrt(sub(mul(x, x), one(x))));
export const atanhOp = reciprocalSlope("Atanh", Math.atanh, (x) => sub(one(x), mul(x, x)));

export const sin = (x: Tensor): Tensor => apply(sinOp as Op, [x])[0];
export const cos = (x: Tensor): Tensor => apply(cosOp as Op, [x])[0];
export const tan = (x: Tensor): Tensor => apply(tanOp as Op, [x])[0];
export const asin = (x: Tensor): Tensor => apply(asinOp as Op, [x])[0];
export const acos = (x: Tensor): Tensor => apply(acosOp as Op, [x])[0];
export const atan = (x: Tensor): Tensor => apply(atanOp as Op, [x])[0];
export const sinh = (x: Tensor): Tensor => apply(sinhOp as Op, [x])[0];
export const cosh = (x: Tensor): Tensor => apply(coshOp as Op, [x])[0];
export const asinh = (x: Tensor): Tensor => apply(asinhOp as Op, [x])[0];
export const acosh = (x: Tensor): Tensor => apply(acoshOp as Op, [x])[0];
export const atanh = (x: Tensor): Tensor => apply(atanhOp as Op, [x])[0];
