import { expect, test } from "vitest";
import { tensorFrom } from "../core/tensor-data.js";
import { isSineTable } from "./sine-table.js";

const angle = (place: number, pair: number, features: number): number => place / 10_000 ** ((2 * pair) / features);

/** Sines and cosines by turns, or all sines first. */
function table(places: number, features: number, isInterleaved: boolean): number[] {
  return Array.from({ length: places * features }, (_, i) => {
    const [place, column] = [Math.floor(i / features), i % features];
    const isSine = isInterleaved ? column % 2 === 0 : column < features / 2;
    const pair = isInterleaved ? Math.floor(column / 2) : column % (features / 2);
    return Math.fround((isSine ? Math.sin : Math.cos)(angle(place, pair, features)));
  });
}

test.each([true, false])("a table of sines and cosines is one, interleaved: %s", (isInterleaved) => {
  expect(isSineTable(tensorFrom("float32", [1, 50, 16], table(50, 16, isInterleaved)))).toBe(true);
  expect(isSineTable(tensorFrom("float32", [512, 32], table(512, 32, isInterleaved)))).toBe(true);
});

test.each([
  {
    name: "two of four",
    shape: [6, 4],
    rows: [
      [1, 1, 0, 0],
      [1, 0, 1, 0],
      [1, 0, 0, 1],
      [0, 1, 1, 0],
      [0, 1, 0, 1],
      [0, 0, 1, 1],
    ],
  },
  {
    name: "one of two",
    shape: [4, 2],
    rows: [
      [0, 1],
      [1, 0],
      [1, 0],
      [0, 1],
    ],
  },
])("a code of zeros and ones is none: $name", ({ shape, rows }) => {
  expect(isSineTable(tensorFrom("float32", shape, rows.flat()))).toBe(false);
});

test("a table that was trained on is none any more", () => {
  const values = table(20, 8, true);
  values[8 * 7 + 3] += 0.05;
  expect(isSineTable(tensorFrom("float32", [20, 8], values))).toBe(false);
});
