// Dropout masks on ONNX Runtime: the same bits as the plain recomputation, whatever the number of threads.
import { afterAll, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { input } from "../../src/graph/build.js";
import { graph } from "../../src/graph/graph.js";
import { dropoutMask, recomputedDropoutMask } from "../../src/nn/random/dropout-mask.js";
import { maskCases } from "../../src/nn/random/dropout-mask-cases.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../../src/onnx/write.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

test.each([...maskCases, { shape: [256, 3072], rate: 0.2, key: [77, 88] as const }])(
  "ONNX Runtime equals the recomputed mask bit for bit, $shape at $rate, key $key",
  async ({ shape, rate, key }) => {
    const keys = [input("k0", "uint32", []), input("k1", "uint32", [])] as const;
    const model = writeOnnx(graph(keys, { mask: dropoutMask(shape, rate, keys) }));
    for (const threads of [1, 2]) {
      const session = await runtime.load(model, { threads });
      const feeds = { k0: tensorFrom("uint32", [], [key[0]]), k1: tensorFrom("uint32", [], [key[1]]) };
      const { outputs } = await session.run({ feeds, fetch: ["mask"] });
      expect(outputs.mask.shape).toEqual([...shape]);
      // Not `toEqual`, which is slow for a million numbers.
      const found = Buffer.from((outputs.mask.data as Float32Array).buffer);
      expect(found.equals(Buffer.from(recomputedDropoutMask(shape, rate, key).buffer))).toBe(true);
      await session.dispose();
    }
  },
);
