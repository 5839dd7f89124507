// Non-linearities that are ONNX operators, and Clip.
import { InvalidInputError } from "../../../core/errors.js";
import { sizeOf } from "../../../core/numbers/shape.js";
import { firstPointwise } from "../../accounting/reach.js";
import { type ActivationFacts, approachesZero, type Curve, rectified, saturates } from "../../activation-record.js";
import { apply, constantValue, scalar } from "../../build.js";
import { elementwiseCost, type Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { mul, sub } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { and, greater, greaterOrEqual, less, lessOrEqual, or } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { type NoAttributes, unary } from "../record/elementwise.js";

export type LeakyReluAttributes = { readonly alpha: number };

// A comparison cast to numbers, and a product: on ONNX Runtime this takes a third of the time of Sign, which is not
// vectorized, and less than a Where (bench/lowerings.ts, "relu").
export const reluOp: Op<NoAttributes> = {
  ...unary(
    "Relu",
    (x) => Math.max(0, x),
    ({ outputs: [y], cotangents: [ct] }) => [mul(ct!, cast(greater(y, scalar(0, y.dtype)), y.dtype))],
  ),
  order: "preserves",
  isChannelwise: true,
  activation: { facts: () => rectified },
};

export const sigmoidOp: Op<NoAttributes> = {
  ...unary(
    "Sigmoid",
    (x) => 1 / (1 + Math.exp(-x)),
    ({ outputs: [y], cotangents: [ct] }) => [mul(ct!, mul(y, sub(scalar(1, y.dtype), y)))],
  ),
  activation: { facts: () => saturates(0, 1) },
};

export const tanhOp: Op<NoAttributes> = {
  ...unary("Tanh", Math.tanh, ({ outputs: [y], cotangents: [ct] }) => [mul(ct!, sub(scalar(1, y.dtype), mul(y, y)))]),
  activation: { facts: () => saturates(-1, 1) },
};

export const softplusOp: Op<NoAttributes> = {
  ...unary(
    "Softplus",
    // log(1 + e^x) without overflow.
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    ({ inputs: [x], cotangents: [ct] }) => [mul(ct!, sigmoid(x!))],
  ),
  activation: { facts: () => approachesZero },
};

export const leakyReluOp: Op<LeakyReluAttributes> = {
  name: "LeakyRelu",
  arity: [1, 1],
  attributes: { alpha: { type: "float", default: 0.01 } },
  inputNames: ["X"],
  // Of slope 0 it is a ReLU; of slope 1, no non-linearity.
  activation: {
    facts: ({ alpha }) => (alpha === 0 ? rectified : {}),
    fit: (curve) => (curve(-1) < 0 && curve(-1) > -1 ? { alpha: -curve(-1) } : undefined),
  },
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  // At 0 the gradient is alpha, as in PyTorch.
  vjp({ inputs: [x], attrs: { alpha }, cotangents: [ct] }) {
    const { dtype } = x!;
    return [where(greater(x!, scalar(0, dtype)), ct!, mul(ct!, scalar(alpha, dtype)))];
  },
  batch: "elementwise",
  cost: elementwiseCost(1),
  evaluate: ([x], { alpha }) => [{ ...x!, data: x!.data.map((element) => (element < 0 ? alpha * element : element)) }],
};

export const clipOp: Op<NoAttributes> = {
  name: "Clip",
  weightUse: { 1: "never", 2: "never" },
  reach: firstPointwise,
  isPointwise: true,
  arity: [1, 3],
  attributes: {},
  inputNames: ["input", "min", "max"],
  infer([x, ...bounds], _attrs, place) {
    for (const bound of bounds) {
      if (bound !== null && (bound.dtype !== x!.dtype || sizeOf(bound.shape) !== 1)) {
        throw new InvalidInputError("wrong bound", {
          where: place,
          expected: `a scalar of type ${x!.dtype}`,
          received: bound.dtype,
        });
      }
    }
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  // Exactly at a bound the gradient still passes to the input, as in PyTorch's clamp; at the bounds of ReLU6 it does not, as
  // in PyTorch's ReLU6, whose files hold a Clip from 0 to 6. The upper bound wins over the lower.
  vjp({ inputs: [x, low = null, high = null], cotangents: [ct], wants }) {
    const zero = scalar(0, x!.dtype);
    const [isAbove, isBelow] = isRelu6(low, high) ? [greater, less] : [greaterOrEqual, lessOrEqual];
    const above = low === null ? undefined : isAbove(x!, low);
    const below = high === null ? undefined : isBelow(x!, high);
    const inside = above !== undefined && below !== undefined ? and(above, below) : (above ?? below);
    const under = low === null || !wants[1] ? null : less(x!, low);
    const lowRules = under !== null && high !== null ? and(under, less(low!, high)) : under;
    const over = high === null || !wants[2] ? null : greater(x!, high);
    const highRules = over !== null && low !== null ? or(over, less(high!, low)) : over;
    return [
      inside === undefined ? ct : where(inside, ct!, zero),
      lowRules === null ? null : where(lowRules, ct!, zero),
      highRules === null ? null : where(highRules, ct!, zero),
    ];
  },
  cost: elementwiseCost(2),
  evaluate([x, low, high]) {
    const least = low?.data[0] ?? Number.NEGATIVE_INFINITY;
    const most = high?.data[0] ?? Number.POSITIVE_INFINITY;
    return [{ ...x!, data: x!.data.map((element) => Math.min(most, Math.max(least, element))) }];
  },
};

/** Whether the bounds are constants 0 (or none) and 6. */
function isRelu6(low: Tensor | null, high: Tensor | null): boolean {
  const known = (bound: Tensor): number | undefined => constantValue(bound)?.data[0];
  return high !== null && known(high) === 6 && (low === null || known(low) === 0);
}

export type ClipBounds = { readonly low: number; readonly high: number };

/** Bounds beyond are there against overflow. */
const farBound = 100;

/**
 * A Clip that is a non-linearity: one from 0 (ReLU6), which is off there, or one on both sides of 0 (hard tanh). Others
 * guard a division or a logarithm.
 */
export const clipActivation = {
  facts: ({ low, high }: ClipBounds): ActivationFacts =>
    low === 0 ? { ...rectified, ...saturates(Number.NEGATIVE_INFINITY, high) } : saturates(low, high),
  fit(curve: Curve): ClipBounds | undefined {
    const [low, high] = [curve(-farBound), curve(farBound)];
    return low > -farBound && low <= 0 && high > 0 && high < farBound ? { low, high } : undefined;
  },
  value: (x: number, { low, high }: ClipBounds): number => Math.min(high, Math.max(low, x)),
};

/** `max(x, 0)`; its gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return apply(reluOp, [x])[0];
}

/** `x` for x >= 0, else `alpha x` (0.01 by default); its gradient at 0 is alpha. */
export function leakyRelu(x: Tensor, options: { readonly alpha?: number } = {}): Tensor {
  return apply(leakyReluOp, [x], options)[0];
}

/** `1 / (1 + e^-x)`. */
export function sigmoid(x: Tensor): Tensor {
  return apply(sigmoidOp, [x])[0];
}

/** `(e^x - e^-x) / (e^x + e^-x)`. */
export function tanh(x: Tensor): Tensor {
  return apply(tanhOp, [x])[0];
}

/** `log(1 + e^x)`. */
export function softplus(x: Tensor): Tensor {
  return apply(softplusOp, [x])[0];
}

/** `min(max(x, low), high)`; `null` leaves a bound out. Bounds are scalars. */
export function clip(x: Tensor, low: Tensor | null, high: Tensor | null = null): Tensor {
  return apply(clipOp, high === null ? (low === null ? [x] : [x, low]) : [x, low, high])[0];
}
