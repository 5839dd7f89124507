// The choice of threads, with a clock of our own.
import { expect, test } from "vitest";
import { chooseThreads, threadCandidates } from "./threads.js";

/** A machine on which each number of threads takes the next of its times, the last one from then on. */
function machine(times: Record<number, number[]>) {
  const asked: number[] = [];
  const time = async (threads: number): Promise<number> => {
    asked.push(threads);
    const list = times[threads];
    return list.length > 1 ? (list.shift() as number) : list[0];
  };
  return { time, asked };
}

test("the fastest median wins, whatever the warm-up and one disturbed round say", async () => {
  const { time } = machine({ 1: [1, 100, 100, 100, 20, 100], 2: [900, 60, 500, 60, 60, 60] });
  const { threads, medians } = await chooseThreads(time, [1, 2]);
  expect(threads).toBe(2);
  expect([...medians]).toEqual([
    [1, 100],
    [2, 60],
  ]);
});

test("fewer threads win when they are within three percent, and lose beyond", async () => {
  expect((await chooseThreads(machine({ 1: [103], 2: [100], 4: [101] }).time, [4, 2, 1])).threads).toBe(1);
  expect((await chooseThreads(machine({ 1: [104], 2: [101], 4: [100] }).time, [1, 2, 4])).threads).toBe(2);
  expect((await chooseThreads(machine({ 1: [103], 2: [100] }).time, [1, 2], { tolerance: 0 })).threads).toBe(2);
});

test("candidates are measured in turn, not one after the other", async () => {
  const { time, asked } = machine({ 1: [1], 2: [1] });
  await chooseThreads(time, [1, 2], { rounds: 2, warmUps: 1 });
  expect(asked).toEqual([1, 2, 1, 2, 1, 2]);
});

test("a single candidate is not measured, and none is an error", async () => {
  const { time, asked } = machine({ 1: [1] });
  expect((await chooseThreads(time, [1])).threads).toBe(1);
  expect(asked).toEqual([]);
  await expect(chooseThreads(time, [])).rejects.toThrow(
    "thread candidates: nothing to choose from: expected at least one number of threads",
  );
});

test("candidates double up to the number of cores", () => {
  expect([1, 2, 3, 6, 8].map(threadCandidates)).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 4, 6], [1, 2, 4, 8]]);
});
