// The step function as one operator equals comparing and casting, and other comparisons stay.
import { expect, test } from "vitest";
import { input, scalar } from "../build.js";
import { graph, rewriteGraph } from "../graph.js";
import { cast } from "../ops/elementwise/cast.js";
import { greater } from "../ops/elementwise/comparison.js";
import { nodesOf } from "../order.js";
import { evaluateGraph } from "../reference/evaluate.js";
import { stepFunctions } from "./step-function.js";

const x = input("x", "float32", [7]);
const data = Float64Array.of(-3e38, -1, -1.2e-38, 0, 1.2e-38, 0.5, 3e38);

test("a comparison with zero, cast to numbers, is one operator with the same values", () => {
  const source = graph([x], { y: cast(greater(x, scalar(0)), "float32") });
  const rewritten = rewriteGraph(source, stepFunctions);
  expect(rewritten.outputs[0].tensor.node?.op.name).toBe("HardSigmoid");
  const values = [{ dtype: "float32" as const, shape: [7], data }];
  expect([...evaluateGraph(rewritten, values)[0].data]).toEqual([...evaluateGraph(source, values)[0].data]);
  expect([...evaluateGraph(rewritten, values)[0].data]).toEqual([0, 0, 0, 0, 1, 1, 1]);
});

test("other comparisons stay unchanged", () => {
  const source = graph([x], { y: cast(greater(x, scalar(1)), "float32"), z: cast(greater(scalar(0), x), "float32") });
  const names = nodesOf(rewriteGraph(source, stepFunctions)).map(({ op }) => op.name);
  expect(names).not.toContain("HardSigmoid");
});
