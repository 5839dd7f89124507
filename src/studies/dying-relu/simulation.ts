// Born-dead probability by simulation, for widths that have no exact recurrence.

import { randomStream } from "../../core/random/rng.js";
import type { Estimate } from "../../core/statistics/intervals.js";
import { share } from "./shares.js";

/**
 * The share of simulated networks that are dead by each hidden layer from 1 to `deepest`, with Wilson intervals. The two
 * points x = 1 and x = -1 decide a network (see `theory.ts`), and the pre-activations of a unit at these points are two
 * Gaussian numbers whose correlation is the cosine of the angle between the activations. So a layer costs two random
 * numbers per unit, whatever its width. The same seed gives the same networks.
 */
export function simulatedBornDead(deepest: number, units: number, networks: number, seed = 0): Estimate[] {
  const stream = randomStream(seed, `born dead, width ${units}`);
  const deadBy = new Array<number>(deepest).fill(0);
  for (let network = 0; network < networks; network++) {
    const layer = layerOfDeath(deepest, units, (index) => stream.normal(network * 2 * units * deepest + index));
    for (let depth = layer; depth <= deepest; depth++) deadBy[depth - 1]++;
  }
  return deadBy.map((count) => share(count, networks));
}

/** The first hidden layer that is dead, from 1; `deepest + 1` if none is. */
function layerOfDeath(deepest: number, units: number, normal: (index: number) => number): number {
  // Squared lengths of the activations at the two points, and their product.
  let [plus, minus, product] = [1, 1, -1];
  let index = 0;
  for (let layer = 1; layer <= deepest; layer++) {
    const cosine = plus > 0 && minus > 0 ? Math.max(-1, Math.min(1, product / Math.sqrt(plus * minus))) : 0;
    const sine = Math.sqrt(1 - cosine * cosine);
    let [nextPlus, nextMinus, nextProduct] = [0, 0, 0];
    for (let unit = 0; unit < units; unit++) {
      const [a, b] = [normal(index++), normal(index++)];
      const first = plus > 0 ? Math.max(0, a) : 0;
      const second = minus > 0 ? Math.max(0, cosine * a + sine * b) : 0;
      nextPlus += first * first;
      nextMinus += second * second;
      nextProduct += first * second;
    }
    // The scale does not matter, so it is left out: activations never overflow or vanish by depth.
    [plus, minus, product] = [nextPlus, nextMinus, nextProduct];
    if (plus === 0 && minus === 0) return layer;
  }
  return deepest + 1;
}
