// What is known of a non-linearity: when a unit is off, when an output is saturated, and how to recognize the function.
//
// An asymptote at 0 of a function that is unbounded on the other side, or 0 at 0, is its off state. Every other
// asymptote saturates.

export interface ActivationFacts {
  /** Outputs outside are saturated: closer to an asymptote than a tenth of the largest asymptote's magnitude. */
  readonly unsaturated?: readonly [number, number];
  readonly off?: OffState;
}

/** The state of a unit that hands on nothing. */
export interface OffState {
  readonly value: number;
  /** Largest distance from `value`; 0 where the function reaches it. */
  readonly within: number;
  /** Inputs of this range alone are off: functions with a dip are also near their off value where they rise steeply. */
  readonly inputs?: readonly [number, number];
}

/** A function of one variable. */
export type Curve = (x: number) => number;

// A method so that a record with narrower attributes is still an `ActivationRecord` (bivariance).
export interface ActivationRecord<A> {
  facts(attrs: A): ActivationFacts;
  /**
   * The attributes with which the operator may be this function, read off a few of its values; `undefined` if it cannot
   * be. The caller compares the functions. Without it, the operator has no attributes that change the function.
   */
  fit?(curve: Curve): A | undefined;
}

/**
 * Functions that only approach their off value count as off within this distance of it. Their slopes there are at most
 * 0.026: of the gradient next to nothing passes.
 */
const offTolerance = 0.01;

/** A function that is 0 for a whole range of inputs, such as ReLU. */
export const rectified: ActivationFacts = { off: { value: 0, within: 0 } };

/** A monotone function that approaches 0, such as softplus. */
export const approachesZero: ActivationFacts = { off: { value: 0, within: offTolerance } };

/**
 * A gate `x g(x)` that falls to a minimum before it rises: off left of the minimum alone, since it is 0 at 0, too.
 * @param minimum input of the smallest output.
 * @param scale factor of the function's inputs; its outputs have the inverse. Negative for a mirrored function.
 */
export function dips(minimum: number, { scale = 1, isExact = false } = {}): ActivationFacts {
  const end = minimum / scale;
  const inputs = scale > 0 ? ([Number.NEGATIVE_INFINITY, end] as const) : ([end, Number.POSITIVE_INFINITY] as const);
  return { off: { value: 0, within: isExact ? 0 : offTolerance / Math.abs(scale), inputs } };
}

/** A function with asymptotes at one or both ends. */
export function saturates(low: number, high = Number.POSITIVE_INFINITY): ActivationFacts {
  const margin = 0.1 * Math.max(...[low, high].filter(Number.isFinite).map(Math.abs));
  return { unsaturated: [low + margin, high - margin] };
}

/** Where a curve that is 0 at `from` leaves 0 on the way to `to`; `undefined` if it does not. */
export function endOfZeros(curve: Curve, from: number, to: number): number | undefined {
  if (curve(from) !== 0 || curve(to) === 0) return undefined;
  let [zero, other] = [from, to];
  for (let halving = 0; halving < 40; halving++) {
    const middle = (zero + other) / 2;
    if (curve(middle) === 0) zero = middle;
    else other = middle;
  }
  return zero;
}
