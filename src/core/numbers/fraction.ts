// Fractions of whole numbers without limit, for decisions that rounded quotients get wrong.

/** `numerator / denominator`, not necessarily in lowest terms; the denominator is above 0. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * The fraction that a finite number of at least 0 stands for: the first convergent of its continued fraction that rounds
 * to it. So 0.1 is 1/10, and what `5 / 6` gives is 5/6, although no double is either of them.
 */
export function fractionOf(value: number): Fraction {
  if (Number.isInteger(value)) return { numerator: BigInt(value), denominator: 1n };
  let [scaled, rest] = [value, 1n];
  for (; !Number.isInteger(scaled); scaled *= 2) rest *= 2n;
  let whole = BigInt(scaled);
  let before: Fraction = { numerator: 0n, denominator: 1n };
  let last: Fraction = { numerator: 1n, denominator: 0n };
  do {
    const digit = whole / rest;
    const next = {
      numerator: digit * last.numerator + before.numerator,
      denominator: digit * last.denominator + before.denominator,
    };
    [before, last] = [last, next];
    [whole, rest] = [rest, whole % rest];
  } while (rest > 0n && numberOf(last) !== value);
  return last;
}

/** The double of a fraction: the nearest one, as long as both parts have doubles of their own. */
export function numberOf({ numerator, denominator }: Fraction): number {
  if (numerator < exactBelow && denominator < exactBelow) return Number(numerator) / Number(denominator);
  // Beyond the largest double, the last digits of both are of no account.
  const excess = BigInt(Math.max(0, bitsOf(denominator) - 1000, bitsOf(numerator) - 1000));
  return Number(numerator >> excess) / Number(denominator >> excess);
}

const exactBelow = 2n ** 53n;
const bitsOf = (value: bigint): number => 4 * value.toString(16).length;

export function sum(a: Fraction, b: Fraction): Fraction {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

export function difference(a: Fraction, b: Fraction): Fraction {
  return sum(a, { ...b, numerator: -b.numerator });
}

export function product(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

/** `a / b`, where b is above 0. */
export function quotient(a: Fraction, b: Fraction): Fraction {
  return product(a, { numerator: b.denominator, denominator: b.numerator });
}

export function isAtLeast(a: Fraction, b: Fraction): boolean {
  return a.numerator * b.denominator >= b.numerator * a.denominator;
}

/** The nearest integer of a fraction of at least 0; halves are rounded up. */
export function rounded({ numerator, denominator }: Fraction): number {
  return Number((2n * numerator + denominator) / (2n * denominator));
}
