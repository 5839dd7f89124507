// Statistics of a tensor as symbolic scalars: what probes compute inside the program.
import { sizeOf } from "../core/numbers/shape.js";
import { scalar } from "../graph/build.js";
import { add, div, max, mul, sub } from "../graph/ops/elementwise/arithmetic.js";
import { cast } from "../graph/ops/elementwise/cast.js";
import { equal, greater, less, lessOrEqual } from "../graph/ops/elementwise/comparison.js";
import { sqrt } from "../graph/ops/elementwise/unary.js";
import { reshape } from "../graph/ops/movement/shape-movement.js";
import { reduceMax, reduceMean, reduceMin, reduceSumSquare } from "../graph/ops/reduction/reduction.js";
import type { Tensor } from "../graph/tensor.js";

/** What a statistic may use besides the tensor. */
export interface StatisticContext {
  /** Output values between which the activation is not saturated. */
  readonly unsaturated?: readonly [number, number];
  /** Output of a unit that is switched off. */
  readonly off?: number;
  /** Updates only: the parameter before the update, and its gradient. */
  readonly weight?: Tensor;
  readonly gradient?: Tensor;
}

export interface Statistic {
  /** One sentence for help and docs. */
  readonly about: string;
  /** A float32 scalar; `undefined` where it has no meaning for this tensor. */
  build(x: Tensor, context: StatisticContext): Tensor | undefined;
}

/** Share of true elements. */
const share = (condition: Tensor): Tensor => reduceMean(cast(condition, "float32"));
const norm = (x: Tensor): Tensor => sqrt(reduceSumSquare(x));
// A quotient of nothing by a length of 0 is 0, not NaN. Smaller bounds are denormal and taken for 0.
const smallest = 1.2e-38;
const quotient = (a: Tensor, b: Tensor): Tensor => div(a, max(b, scalar(smallest)));

/** Every statistic of a whole tensor. */
export const statistics = {
  mean: { about: "mean over all elements", build: (x) => reduceMean(x) },
  deviation: {
    about: "standard deviation over all elements (population)",
    build: (x) => {
      // Two passes: the difference of large sums would lose digits.
      const centered = sub(x, reduceMean(x));
      return sqrt(reduceMean(mul(centered, centered)));
    },
  },
  rootMeanSquare: {
    about: "root of the mean square",
    build: (x) => sqrt(div(reduceSumSquare(x), scalar(sizeOf(x.shape)))),
  },
  minimum: { about: "smallest element", build: (x) => reduceMin(x) },
  maximum: { about: "largest element", build: (x) => reduceMax(x) },
  norm: { about: "length (L2)", build: (x) => norm(x) },
  zeroFraction: { about: "share of elements that are exactly 0", build: (x) => share(equal(x, scalar(0))) },
  deadFraction: {
    about: "share of units (axis 1) that are switched off for every example and place of the batch",
    build: (x, { off }) => (off === undefined || x.shape.length < 2 ? undefined : share(isDead(x, off))),
  },
  saturatedFraction: {
    about: "share of elements near an asymptote: |tanh| > 0.9, sigmoid < 0.1 or > 0.9",
    build: (x, { unsaturated }) => {
      if (unsaturated === undefined) return undefined;
      const [low, high] = unsaturated.map((bound) => scalar(bound));
      const below = cast(less(x, low), "float32");
      return reduceMean(max(below, cast(greater(x, high), "float32")));
    },
  },
  relativeNorm: {
    about: "length of the update over that of the parameter",
    build: (x, { weight }) => (weight === undefined ? undefined : quotient(norm(x), norm(weight))),
  },
  effectiveLearningRate: {
    about: "length of the update over that of the gradient",
    build: (x, { gradient }) => (gradient === undefined ? undefined : quotient(norm(x), norm(gradient))),
  },
} as const satisfies Record<string, Statistic>;

export type StatisticName = keyof typeof statistics;

/** One flag for each unit: whether its largest output over examples and places is not above `off`. */
function isDead(x: Tensor, off: number): Tensor {
  const [examples, units] = x.shape;
  const places = sizeOf(x.shape) / Math.max(1, examples * units);
  const perUnit = reduceMax(reshape(x, [examples, units, places]), [0, 2]);
  return lessOrEqual(perUnit, scalar(off));
}

/** Square of the length of several tensors together. */
export function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return tensors.map((tensor) => reduceSumSquare(tensor)).reduce((total, square) => add(total, square));
}
