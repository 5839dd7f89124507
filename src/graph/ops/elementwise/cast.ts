// Cast, CastLike: the same numbers in another element type.

import { InvalidInputError } from "../../../core/errors.js";
import { type DType, dtypeFromOnnx, dtypeTable, isFloat } from "../../../core/numbers/dtype.js";
import { firstPointwise } from "../../accounting/reach.js";
import { apply } from "../../build.js";
import { type NdArray, noCost, type Op, type VjpContext } from "../../op.js";
import { fromTensorData, toTensorData } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import type { NoAttributes } from "../record/elementwise.js";

/** `to` is a `TensorProto.DataType` number of the ONNX specification. */
export type CastAttributes = { readonly to: number };

export const castOp: Op<CastAttributes> = {
  name: "Cast",
  arity: [1, 1],
  attributes: { to: { type: "int" } },
  inputNames: ["input"],
  infer: ([x], { to }, where) => [{ dtype: target(where, to), shape: x!.shape }],
  vjp: castBack,
  batch: "elementwise",
  cost: noCost,
  evaluate: ([x], { to }) => [castTo(x!, target("Cast", to))],
};

export const castLikeOp: Op<NoAttributes> = {
  name: "CastLike",
  reach: firstPointwise,
  isPointwise: true,
  arity: [2, 2],
  attributes: {},
  inputNames: ["input", "target_type"],
  infer: ([x, like]) => [{ dtype: like!.dtype, shape: x!.shape }],
  vjp: castBack,
  cost: noCost,
  evaluate: ([x, like]) => [castTo(x!, like!.dtype)],
};

/** Integers carry no gradient: only a cast between floats passes it on. */
function castBack({ inputs: [x], outputs: [y], cotangents: [ct] }: VjpContext): (Tensor | null)[] {
  return [isFloat(y.dtype) ? cast(ct!, x!.dtype) : null];
}

function castTo(x: NdArray, dtype: DType): NdArray {
  // float64 represents every float type, so a cast between floats loses nothing here.
  if (isFloat(dtype)) return { ...x, dtype };
  if (dtype === "bool") return { ...x, dtype, data: x.data.map((element) => (element === 0 ? 0 : 1)) };
  // Rounds toward zero; values that do not fit wrap like typed arrays. ONNX leaves this and the conversion of NaN open.
  const whole = x.data.map((element) => (Number.isFinite(element) ? Math.trunc(element) : 0));
  return fromTensorData(toTensorData({ ...x, dtype, data: whole }));
}

function target(where: string, to: number): DType {
  const dtype = dtypeFromOnnx(to);
  if (dtype === undefined) throw new InvalidInputError("unknown element type", { where, received: `to = ${to}` });
  return dtype;
}

/** The same numbers as `dtype`; floats round toward zero to integers, and nonzero numbers become true. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castOp, [x], { to: dtypeTable[dtype].onnx })[0];
}

/** `x` with the element type of `like`, whose values do not matter. */
export function castLike(x: Tensor, like: Tensor): Tensor {
  return apply(castLikeOp, [x, like])[0];
}
