// Small versions of the catalogue's architectures train on small images: the loss falls and every parameter changes.
import { afterAll, expect, test } from "vitest";
import { sizeOf } from "../src/core/numbers/shape.js";
import { initialValues } from "../src/nn/initializers.js";
import type { LayerSpec } from "../src/nn/layer.js";
import { sequential } from "../src/nn/layers/containers/sequential.js";
import { dense } from "../src/nn/layers/dense.js";
import { flatten } from "../src/nn/layers/flatten.js";
import { maxPool2d } from "../src/nn/layers/pooling.js";
import { modelByName } from "../src/nn/models.js";
import { buildNetwork } from "../src/nn/network.js";
import { nodeRuntime } from "../src/node/runtime/node-runtime.js";
import type { KindSpec } from "../src/train/spec/trial-spec.js";
import { finish, patches, trialSpec } from "./support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(32, { extent: 32 });

/** The last losses are well below the first ones, and no parameter keeps its initial value. */
async function expectTraining(model: LayerSpec, learningRate: number): Promise<void> {
  const spec = trialSpec(data, {
    model: model as unknown as KindSpec,
    optimizer: { kind: "adam", learningRate: learningRate / 10 },
    batchSize: 16,
    epochs: 8,
  });
  const { losses, events, tensors } = await finish({ spec, data, runtime, threads: 1 });
  expect(events.at(-1)?.kind).toBe("done");
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(losses.slice(-4))).toBeLessThan(0.8 * mean(losses.slice(0, 4)));
  const { parameters, buffers } = buildNetwork(model, { mode: "training", batchSize: 2, inputShape: data.inputShape });
  expect(tensors.size).toBe(parameters.length + buffers.length);
  for (const { path, tensor, initializer, fans } of parameters)
    expect(tensors.get(path)?.data, path).not.toEqual(initialValues(path, initializer, tensor.shape, fans, spec.seed));
  for (const { path, tensor, initial } of buffers)
    expect(tensors.get(path)?.data, path).not.toEqual(new Float32Array(sizeOf(tensor.shape)).fill(initial as number));
}

test.each([
  ["miniGoogLeNet", { width: 0.1 }, 0.05],
  ["alexnet", { stem: "small", width: 0.05, dropout: 0 }, 0.02],
  ["alexnet", { form: "grouped", stem: "small", width: 0.1, dropout: 0, localResponseNorm: true }, 0.05],
  ["vgg11", { width: 0.1, hidden: 32, batchNorm: true, dropout: 0 }, 0.02],
  ["resnet18", { stem: "cifar", width: 0.1 }, 0.05],
  ["resnet50", { stem: "cifar", width: 0.06 }, 0.05],
  ["googlenet", { width: 0.1, dropout: 0 }, 0.05],
  ["googlenet", { form: "paper", width: 0.1, dropout: 0, localResponseNorm: true }, 0.08],
  ["mobilenetV2", { width: 0.2, dropout: 0 }, 0.1],
  ["squeezenet1_0", { width: 0.2, dropout: 0 }, 0.05],
  ["squeezenet1_1", { width: 0.2, dropout: 0 }, 0.05],
  ["densenet121", { depths: [2, 2, 2, 2], width: 0.2 }, 0.05],
] as const)("%s with %j", (name, options, learningRate) =>
  expectTraining(modelByName(name, { classes: 4, ...options }), learningRate),
);

test.each([
  ["inceptionNaive", { ones: 2, threes: 3, fives: 2 }],
  ["inceptionReduced", { ones: 2, reduceThrees: 2, threes: 3, reduceFives: 2, fives: 2, pooled: 2, bias: true }],
] as const)("%s with %j before a dense layer", (name, options) =>
  expectTraining(
    sequential([modelByName(name, options), maxPool2d({ kernel: 4 }), flatten(), dense({ units: 4 })]),
    0.05,
  ),
);
