// The difference between an output and its expected value, in units of the tolerance.
import type { DType } from "../../src/core/numbers/dtype.js";

interface Values {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

export interface Tolerance {
  /** Relative to the expected element. */
  readonly relative: number;
  /** Relative to the largest expected element, because sums of products lose digits of their largest term. */
  readonly ofLargest: number;
  readonly absolute: number;
}

/** A sentence about the difference; `undefined` if the output is as expected. */
export function difference(
  expected: Values & { dtype: DType },
  received: Values,
  tolerance: Tolerance,
): string | undefined {
  if (received.dtype !== expected.dtype || `${received.shape}` !== `${expected.shape}`)
    return `expected ${expected.dtype} [${expected.shape}], received ${received.dtype} [${received.shape}]`;
  const wanted = Array.from(expected.data, Number);
  const found = Array.from(received.data, Number);
  const largest = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
  for (const [i, x] of wanted.entries()) {
    const y = found[i];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const allowed = expected.dtype.startsWith("float")
      ? tolerance.absolute + tolerance.relative * Math.abs(x) + tolerance.ofLargest * largest
      : 0;
    if (!(Math.abs(x - y) <= allowed)) return `element ${i}: expected ${x}, received ${y}`;
  }
  return undefined;
}
