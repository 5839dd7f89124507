// Non-linearities of modern networks: smooth and piecewise relatives of ReLU, and gates.
//
// Gradients use the output if that saves a function call; at kinks they are PyTorch's.

import { ShapeError } from "../../../core/errors.js";
import { sameShape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { firstPointwise } from "../../accounting/reach.js";
import { type ActivationRecord, type Curve, dips, endOfZeros, rectified, saturates } from "../../activation-record.js";
import { apply, scalar } from "../../build.js";
import { elementwiseCost, type Op, type Vjp } from "../../op.js";
import { mapBroadcast } from "../../reference/nd-broadcast.js";
import type { Attributes, Tensor } from "../../tensor.js";
import { add, div, min, mul, sub } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { and, greater, less } from "../elementwise/comparison.js";
import { erfValue } from "../elementwise/erf-value.js";
import { where } from "../elementwise/selection.js";
import { abs, erf, exp } from "../elementwise/unary.js";
import { inferBroadcast, type NoAttributes } from "../record/elementwise.js";
import { sigmoid, softplus, tanh } from "./activation.js";

/** A record of an operator with one operand and numeric attributes. */
function activation<A extends Attributes>(
  name: string,
  attributes: Op<A>["attributes"],
  value: (x: number, attrs: A) => number,
  vjp: Vjp<A>,
  record: ActivationRecord<A>,
): Op<A> {
  return {
    name,
    arity: [1, 1],
    attributes,
    inputNames: ["X"],
    activation: record,
    batch: "elementwise",
    infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
    vjp,
    cost: elementwiseCost(1),
    evaluate: ([x], attrs) => [{ ...x!, data: x!.data.map((element) => value(element, attrs)) }],
  };
}

const like = (x: Tensor, value: number): Tensor => scalar(value, x.dtype);
const float = (preset: number) => ({ type: "float", default: preset }) as const;

/** The attributes of a function whose limit at minus infinity is below 0, from minus this limit. */
const fitBelowZero =
  <A>(attrs: (depth: number, curve: Curve) => A) =>
  (curve: Curve): A | undefined =>
    curve(-100) < 0 ? attrs(-curve(-100), curve) : undefined;

/** Facts of a function with the limit `-alpha`. A negative alpha is met by outputs of both sides. */
const belowZero = (limit: number) => (limit > 0 ? saturates(-limit) : limit === 0 ? rectified : {});

export type AlphaAttributes = { readonly alpha: number };
export type SeluAttributes = { readonly alpha: number; readonly gamma: number };
export type HardSigmoidAttributes = { readonly alpha: number; readonly beta: number };

/** `x` above 0, `alpha (e^x - 1)` elsewhere (Clevert, Unterthiner and Hochreiter, ICLR 2016). */
export const eluOp = activation<AlphaAttributes>(
  "Elu",
  { alpha: float(1) },
  (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  ({ inputs: [x], outputs: [y], attrs: { alpha }, cotangents: [ct] }) => [
    where(greater(x!, like(x!, 0)), ct!, mul(ct!, add(y, like(x!, alpha)))),
  ],
  { facts: ({ alpha }) => belowZero(alpha), fit: fitBelowZero((alpha) => ({ alpha })) },
);

/** `gamma` times an Elu, with the constants that keep mean and variance (Klambauer et al., NeurIPS 2017). */
// The constants of the standard as attributes are read: float32 numbers, with 7 digits if those suffice.
export const seluOp = activation<SeluAttributes>(
  "Selu",
  { alpha: float(1.6732631921768188), gamma: float(1.050701) },
  (x, { alpha, gamma }) => gamma * (x > 0 ? x : alpha * Math.expm1(x)),
  ({ inputs: [x], outputs: [y], attrs: { alpha, gamma }, cotangents: [ct] }) => [
    mul(ct!, where(greater(x!, like(x!, 0)), like(x!, gamma), add(y, like(x!, gamma * alpha)))),
  ],
  {
    facts: ({ alpha, gamma }) => (gamma > 0 ? belowZero(alpha * gamma) : {}),
    fit: fitBelowZero((depth, curve) => ({ alpha: depth / curve(1), gamma: curve(1) })),
  },
);

/** `max(0, x) + min(0, alpha (e^(x/alpha) - 1))` (Barron, 2017). */
export const celuOp = activation<AlphaAttributes>(
  "Celu",
  { alpha: float(1) },
  (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
  ({ inputs: [x], outputs: [y], attrs: { alpha }, cotangents: [ct] }) => [
    where(greater(x!, like(x!, 0)), ct!, mul(ct!, add(mul(y, like(x!, 1 / alpha)), like(x!, 1)))),
  ],
  { facts: ({ alpha }) => (alpha > 0 ? saturates(-alpha) : {}), fit: fitBelowZero((alpha) => ({ alpha })) },
);

/** `x` above `alpha`, 0 elsewhere. */
export const thresholdedReluOp = activation<AlphaAttributes>(
  "ThresholdedRelu",
  { alpha: float(1) },
  (x, { alpha }) => (x > alpha ? x : 0),
  ({ inputs: [x], attrs: { alpha }, cotangents: [ct] }) => [mul(ct!, cast(greater(x!, like(x!, alpha)), x!.dtype))],
  {
    facts: () => rectified,
    fit(curve) {
      // Not symmetric, since below a negative threshold and at 0 alone it is 0.
      const alpha = endOfZeros(curve, -64, 65);
      return alpha === undefined ? undefined : { alpha };
    },
  },
);

/** `alpha x + beta`, clipped to [0, 1]; the gradient is 0 at both ends. */
export const hardSigmoidOp = activation<HardSigmoidAttributes>(
  "HardSigmoid",
  { alpha: float(0.2), beta: float(0.5) },
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  ({ inputs: [x], outputs: [y], attrs: { alpha }, cotangents: [ct] }) => {
    const inside = and(greater(y, like(x!, 0)), less(y, like(x!, 1)));
    return [mul(ct!, mul(cast(inside, x!.dtype), like(x!, alpha)))];
  },
  {
    facts: () => saturates(0, 1),
    fit: (curve) => ({ alpha: (curve(0.25) - curve(-0.25)) / 0.5, beta: curve(0) }),
  },
);

/** `x` times the hard sigmoid of slope 1/6 (Howard et al., ICCV 2019). */
export const hardSwishOp = activation<NoAttributes>(
  "HardSwish",
  {},
  (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  ({ inputs: [x], cotangents: [ct] }) => {
    const [low, high] = [greater(x!, like(x!, -3)), less(x!, like(x!, 3))];
    const slope = add(mul(x!, like(x!, 1 / 3)), like(x!, 0.5));
    // Multiplying by 0 instead of the inner `where` would give NaN at minus infinity.
    return [mul(ct!, where(high, where(low, slope, like(x!, 0)), like(x!, 1)))];
  },
  { facts: () => dips(-1.5, { isExact: true }) },
);

/** `x / (1 + |x|)`. */
export const softsignOp = activation<NoAttributes>(
  "Softsign",
  {},
  (x) => x / (1 + Math.abs(x)),
  ({ inputs: [x], cotangents: [ct] }) => {
    const grown = add(abs(x!), like(x!, 1));
    return [div(ct!, mul(grown, grown))];
  },
  { facts: () => saturates(-1, 1) },
);

/** `x tanh(log(1 + e^x))` (Misra, BMVC 2020). */
export const mishOp = activation<NoAttributes>(
  "Mish",
  {},
  (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  ({ inputs: [x], cotangents: [ct] }) => {
    const gate = tanh(softplus(x!));
    const slope = mul(mul(x!, sigmoid(x!)), sub(like(x!, 1), mul(gate, gate)));
    return [mul(ct!, add(gate, slope))];
  },
  { facts: () => dips(-1.1924312) },
);

export type GeluAttributes = { readonly approximate: string };

const rootTwo = Math.SQRT2;
const rootTwoOverPi = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

const geluTanh = (x: number): number => Math.tanh(rootTwoOverPi * (x + cubic * x ** 3));

/** `x` times the normal distribution function, exact or approximated by tanh (Hendrycks and Gimpel, 2016). */
export const geluOp = activation<GeluAttributes>(
  "Gelu",
  { approximate: { type: "string", default: "none" } },
  (x, { approximate }) =>
    approximate === "tanh" ? 0.5 * x * (1 + geluTanh(x)) : 0.5 * x * (1 + erfValue(x / rootTwo)),
  ({ inputs: [x], attrs: { approximate }, cotangents: [ct] }) => [
    mul(ct!, approximate === "tanh" ? tanhGeluSlope(x!) : geluSlope(x!)),
  ],
  // Both forms, which differ by less than 5e-4, have their minimum here.
  { facts: () => dips(-0.7518) },
);

/** Distribution function plus x times the density. */
function geluSlope(x: Tensor): Tensor {
  const half = like(x, 0.5);
  const distribution = add(mul(erf(mul(x, like(x, 1 / rootTwo))), half), half);
  const density = mul(exp(mul(mul(x, x), like(x, -0.5))), like(x, 1 / Math.sqrt(2 * Math.PI)));
  return add(distribution, mul(x, density));
}

function tanhGeluSlope(x: Tensor): Tensor {
  const square = mul(x, x);
  const inner = mul(mul(x, add(mul(square, like(x, cubic)), like(x, 1))), like(x, rootTwoOverPi));
  const bent = tanh(inner);
  const growth = mul(add(mul(square, like(x, 3 * cubic)), like(x, 1)), like(x, 0.5 * rootTwoOverPi));
  const left = mul(add(bent, like(x, 1)), like(x, 0.5));
  return add(left, mul(mul(x, sub(like(x, 1), mul(bent, bent))), growth));
}

/** `x` where it is not negative, `slope x` elsewhere; the slope is trained (He et al., ICCV 2015). */
export const preluOp: Op<NoAttributes> = {
  name: "PRelu",
  weightUse: { 1: "weight" },
  reach: firstPointwise,
  isPointwise: true,
  arity: [2, 2],
  attributes: {},
  inputNames: ["X", "slope"],
  activation: { facts: () => ({}) },
  infer([x, slope], _attrs, place) {
    const [type] = inferBroadcast(place, [x, slope]);
    if (sameShape(type.shape, x!.shape)) return [type];
    throw new ShapeError("the slope is larger than the input", {
      where: place,
      expected: `a shape that broadcasts to ${shapeText(x!.shape)}`,
      received: shapeText(slope!.shape),
    });
  },
  vjp: ({ inputs: [x, slope], cotangents: [ct], wants }) => [
    wants[0] ? where(greater(x!, like(x!, 0)), ct!, mul(ct!, slope!)) : null,
    wants[1] ? mul(ct!, min(x!, like(x!, 0))) : null,
  ],
  cost: (_inputs, [y]) => ({ macs: 0, flops: sizeOf(y.shape) }),
  evaluate: ([x, slope]) => [
    mapBroadcast(x!.dtype, [x!, slope!], ([value, factor]) => (value < 0 ? factor * value : value)),
  ],
};

const one = (op: Op, x: Tensor, attrs: Attributes = {}): Tensor => apply(op, [x], attrs)[0];

export const elu = (x: Tensor, attrs: Partial<AlphaAttributes> = {}): Tensor => one(eluOp as Op, x, attrs);
export const selu = (x: Tensor, attrs: Partial<SeluAttributes> = {}): Tensor => one(seluOp as Op, x, attrs);
export const celu = (x: Tensor, attrs: Partial<AlphaAttributes> = {}): Tensor => one(celuOp as Op, x, attrs);
export const thresholdedRelu = (x: Tensor, attrs: Partial<AlphaAttributes> = {}): Tensor =>
  one(thresholdedReluOp as Op, x, attrs);
export const hardSigmoid = (x: Tensor, attrs: Partial<HardSigmoidAttributes> = {}): Tensor =>
  one(hardSigmoidOp as Op, x, attrs);
export const hardSwish = (x: Tensor): Tensor => one(hardSwishOp as Op, x);
export const softsign = (x: Tensor): Tensor => one(softsignOp as Op, x);
export const mish = (x: Tensor): Tensor => one(mishOp as Op, x);
export const gelu = (x: Tensor, attrs: Partial<GeluAttributes> = {}): Tensor => one(geluOp as Op, x, attrs);
export const prelu = (x: Tensor, slope: Tensor): Tensor => apply(preluOp as Op, [x, slope])[0];
