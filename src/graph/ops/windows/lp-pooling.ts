// LpPool: the p-norm of every window, `(sum |x|^p)^(1/p)`.

import { type WindowAttributes, windowAttributeRecords } from "../../accounting/window.js";
import { apply, scalar } from "../../build.js";
import type { Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { div, mul, pow } from "../elementwise/arithmetic.js";
import { equal } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { abs, sign } from "../elementwise/unary.js";
import { overWindows, type PoolOptions, poolWindow, windowCost } from "./pooling.js";
import { sumOfWindows } from "./pooling-gradient.js";

export type LpPoolAttributes = WindowAttributes & { readonly ceil_mode: number; readonly p: number };

export const lpPoolOp: Op<LpPoolAttributes> = {
  name: "LpPool",
  arity: [1, 1],
  attributes: {
    ...windowAttributeRecords,
    ceil_mode: { type: "int", default: 0 },
    p: { type: "int", default: 2 },
  },
  inputNames: ["X"],
  infer: ([x], attrs, place) => [
    { dtype: x!.dtype, shape: [...x!.shape.slice(0, 2), ...poolWindow(place, x!.shape, attrs).output] },
  ],
  vjp({ inputs: [x], outputs: [y], attrs, cotangents: [ct] }) {
    const window = poolWindow("LpPool", x!.shape, attrs);
    return [lpSlope(x!, y, ct!, attrs.p, (parts) => sumOfWindows(parts, window))];
  },
  window: ([x], attrs) => poolWindow("LpPool", x!.shape, attrs),
  cost(inputs, outputs, attrs) {
    const { flops } = windowCost(inputs, outputs, attrs);
    return { macs: 0, flops: 2 * flops };
  },
  evaluate: ([x], attrs) => [
    overWindows(x!, poolWindow("LpPool", x!.shape, attrs), (first, taps) => {
      const sum = taps.reduce((total, tap) => total + Math.abs(x!.data[first + tap.input]) ** attrs.p, 0);
      return sum ** (1 / attrs.p);
    }),
  ],
};

/**
 * `dx = sign(x) |x|^(p-1) sum over windows of ct y^(1-p)`. A window of zeros gets no gradient, because there the norm
 * has no gradient.
 */
export function lpSlope(x: Tensor, y: Tensor, ct: Tensor, p: number, overPlaces: (parts: Tensor) => Tensor): Tensor {
  if (p === 1) return mul(sign(x), overPlaces(ct));
  const safe = where(equal(y, scalar(0, y.dtype)), scalar(1, y.dtype), y);
  const power = (base: Tensor): Tensor => (p === 2 ? base : pow(base, scalar(p - 1, base.dtype)));
  const slope = p === 2 ? x : mul(sign(x), power(abs(x)));
  return mul(slope, overPlaces(div(ct, power(safe))));
}

/** The p-norm (2 by default) of every window; x `[batch, channels, spatial...]`. Padding counts as zeros. */
export function lpPool(x: Tensor, options: PoolOptions & { readonly p?: number }): Tensor {
  return apply(lpPoolOp, [x], options)[0];
}
