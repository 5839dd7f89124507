// Element-wise functions of one operand.
//
// Sign, Floor, Ceil and Round are constant between their jumps. Their gradient is zero by convention (as in
// PyTorch), also at the jumps: their rules return "no influence".
import { apply, scalar } from "../../build.js";
import type { Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { type NoAttributes, unary } from "../record/elementwise.js";
import { div, mul } from "./arithmetic.js";
import { erfValue } from "./erf-value.js";

export const identityOp: Op<NoAttributes> = {
  ...unary(
    "Identity",
    (x) => x,
    ({ cotangents: [ct] }) => [ct],
  ),
  isView: true,
};

/**
 * Identity without a gradient: what is computed from it is a constant for differentiation. In files and everywhere but in
 * `gradients` it is Identity.
 */
const stoppedOp: Op<NoAttributes> = { ...identityOp, vjp: () => [null] };

export const negOp = unary(
  "Neg",
  (x) => -x,
  ({ cotangents: [ct] }) => [neg(ct!)],
  ["float32", "float64", "int8", "int32", "int64"],
);

export const expOp = unary("Exp", Math.exp, ({ outputs: [y], cotangents: [ct] }) => [mul(ct!, y)]);

export const logOp = unary("Log", Math.log, ({ inputs: [x], cotangents: [ct] }) => [div(ct!, x!)]);

export const sqrtOp = unary("Sqrt", Math.sqrt, ({ outputs: [y], cotangents: [ct] }) => [
  div(mul(ct!, scalar(0.5, y.dtype)), y),
]);

export const reciprocalOp = unary(
  "Reciprocal",
  (x) => 1 / x,
  ({ outputs: [y], cotangents: [ct] }) => [neg(mul(ct!, mul(y, y)))],
);

// sign(0) = 0, so the gradient at 0 is 0.
export const absOp = unary("Abs", Math.abs, ({ inputs: [x], cotangents: [ct] }) => [mul(ct!, sign(x!))]);

export const signOp = unary("Sign", Math.sign, () => [null]);

export const floorOp = unary("Floor", Math.floor, () => [null]);

export const ceilOp = unary("Ceil", Math.ceil, () => [null]);

export const roundOp = unary("Round", roundHalfEven, () => [null]);

export const erfOp = unary("Erf", erfValue, ({ inputs: [x], cotangents: [ct] }) => [
  mul(ct!, mul(exp(neg(mul(x!, x!))), scalar(2 / Math.sqrt(Math.PI), x!.dtype))),
]);

/** Rounds halves to even, as the ONNX specification requires. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

/** `x` itself, as a new tensor. */
export function identity(x: Tensor): Tensor {
  return apply(identityOp, [x])[0];
}

/** `x` itself, which passes no gradient on. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stoppedOp, [x])[0];
}

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

/** `x^(1/2)`. */
export function sqrt(x: Tensor): Tensor {
  return apply(sqrtOp, [x])[0];
}

/** `1 / x`. */
export function reciprocal(x: Tensor): Tensor {
  return apply(reciprocalOp, [x])[0];
}

/** `|x|`; its gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return apply(absOp, [x])[0];
}

/** -1, 0 or 1. The gradient is zero. */
export function sign(x: Tensor): Tensor {
  return apply(signOp, [x])[0];
}

/** The largest integer not above `x`. The gradient is zero. */
export function floor(x: Tensor): Tensor {
  return apply(floorOp, [x])[0];
}

/** The smallest integer not below `x`. The gradient is zero. */
export function ceil(x: Tensor): Tensor {
  return apply(ceilOp, [x])[0];
}

/** The nearest integer, halves to even. The gradient is zero. */
export function round(x: Tensor): Tensor {
  return apply(roundOp, [x])[0];
}

/** `2 / sqrt(pi) * integral of e^(-t^2) from 0 to x`. */
export function erf(x: Tensor): Tensor {
  return apply(erfOp, [x])[0];
}
