// BitShift: shifts the bits of integers.

import { InvalidInputError } from "../../../core/errors.js";
import { type DType, dtypeTable } from "../../../core/numbers/dtype.js";
import { apply } from "../../build.js";
import { elementwiseCost, type Op } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import { inferBroadcast, requireDType, wrapped } from "../record/elementwise.js";
import { integerTypes } from "./bits.js";

export type BitShiftAttributes = { readonly direction: string };

/** A right shift extends the sign, so a long shift, or one by a negative amount, leaves 0 or -1. */
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
  batch: "elementwise",
  cost: elementwiseCost(1),
  evaluate: ([x, y], { direction }) => [
    mapBroadcast(x!.dtype, [x!, y!], ([value, places]) => shifted(x!.dtype, value, places, direction)),
  ],
};

/**
 * `x` with its bits shifted by `places`. Zeros (for right shifts: the sign) are shifted in; bits shifted out are lost.
 */
export function bitShift(x: Tensor, places: Tensor, options: { readonly direction: "LEFT" | "RIGHT" }): Tensor {
  return apply(bitShiftOp, [x, places], options)[0];
}
