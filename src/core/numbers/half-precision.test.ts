// Round trips of every 16-bit number, and the rounding between them.
import { expect, test } from "vitest";
import { brainToNumber, halfToNumber, numberToBrain, numberToHalf } from "./half-precision.js";

test("every half-precision number survives a round trip, and others round to the nearest, ties to even", () => {
  for (let word = 0; word < 0x10000; word++) {
    const value = halfToNumber(word);
    if (Number.isNaN(value)) expect(Number.isNaN(halfToNumber(numberToHalf(value)))).toBe(true);
    else if (numberToHalf(value) !== word) expect(numberToHalf(value)).toBe(word);
  }
  expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555, 0x7c00].map(halfToNumber)).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    0.333251953125,
    Number.POSITIVE_INFINITY,
  ]);
  for (let word = 0; word < 0x7bff; word++) {
    const [low, high] = [halfToNumber(word), halfToNumber(word + 1)];
    const even = word % 2 === 0 ? word : word + 1;
    const found = [low + (high - low) * 0.499, (low + high) / 2, low + (high - low) * 0.501].map(numberToHalf);
    if (found.join() !== [word, even, word + 1].join()) expect(found).toEqual([word, even, word + 1]);
  }
  expect([65519, 65520, -1e9, 1e-9].map(numberToHalf)).toEqual([0x7bff, 0x7c00, 0xfc00, 0]);
});

test("every bfloat16 survives a round trip, and others round to the nearest, ties to even", () => {
  for (let word = 0; word < 0x10000; word++) {
    const value = brainToNumber(word);
    if (Number.isNaN(value)) expect(Number.isNaN(brainToNumber(numberToBrain(value)))).toBe(true);
    else if (numberToBrain(value) !== word) expect(numberToBrain(value)).toBe(word);
  }
  expect(brainToNumber(0x3fc0)).toBe(1.5);
  expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20].map(numberToBrain)).toEqual([0x3f80, 0x3f82, 0x3f81]);
});
