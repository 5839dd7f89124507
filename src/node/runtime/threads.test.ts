// Candidate numbers of threads.
import { expect, test } from "vitest";
import { threadCandidates } from "./threads.js";

test("candidates double up to the number of cores", () => {
  expect([1, 2, 3, 6, 8].map(threadCandidates)).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 4, 6], [1, 2, 4, 8]]);
});
