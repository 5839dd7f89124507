// Statistics of a tensor as symbolic scalars: what probes compute inside the program.
import { sizeOf } from "../core/numbers/shape.js";
import type { ActivationFacts, OffState } from "../graph/activation-record.js";
import { scalar } from "../graph/build.js";
import { add, div, max, mul, sub } from "../graph/ops/elementwise/arithmetic.js";
import { cast } from "../graph/ops/elementwise/cast.js";
import { and, equal, greater, greaterOrEqual, less, lessOrEqual } from "../graph/ops/elementwise/comparison.js";
import { abs, sqrt } from "../graph/ops/elementwise/unary.js";
import { reduceMax, reduceMean, reduceMin, reduceSumSquare } from "../graph/ops/reduction/reduction.js";
import type { Tensor } from "../graph/tensor.js";

/** Additional inputs of a statistic. */
export interface StatisticContext {
  /** Non-linearities only: when outputs are saturated and off. */
  readonly facts?: ActivationFacts | undefined;
  /** Non-linearities only: their input. */
  readonly preActivation?: Tensor | undefined;
  /** The axes of the units; an empty list for a single unit. */
  readonly unitAxes?: readonly number[] | undefined;
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
    about: "fraction of units that are off for every example and position of the inputs",
    build: (x, { facts, preActivation = x, unitAxes }) =>
      facts?.off === undefined || unitAxes === undefined
        ? undefined
        : share(alwaysTrue(isOff(x, facts.off, preActivation), unitAxes)),
  },
  saturatedFraction: {
    about: "fraction of elements near an asymptote that is not the off state: |tanh| > 0.9, sigmoid < 0.1 or > 0.9",
    build: (x, { facts }) => (facts?.unsaturated === undefined ? undefined : reduceMean(outside(x, facts.unsaturated))),
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

/** 1 or 0 per element: whether it is below or above a range, whose ends may be infinite. */
function outside(x: Tensor, [low, high]: readonly [number, number]): Tensor {
  const below = Number.isFinite(low) ? cast(less(x, scalar(low)), "float32") : undefined;
  const above = Number.isFinite(high) ? cast(greater(x, scalar(high)), "float32") : undefined;
  return below !== undefined && above !== undefined ? max(below, above) : ((below ?? above) as Tensor);
}

/** Flags per element. NaN is not off. */
function isOff(x: Tensor, { value, within, inputs }: OffState, preActivation: Tensor): Tensor {
  const near = within === 0 ? equal(x, scalar(value)) : lessOrEqual(abs(sub(x, scalar(value))), scalar(within));
  if (inputs === undefined) return near;
  const [low, high] = inputs;
  const aboveLow = Number.isFinite(low) ? and(near, greaterOrEqual(preActivation, scalar(low))) : near;
  return Number.isFinite(high) ? and(aboveLow, lessOrEqual(preActivation, scalar(high))) : aboveLow;
}

/** One flag per unit: whether it is set for all examples and places. */
function alwaysTrue(flags: Tensor, unitAxes: readonly number[]): Tensor {
  const others = flags.shape.map((_, axis) => axis).filter((axis) => !unitAxes.includes(axis));
  const numbers = cast(flags, "float32");
  return greater(others.length === 0 ? numbers : reduceMin(numbers, others), scalar(0.5));
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
