// Further reductions: norms, products and logarithms of sums; and cumulative sums.
import { InvalidInputError } from "../../../core/errors.js";
import { normalizeAxis, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { apply, scalar } from "../../build.js";
import type { InferInput, Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { add, div, mul, sub } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { equal } from "../elementwise/comparison.js";
import { exp, neg, sign } from "../elementwise/unary.js";
import { wrapped } from "../record/elementwise.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";
import {
  perInputElement,
  type ReductionAttributes,
  type ReductionOptions,
  reduce,
  reduceSum,
  reduction,
} from "./reduction.js";

const total = (elements: readonly number[]): number => elements.reduce((sum, element) => sum + element, 0);

/** `sum |x|` */
export const reduceL1Op = reduction({
  name: "ReduceL1",
  value: (elements) => total(elements.map(Math.abs)),
  back: ({ x, ct }) => mul(sign(x), ct),
});

/** `sqrt(sum x^2)`; if all elements are 0, the gradient is 0, as in PyTorch. */
export const reduceL2Op = reduction({
  name: "ReduceL2",
  value(elements) {
    const largest = elements.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
    if (largest === 0 || !Number.isFinite(largest)) return largest;
    return largest * Math.sqrt(total(elements.map((element) => (element / largest) ** 2)));
  },
  back: ({ x, y, ct }) => mul(x, div(ct, add(y, cast(equal(y, scalar(0, y.dtype)), y.dtype)))),
});

/**
 * `prod x`. The gradient is the product of the other factors, even if some are zero: with z zeros it is the product of
 * the nonzero ones, if z is 1 for a zero element and 0 for a nonzero one.
 */
export const reduceProdOp: Op<ReductionAttributes> = reduction({
  name: "ReduceProd",
  value: (elements) => elements.reduce((product, element) => product * element, 1),
  back({ x, y, ct }) {
    const isZero = cast(equal(x, scalar(0, x.dtype)), x.dtype);
    const safe = add(x, isZero);
    const axes = x.shape.flatMap((extent, axis) => (y.shape[axis] !== extent ? [axis] : []));
    const product = reduce(reduceProdOp, safe, axes, 1);
    const zeros = reduceSum(isZero, axes, { keepdims: 1 });
    const counts = cast(equal(zeros, isZero), x.dtype);
    return mul(mul(div(product, safe), counts), ct);
  },
});

/** `log(sum x)` */
export const reduceLogSumOp = reduction({
  name: "ReduceLogSum",
  value: (elements) => Math.log(total(elements)),
  back: ({ y, ct }) => mul(ct, exp(neg(y))),
});

/** `log(sum e^x)` without overflow. */
export const reduceLogSumExpOp = reduction({
  name: "ReduceLogSumExp",
  value(elements) {
    const largest = elements.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    if (!Number.isFinite(largest)) return largest;
    return largest + Math.log(total(elements.map((element) => Math.exp(element - largest))));
  },
  back: ({ x, y, ct }) => mul(ct, exp(sub(x, y))),
});

export type CumSumAttributes = { readonly exclusive: number; readonly reverse: number };

function cumSumAxis(where: string, [x, axis]: readonly (InferInput | null)[]): number {
  const given = knownValues(where, "axis", axis);
  if (given?.length !== 1) throw new InvalidInputError("axis has to be one number", { where });
  return normalizeAxis(where, given[0], x!.shape.length);
}

/** Cumulative sums along an axis, inclusive or exclusive, from the front or from the end. */
export const cumSumOp: Op<CumSumAttributes> = {
  name: "CumSum",
  arity: [2, 2],
  attributes: { exclusive: { type: "int", default: 0 }, reverse: { type: "int", default: 0 } },
  inputNames: ["x", "axis"],
  staticInputs: [1],
  infer(inputs, _attrs, where) {
    cumSumAxis(where, inputs);
    return [{ dtype: inputs[0]!.dtype, shape: inputs[0]!.shape }];
  },
  vjp({ inputs, attrs: { exclusive, reverse }, cotangents: [ct] }) {
    const axis = cumSumAxis("CumSum", knownInputs(inputs));
    return [cumSum(ct!, axis, { exclusive, reverse: 1 - reverse }), null];
  },
  cost: perInputElement,
  evaluate(inputs, { exclusive, reverse }) {
    const x = inputs[0]!;
    const axis = cumSumAxis("CumSum", asKnown(inputs));
    const [extent, stride] = [x.shape[axis], stridesOf(x.shape)[axis]];
    const data = new Float64Array(sizeOf(x.shape));
    for (let start = 0; start < data.length; start++) {
      if (Math.floor(start / stride) % extent !== 0) continue;
      let sum = 0;
      for (let i = 0; i < extent; i++) {
        const place = start + (reverse === 1 ? extent - 1 - i : i) * stride;
        if (exclusive === 1) data[place] = sum;
        sum = wrapped(x.dtype, sum + x.data[place]);
        if (exclusive !== 1) data[place] = sum;
      }
    }
    return [{ ...x, data }];
  },
};

/** `sum |x|` over the axes; all by default. */
export function reduceL1(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceL1Op, x, axes, keepdims);
}

/** `sqrt(sum x^2)` over the axes; all by default. */
export function reduceL2(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceL2Op, x, axes, keepdims);
}

/** `prod x` over the axes; all by default. */
export function reduceProd(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceProdOp, x, axes, keepdims);
}

/** `log(sum x)` over the axes; all by default. */
export function reduceLogSum(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceLogSumOp, x, axes, keepdims);
}

/** `log(sum e^x)` over the axes; all by default. */
export function reduceLogSumExp(x: Tensor, axes?: readonly number[], { keepdims = 0 }: ReductionOptions = {}): Tensor {
  return reduce(reduceLogSumExpOp, x, axes, keepdims);
}

/** Cumulative sums of `x` along `axis`. */
export function cumSum(x: Tensor, axis: number, attrs: Partial<CumSumAttributes> = {}): Tensor {
  return apply(cumSumOp as Op, [x, scalar(axis, "int64")], attrs)[0];
}
