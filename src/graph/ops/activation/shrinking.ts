// Shrink and Swish: non-linearities around 0.
import { dips, endOfZeros, rectified } from "../../activation-record.js";
import { apply, scalar } from "../../build.js";
import { elementwiseCost, type Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { add, mul, sub } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { greater, less, or } from "../elementwise/comparison.js";
import { wrapped } from "../record/elementwise.js";
import { sigmoid } from "./activation.js";

export type ShrinkAttributes = { readonly bias: number; readonly lambd: number };
export type SwishAttributes = { readonly alpha: number };

/** Beyond all thresholds in use. */
const far = 64;
/** Where `x sigmoid(x)` is smallest. */
const swishMinimum = -1.2784645;

/**
 * `bias` closer to 0 beyond `lambd` on either side; 0 in between. Hard shrinkage with bias 0, soft shrinkage with bias
 * = lambd.
 */
export const shrinkOp: Op<ShrinkAttributes> = {
  name: "Shrink",
  arity: [1, 1],
  attributes: { bias: { type: "float", default: 0 }, lambd: { type: "float", default: 0.5 } },
  inputNames: ["input"],
  activation: {
    facts: () => rectified,
    fit(curve) {
      const lambd = endOfZeros(curve, 0, far);
      // Without a range of zeros it is a line.
      return lambd === undefined || lambd < 1e-6 ? undefined : { lambd, bias: far - curve(far) };
    },
  },
  batch: "elementwise",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  // At the kinks the gradient is 0, as in PyTorch.
  vjp({ inputs: [x], attrs: { lambd }, cotangents: [ct] }) {
    const limit = (sign: number): Tensor => scalar(sign * lambd, x!.dtype);
    return [mul(ct!, cast(or(less(x!, limit(-1)), greater(x!, limit(1))), x!.dtype))];
  },
  cost: elementwiseCost(1),
  evaluate: ([x], { bias, lambd }) => {
    const shrunk = (element: number): number =>
      element < -lambd ? element + bias : element > lambd ? element - bias : 0;
    return [{ ...x!, data: x!.data.map((element) => wrapped(x!.dtype, shrunk(element))) }];
  },
};

/** `x sigmoid(alpha x)`; SiLU with alpha = 1 (Ramachandran, Zoph and Le, 2017). */
export const swishOp: Op<SwishAttributes> = {
  name: "Swish",
  arity: [1, 1],
  attributes: { alpha: { type: "float", default: 1 } },
  inputNames: ["X"],
  activation: {
    facts: ({ alpha }) => (alpha === 0 ? {} : dips(swishMinimum, { scale: alpha })),
    fit: (curve) => ({ alpha: Math.log(curve(1) / (1 - curve(1))) }),
  },
  batch: "elementwise",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  // s (1 + alpha x (1 - s)); this order avoids infinite terms.
  vjp({ inputs: [x], attrs: { alpha }, cotangents: [ct] }) {
    const one = scalar(1, x!.dtype);
    const steep = steepened(x!, alpha);
    const gate = sigmoid(steep);
    return [mul(ct!, mul(gate, add(one, mul(steep, sub(one, gate)))))];
  },
  // The gradient's gate is computed once.
  fromGradientParts: ([x], { alpha }) => gated(x!, alpha),
  cost: elementwiseCost(2),
  evaluate: ([x], { alpha }) => [{ ...x!, data: x!.data.map((element) => element / (1 + Math.exp(-alpha * element))) }],
};

const steepened = (x: Tensor, alpha: number): Tensor => (alpha === 1 ? x : mul(x, scalar(alpha, x.dtype)));
/** The function by its parts. */
export const gated = (x: Tensor, alpha: number): Tensor => mul(x, sigmoid(steepened(x, alpha)));

/** `x` moved toward 0 by `bias` (0) where its magnitude exceeds `lambd` (0.5), 0 elsewhere. */
export function shrink(x: Tensor, options: Partial<ShrinkAttributes> = {}): Tensor {
  return apply(shrinkOp, [x], options)[0];
}

/** `x sigmoid(alpha x)`, alpha 1 by default. */
export function swish(x: Tensor, options: Partial<SwishAttributes> = {}): Tensor {
  return apply(swishOp, [x], options)[0];
}
