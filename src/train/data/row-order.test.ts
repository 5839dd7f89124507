// Orders of the examples against a count by hand: every combination of order, last batch, batch schedule and sizes.
import { describe, expect, test } from "vitest";
import { type RowOrder, rowOrder } from "./row-order.js";

const schedules = {
  none: undefined,
  growing: { kind: "growing", every: 1, factor: 2 },
  shrinking: { kind: "growing", every: 2, factor: 0.5 },
  cyclical: { kind: "cyclical", every: 1, factor: 3, levels: 2 },
} as const;
type Schedule = keyof typeof schedules;

/** Batch size of an epoch, as somebody with a pencil finds it. */
const sizeByHand: Readonly<Record<Schedule, (batchSize: number, epoch: number) => number>> = {
  none: (batchSize) => batchSize,
  growing: (batchSize, epoch) => batchSize * 2 ** epoch,
  shrinking: (batchSize, epoch) => Math.max(1, Math.round(batchSize / 2 ** Math.floor(epoch / 2))),
  cyclical: (batchSize, epoch) => batchSize * [1, 3, 9, 3][epoch % 4],
};

/** Sizes of the batches of a pass. */
function batchesByHand(examples: number, size: number, dropLast: boolean): number[] {
  const batches: number[] = [];
  for (let left = examples; left > 0; left -= size) if (left >= size || !dropLast) batches.push(Math.min(left, size));
  return batches;
}

const rowsOf = (order: RowOrder, first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, i) => [...order.batch(first + i)]).flat();
const upTo = (count: number): number[] => [...Array(count).keys()];

describe.each(["sequential", "shuffle"] as const)("%s", (name) => {
  test.each(Object.keys(schedules) as Schedule[])("makes epochs that are passes, batch schedule: %s", (kind) => {
    for (const dropLast of [false, true])
      for (let examples = 1; examples <= 24; examples++)
        for (const batchSize of [1, 2, 3, 5, 8, 24, 64]) {
          if (dropLast && batchSize > examples) continue;
          const batchSchedule = schedules[kind];
          const plan = { order: name, batchSize, seed: 4, dropLast, ...(batchSchedule && { batchSchedule }) };
          const order = rowOrder(plan, undefined, examples);
          const at = `${examples} examples, batches of ${batchSize}, ${dropLast ? "without" : "with"} the last`;
          let first = 0;
          for (let epoch = 0; epoch < 5; epoch++) {
            // A batch can hold no more than there is.
            const size = Math.min(examples, sizeByHand[kind](batchSize, epoch));
            const sizes = batchesByHand(examples, size, dropLast);
            const steps = sizes.length;
            expect(order.firstStep(epoch), at).toBe(first);
            for (const [i, wanted] of sizes.entries()) {
              expect(order.epochAt(first + i), at).toEqual({ number: epoch, first, steps });
              expect([order.sizeAt(first + i), order.batch(first + i).length], at).toEqual([wanted, wanted]);
            }
            const rows = rowsOf(order, first, first + steps);
            expect([...order.batches(first, steps)], at).toEqual(rows);
            const seen = sizes.reduce((total, one) => total + one, 0);
            if (name === "sequential") expect(rows, at).toEqual(upTo(seen));
            else expect(new Set(rows).size, at).toBe(seen);
            if (!dropLast)
              expect(
                rows.toSorted((a, b) => a - b),
                at,
              ).toEqual(upTo(examples));
            first += steps;
          }
        }
  });

  test("has no epoch without a whole batch where the last is left out", () => {
    const plan = { order: name, batchSize: 4, seed: 0, dropLast: true };
    expect(() => rowOrder(plan, undefined, 3)).toThrow("batchSize: there is no whole batch: expected at most 3");
  });
});

test("wrapping goes on from the last example to the first: every batch is full, and nothing is left out", () => {
  for (const dropLast of [false, true])
    for (let examples = 1; examples <= 12; examples++)
      for (const batchSize of [1, 2, 5, 12, 64]) {
        const order = rowOrder({ order: "wrapping", batchSize, seed: 0, dropLast }, undefined, examples);
        const steps = Math.ceil(examples / batchSize);
        expect([order.stepsPerEpoch, order.firstStep(3)]).toEqual([steps, 3 * steps]);
        let next = 0;
        for (let step = 0; step < 3 * steps; step++) {
          const wanted = Array.from({ length: batchSize }, () => next++ % examples);
          expect([...order.batch(step)]).toEqual(wanted);
          expect(order.sizeAt(step)).toBe(batchSize);
        }
      }
});

test("three examples in a batch of 64 are each in it once, unless the order wraps", () => {
  const plan = { batchSize: 64, seed: 0, dropLast: false };
  expect([...rowOrder({ ...plan, order: "sequential" }, undefined, 3).batch(0)]).toEqual([0, 1, 2]);
  expect(
    rowOrder({ ...plan, order: "wrapping" }, undefined, 3)
      .batch(0)
      .filter((row) => row === 0),
  ).toHaveLength(22);
});

test("batch schedules are for epochs that are passes", () => {
  const plan = { order: "wrapping", batchSize: 4, seed: 0, dropLast: false, batchSchedule: schedules.growing } as const;
  expect(() => rowOrder(plan, undefined, 9)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: batchSchedule: needs epochs that are passes over the examples: expected order "shuffle" or "sequential", received wrapping]`,
  );
  expect(() => rowOrder({ ...plan, order: "shuffle" }, new Int32Array(9), 9)).toThrow(/received row numbers/);
});
