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

/** Additional inputs of a statistic. */
export interface StatisticContext {
  /** Outputs in this range are not saturated. */
  readonly unsaturated?: readonly [number, number];
  /** Output of a unit that is off. */
  readonly off?: number;
  /** Updates only: the parameter before the update, and its gradient. */
  readonly weight?: Tensor;
  readonly gradient?: Tensor;
  /** Whether this is the network's output. */
  readonly isOutput?: boolean;
}

export interface Statistic {
  /** One sentence for help and docs. */
  readonly about: string;
  /** A float32 scalar, or `undefined` if it is meaningless for this tensor. */
  build(x: Tensor, context: StatisticContext): Tensor | undefined;
}

/** Fraction of true elements. */
const share = (condition: Tensor): Tensor => reduceMean(cast(condition, "float32"));
const norm = (x: Tensor): Tensor => sqrt(reduceSumSquare(x));
// 0 / 0 counts as 0 here instead of NaN. Smaller bounds would be denormal and flushed to 0.
const smallest = 1.2e-38;
const quotient = (a: Tensor, b: Tensor): Tensor => div(a, max(b, scalar(smallest)));

/** Every statistic of a whole tensor. */
export const statistics = {
  mean: { about: "mean over all elements", build: (x) => reduceMean(x) },
  deviation: {
    about: "standard deviation over all elements (population)",
    build: (x) => {
      // Two passes, because the difference of large sums would lose digits.
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
  zeroFraction: { about: "fraction of elements that are exactly 0", build: (x) => share(equal(x, scalar(0))) },
  deadFraction: {
    about: "fraction of units (axis 1) that are off for every example and position of the batch",
    build: (x, { off }) => (off === undefined || x.shape.length < 2 ? undefined : share(isDead(x, off))),
  },
  saturatedFraction: {
    about: "fraction of elements near an asymptote: |tanh| > 0.9, sigmoid < 0.1 or > 0.9",
    build: (x, { unsaturated }) => {
      if (unsaturated === undefined) return undefined;
      const [low, high] = unsaturated.map((bound) => scalar(bound));
      const below = cast(less(x, low), "float32");
      return reduceMean(max(below, cast(greater(x, high), "float32")));
    },
  },
  relativeNorm: {
    about: "norm of the update divided by the norm of the parameter",
    build: (x, { weight }) => (weight === undefined ? undefined : quotient(norm(x), norm(weight))),
  },
  effectiveLearningRate: {
    about: "norm of the update divided by the norm of the gradient",
    build: (x, { gradient }) => (gradient === undefined ? undefined : quotient(norm(x), norm(gradient))),
  },
  isConstant: {
    about: "1 where every element of the output is the same for all inputs, up to 1e-6 of its size; else 0",
    build: (x, { isOutput }) => (isOutput === true && x.shape.length > 0 ? isConstant(x) : undefined),
  },
} as const satisfies Record<string, Statistic>;

export type StatisticName = keyof typeof statistics;

/** One flag per unit: whether its largest output over examples and positions is at most `off`. */
function isDead(x: Tensor, off: number): Tensor {
  const [examples, units] = x.shape;
  const places = sizeOf(x.shape) / Math.max(1, examples * units);
  const perUnit = reduceMax(reshape(x, [examples, units, places]), [0, 2]);
  return lessOrEqual(perUnit, scalar(off));
}

/**
 * How far an element of the output may move over the inputs and still count as constant: so many times its largest
 * absolute value, or 1 where that is smaller. About eight units in the last place of float32.
 */
export const constantTolerance = 1e-6;

/** 1 or 0: whether the largest distance between two examples is within the tolerance for every element. */
function isConstant(x: Tensor): Tensor {
  const high = reduceMax(x, [0]);
  const low = reduceMin(x, [0]);
  const size = max(scalar(1), max(high, sub(scalar(0), low)));
  return reduceMin(cast(lessOrEqual(sub(high, low), mul(size, scalar(constantTolerance))), "float32"));
}

/** Squared norm of several tensors together. */
export function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return tensors.map((tensor) => reduceSumSquare(tensor)).reduce((total, square) => add(total, square));
}
