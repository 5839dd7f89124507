// Operations on the bits of integers: the building blocks of counter-based random numbers.
import type { DType } from "../../../core/numbers/dtype.js";
import { apply } from "../../build.js";
import type { Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { binary, type NoAttributes, unary, wrapped } from "../record/elementwise.js";

export const integerTypes: readonly DType[] = ["uint8", "int8", "int32", "uint32", "int64"];

/** An operator on pairs of bits. JavaScript's bit operators have 32 bits, so int64 uses BigInt. */
function bitwise(
  name: string,
  short: (a: number, b: number) => number,
  long: (a: bigint, b: bigint) => bigint,
): Op<NoAttributes> {
  return binary({
    name,
    value: (a, b, dtype) => (dtype === "int64" ? Number(long(BigInt(a), BigInt(b))) : wrapped(dtype, short(a, b))),
    vjp: "none",
    operands: integerTypes,
  });
}

export const bitwiseAndOp = bitwise(
  "BitwiseAnd",
  (a, b) => a & b,
  (a, b) => a & b,
);

export const bitwiseOrOp = bitwise(
  "BitwiseOr",
  (a, b) => a | b,
  (a, b) => a | b,
);

export const bitwiseXorOp = bitwise(
  "BitwiseXor",
  (a, b) => a ^ b,
  (a, b) => a ^ b,
);

// In two's complement ~x = -x - 1, at any width.
export const bitwiseNotOp = unary("BitwiseNot", (x) => -x - 1, "none", integerTypes);

/** Bits set in both. */
export function bitwiseAnd(a: Tensor, b: Tensor): Tensor {
  return apply(bitwiseAndOp, [a, b])[0];
}

/** Bits set in one or both. */
export function bitwiseOr(a: Tensor, b: Tensor): Tensor {
  return apply(bitwiseOrOp, [a, b])[0];
}

/** Bits that differ. */
export function bitwiseXor(a: Tensor, b: Tensor): Tensor {
  return apply(bitwiseXorOp, [a, b])[0];
}

/** The bits that are not set. */
export function bitwiseNot(x: Tensor): Tensor {
  return apply(bitwiseNotOp, [x])[0];
}
