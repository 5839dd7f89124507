// The choice of threads, from measured times of our own.
import { expect, test } from "vitest";
import { onnxruntimeCpu } from "../../graph/targets/onnxruntime-cpu/index.js";
import type { Target } from "../../graph/targets/target.js";
import { equalThreadCounts, ThreadChoice } from "./thread-choice.js";

/** Records segments of `steps` steps until the choice is settled; each count takes the next of its times. */
function choose(candidates: readonly number[], times: Record<number, number[]>, steps = 10) {
  const choice = new ThreadChoice(candidates);
  const asked: number[] = [];
  for (let segment = 0; !choice.settled && segment < 100; segment++) {
    const threads = choice.current;
    asked.push(threads);
    const list = times[threads];
    choice.record(list.length > 1 ? (list.shift() as number) : list[0], steps);
  }
  return { threads: choice.current, settled: choice.settled, asked };
}

test("the fastest wins, whatever disturbed segments say", () => {
  expect(choose([1, 2], { 1: [100, 100, 100], 2: [900, 60, 500] }).threads).toBe(2);
  expect(choose([2, 1], { 1: [900, 900, 40], 2: [60, 60, 60] }).threads).toBe(1);
});

test("fewer threads win when they are within three percent, and lose beyond", () => {
  expect(choose([4, 2, 1], { 1: [103], 2: [100], 4: [101] }).threads).toBe(1);
  expect(choose([1, 2, 4], { 1: [104], 2: [101], 4: [100] }).threads).toBe(2);
});

test("candidates are measured in turn, not one after the other", () => {
  expect(choose([2, 1], { 1: [1], 2: [1] }).asked).toEqual([2, 1, 2, 1, 2, 1]);
});

test("a single candidate is not measured", () => {
  expect(choose([1], { 1: [1] })).toEqual({ threads: 1, settled: true, asked: [] });
});

test("segments of fewer than four steps are not counted", () => {
  expect(choose([2, 1], { 1: [1], 2: [1] }, 3).settled).toBe(false);
  expect(choose([2, 1], { 1: [1], 2: [1] }, 4).settled).toBe(true);
});

test("only counts that give the same bits are measured", () => {
  const countsOf = (target: Target) => [1, 2, 3, 4, 16].map((cores) => equalThreadCounts(cores, target));
  expect(countsOf(onnxruntimeCpu)).toEqual([[1], [2, 1], [3, 1], [4, 1], [4, 1]]);
  expect(countsOf({ name: "unknown", facts: {} })).toEqual([[1], [1], [1], [1], [1]]);
});
