// Probability that a ReLU network of one input is dead before training: exact where it is known, and bounds elsewhere.
//
// Weights are independent and symmetric around 0, biases are 0, and inputs have both signs. A layer is positively
// homogeneous, so two points decide the network: x = 1 and x = -1. The network is dead once a layer is 0 at both.
// H counts hidden layers, N their units, p = 1 - 2^-N is the probability that a layer passes on a point that is alive.

/** A point on which a function is integrated, with its weight; weights add up to 1. */
interface Node {
  readonly at: number;
  readonly weight: number;
}

/** The probability that a point of one sign is lost within `hiddenLayers` layers: `1 - (1 - 2^-N)^H`. */
export function oneSignedDeath(hiddenLayers: number, units: number): number {
  return 1 - (1 - 2 ** -units) ** hiddenLayers;
}

/**
 * Bounds of the born-dead probability at any width. Upper: one of the two points survives the first layer for certain and
 * is then lost with `2^-N` per layer. Lower: the two sides are treated as if no unit served both.
 */
export function bornDeadBounds(hiddenLayers: number, units: number): readonly [low: number, high: number] {
  const alive = (1 - 2 ** -units) ** (hiddenLayers - 1);
  const low = 1 - alive * (2 * (1 - 2 ** -units) - (1 - 2 ** (1 - units)) * alive);
  return [Math.max(0, low), 1 - alive];
}

/**
 * The lower bound of L. Lu, Y. Shin, Y. Su and G. E. Karniadakis, "Dying ReLU and initialization", CiCP 28(5), 2020, for
 * networks of constant width. Exact for one and two hidden layers.
 */
export function paperLowerBound(hiddenLayers: number, units: number): number {
  const a1 = 1 - 2 ** -units;
  const a2 = 1 - 2 ** (1 - units) - (units - 1) * 4 ** -units;
  const exponent = hiddenLayers - 1;
  const factor = ((1 - 2 ** (1 - units)) * (1 - 2 ** -units)) / (1 + (units - 1) * 2 ** -units);
  return 1 - a1 ** exponent + factor * (a2 ** exponent - a1 ** exponent);
}

/**
 * The exact born-dead probability of networks of one or two units per layer, for every number of hidden layers from 1 to
 * `deepest`; undefined for wider networks, which have no closed recurrence.
 *
 * With one unit, only one of the two points survives the first layer. With two units, the state is the angle between the
 * activations of the two points, pi / 2 after the first layer. At angle theta a unit is off for both points with
 * probability `q = 1/2 - theta / (2 pi)`. The next layer is dead with `q^2`, keeps one point with `2 (1/4 - q^2)`, or
 * keeps both at a new angle. The angle's law is integrated numerically; the error is below 1e-5.
 */
export function exactBornDead(deepest: number, units: number): number[] | undefined {
  if (units === 1) return Array.from({ length: deepest }, (_, i) => 1 - 0.5 ** i);
  if (units !== 2) return undefined;
  const angles = Float64Array.from({ length: anglePoints }, (_, i) => ((Math.PI / 2) * i) / (anglePoints - 1));
  const kernel = angleKernel(angles);
  // dead[i]: probability that both points, at angle i, are lost within the layers that are left.
  let dead = new Float64Array(anglePoints);
  const born = [0];
  for (let layer = 1; layer < deepest; layer++) {
    // After the first layer: both points alive at a right angle, or only one of them, with one half each.
    const next = new Float64Array(anglePoints);
    const oneAlive = oneSignedDeath(layer - 1, units);
    for (const [i, angle] of angles.entries()) {
      const off = 0.5 - angle / (2 * Math.PI);
      let both = 0;
      for (let j = 0; j < anglePoints; j++) both += kernel[i * anglePoints + j] * dead[j];
      next[i] = off ** 2 + 2 * (0.25 - off ** 2) * oneAlive + both;
    }
    dead = next;
    born.push(0.5 * dead[anglePoints - 1] + 0.5 * oneSignedDeath(layer, units));
  }
  return born;
}

/** Angles of the table, from 0 to pi / 2; between them the probability is interpolated linearly. */
const anglePoints = 193;
const quadratureNodes = 24;

/**
 * `[from, to]`: the probability that both points stay alive and move from one angle to another, spread over the two
 * nearest angles of the table. Rows sum to the probability that both stay alive.
 *
 * A unit is a Gaussian vector in the plane of the two activations: its direction `phi` is uniform, its length follows
 * Rayleigh's law. It is on for the first point where `cos phi > 0`, for the second where `cos(phi - theta) > 0`.
 */
function angleKernel(angles: Float64Array): Float64Array {
  const kernel = new Float64Array(anglePoints * anglePoints);
  const nodes = gaussLegendre(quadratureNodes);
  for (const [row, theta] of angles.entries()) {
    const place = (angle: number, weight: number): void => {
      const position = Math.min((angle / (Math.PI / 2)) * (anglePoints - 1), anglePoints - 1);
      const left = Math.min(Math.floor(position), anglePoints - 2);
      kernel[row * anglePoints + left] += weight * (left + 1 - position);
      kernel[row * anglePoints + left + 1] += weight * (position - left);
    };
    const one = theta / (2 * Math.PI);
    const both = 0.5 - one;
    // One unit for each point: a right angle. One unit for both and one for none: the same direction.
    place(Math.PI / 2, 2 * one ** 2);
    place(0, 2 * both * both);
    // Directions on for both points, and on for the first alone; the second alone is its mirror image.
    const shared = nodes.map(({ at, weight }) => ({ at: theta - Math.PI / 2 + at * (Math.PI - theta), weight }));
    const single = nodes.map(({ at, weight }) => ({ at: -Math.PI / 2 + at * theta, weight }));
    for (const first of shared) {
      for (const second of single) placeMixed(place, nodes, first, second, 4 * both * one);
      for (const second of shared) placeShared(place, nodes, theta, first, second, both ** 2);
    }
  }
  return kernel;
}

type Place = (angle: number, weight: number) => void;

/** The ratio of two Rayleigh lengths at a quantile: its distribution function is `t^2 / (1 + t^2)`. */
const lengthRatio = (quantile: number): number => Math.sqrt(quantile / (1 - quantile));

/** One unit is on for both points, the other for the first alone. */
function placeMixed(place: Place, quantiles: readonly Node[], first: Node, second: Node, probability: number): void {
  for (const { at, weight } of quantiles) {
    const ratio = (lengthRatio(at) * Math.cos(second.at)) / Math.cos(first.at);
    place(Math.atan(ratio), probability * first.weight * second.weight * weight);
  }
}

/** Both units are on for both points. */
function placeShared(
  place: Place,
  quantiles: readonly Node[],
  theta: number,
  first: Node,
  second: Node,
  probability: number,
): void {
  for (const { at, weight } of quantiles) {
    const ratio = lengthRatio(at);
    const alpha = Math.atan((ratio * Math.cos(second.at)) / Math.cos(first.at));
    const beta = Math.atan((ratio * Math.cos(second.at - theta)) / Math.cos(first.at - theta));
    place(Math.abs(alpha - beta), probability * first.weight * second.weight * weight);
  }
}

/** Nodes and weights of the Gauss-Legendre rule on [0, 1]. */
function gaussLegendre(count: number): Node[] {
  return Array.from({ length: count }, (_, i) => {
    // Newton's iteration from Tricomi's approximation of the roots.
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let round = 0; round < 50; round++) {
      let [previous, value] = [1, x];
      for (let k = 2; k <= count; k++) [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k];
      slope = (count * (x * value - previous)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    return { at: (1 - x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}
