// Nodes that `apply` refuses before any shape rule runs.
import { expect, test } from "vitest";
import { apply, input } from "./build.js";
import type { Op } from "./op.js";
import { ops } from "./ops/index.js";

const x = input("x", "float32", [2, 3]);
const refusal = (name: keyof typeof ops, inputs: Parameters<typeof apply>[1]): string => {
  try {
    apply(ops[name] as Op, inputs);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

test("a missing input is refused by its position, unless it is optional", () => {
  expect(refusal("Relu", [null])).toMatch(/^Relu: an input is missing: expected a tensor as input 0\b/);
  expect(refusal("Clip", [null, x])).toMatch(/^Clip: an input is missing: expected a tensor as input 0\b/);
  expect(refusal("Concat", [x, null])).toMatch(/^Concat: an input is missing: expected a tensor as input 1\b/);
  expect(refusal("Clip", [x, null, null])).toBe("accepted");
  expect(refusal("Loop", [null, null])).not.toMatch(/an input is missing/);
});

test("every operator requires its first input, or declares it optional", () => {
  for (const [name, op] of Object.entries(ops) as [keyof typeof ops, Op][]) {
    const [fewest] = op.arity;
    if (fewest === 0 || op.optionalInputs?.includes(0)) continue;
    expect(refusal(name, new Array(fewest).fill(null)), name).toMatch(/an input is missing/);
  }
});
