// Trained networks exported as ONNX models, and graph passes that must not change any bit of a training.
import { afterAll, expect, test } from "vitest";
import { tensorData, tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { input } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { graph, rewriteGraph } from "../../src/graph/graph.js";
import { nodesOf } from "../../src/graph/order.js";
import { exchangePicks } from "../../src/graph/passes/exchange.js";
import { simplify } from "../../src/graph/passes/simplify.js";
import type { Graph, Tensor } from "../../src/graph/tensor.js";
import { relu } from "../../src/nn/activations.js";
import { initialValues } from "../../src/nn/initializers.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { maxPool2d } from "../../src/nn/layers/pooling.js";
import { lossFunction } from "../../src/nn/losses.js";
import { buildNetwork, layerNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { inferenceModel } from "../../src/train/export.js";
import {
  finish,
  fixtureData,
  floats,
  patches,
  smallNet,
  trainingFixtures,
  trialSpec,
} from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

test.each([1, 3, 64])(
  "the exported model takes batches of %d and gives what training's evaluation gives",
  async (batch) => {
    const data = patches(64);
    const { trial, tensors } = await finish({ spec: trialSpec(data), data, runtime, threads: 1 });
    const bytes = inferenceModel({
      network: layerNetwork(smallNet),
      inputShapes: [data.inputShape],
      tensors,
      metadata: { data: "patches" },
    });
    const session = await runtime.load(bytes, { threads: 1 });
    let [loss, correct] = [0, 0];
    for (let first = 0; first < 32; first += batch) {
      const size = Math.min(batch, 32 - first);
      const pixels = Float32Array.from(
        data.test!.inputs.data.subarray(first * 144, (first + size) * 144) as Uint8Array,
      );
      const x = tensorData(
        "float32",
        [size, 1, 12, 12],
        pixels.map((byte) => (byte / 255 - 0.1) / 0.3),
      );
      const { outputs } = await session.run({ feeds: { input: x }, fetch: ["output"] });
      expect(outputs.output.shape).toEqual([size, 4]);
      for (let n = 0; n < size; n++) {
        const row = [...(outputs.output.data as Float32Array).subarray(n * 4, n * 4 + 4)];
        const label = Number(data.test!.targets.data[first + n]);
        loss += Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[label];
        if (row.indexOf(Math.max(...row)) === label) correct++;
      }
    }
    await session.dispose();
    const last = trial.history.evaluations.at(-1)!;
    expect(Math.abs(loss / 32 / last.loss[0] - 1)).toBeLessThan(1e-5);
    expect([correct / 32]).toEqual(last.accuracy);
  },
);

test.each(trainingFixtures().fixtures)("exported PyTorch weights give PyTorch's outputs: $name", async (fixture) => {
  const file = trainingFixtures();
  const data = fixtureData(file, fixture.data);
  const template = buildNetwork(fixture.model, { mode: "inference", batchSize: 1, inputShape: data.inputShape });
  const tensors = new Map(
    [...template.parameters, ...template.buffers].map(({ path, tensor }) => [
      path,
      tensorData("float32", tensor.shape, floats(fixture.final[path])),
    ]),
  );
  const session = await runtime.load(
    inferenceModel({ network: layerNetwork(fixture.model), inputShapes: [data.inputShape], tensors }),
    {
      threads: 1,
    },
  );
  const { inputs } = data.train;
  const count = inputs.data.length / inputs.shape[0];
  const { scale = 1, mean = [0], deviation = [1] } = data.normalization ?? {};
  const rows = Float32Array.from(
    inputs.data.subarray(0, 8 * count) as Uint8Array,
    (x) => (x * scale - mean[0]) / deviation[0],
  );
  const { outputs } = await session.run({
    feeds: { input: tensorData("float32", [8, ...data.inputShape], rows) },
    fetch: ["output"],
  });
  for (const [i, x] of floats(fixture.outputs).entries())
    expect(Math.abs((outputs.output.data as Float32Array)[i] - x)).toBeLessThan(2e-5);
});

test("a model with a missing tensor or a wrong shape is refused by the tensor's name", () => {
  const weight = tensorFrom("float32", [2, 4], new Array(8).fill(0));
  const exported = (inputShape: readonly number[]) => () =>
    inferenceModel({
      network: layerNetwork(sequential([flatten(), dense({ units: 2 })])),
      inputShapes: [inputShape],
      tensors: new Map([["1.weight", weight]]),
    });
  expect(exported([4])).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: inferenceModel: missing tensor "1.bias"]`,
  );
  expect(exported([5])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: inferenceModel: tensor "1.weight" does not fit the model: expected [2, 5], received [2, 4]]`,
  );
});

test("pooling before ReLU and simplification do not change any bit of loss and gradients", async () => {
  const spec = sequential([
    conv2d({ filters: 5, kernel: 3 }),
    relu(),
    maxPool2d({ kernel: 2 }),
    conv2d({ filters: 7, kernel: 3, padding: 1 }),
    relu(),
    maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
    flatten(),
    dense({ units: 4 }),
  ]);
  const network = buildNetwork(spec, { mode: "training", batchSize: 8, inputShape: [1, 12, 12] });
  const targets = input("targets", "int32", [8]);
  const parameters = network.parameters.map(({ tensor }) => tensor);
  const forward = graph([], { loss: lossFunction({ kind: "crossEntropy" }).build(network.output, targets) });
  const trained = (source: Graph): Graph => {
    const loss = source.outputs[0].tensor;
    const slopes = gradients({ of: loss, withRespectTo: parameters });
    const named = Object.fromEntries(slopes.map((slope: Tensor, i) => [`slope${i}`, slope]));
    return graph([...network.inputs, targets, ...parameters], { loss, ...named });
  };
  const plain = trained(forward);
  const exchanged = trained(rewriteGraph(forward, exchangePicks));
  const orderOf = (source: Graph) =>
    nodesOf(source)
      .map(({ op }) => op.name)
      .filter((name) => /^(?:Relu|MaxPool)$/.test(name));
  expect(orderOf(plain).slice(0, 2)).toEqual(["Relu", "MaxPool"]);
  expect(orderOf(exchanged).slice(0, 2)).toEqual(["MaxPool", "Relu"]);
  const simple = simplify(exchanged);
  expect(nodesOf(simple).length).toBeLessThan(nodesOf(exchanged).length);

  const data = patches(8);
  // A constant background makes windows full of ties.
  const pixels = Float32Array.from(data.train.inputs.data as Uint8Array, (byte) => byte / 255 - 0.1);
  const feeds = {
    input: tensorData("float32", [8, 1, 12, 12], pixels),
    targets: data.train.targets,
    ...Object.fromEntries(
      network.parameters.map(({ path, tensor, initializer, fans }) => [
        path,
        tensorData("float32", tensor.shape, initialValues(path, initializer, tensor.shape, fans, 1)),
      ]),
    ),
  };
  const results = [];
  for (const run of [plain, exchanged, simple]) {
    const session = await runtime.load(writeOnnx(run), { threads: 1 });
    const { outputs } = await session.run({ feeds, fetch: run.outputs.map(({ name }) => name) });
    results.push(
      Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [name, Buffer.from(data.buffer).toString("hex")]),
      ),
    );
    await session.dispose();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});
