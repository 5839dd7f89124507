// The legacy generator of NumPy 2.4.6, number for number.
import { describe, expect, it } from "vitest";
import { sha256Hex } from "../formats/hash.js";
import { legacyPermutation, legacyShuffle, mt19937 } from "./mt19937.js";

describe("MT19937", () => {
  it("gives the words of numpy.random.MT19937()._legacy_seeding(13), across the twist", () => {
    const next = mt19937(13);
    const words = Array.from({ length: 700 }, next);
    expect([0, 1, 623, 624, 699].map((i) => words[i])).toEqual([
      3340206418, 2608511152, 4059859134, 3730603321, 540288562,
    ]);
  });

  it("permutes as numpy.random.permutation after numpy.random.seed", () => {
    expect([...legacyPermutation(10, mt19937(13))]).toEqual([3, 5, 6, 1, 4, 7, 8, 9, 0, 2]);
    const next = mt19937(4294967295);
    expect([...legacyPermutation(1, next)]).toEqual([0]);
    expect([...legacyPermutation(7, next)]).toEqual([1, 5, 0, 6, 4, 2, 3]);
  });

  it("continues one generator: seed(13), then the same 2,000 numbers shuffled twice", () => {
    const next = mt19937(13);
    const order = legacyPermutation(2000, next);
    expect([...order.subarray(0, 8)]).toEqual([681, 1601, 819, 910, 330, 1886, 364, 1603]);
    legacyShuffle(order, next);
    expect([...order.subarray(0, 8)]).toEqual([1926, 1793, 1029, 599, 439, 1517, 788, 1073]);
    expect(sha256Hex(new Uint8Array(order.buffer))).toBe(
      "c20134a55f26d7ec1dceb5301ea2c3523855853bc3be4f09ce4371b33f834ded",
    );
  });
});
