// Comparisons and logic. Booleans are stored as 0 and 1.
import type { DType } from "../../../core/numbers/dtype.js";
import { apply } from "../../build.js";
import type { Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { binary, type NoAttributes, unary } from "../record/elementwise.js";

function comparison(
  name: string,
  holds: (a: number, b: number) => boolean,
  operands?: readonly DType[],
): Op<NoAttributes> {
  return binary({
    name,
    value: (a, b) => (holds(a, b) ? 1 : 0),
    vjp: "none",
    result: "bool",
    ...(operands === undefined ? {} : { operands }),
  });
}

export const equalOp = comparison("Equal", (a, b) => a === b);
export const greaterOp = comparison("Greater", (a, b) => a > b);
export const lessOp = comparison("Less", (a, b) => a < b);
export const greaterOrEqualOp = comparison("GreaterOrEqual", (a, b) => a >= b);
export const lessOrEqualOp = comparison("LessOrEqual", (a, b) => a <= b);
export const andOp = comparison("And", (a, b) => a !== 0 && b !== 0, ["bool"]);
export const orOp = comparison("Or", (a, b) => a !== 0 || b !== 0, ["bool"]);

export const xorOp = comparison("Xor", (a, b) => (a !== 0) !== (b !== 0), ["bool"]);
export const notOp = unary("Not", (x) => (x === 0 ? 1 : 0), "none", ["bool"]);

/** `a = b`, as `bool`. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return apply(equalOp, [a, b])[0];
}

/** `a > b`, as `bool`. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return apply(greaterOp, [a, b])[0];
}

/** `a < b`, as `bool`. */
export function less(a: Tensor, b: Tensor): Tensor {
  return apply(lessOp, [a, b])[0];
}

/** `a >= b`, as `bool`. */
export function greaterOrEqual(a: Tensor, b: Tensor): Tensor {
  return apply(greaterOrEqualOp, [a, b])[0];
}

/** `a <= b`, as `bool`. */
export function lessOrEqual(a: Tensor, b: Tensor): Tensor {
  return apply(lessOrEqualOp, [a, b])[0];
}

/** Both, of `bool` operands. */
export function and(a: Tensor, b: Tensor): Tensor {
  return apply(andOp, [a, b])[0];
}

/** Either or both, of `bool` operands. */
export function or(a: Tensor, b: Tensor): Tensor {
  return apply(orOp, [a, b])[0];
}

/** One and not the other, of `bool` operands. */
export function xor(a: Tensor, b: Tensor): Tensor {
  return apply(xorOp, [a, b])[0];
}

/** The opposite of a `bool`. */
export function not(x: Tensor): Tensor {
  return apply(notOp, [x])[0];
}
