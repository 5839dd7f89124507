// Comparisons, logic, and the choice between two values. Truth is stored as 0 and 1.
import type { DType } from "../../core/dtype.js";
import { apply, scalar } from "../build.js";
import { mapBroadcast } from "../nd-broadcast.js";
import { elementwiseCost, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { binary, inferBroadcast, type NoAttributes, requireDType, unary } from "./elementwise.js";

function comparison(name: string, holds: (a: number, b: number) => boolean, operands?: readonly DType[]): Op<NoAttributes> {
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

export const notOp: Op<NoAttributes> = {
  ...unary("Not", (x) => (x === 0 ? 1 : 0), () => [null]),
  vjp: "none",
  infer([x], _attrs, where) {
    requireDType(where, x!, ["bool"]);
    return [{ dtype: "bool", shape: x!.shape }];
  },
};

export const whereOp: Op<NoAttributes> = {
  name: "Where",
  arity: [3, 3],
  attributes: {},
  inputNames: ["condition", "X", "Y"],
  infer([condition, x, y], _attrs, where) {
    requireDType(where, condition!, ["bool"]);
    const [{ dtype }] = inferBroadcast(where, [x, y]);
    return inferBroadcast(where, [{ dtype, shape: condition!.shape }, x, y]);
  },
  vjp({ inputs: [condition], cotangents: [ct], wants }) {
    const zero = scalar(0, ct!.dtype);
    return [null, wants[1] ? where(condition!, ct!, zero) : null, wants[2] ? where(condition!, zero, ct!) : null];
  },
  cost: elementwiseCost(1),
  evaluate: ([condition, x, y]) => [mapBroadcast(x!.dtype, [condition!, x!, y!], ([c, a, b]) => (c !== 0 ? a : b))],
};

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

/** The opposite of a `bool`. */
export function not(x: Tensor): Tensor {
  return apply(notOp, [x])[0];
}

/** `x` where the condition holds, else `y`. */
export function where(condition: Tensor, x: Tensor, y: Tensor): Tensor {
  return apply(whereOp, [condition, x, y])[0];
}
