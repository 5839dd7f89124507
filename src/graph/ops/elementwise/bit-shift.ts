// BitShift: the bits of integers moved by some places.

import { InvalidInputError } from "../../../core/errors.js";
import { type DType, dtypeTable } from "../../../core/numbers/dtype.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, constantValue, scalar } from "../../build.js";
import { elementwiseCost, type Op } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import { gather } from "../indexing/indexing.js";
import { inferBroadcast, requireDType, wrapped } from "../record/elementwise.js";
import { div, max, min, mul } from "./arithmetic.js";
import { bitwiseXor, integerTypes } from "./bits.js";
import { cast } from "./cast.js";
import { and, greaterOrEqual, less } from "./comparison.js";
import { neg } from "./unary.js";

export type BitShiftAttributes = { readonly direction: string };

/** The types for which ONNX Runtime has kernels. */
const native: readonly DType[] = ["uint8", "uint32"];

/** To the right the sign comes in, so that what is left of a long shift is 0 or -1; so it is of a negative one. */
function shifted(dtype: DType, value: number, places: number, direction: string): number {
  const bits = 8 * dtypeTable[dtype].bytes;
  const isInside = places >= 0 && places < bits;
  if (direction === "RIGHT") return isInside ? Math.floor(value / 2 ** places) : value < 0 ? -1 : 0;
  if (!isInside) return 0;
  return wrapped(dtype, Number(BigInt.asIntN(64, BigInt(value) << BigInt(places))));
}

export const bitShiftOp: Op<BitShiftAttributes> = {
  name: "BitShift",
  arity: [2, 2],
  attributes: { direction: { type: "string" } },
  inputNames: ["X", "Y"],
  infer(inputs, { direction }, where) {
    requireDType(where, inputs[0]!, integerTypes);
    if (direction !== "LEFT" && direction !== "RIGHT") {
      throw new InvalidInputError("unknown direction", { where, expected: "LEFT or RIGHT", received: `${direction}` });
    }
    return inferBroadcast(where, inputs);
  },
  vjp: "none",
  lower: ([x, places], { direction }) => (isNative(x!, places!) ? null : [byFactors(x!, places!, direction)]),
  batch: "elementwise",
  cost: elementwiseCost(1),
  evaluate: ([x, y], { direction }) => [
    mapBroadcast(x!.dtype, [x!, y!], ([value, places]) => shifted(x!.dtype, value, places, direction)),
  ],
};

/** What a kernel makes of shifts by the width or more depends on the processor. */
function isNative(x: Tensor, places: Tensor): boolean {
  const known = native.includes(x.dtype) ? constantValue(places)?.data : undefined;
  return known?.every((count) => count < 8 * dtypeTable[x.dtype].bytes) ?? false;
}

// As a factor the smallest int64 is as good as 2^63, which there is not: both leave one bit.
const factors = tensorFrom(
  "int64",
  [64],
  Array.from({ length: 64 }, (_, i) => (i < 63 ? 2 ** i : -(2 ** 63))),
);

/** Shifts as products and quotients of int64, which wrap when they are cast back. */
function byFactors(x: Tensor, places: Tensor, direction: string): Tensor {
  const zero = scalar(0, "int64");
  // 63 places to the right leave the sign alone, as more do.
  const bits = Math.min(8 * dtypeTable[x.dtype].bytes, direction === "LEFT" ? 64 : 63);
  const count = cast(places, "int64");
  const isInside = and(greaterOrEqual(count, zero), less(count, scalar(bits, "int64")));
  const factor = gather(constant(factors), min(max(count, zero), scalar(bits - 1, "int64")));
  const wide = cast(x, "int64");
  if (direction === "LEFT") return cast(mul(mul(wide, factor), cast(isInside, "int64")), x.dtype);
  // Quotients go toward zero, shifts toward minus infinity: the complement of a negative number is not negative.
  const sign = neg(cast(less(wide, zero), "int64"));
  const quotient = mul(div(bitwiseXor(wide, sign), factor), cast(isInside, "int64"));
  return cast(bitwiseXor(quotient, sign), x.dtype);
}

/** `x` with its bits moved by `places`; zeros come in (to the right: the sign), what falls out is lost. */
export function bitShift(x: Tensor, places: Tensor, options: { readonly direction: "LEFT" | "RIGHT" }): Tensor {
  return apply(bitShiftOp, [x, places], options)[0];
}
