// Numbers as text: digits, signs, groups, intervals.
import { describe, expect, it } from "vitest";
import {
  countText,
  decimalsFor,
  decimalText,
  durationText,
  estimateText,
  fixedText,
  listText,
  numberText,
  percentText,
  sumText,
  wordsOf,
} from "./number-text.js";

describe("numbers for readers", () => {
  it.each([
    [fixedText(1234.5, 2), "1,234.50"],
    [fixedText(-0.04, 1), "0.0"],
    [fixedText(-1.25, 2), "−1.25"],
    [fixedText(Number.NaN, 2), "not a number"],
    [fixedText(Number.NEGATIVE_INFINITY, 2), "−∞"],
    [numberText(61706), "61,706"],
    [numberText(0.0421), "0.0421"],
    [numberText(98.64), "98.64"],
    [numberText(-0.0000123), "−1.23 × 10^−5"],
    [durationText(45.4), "45 ms"],
    [durationText(59_960), "60.0 s"],
    [durationText(109_000), "1 min 49 s"],
    [durationText(7_380_000), "2 h 3 min"],
    [listText([0, 1, 2, 3]), "0 to 3"],
    [listText([0, 5]), "0, 5"],
    [wordsOf("batchNormHidden"), "batch norm hidden"],
    [countText(62_378_344), "62,378,344"],
    [countText(1, "seed"), "1 seed"],
    [countText(2, "study", "studies"), "2 studies"],
    [sumText([34_944, 614_656]), "34,944 + 614,656 = 649,600"],
    [decimalText(-1234.56, 1), "-1,234.6"],
    [estimateText({ value: 98.314, interval: [98.02, 98.599] }), "98.31 [98.02, 98.60]"],
    [estimateText({ value: 98.314 }, 1), "98.3"],
    [percentText({ value: 0.643, interval: [0.6128, 0.6721] }), "64.3 % [61.3, 67.2]"],
    [percentText({ value: 1 }, 0), "100 %"],
  ])("%s", (text, expected) => {
    expect(text).toBe(expected);
  });

  it("have only the digits that are significant given the uncertainty", () => {
    expect(decimalsFor([0.18, 0.2, 0.16], [98.6])).toBe(2);
    expect(decimalsFor([0.0042], [0.05])).toBe(4);
    expect(decimalsFor([12], [300])).toBe(0);
    expect(decimalsFor([0, 0], [10, 10])).toBe(0);
    expect(decimalsFor([], [6.31, 10.3])).toBe(2);
  });
});
