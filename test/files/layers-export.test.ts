// Every exported layer takes batches of several sizes from one file and equals the reference evaluation.
import { afterAll, expect, test } from "vitest";
import { sizeOf } from "../../src/core/numbers/shape.js";
import { tensorData } from "../../src/core/numbers/tensor-data.js";
import { randomStream } from "../../src/core/random/rng.js";
import { graph } from "../../src/graph/graph.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { fromTensorData } from "../../src/graph/reference/nd-array.js";
import { initialValues } from "../../src/nn/initializers.js";
import { layerCases } from "../../src/nn/layer-cases.js";
import { buildNetwork, layerNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { inferenceModel } from "../../src/train/export.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const cases = Object.entries(layerCases).flatMap(([kind, list]) => list.map((layerCase) => ({ kind, ...layerCase })));

test.each(cases)("$kind, $name: one exported model takes batches of 1 and 3", async ({ spec, from, tokens }) => {
  const stream = randomStream(3, "layers-export.test");
  const { parameters, buffers } = buildNetwork(spec, { mode: "inference", batchSize: 1, inputShape: from });
  const tensors = new Map([
    ...parameters.map(({ path, tensor, initializer, fans }) => {
      const drawn = initialValues(path, initializer, tensor.shape, fans, 3);
      // Scales of 1 and shifts of 0 would hide errors.
      const data = drawn.map((value, i) => value + 0.1 * stream.normal(i));
      return [path, tensorData("float32", tensor.shape, data)] as const;
    }),
    ...buffers.map(({ path, tensor }) => {
      const data = Float32Array.from({ length: sizeOf(tensor.shape) }, (_, i) => 0.5 + stream.uniform(i));
      return [path, tensorData("float32", tensor.shape, data)] as const;
    }),
  ]);
  const bytes = inferenceModel({ network: layerNetwork(spec), inputShapes: [from], tensors });
  const session = await runtime.load(bytes, { threads: 1 });
  for (const batchSize of [1, 3]) {
    const network = buildNetwork(spec, { mode: "inference", batchSize, inputShape: from });
    const [x] = network.inputs;
    const values = Float32Array.from({ length: sizeOf(x.shape) }, (_, i) =>
      tokens === undefined ? stream.normal(i) : Math.floor(tokens * stream.uniform(i)),
    );
    const input = tensorData("float32", x.shape, values);
    const carried = [...network.parameters, ...network.buffers];
    const [expected] = evaluateGraph(graph([x, ...carried.map(({ tensor }) => tensor)], { output: network.output }), [
      fromTensorData(input),
      ...carried.map(({ path }) => fromTensorData(tensors.get(path)!)),
    ]);
    const { output } = (await session.run({ feeds: { input }, fetch: ["output"] })).outputs;
    expect(output.shape).toEqual([batchSize, ...network.output.shape.slice(1)]);
    for (const [i, value] of expected.data.entries())
      expect(Math.abs(Number(output.data[i]) - value), `${i}`).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
  }
  await session.dispose();
});
