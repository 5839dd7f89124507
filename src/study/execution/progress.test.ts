import { expect, test } from "vitest";
import type { ExecutionEvent } from "./executor.js";
import { ProgressBoard } from "./progress.js";

const timings = { compileMs: 0, trainMs: 0, evaluateMs: 0, totalMs: 0 };
const step = (trial: string, at: number, totalSteps: number): ExecutionEvent => ({
  ...{ kind: "progress", trial, worker: "1", step: at, totalSteps },
});
const ended = (trial: string): ExecutionEvent => ({ kind: "ended", trial, worker: "1", status: "done", timings });

test("steps are those that trials report, and trials that have not started count as the average of the others", () => {
  const board = new ProgressBoard();
  board.expect(["a", "b", "c", "d"]);
  expect(board.heard(step("a", 0, 100))).toMatchObject({ done: 0, total: 400 });
  expect(board.heard(step("b", 50, 300))).toMatchObject({ done: 50, total: 800 });
  expect(board.heard({ kind: "found", trial: "c", worker: "1" })).toMatchObject({
    done: 250,
    total: 800,
    trialsDone: 1,
  });
  // A diverged trial has nothing left to do.
  expect(board.heard(ended("b"))).toMatchObject({ done: 500, total: 800, trialsDone: 2, trials: 4 });
});

test("another stage adds its trials, and a stage of found trials is done", () => {
  const board = new ProgressBoard();
  board.expect(["a"]);
  expect(board.heard({ kind: "found", trial: "a", worker: "1" })).toMatchObject({ done: 1, total: 1 });
  board.expect(["b"]);
  expect(board.heard(step("b", 5, 10))).toMatchObject({ done: 15, total: 20, trials: 2 });
});

test("a trial of two stages counts once, so that a finished study is at its end", () => {
  const board = new ProgressBoard();
  board.expect(["a", "b"]);
  for (const trial of ["a", "b"]) board.heard(step(trial, 10, 10));
  for (const trial of ["a", "b"]) board.heard(ended(trial));
  board.expect(["b"]);
  expect(board.heard({ kind: "found", trial: "b", worker: "1" })).toEqual({
    ...{ done: 20, total: 20, trialsDone: 2, trials: 2 },
  });
});

test("events without progress are not reported", () => {
  const board = new ProgressBoard();
  board.expect(["a"]);
  expect(board.heard({ kind: "started", trial: "a", worker: "1" })).toBeUndefined();
  expect(board.heard({ kind: "failed", trial: "a", worker: "1", reason: "", willRetry: true })).toBeUndefined();
});
