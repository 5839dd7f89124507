// Factories for element-wise operator records, unary and broadcasting. Imports no operator.

import { InvalidInputError } from "../../../core/errors.js";
import type { DType } from "../../../core/numbers/dtype.js";
import { broadcastShapes } from "../../../core/numbers/shape.js";
import { elementwiseCost, type InferInput, type Op, type Vjp } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { TensorType } from "../../tensor.js";

export type NoAttributes = Readonly<Record<string, never>>;

/** The most inputs of a variadic operator (the limit of the ONNX specification). */
export const unlimited = 2147483647;

/** All operands have the same element type, which is also that of the result unless `result` is given. */
export function inferBroadcast(where: string, inputs: readonly (InferInput | null)[], result?: DType): TensorType[] {
  const present = inputs.filter((type) => type !== null);
  const { dtype } = present[0];
  const other = present.find((type) => type.dtype !== dtype);
  if (other !== undefined) {
    throw new InvalidInputError("element types differ", {
      where,
      expected: "one element type",
      received: `${dtype} and ${other.dtype}`,
    });
  }
  return [{ dtype: result ?? dtype, shape: broadcastShapes(where, ...present.map((type) => type.shape)) }];
}

/** Rejects element types that an operator does not support. */
export function requireDType(where: string, type: InferInput, valid: readonly DType[]): void {
  if (valid.includes(type.dtype)) return;
  throw new InvalidInputError("wrong element type", { where, expected: valid.join(" or "), received: type.dtype });
}

/** Wraps an integer that does not fit in an integer type. */
const wraps: Readonly<Partial<Record<DType, (value: number) => number>>> = {
  uint8: (value) => value & 0xff,
  int8: (value) => (value << 24) >> 24,
  int32: (value) => value | 0,
  uint32: (value) => value >>> 0,
  // As a number the largest int64 is 2^63. NaN comes from a division by 0.
  int64: (value) =>
    Math.abs(value) <= 2 ** 63 || !Number.isFinite(value) ? value : Number(BigInt.asIntN(64, BigInt(value))),
};

/** Integers wrap, as in ONNX Runtime; the random numbers of dropout depend on it. */
export function wrapped(dtype: DType, value: number): number {
  return wraps[dtype]?.(value) ?? value;
}

/** The product of two elements; integer products wrap. Exact products of 32-bit integers exceed the safe integers. */
export function product(dtype: DType, a: number, b: number): number {
  return wrapped(dtype, dtype === "uint32" || dtype === "int32" ? Math.imul(a, b) : a * b);
}

/** A unary operator without attributes, given by its value and gradient rule. Integers wrap. */
export function unary(
  name: string,
  value: (x: number) => number,
  vjp: Vjp<NoAttributes> | "none",
  operands?: readonly DType[],
): Op<NoAttributes> {
  return {
    name,
    arity: [1, 1],
    attributes: {},
    inputNames: ["X"],
    infer([x], _attrs, where) {
      if (operands !== undefined) requireDType(where, x!, operands);
      return [{ dtype: x!.dtype, shape: x!.shape }];
    },
    vjp,
    batch: "elementwise",
    cost: elementwiseCost(1),
    evaluate: ([x]) => [{ ...x!, data: x!.data.map((element) => wrapped(x!.dtype, value(element))) }],
  };
}

export interface BinaryRecord {
  readonly name: string;
  readonly value: (a: number, b: number, dtype: DType) => number;
  readonly vjp: Vjp<NoAttributes> | "none";
  /** Element types of the operands. Default: all. */
  readonly operands?: readonly DType[];
  /** Element type of the result. Default: that of the operands. */
  readonly result?: DType;
}

/** A binary operator without attributes, with multidirectional broadcasting. */
export function binary({ name, value, vjp, operands, result }: BinaryRecord): Op<NoAttributes> {
  return {
    name,
    arity: [2, 2],
    attributes: {},
    inputNames: ["A", "B"],
    infer(inputs, _attrs, where) {
      if (operands !== undefined) requireDType(where, inputs[0]!, operands);
      return inferBroadcast(where, inputs, result);
    },
    vjp,
    batch: "elementwise",
    cost: elementwiseCost(1),
    evaluate: ([a, b]) => [mapBroadcast(result ?? a!.dtype, [a!, b!], (x) => value(x[0], x[1], a!.dtype))],
  };
}
