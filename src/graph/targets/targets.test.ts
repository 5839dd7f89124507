// Facts of targets are about existing operators and are joined without loss.
import { expect, test } from "vitest";
import type { Op } from "../op.js";
import { ops } from "../ops/index.js";
import { blockedConvOp } from "../ops/windows/blocked-operators.js";
import { convOp } from "../ops/windows/convolution.js";
import { onnxruntimeCpu } from "./onnxruntime-cpu/index.js";
import { factsOf, joinedFacts, type Target } from "./target.js";

test("every fact is about an operator of the table", () => {
  expect(Object.keys(onnxruntimeCpu.facts).filter((name) => !Object.hasOwn(ops, name))).toEqual([]);
});

test("facts of several subjects about one operator are joined", () => {
  const joined = joinedFacts({ Relu: { fusedActivation: "Relu" } }, { Relu: { overwrites: () => [0] }, Neg: {} });
  expect(Object.keys(joined)).toEqual(["Relu", "Neg"]);
  expect(Object.keys(joined.Relu)).toEqual(["fusedActivation", "overwrites"]);
});

test("an operator of another domain does not get the facts of its namesake", () => {
  const target: Target = { name: "test", facts: { Conv: { overwrites: () => [1] } } };
  expect(blockedConvOp.name).toBe(convOp.name);
  expect(factsOf(target, convOp as Op).overwrites?.({})).toEqual([1]);
  expect(factsOf(target, blockedConvOp as Op).overwrites).toBeUndefined();
});
