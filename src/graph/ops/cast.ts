// Cast: the same numbers in another element type.
import { type DType, dtypeFromOnnx, dtypeTable, isFloat } from "../../core/dtype.js";
import { InvalidInputError } from "../../core/errors.js";
import { apply } from "../build.js";
import { fromTensorData, toTensorData } from "../nd-array.js";
import { noCost, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

/** `to` is a `TensorProto.DataType` number of the ONNX specification. */
export type CastAttributes = { readonly to: number };

export const castOp: Op<CastAttributes> = {
  name: "Cast",
  arity: [1, 1],
  attributes: { to: { type: "int" } },
  inputNames: ["input"],
  infer: ([x], { to }, where) => [{ dtype: target(where, to), shape: x!.shape }],
  // Integers carry no gradient: only a cast between floats passes it on.
  vjp: ({ inputs: [x], outputs: [y], cotangents: [ct] }) => [isFloat(y.dtype) ? cast(ct!, x!.dtype) : null],
  cost: noCost,
  evaluate([x], { to }) {
    const dtype = target("Cast", to);
    // float64 stands for every float, so a cast between floats loses nothing here.
    if (isFloat(dtype)) return [{ ...x!, dtype }];
    if (dtype === "bool") return [{ ...x!, dtype, data: x!.data.map((element) => (element === 0 ? 0 : 1)) }];
    // Toward zero; what does not fit wraps as typed arrays do.
    return [fromTensorData(toTensorData({ ...x!, dtype, data: x!.data.map(Math.trunc) }))];
  },
};

function target(where: string, to: number): DType {
  const dtype = dtypeFromOnnx(to);
  if (dtype === undefined) throw new InvalidInputError("unknown element type", { where, received: `to = ${to}` });
  return dtype;
}

/** The same numbers as `dtype`; floats go toward zero to become integers, and everything but 0 is true. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castOp, [x], { to: dtypeTable[dtype].onnx })[0];
}
