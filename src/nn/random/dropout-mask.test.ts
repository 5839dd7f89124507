// Dropout masks: the graph, the plain recomputation, and the statistics of both.
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../core/numbers/shape.js";
import { randomStream } from "../../core/random/rng.js";
import { input } from "../../graph/build.js";
import { graph } from "../../graph/graph.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { ndFill } from "../../graph/reference/nd-array.js";
import { dropoutMask, recomputedDropoutMask } from "./dropout-mask.js";
import { maskCases } from "./dropout-mask-cases.js";

test.each(maskCases)(
  "the reference evaluation equals the recomputed mask, $shape at $rate, key $key",
  ({ shape, rate, key }) => {
    const keys = [input("k0", "uint32", []), input("k1", "uint32", [])] as const;
    const run = graph(keys, { mask: dropoutMask(shape, rate, keys) });
    const [mask] = evaluateGraph(
      run,
      key.map((word) => ndFill("uint32", [], () => word)),
    );
    expect(mask.shape).toEqual(shape);
    expect(Float32Array.from(mask.data)).toEqual(recomputedDropoutMask(shape, rate, key));
  },
);

/** Kept positions of a mask as +-1 around their mean, for correlations. */
function centered(shape: readonly number[], rate: number, key: readonly [number, number]): Float64Array {
  const scale = Math.sqrt(rate * (1 - rate));
  return Float64Array.from(
    recomputedDropoutMask(shape, rate, key),
    (kept) => ((kept > 0 ? 1 : 0) - (1 - rate)) / scale,
  );
}

const stepKey = (step: number): [number, number] => {
  const stream = randomStream(7, "dropout 0", step);
  return [stream.word(0), stream.word(1)];
};

function correlation(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0) / a.length;
}

describe.each([0.1, 0.2, 0.5, 0.9])("at rate %d", (rate) => {
  const shape = [64, 500];
  const size = sizeOf(shape);
  const mask = centered(shape, rate, stepKey(0));

  test("the fraction of kept values is right, in total and for each row and column", () => {
    const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / Math.sqrt(values.length);
    // Limits in standard errors: 4 for one number, 4.5 for the worst of some hundreds.
    expect(Math.abs(mean(mask))).toBeLessThan(4);
    for (let n = 0; n < 64; n++) expect(Math.abs(mean(mask.subarray(n * 500, n * 500 + 500)))).toBeLessThan(4.5);
    for (let j = 0; j < 500; j++) {
      expect(Math.abs(mean(Float64Array.from({ length: 64 }, (_, n) => mask[n * 500 + j])))).toBeLessThan(4.5 + 1.5);
    }
  });

  test("neighboring rows, columns and steps are uncorrelated", () => {
    const limit = 4.5 / Math.sqrt(size);
    for (const shift of [1, 2, 3, 7, 499, 500, 501, 1000, 8 * 500]) {
      const moved = Float64Array.from(mask, (_, i) => mask[(i + shift) % size]);
      expect(Math.abs(correlation(mask, moved)), `shift ${shift}`).toBeLessThan(limit);
    }
    for (let step = 1; step <= 20; step++) {
      expect(Math.abs(correlation(mask, centered(shape, rate, stepKey(step)))), `step ${step}`).toBeLessThan(limit);
    }
  });

  test("keys that differ in one bit give unrelated masks", () => {
    const plain = centered(shape, rate, [0, 0]);
    for (const key of [
      [1, 0],
      [0, 1],
      [2 ** 31, 0],
      [0, 2 ** 31],
      [1, 1],
    ] as const) {
      expect(Math.abs(correlation(plain, centered(shape, rate, key))), `${key}`).toBeLessThan(4.5 / Math.sqrt(size));
    }
  });
});
