// Element-wise arithmetic, with the multidirectional broadcasting of ONNX.
import type { DType } from "../../../core/numbers/dtype.js";
import { isFloat } from "../../../core/numbers/dtype.js";
import { broadcastShapes } from "../../../core/numbers/shape.js";
import { apply, constantValue, scalar } from "../../build.js";
import { elementwiseCost, type Op, type Vjp } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import {
  binary,
  inferBroadcast,
  type NoAttributes,
  product,
  requireDType,
  unlimited,
  wrapped,
} from "../record/elementwise.js";
import { cast } from "./cast.js";
import { equal } from "./comparison.js";
import { where } from "./selection.js";
import { log, neg } from "./unary.js";

export const addOp = binary({
  name: "Add",
  value: (a, b, dtype) => wrapped(dtype, a + b),
  vjp: ({ cotangents: [ct] }) => [ct, ct],
});

export const subOp = binary({
  name: "Sub",
  value: (a, b, dtype) => wrapped(dtype, a - b),
  vjp: ({ cotangents: [ct], wants }) => [ct, wants[1] ? neg(ct!) : null],
});

export const mulOp = binary({
  name: "Mul",
  value: (a, b, dtype) => product(dtype, a, b),
  vjp: ({ inputs: [a, b], cotangents: [ct], wants }) => [
    wants[0] ? mul(ct!, b!) : null,
    wants[1] ? mul(ct!, a!) : null,
  ],
});

export const divOp = binary({
  name: "Div",
  value: (a, b, dtype) => (isFloat(dtype) ? a / b : wrapped(dtype, Math.trunc(a / b))),
  // d(a/b) = da / b - (a/b) db / b
  vjp({ inputs: [, b], outputs: [quotient], cotangents: [ct], wants }) {
    const overB = div(ct!, b!);
    return [overB, wants[1] ? neg(mul(overB, quotient)) : null];
  },
});

/** The element types of a base. */
const powers: readonly DType[] = ["float32", "float64", "int32", "int64"];

export const powOp: Op<NoAttributes> = {
  ...binary({
    name: "Pow",
    value: (a, b, dtype) => (isFloat(dtype) ? a ** b : wrapped(dtype, Math.trunc(a ** b))),
    vjp: powBack,
  }),
  inputNames: ["X", "Y"],
  // The exponent may have another element type; the result has the type of the base.
  infer([a, b], _attrs, place) {
    requireDType(place, a!, powers);
    return [{ dtype: a!.dtype, shape: broadcastShapes(place, a!.shape, b!.shape) }];
  },
};

/** `d(a^b) = b a^(b-1) da + a^b log(a) db`, finite wherever the limit is: for b = 0, and for a = 0 with b >= 0. */
function powBack({ inputs: [a, b], outputs: [y], cotangents: [ct], wants }: Parameters<Vjp<NoAttributes>>[0]) {
  return [
    wants[0] ? mul(ct!, powByBase(a!, cast(b!, a!.dtype))) : null,
    wants[1] ? powByExponent(a!, b!, y, ct!) : null,
  ];
}

function powByBase(a: Tensor, b: Tensor): Tensor {
  const one = scalar(1, a.dtype);
  const known = constantValue(b)?.data;
  if (known?.every((exponent) => exponent === 2)) return mul(a, scalar(2, a.dtype));
  const lowered = sub(b, one);
  // Replacing the exponent by 1 turns 0 * 0^-1 into 0 * 0^1.
  const mayBeZero = known === undefined || known.includes(0);
  return mul(b, pow(a, mayBeZero ? where(equal(b, scalar(0, a.dtype)), one, lowered) : lowered));
}

function powByExponent(a: Tensor, b: Tensor, y: Tensor, ct: Tensor): Tensor {
  const safe = where(equal(a, scalar(0, a.dtype)), scalar(1, a.dtype), a);
  return cast(mul(ct, mul(y, log(safe))), b.dtype);
}

/** An operator over any number of operands. */
function variadic(
  name: string,
  value: (values: readonly number[], dtype: DType) => number,
  vjp: Vjp<NoAttributes>,
): Op<NoAttributes> {
  return {
    name,
    arity: [1, unlimited],
    attributes: {},
    infer: (inputs, _attrs, place) => inferBroadcast(place, inputs),
    vjp,
    batch: "elementwise",
    cost(inputs, outputs) {
      const { flops } = elementwiseCost(1)(inputs, outputs);
      return { macs: 0, flops: flops * (inputs.length - 1) };
    },
    evaluate(inputs) {
      const operands = inputs.map((x) => x!);
      return [mapBroadcast(operands[0].dtype, operands, (values) => value(values, operands[0].dtype))];
    },
  };
}

/** Equal extremes share the gradient, half each for two, as in `torch.maximum`. */
const sharedBack: Vjp<NoAttributes> = ({ inputs, outputs: [y], cotangents: [ct], wants }) => {
  if (inputs.length === 1) return [ct];
  const chosen = inputs.map((x) => cast(equal(x!, y), y.dtype));
  const share = div(ct!, chosen.reduce(add));
  return chosen.map((mask, i) => (wants[i] ? mul(share, mask) : null));
};

export const minOp = variadic("Min", (values) => Math.min(...values), sharedBack);

export const maxOp = variadic("Max", (values) => Math.max(...values), sharedBack);

export const sumOp = variadic(
  "Sum",
  (values, dtype) =>
    wrapped(
      dtype,
      values.reduce((total, value) => total + value, 0),
    ),
  ({ inputs, cotangents: [ct] }) => inputs.map(() => ct),
);

export const meanOp = variadic(
  "Mean",
  (values) => values.reduce((total, value) => total + value, 0) / values.length,
  ({ inputs, cotangents: [ct] }) => {
    const part = mul(ct!, scalar(1 / inputs.length, ct!.dtype));
    return inputs.map(() => part);
  },
);

/** `a + b`. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply(addOp, [a, b])[0];
}

/** `a - b`. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return apply(subOp, [a, b])[0];
}

/** `a * b`, element by element. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return apply(mulOp, [a, b])[0];
}

/** `a / b`; truncated toward zero for integers. */
export function div(a: Tensor, b: Tensor): Tensor {
  return apply(divOp, [a, b])[0];
}

/** `a^b`. The gradient for `b` takes `0^b log 0` as 0. */
export function pow(a: Tensor, b: Tensor): Tensor {
  return apply(powOp, [a, b])[0];
}

/** The smallest of the operands, element by element; equal ones share the gradient. */
export function min(...operands: readonly Tensor[]): Tensor {
  return apply(minOp, operands)[0];
}

/** The largest of the operands, element by element; equal ones share the gradient. */
export function max(...operands: readonly Tensor[]): Tensor {
  return apply(maxOp, operands)[0];
}

/** The mean of the operands, element by element. */
export function mean(...operands: readonly Tensor[]): Tensor {
  return apply(meanOp, operands)[0];
}

/** The sum of the operands, element by element. */
export function sum(...operands: readonly Tensor[]): Tensor {
  return apply(sumOp, operands)[0];
}
