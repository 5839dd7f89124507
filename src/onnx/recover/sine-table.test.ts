import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
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

test.each([Math.cos, Math.sin])("rotary embeddings keep cosines and sines apart: %s", (wave) => {
  // Every angle stands there twice, as for the halves of a head.
  const values = (places: number, features: number) =>
    Array.from({ length: places * features }, (_, i) =>
      Math.fround(wave(angle(Math.floor(i / features), i % (features / 2), features))),
    );
  expect(isSineTable(tensorFrom("float32", [8, 8], values(8, 8)))).toBe(true);
  expect(isSineTable(tensorFrom("float32", [1, 1, 128, 32], values(128, 32)))).toBe(true);
  const trained = values(8, 8).map((value, i) => value + (i === 37 ? 0.01 : 0));
  expect(isSineTable(tensorFrom("float32", [8, 8], trained))).toBe(false);
});

test.each([0, 1])("parameters that begin as %s are no table", (value) => {
  expect(isSineTable(tensorFrom("float32", [8, 8], Array(64).fill(value)))).toBe(false);
  // One row that differs is no wave.
  const rows = Array.from({ length: 64 }, (_, i) => (i < 8 ? value : 0.5));
  expect(isSineTable(tensorFrom("float32", [8, 8], rows))).toBe(false);
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
