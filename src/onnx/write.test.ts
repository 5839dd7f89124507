// Errors of the writer.
import { expect, test } from "vitest";
import { apply, input, withScope } from "../graph/build.js";
import { graph } from "../graph/graph.js";
import type { Op } from "../graph/op.js";
import { ops } from "../graph/ops/index.js";
import { writeOnnx } from "./write.js";

test("an attribute beyond the range of float32 is refused with its place", () => {
  const x = input("x", "float32", [2]);
  const leaky = (alpha: number) => () => apply(ops.LeakyRelu as Op, [x], { alpha })[0];
  const written = (alpha: number) =>
    writeOnnx(graph([x], { y: withScope("model.layers[1] (leakyRelu)", leaky(alpha)) })).length;
  expect(written(3e38)).toBeGreaterThan(0);
  expect(() => written(1e39)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[1] (leakyRelu), attribute alpha: a number is too large: expected at most 3.4e38, the largest float32, received 1e+39]`,
  );
});
