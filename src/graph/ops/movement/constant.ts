// Constant: a value stored in the graph.
import { InvalidInputError } from "../../../core/errors.js";
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import { noCost, type Op } from "../../op.js";
import { fromTensorData } from "../../reference/nd-array.js";

export type ConstantAttributes = { readonly value: TensorData };

export const constantOp: Op<ConstantAttributes> = {
  name: "Constant",
  holdsValue: true,
  arity: [0, 0],
  attributes: { value: { type: "tensor" } },
  infer(_inputs, { value }: Partial<ConstantAttributes>, where) {
    if (value === undefined) throw new InvalidInputError("missing value", { where, expected: "attribute value" });
    return [{ dtype: value.dtype, shape: value.shape }];
  },
  vjp: "none",
  cost: noCost,
  evaluate: (_inputs, { value }) => [fromTensorData(value)],
};
