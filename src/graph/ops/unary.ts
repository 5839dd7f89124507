// Element-wise functions of one operand.
import { apply } from "../build.js";
import { elementwiseCost, type Op, type Vjp } from "../op.js";
import type { Tensor } from "../tensor.js";
import { div, mul, type NoAttributes } from "./arithmetic.js";

/** A unary operator of no attributes: its value, its gradient rule. */
function unary(name: string, value: (x: number) => number, vjp: Vjp<NoAttributes>): Op<NoAttributes> {
  return {
    name,
    arity: [1, 1],
    attributes: {},
    inputNames: ["X"],
    infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
    vjp,
    cost: elementwiseCost(1),
    evaluate: ([x]) => [{ ...x!, data: x!.data.map(value) }],
  };
}

export const negOp = unary("Neg", (x) => -x, ({ cotangents: [ct] }) => [neg(ct!)]);

export const expOp = unary("Exp", Math.exp, ({ outputs: [y], cotangents: [ct] }) => [mul(ct!, y)]);

export const logOp = unary("Log", Math.log, ({ inputs: [x], cotangents: [ct] }) => [div(ct!, x!)]);

/** `-x`. */
export function neg(x: Tensor): Tensor {
  return apply(negOp, [x])[0];
}

/** `e^x`. */
export function exp(x: Tensor): Tensor {
  return apply(expOp, [x])[0];
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply(logOp, [x])[0];
}
