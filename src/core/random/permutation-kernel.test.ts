// Permutations in WebAssembly equal those of the algorithm in JavaScript, element for element.
import { expect, test } from "vitest";
import { permutationByKernel } from "./permutation-kernel.js";
import { hashText, permutationByWords, randomStream } from "./rng.js";

test.each([0, 1, 2, 3, 4, 5, 63, 64, 1000, 3000, 70_001])("%i elements", (count) => {
  // Seeds beyond 32 bits use both words of the key; the numbers of streams may be negative.
  for (const [seed, number] of [
    [0, 0],
    [11, 3],
    [2 ** 53 - 1, -1],
    [5 * 2 ** 32 + 17, 2 ** 31 - 1],
  ]) {
    const expected = permutationByWords(count, randomStream(seed, "shuffle", number));
    const key: [number, number] = [seed | 0, Math.floor(seed / 2 ** 32) | 0];
    expect(permutationByKernel(count, [number, hashText("shuffle") | 0], key)).toEqual(expected);
  }
});

test("both continue with the next word after a rejected draw", () => {
  // With 2^31 + 1 numbers nearly half of all words would be rejected; with these lengths about one in 60,000 is.
  const count = 70_001;
  const draws = Array.from({ length: 8 }, (_, seed) => seed);
  for (const seed of draws) {
    const kernel = permutationByKernel(count, [0, hashText("rejected") | 0], [seed, 0]);
    expect(kernel).toEqual(permutationByWords(count, randomStream(seed, "rejected")));
    expect(new Set(kernel).size).toBe(count);
  }
});

test("JavaScript draws permutations that would permanently enlarge the kernel's memory", () => {
  expect(permutationByKernel(4_194_001, [0, 0], [0, 0])).toBeUndefined();
});
