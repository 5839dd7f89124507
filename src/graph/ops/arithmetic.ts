// Element-wise arithmetic of two operands, with the multidirectional broadcasting of ONNX.
import type { DType } from "../../core/dtype.js";
import { InvalidInputError } from "../../core/errors.js";
import { broadcastShapes } from "../../core/shape.js";
import { apply } from "../build.js";
import { mapBroadcast } from "../nd-broadcast.js";
import { elementwiseCost, type InferInput, type Op, type Vjp } from "../op.js";
import type { Tensor } from "../tensor.js";
import { neg } from "./unary.js";

export type NoAttributes = Readonly<Record<string, never>>;

/** Both operands have one element type; the result has it too unless `result` says otherwise. */
export function inferBroadcast(where: string, inputs: readonly (InferInput | null)[], result?: DType) {
  const present = inputs.filter((type) => type !== null);
  const { dtype } = present[0];
  const other = present.find((type) => type.dtype !== dtype);
  if (other !== undefined) {
    throw new InvalidInputError("element types differ", { where, expected: "one element type", received: `${dtype} and ${other.dtype}` });
  }
  return [{ dtype: result ?? dtype, shape: broadcastShapes(where, ...present.map((type) => type.shape)) }];
}

/** A binary operator: its value for two numbers, and its gradient rule. */
function binary(name: string, value: (a: number, b: number, dtype: DType) => number, vjp: Vjp<NoAttributes>): Op<NoAttributes> {
  return {
    name,
    arity: [2, 2],
    attributes: {},
    inputNames: ["A", "B"],
    infer: (inputs, _attrs, where) => inferBroadcast(where, inputs),
    vjp,
    cost: elementwiseCost(1),
    evaluate: ([a, b]) => [mapBroadcast(a!.dtype, [a!, b!], (x) => value(x[0], x[1], a!.dtype))],
  };
}

// uint32 arithmetic wraps modulo 2^32, as in ONNX Runtime; the random numbers of dropout depend on it.
const wrapped = (dtype: DType, float: number, integer: () => number): number => (dtype === "uint32" ? integer() >>> 0 : float);

export const addOp = binary(
  "Add",
  (a, b, dtype) => wrapped(dtype, a + b, () => a + b),
  ({ cotangents: [ct] }) => [ct, ct],
);

export const subOp = binary(
  "Sub",
  (a, b, dtype) => wrapped(dtype, a - b, () => a - b),
  ({ cotangents: [ct], wants }) => [ct, wants[1] ? neg(ct!) : null],
);

export const mulOp = binary(
  "Mul",
  (a, b, dtype) => wrapped(dtype, a * b, () => Math.imul(a, b)),
  ({ inputs: [a, b], cotangents: [ct], wants }) => [wants[0] ? mul(ct!, b!) : null, wants[1] ? mul(ct!, a!) : null],
);

export const divOp = binary(
  "Div",
  (a, b, dtype) => (dtype === "float32" || dtype === "float64" ? a / b : Math.trunc(a / b)),
  // d(a/b) = da / b - (a/b) db / b
  ({ inputs: [, b], outputs: [quotient], cotangents: [ct], wants }) => {
    const overB = div(ct!, b!);
    return [overB, wants[1] ? neg(mul(overB, quotient)) : null];
  },
);

/** `a + b`. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply(addOp, [a, b])[0];
}

/** `a - b`. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return apply(subOp, [a, b])[0];
}

/** `a * b`, element by element. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return apply(mulOp, [a, b])[0];
}

/** `a / b`; truncated toward zero for integers. */
export function div(a: Tensor, b: Tensor): Tensor {
  return apply(divOp, [a, b])[0];
}
