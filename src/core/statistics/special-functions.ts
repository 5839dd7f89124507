// The special functions behind the intervals: log gamma, incomplete beta, and quantiles of t and normal distributions.

/** Coefficients B(2k) / (2k (2k-1)) of Stirling's series for log gamma, k = 1..7 (Abramowitz & Stegun 6.1.40). */
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** From here on, Stirling's series is exact to the last digit; smaller arguments are shifted up. */
const stirlingFrom = 12;

/** Natural logarithm of the gamma function, for `x > 0`. */
export function logGamma(x: number): number {
  let shift = 1;
  let y = x;
  while (y < stirlingFrom) shift *= y++;
  let series = 0;
  for (let k = stirling.length - 1; k >= 0; k--) series = series / (y * y) + stirling[k];
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series / y - Math.log(shift);
}

/**
 * Regularized incomplete beta function `I_x(a, b)`, by its continued fraction (Abramowitz & Stegun 26.5.8), on the
 * side where that converges fast. `a, b > 0`, `0 <= x <= 1`.
 * @param complement `1 - x`, for callers that know it without cancellation.
 */
export function incompleteBeta(x: number, a: number, b: number, complement = 1 - x): number {
  if (x <= 0) return 0;
  if (complement <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(complement, b, a, x);
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(complement);
  return (Math.exp(logFront) / a) * betaFraction(x, a, b);
}

/** The continued fraction of `I_x(a, b)`, evaluated from the front (modified Lentz, Thompson & Barnett 1986). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const guard = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const term of [even, odd]) {
      d = 1 / guard(1 + term * d);
      c = guard(1 + term / c);
      change = c * d;
      fraction *= change;
    }
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return fraction;
}

/** Probability that Student's t with `degrees > 0` degrees of freedom exceeds `t >= 0`. */
function studentUpperTail(t: number, degrees: number): number {
  const square = t * t;
  return 0.5 * incompleteBeta(degrees / (degrees + square), degrees / 2, 0.5, square / (degrees + square));
}

/** Density of Student's t. */
function studentDensity(t: number, degrees: number): number {
  const logScale = logGamma((degrees + 1) / 2) - logGamma(degrees / 2) - 0.5 * Math.log(degrees * Math.PI);
  return Math.exp(logScale - ((degrees + 1) / 2) * Math.log1p((t * t) / degrees));
}

/** Quantile of Student's t distribution: the `t` with `P(T <= t) = probability`. `degrees > 0`, `0 < probability < 1`. */
export function studentQuantile(probability: number, degrees: number): number {
  if (probability < 0.5) return -studentQuantile(1 - probability, degrees);
  return rootOfTail(
    1 - probability,
    (t) => studentUpperTail(t, degrees),
    (t) => studentDensity(t, degrees),
  );
}

/** Quantile of the standard normal distribution. `0 < probability < 1`. */
export function normalQuantile(probability: number): number {
  if (probability < 0.5) return -normalQuantile(1 - probability);
  return rootOfTail(1 - probability, normalUpperTail, (z) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI));
}

/** Probability that a standard normal is at most `z`. */
export function normalProbability(z: number): number {
  return z < 0 ? normalUpperTail(-z) : 1 - normalUpperTail(z);
}

/** Probability that a standard normal exceeds `z >= 0`: power series near 0, Laplace's continued fraction beyond. */
function normalUpperTail(z: number): number {
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 3; term > sum * 1e-17; k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 80; k >= 1; k--) fraction = z + k / fraction;
  return density / fraction;
}

/**
 * The point where the upper tail of a symmetric density equals `target` (at most one half): Newton's method in a
 * bracket.
 */
function rootOfTail(target: number, tail: (x: number) => number, density: (x: number) => number): number {
  if (target >= 0.5) return 0;
  let low = 0;
  let high = 1;
  while (tail(high) > target) {
    low = high;
    high *= 2;
  }
  let x = (low + high) / 2;
  for (let iteration = 0; iteration < 200; iteration++) {
    const excess = tail(x) - target;
    if (excess > 0) low = x;
    else high = x;
    const newton = x + excess / density(x);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-15 * Math.abs(x)) return next;
    x = next;
  }
  return x;
}
