// Bit operations on unsigned integers: the building blocks of counter-based random numbers.
import type { DType } from "../../core/dtype.js";
import { InvalidInputError } from "../../core/errors.js";
import { apply } from "../build.js";
import { mapBroadcast } from "../nd-broadcast.js";
import { elementwiseCost, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { binary, inferBroadcast, requireDType } from "./elementwise.js";

export type BitShiftAttributes = { readonly direction: string };

const unsigned: readonly DType[] = ["uint32", "uint8"];

export const bitShiftOp: Op<BitShiftAttributes> = {
  name: "BitShift",
  arity: [2, 2],
  attributes: { direction: { type: "string" } },
  inputNames: ["X", "Y"],
  infer(inputs, { direction }, where) {
    requireDType(where, inputs[0]!, unsigned);
    if (direction !== "LEFT" && direction !== "RIGHT") {
      throw new InvalidInputError("unknown direction", { where, expected: "LEFT or RIGHT", received: `${direction}` });
    }
    return inferBroadcast(where, inputs);
  },
  vjp: "none",
  batch: "elementwise",
  cost: elementwiseCost(1),
  evaluate([x, y], { direction }) {
    const largest = x!.dtype === "uint8" ? 0xff : 0xffffffff;
    const shift = (value: number, bits: number): number =>
      bits > 31 ? 0 : direction === "LEFT" ? ((value << bits) & largest) >>> 0 : value >>> bits;
    return [mapBroadcast(x!.dtype, [x!, y!], ([value, bits]) => shift(value, bits))];
  },
};

export const bitwiseXorOp = binary({
  name: "BitwiseXor",
  value: (a, b) => (a ^ b) >>> 0,
  vjp: "none",
  operands: unsigned,
});

export const bitwiseAndOp = binary({
  name: "BitwiseAnd",
  value: (a, b) => (a & b) >>> 0,
  vjp: "none",
  operands: unsigned,
});

/** `x` with its bits moved by `bits` places; zeros come in, what falls out is lost. */
export function bitShift(x: Tensor, bits: Tensor, options: { readonly direction: "LEFT" | "RIGHT" }): Tensor {
  return apply(bitShiftOp, [x, bits], options)[0];
}

/** Bits that differ. */
export function bitwiseXor(a: Tensor, b: Tensor): Tensor {
  return apply(bitwiseXorOp, [a, b])[0];
}

/** Bits set in both. */
export function bitwiseAnd(a: Tensor, b: Tensor): Tensor {
  return apply(bitwiseAndOp, [a, b])[0];
}
