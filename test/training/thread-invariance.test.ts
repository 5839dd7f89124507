// Forms of operators whose bits do not depend on the number of threads, on ONNX Runtime itself.
import { afterAll, describe, expect, test } from "vitest";
import { type Shape, sizeOf } from "../../src/core/numbers/shape.js";
import { randomStream } from "../../src/core/random/rng.js";
import { input } from "../../src/graph/build.js";
import { graph, rewriteGraph } from "../../src/graph/graph.js";
import { log } from "../../src/graph/ops/elementwise/unary.js";
import { gemm } from "../../src/graph/ops/products/matmul.js";
import { fixThreadRounding } from "../../src/graph/passes/lower.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import { onnxruntimeCpu } from "../../src/graph/targets/onnxruntime-cpu/index.js";
import type { Tensor } from "../../src/graph/tensor.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../../src/onnx/write.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

interface Case {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly build: (inputs: readonly Tensor[]) => Tensor;
}

const cases: readonly Case[] = [
  {
    name: "a product without a bias",
    shapes: [
      [25, 144],
      [144, 120],
    ],
    build: ([a, b]) => gemm(a, b),
  },
  { name: "a logarithm of many elements", shapes: [[64_003]], build: ([x]) => log(x) },
];

describe("one thread and several give the same bits", () => {
  test.each(cases)("of $name", async ({ shapes, build }) => {
    const inputs = shapes.map((shape, i) => input(`x${i}`, "float32", shape));
    const source = simplify(rewriteGraph(graph(inputs, { y: build(inputs) }), fixThreadRounding(onnxruntimeCpu)));
    const model = writeOnnx(source);
    const feeds = Object.fromEntries(
      shapes.map((shape, i) => {
        const stream = randomStream(i, "thread invariance");
        const data = Float32Array.from({ length: sizeOf(shape) }, (_, k) => 0.1 + stream.uniform(k));
        return [`x${i}`, { dtype: "float32" as const, shape, data }];
      }),
    );
    const results: unknown[] = [];
    for (const threads of [1, 2, 3, 4]) {
      const session = await runtime.load(model, { threads });
      results.push((await session.run({ feeds, fetch: ["y"] })).outputs.y.data);
      await session.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
