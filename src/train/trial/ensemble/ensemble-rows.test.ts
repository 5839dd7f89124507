// Tables of rows in groups of lanes: those of the networks' own orders, place for place.
import { expect, test } from "vitest";
import { shuffledOrder } from "../../data/row-order.js";
import { GroupedRows } from "./ensemble-rows.js";

test.each([true, false])(
  "every network reads its own order, segment by segment (last batch dropped: %s)",
  (dropLast) => {
    const [networks, lanes, examples, batchSize] = [21, 8, 50, 16];
    const ordersOf = () =>
      Array.from({ length: networks }, (_, seed) => shuffledOrder({ examples, batchSize, seed, dropLast }));
    const grouped = new GroupedRows(ordersOf(), lanes, examples);
    const orders = ordersOf();
    const segments = dropLast
      ? [
          [0, 1],
          [1, 2],
          [3, 3],
        ]
      : [
          [0, 1],
          [1, 2],
          [3, 1],
          [4, 3],
          [7, 1],
        ];
    // Half of the second epoch is made ahead, and one group twice over is none.
    for (let i = 0; i < 2; i++) expect(grouped.prepare(1)).toBe(true);
    for (const [first, steps] of segments) {
      const size = orders[0].sizeAt(first);
      const { shape, data } = grouped.table({ first, steps, batchSize: size });
      expect(shape).toEqual([steps, 3, size, lanes]);
      const expected: number[] = [];
      for (let step = first; step < first + steps; step++)
        for (let group = 0; group < 3; group++)
          for (let row = 0; row < size; row++)
            for (let lane = 0; lane < lanes; lane++)
              expected.push(orders[Math.min(group * lanes + lane, networks - 1)].batch(step)[row]);
      expect([...(data as Int32Array)]).toEqual(expected);
    }
    expect(grouped.prepare(1)).toBe(false);
  },
);
