// From gradients to new parameters: clipping, groups of the optimizer, the update.
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";
import { scalar, withScope } from "../../graph/build.js";
import { clip } from "../../graph/ops/activation/activation.js";
import { add, div, max, min, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { greater } from "../../graph/ops/elementwise/comparison.js";
import { abs, sqrt } from "../../graph/ops/elementwise/unary.js";
import { reshape } from "../../graph/ops/movement/shape-movement.js";
import { reduceMax, reduceSum, reduceSumSquare } from "../../graph/ops/reduction/reduction.js";
import type { Tensor } from "../../graph/tensor.js";
import type { ReadOptimizer } from "./read-optimizer.js";
import type { StateLayout } from "./state-layout.js";

/** Limits of the gradient, applied before weight decay and the optimizer: first per element, then for the norm. */
export interface GradientClip {
  /** Largest norm of the gradient of all parameters together; larger gradients are scaled down to it. */
  readonly norm?: number;
  /** Largest magnitude of an element; larger ones are clipped. */
  readonly value?: number;
}

/** Checks limits from the user. @throws InvalidInputError for one that is not above 0. */
export function readClip(given: GradientClip): GradientClip {
  for (const [name, limit] of Object.entries(given)) {
    if (!["norm", "value"].includes(name)) throw new UnknownNameError("clip", "limit", name, ["norm", "value"]);
    if (typeof limit !== "number" || !(limit > 0) || limit === Number.POSITIVE_INFINITY) {
      throw new InvalidInputError("not a limit", {
        where: `clip.${name}`,
        expected: "a number above 0",
        received: `${limit}`,
      });
    }
  }
  return given;
}

/** The state vectors and the per-step scalars of one step. */
export interface UpdateInputs {
  readonly parameters: readonly Tensor[];
  /** One list for each slot, in the order of the layout. */
  readonly slots: readonly (readonly Tensor[])[];
  /** Scalars by name. */
  readonly hyper: Readonly<Record<string, Tensor>>;
}

export interface UpdateRequest {
  readonly optimizer: ReadOptimizer;
  readonly state: StateLayout;
  readonly clip?: GradientClip;
}

/** The point at which the gradient is evaluated: the parameters, or the look-ahead point of the optimizer. */
export function gradientPoint({ optimizer, state }: UpdateRequest, inputs: UpdateInputs): readonly Tensor[] {
  const { part, spec } = optimizer;
  if (part.lookAhead === undefined) return inputs.parameters;
  return withScope("look ahead", () =>
    inputs.parameters.map((parameter, v) => {
      const context = { parameter, slots: slotsOf(state, inputs, v), hyper: inputs.hyper };
      return part.lookAhead?.(spec, context) ?? parameter;
    }),
  );
}

/** Parameters and slots after the step: vectors of the parameters, then those of each slot. */
export function updatedVectors(
  { optimizer, state, clip = {} }: UpdateRequest,
  inputs: UpdateInputs,
  gradients: readonly Tensor[],
): Tensor[] {
  const { part, spec } = optimizer;
  const clipped = withScope("clip", () => clippedGradients(gradients, clip));
  const results = withScope("update", () =>
    inputs.parameters.map((parameter, v) => {
      // A vector that does not decay is updated without weight decay.
      const own = state.parameters[v].decays ? spec : { ...spec, weightDecay: 0 };
      const context = { parameter, gradient: clipped[v], slots: slotsOf(state, inputs, v), hyper: inputs.hyper };
      return part.update(own, context);
    }),
  );
  return [
    ...results.map(({ parameter }) => parameter),
    ...Object.keys(state.slots).flatMap((slot) => results.map(({ slots }) => slots[slot])),
  ];
}

function slotsOf({ slots }: StateLayout, inputs: UpdateInputs, v: number): Record<string, Tensor> {
  return Object.fromEntries(Object.keys(slots).map((name, s) => [name, inputs.slots[s][v]]));
}

/** What is told of the gradient of a step: `float32` scalars. */
export interface GradientMeasures {
  /** Norm of the gradient of all parameters together, before it is clipped. */
  readonly norm: Tensor;
  /** 1 where a limit changed the gradient, otherwise 0; absent without limits. */
  readonly clipped?: Tensor;
}

/** Measures a gradient that is not clipped yet. The nodes are those of `clippedGradients`, as far as it has them. */
export function gradientMeasures(gradients: readonly Tensor[], clip: GradientClip = {}): GradientMeasures {
  return withScope("clip", () => {
    const norm = normOf(gradients);
    const { value, norm: limit } = clip;
    const bounded = value === undefined ? gradients : gradients.map((g) => bound(g, value));
    const isClipped = [
      ...(value === undefined ? [] : gradients.map((g) => greater(reduceMax(abs(g)), scalar(value, g.dtype)))),
      ...(limit === undefined ? [] : [greater(scalar(1), coefficientOf(normOf(bounded), limit))]),
    ].map((is) => cast(is, "float32"));
    return isClipped.length === 0 ? { norm } : { norm, clipped: isClipped.reduce((a, b) => max(a, b)) };
  });
}

// PyTorch's clip_grad_norm_ adds it to the norm, so that a gradient of 0 stays 0.
const normEpsilon = 1e-6;

/**
 * Gradients within their limits: `g = min(value, max(-value, g))`, then `g * min(1, norm / (|all g| + 1e-6))` as
 * PyTorch's `clip_grad_value_` and `clip_grad_norm_`.
 */
export function clippedGradients(gradients: readonly Tensor[], { norm, value }: GradientClip): readonly Tensor[] {
  const bounded = value === undefined ? gradients : gradients.map((g) => bound(g, value));
  if (norm === undefined || bounded.length === 0) return bounded;
  const coefficient = coefficientOf(normOf(bounded), norm);
  return bounded.map((g) => mul(g, coefficient));
}

function bound(g: Tensor, value: number): Tensor {
  return clip(g, scalar(-value, g.dtype), scalar(value, g.dtype));
}

function normOf(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map(sumOfSquares).reduce((total, square) => add(total, square)));
}

/** `min(1, limit / (norm + 1e-6))`. */
function coefficientOf(length: Tensor, limit: number): Tensor {
  const number = (x: number) => scalar(x, length.dtype);
  return min(number(1), div(number(limit), add(length, number(normEpsilon))));
}

// Rows of this length keep the rounding of a sum over millions of float32 below 1e-6; in one run it reaches 1e-4.
const longestRow = 2048;
const shortestRow = 64;

/** `|g|^2` by rows, and then over them, where the length has a divisor that makes it possible. */
function sumOfSquares(g: Tensor): Tensor {
  const [length] = g.shape;
  let row = Math.min(length, longestRow);
  while (length % row !== 0) row--;
  if (row < shortestRow || row === length) return reduceSumSquare(g);
  return reduceSum(reduceSumSquare(reshape(g, [length / row, row]), [1]));
}
