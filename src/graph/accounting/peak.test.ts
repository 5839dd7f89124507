// Bytes of small graphs, counted by hand.
import { expect, test } from "vitest";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import { constant, input } from "../build.js";
import { add, mul } from "../ops/elementwise/arithmetic.js";
import { exp } from "../ops/elementwise/unary.js";
import { reshape } from "../ops/movement/shape-movement.js";
import { reduceSum } from "../ops/reduction/reduction.js";
import { peakBytes, savedBytes } from "./peak.js";

const x = input("x", "float32", [10]);

test("a value is alive from the node that makes it to the last that reads it", () => {
  // x, exp x; then exp x, exp exp x; then the sum of 4 bytes.
  expect(peakBytes([reduceSum(exp(exp(x)))], [x])).toBe(80);
  // x is read again at the end.
  expect(peakBytes([add(exp(exp(x)), x)], [x])).toBe(120);
});

test("views take no memory, and constants and uncounted inputs are part of the program", () => {
  const weight = input("weight", "float32", [10]);
  const factor = constant(tensorFrom("float32", [10], new Array(10).fill(2)));
  expect(peakBytes([reshape(exp(x), [2, 5])], [x])).toBe(80);
  expect(peakBytes([mul(mul(x, weight), factor)], [x])).toBe(80);
});

test("what is saved are the values of the forward pass that later nodes read, each once and without views of it", () => {
  const hidden = exp(x);
  const loss = reduceSum(mul(hidden, hidden));
  const later = mul(reshape(hidden, [2, 5]), reshape(hidden, [2, 5]));
  expect(savedBytes([loss], [later, add(hidden, x)])).toBe(40);
  expect(savedBytes([loss], [exp(loss)])).toBe(4);
});
