import { expect, test } from "vitest";
import { Capacity } from "./capacity.js";

const single = { threads: 1, memoryBytes: 10 };
const ensemble = { threads: 1000, memoryBytes: 10 };

test("single trials get one thread each, up to the number of workers at a time", () => {
  const capacity = new Capacity({ workers: 2, threads: 4 });
  const [a, b] = [capacity.take(single), capacity.take(single)];
  expect([a, b]).toMatchObject([
    { worker: 1, threads: 1 },
    { worker: 2, threads: 1 },
  ]);
  expect(capacity.take(single)).toBeUndefined();
  if (a !== undefined) capacity.giveBack(a);
  expect(capacity.take(single)).toMatchObject({ worker: 1 });
});

test("an ensemble waits until all threads are free and then gets all of them", () => {
  const capacity = new Capacity({ workers: 4, threads: 4 });
  const first = capacity.take(single);
  expect(capacity.take(ensemble)).toBeUndefined();
  if (first !== undefined) capacity.giveBack(first);
  expect(capacity.take(ensemble)).toMatchObject({ threads: 4 });
  expect(capacity.take(single)).toBeUndefined();
});

test("a small ensemble leaves the threads that it cannot use", () => {
  const capacity = new Capacity({ workers: 4, threads: 4 });
  expect(capacity.take({ threads: 3, memoryBytes: 0 })).toMatchObject({ threads: 3 });
  expect(capacity.take(single)).toMatchObject({ threads: 1 });
});

test("memory is divided too, and a job that exceeds it runs alone", () => {
  const capacity = new Capacity({ workers: 4, threads: 4, memoryBytes: 25 });
  const taken = [capacity.take(single), capacity.take(single)];
  expect(capacity.take(single)).toBeUndefined();
  for (const share of taken) if (share !== undefined) capacity.giveBack(share);
  expect(capacity.take({ threads: 1, memoryBytes: 1000 })).toMatchObject({ worker: 1 });
  expect(capacity.take(single)).toBeUndefined();
});
