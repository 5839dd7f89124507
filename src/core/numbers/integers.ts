// Arithmetic of positive integers.

/** The largest integer that divides both, by Euclid's algorithm. Both are positive. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
