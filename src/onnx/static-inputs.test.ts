import { expect, it } from "vitest";
import { tensorFrom } from "../core/numbers/tensor-data.js";
import { apply, constant, input, int64s } from "../graph/build.js";
import { graph } from "../graph/graph.js";
import { mul } from "../graph/ops/elementwise/arithmetic.js";
import { cast } from "../graph/ops/elementwise/cast.js";
import { ops } from "../graph/ops/index.js";
import { slice } from "../graph/ops/movement/shape-movement.js";
import { shapeOf } from "../graph/ops/movement/shape-values.js";
import { resize } from "../graph/ops/resize/resize.js";
import { readOnnxModel } from "./read.js";
import { writeOnnx } from "./write.js";

it("stored factors are static inputs, even at the end of a chain, and only weights become parameters", () => {
  const x = input("x", "float32", [1, 2, 4, 4]);
  const weight = input("weight", "float32", [2, 1, 1]);
  const enlarged = resize(mul(x, weight), { scales: [1, 1, 2, 2] });
  const factors = constant(tensorFrom("float32", [4], [1, 1, 0.5, 1]));
  const extents = cast(mul(cast(shapeOf(enlarged), "float32"), factors), "int64");
  const starts = int64s([0, 0, 0, 0]);
  const [y] = apply(ops.Slice, [enlarged, starts, extents]);
  const initializers = new Map([[weight, tensorFrom("float32", [2, 1, 1], [2, 3])]]);
  const file = writeOnnx(graph([x, weight], { y: slice(y, { starts: [0], ends: [1] }) }), { initializers });
  const model = readOnnxModel(file, "model.onnx", { parameters: true });
  expect([...model.initializers.keys()].map(({ name }) => name)).toEqual(["weight"]);
  expect(model.graph.outputs[0].tensor.shape).toEqual([1, 2, 4, 8]);
});
