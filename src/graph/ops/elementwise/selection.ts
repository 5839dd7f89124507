// Where: selects between two values.
import { apply, scalar } from "../../build.js";
import { elementwiseCost, type Op } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import { inferBroadcast, type NoAttributes, requireDType } from "../record/elementwise.js";

export const whereOp: Op<NoAttributes> = {
  name: "Where",
  arity: [3, 3],
  attributes: {},
  inputNames: ["condition", "X", "Y"],
  infer([condition, x, y], _attrs, where) {
    requireDType(where, condition!, ["bool"]);
    const [{ dtype }] = inferBroadcast(where, [x, y]);
    return inferBroadcast(where, [{ dtype, shape: condition!.shape }, x, y]);
  },
  vjp({ inputs: [condition], cotangents: [ct], wants }) {
    const zero = scalar(0, ct!.dtype);
    return [null, wants[1] ? where(condition!, ct!, zero) : null, wants[2] ? where(condition!, zero, ct!) : null];
  },
  batch: "elementwise",
  cost: elementwiseCost(1),
  evaluate: ([condition, x, y]) => [mapBroadcast(x!.dtype, [condition!, x!, y!], ([c, a, b]) => (c !== 0 ? a : b))],
};

/** `x` where the condition holds, else `y`. */
export function where(condition: Tensor, x: Tensor, y: Tensor): Tensor {
  return apply(whereOp, [condition, x, y])[0];
}
