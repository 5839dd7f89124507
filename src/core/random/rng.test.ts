import { describe, expect, it } from "vitest";
import { hashText, permutation, philox4x32, type RandomStream, randomStream } from "./rng.js";

const hex = (words: Uint32Array): string => [...words].map((word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox4x32", () => {
  // Known answers for ten rounds, from the file kat_vectors of Random123 1.14 (Salmon et al.).
  const ones = 0xffffffff;
  it.each([
    { name: "zeros", counter: [0, 0, 0, 0], key: [0, 0], answer: "6627e8d5 e169c58d bc57ac4c 9b00dbd8" },
    {
      name: "ones",
      counter: [ones, ones, ones, ones],
      key: [ones, ones],
      answer: "408f276d 41c83b0e a20bc7c6 6d5451fd",
    },
    {
      name: "digits of pi",
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      answer: "d16cfe09 94fdcceb 5001e420 24126ea1",
    },
  ])("gives the published answer for $name", ({ counter, key, answer }) => {
    const out = new Uint32Array(4);
    philox4x32(counter as [number, number, number, number], key as [number, number], out);
    expect(hex(out)).toBe(answer);
  });
});

describe("randomStream", () => {
  it("gives the same words in bulk and one by one", () => {
    const stream = randomStream(2 ** 40 + 3, "shuffle", 5);
    const many = new Uint32Array(24);
    stream.words(8, many);
    expect([...many]).toEqual(Array.from(many, (_, i) => stream.word(8 + i)));
  });

  it("addresses numbers by position, in any order", () => {
    const forward = randomStream(7, "init");
    const backward = randomStream(7, "init");
    const indices = Array.from({ length: 40 }, (_, i) => i);
    for (const draw of ["word", "uniform", "normal"] as const) {
      const ahead = indices.map((i) => forward[draw](i));
      const back = [...indices].reverse().map((i) => backward[draw](i));
      expect(back.reverse()).toEqual(ahead);
    }
  });

  it("separates seeds, names, numbers and blocks beyond 2^32", () => {
    const first = [
      randomStream(1, "init"),
      randomStream(2, "init"),
      // They differ only in the upper half of the seed.
      randomStream(1 + 2 ** 40, "init"),
      randomStream(1, "shuffle"),
      randomStream(1, "init", 1),
    ].map((stream) => stream.word(0));
    first.push(randomStream(1, "init").word(4 * 2 ** 32));
    expect(new Set(first).size).toBe(first.length);
  });

  it("draws uniforms of mean 1/2 and normals of variance 1 without correlation between neighbors", () => {
    const stream = randomStream(3, "moments");
    const count = 20000;
    const mean = (f: (i: number) => number): number =>
      Array.from({ length: count }, (_, i) => f(i)).reduce((sum, x) => sum + x, 0) / count;
    // Five standard errors each.
    const within = (value: number, expected: number, deviation: number): void =>
      expect(Math.abs(value - expected)).toBeLessThan((5 * deviation) / Math.sqrt(count));
    within(
      mean((i) => stream.uniform(i)),
      0.5,
      Math.sqrt(1 / 12),
    );
    within(
      mean((i) => stream.normal(i)),
      0,
      1,
    );
    within(
      mean((i) => stream.normal(i) ** 2),
      1,
      Math.sqrt(2),
    );
    within(
      mean((i) => stream.normal(i) ** 4),
      3,
      Math.sqrt(96),
    );
    within(
      mean((i) => stream.normal(i) * stream.normal(i + 1)),
      0,
      1,
    );
  });

  it("hashes names by FNV-1a", () => {
    // From the reference page of the hash (Fowler, Noll, Vo): "", "a" and "foobar".
    expect([hashText(""), hashText("a"), hashText("foobar")]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  });
});

describe("permutation", () => {
  it("holds every number once, also for 0 and 1", () => {
    for (const count of [0, 1, 2, 17, 1000]) {
      const order = permutation(count, randomStream(count, "shuffle"));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    }
  });

  it("is the same for the same stream and differs by epoch", () => {
    const order = (epoch: number): number[] => [...permutation(50, randomStream(0, "shuffle", epoch))];
    expect(order(3)).toEqual(order(3));
    expect(order(3)).not.toEqual(order(4));
  });

  it("gives all 24 orders of four equally often", () => {
    const counts = new Map<string, number>();
    const draws = 24000;
    for (let epoch = 0; epoch < draws; epoch++) {
      const key = permutation(4, randomStream(11, "shuffle", epoch)).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const expected = draws / 24;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 23 degrees of freedom: 49.7 is exceeded with probability 0.001. The seed is fixed, so the result never changes.
    expect(chiSquare).toBeLessThan(49.7);
  });

  it("rejects words from the biased tail", () => {
    const streamOf = (given: readonly number[]): RandomStream => ({
      ...randomStream(0, "unused"),
      permuted: () => undefined,
      words: (_first, out) => out.set(given),
    });
    // 2^32 - 1 is beyond the last multiple of 3, so it is rejected and the next word is used.
    expect(permutation(3, streamOf([0xffffffff, 1, 0, 0]))).toEqual(permutation(3, streamOf([1, 0, 0, 0])));
    expect(permutation(3, streamOf([0xfffffffe, 0, 0, 0]))).not.toEqual(permutation(3, streamOf([0, 0, 0, 0])));
  });
});
