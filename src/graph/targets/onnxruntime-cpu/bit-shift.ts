// BitShift of signed integers and beyond the width, by products and quotients of int64.
import { type DType, dtypeTable } from "../../../core/numbers/dtype.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { constant, constantValue, scalar } from "../../build.js";
import { div, max, min, mul } from "../../ops/elementwise/arithmetic.js";
import type { BitShiftAttributes } from "../../ops/elementwise/bit-shift.js";
import { bitwiseXor } from "../../ops/elementwise/bits.js";
import { cast } from "../../ops/elementwise/cast.js";
import { and, greaterOrEqual, less } from "../../ops/elementwise/comparison.js";
import { neg } from "../../ops/elementwise/unary.js";
import { gather } from "../../ops/indexing/indexing.js";
import type { Tensor } from "../../tensor.js";
import type { TargetFacts } from "../target.js";

/** The types with kernels. */
const native: readonly DType[] = ["uint8", "uint32"];

/** Kernel results of shifts by at least the width depend on the processor. */
function isNative(x: Tensor, places: Tensor): boolean {
  const known = native.includes(x.dtype) ? constantValue(places)?.data : undefined;
  return known?.every((count) => count < 8 * dtypeTable[x.dtype].bytes) ?? false;
}

// The smallest int64 serves as the factor 2^63, which does not exist: both leave one bit.
const factors = tensorFrom(
  "int64",
  [64],
  Array.from({ length: 64 }, (_, i) => (i < 63 ? 2 ** i : -(2 ** 63))),
);

/** Shifts as int64 products and quotients, which wrap when they are cast back. */
function byFactors(x: Tensor, places: Tensor, direction: string): Tensor {
  const zero = scalar(0, "int64");
  // A right shift by 63 or more leaves only the sign.
  const bits = Math.min(8 * dtypeTable[x.dtype].bytes, direction === "LEFT" ? 64 : 63);
  const count = cast(places, "int64");
  const isInside = and(greaterOrEqual(count, zero), less(count, scalar(bits, "int64")));
  const factor = gather(constant(factors), min(max(count, zero), scalar(bits - 1, "int64")));
  const wide = cast(x, "int64");
  if (direction === "LEFT") return cast(mul(mul(wide, factor), cast(isInside, "int64")), x.dtype);
  // Quotients round toward zero, shifts toward minus infinity; the complement of a negative number is not negative.
  const sign = neg(cast(less(wide, zero), "int64"));
  const quotient = mul(div(bitwiseXor(wide, sign), factor), cast(isInside, "int64"));
  return cast(bitwiseXor(quotient, sign), x.dtype);
}

export const bitShift: TargetFacts = {
  lower: ([x, places], { direction }: BitShiftAttributes) =>
    isNative(x!, places!) ? null : [byFactors(x!, places!, direction)],
};
