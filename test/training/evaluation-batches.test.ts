// Evaluation takes no more memory than training, and models that take one batch size only are measured with it.
import { afterAll, describe, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { peakBytes } from "../../src/graph/accounting/peak.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { globalAveragePool } from "../../src/nn/layers/global-pool.js";
import { lossFunction } from "../../src/nn/losses.js";
import { modelByName } from "../../src/nn/models.js";
import { layerNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { type ModelCase, modelBytes, numbers } from "../../src/onnx/model-cases.js";
import { batchLayout } from "../../src/train/data/batch.js";
import { onnxNetwork } from "../../src/train/imported/onnx-network.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { type KindSpec, trialSpec } from "../../src/train/spec/trial-spec.js";
import { evaluationBatch } from "../../src/train/trial/evaluation/evaluation-batch.js";
import { finish, patches } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const mebibyte = 2 ** 20;
const conv = (filters: number) =>
  sequential([conv2d({ filters, kernel: 3, padding: 1 }), globalAveragePool(), dense({ units: 4 })]) as KindSpec;

/** The batch of a model on images, and what its activations need. */
function batchFor(model: KindSpec, extent: number, trained: number, { examples = 1000, ensemble = 1 } = {}) {
  const data = patches(1, { extent });
  const network = layerNetwork(model as never);
  const layout = batchLayout(data, "standardize");
  const program = {
    network,
    layout,
    loss: lossFunction({ kind: "crossEntropy" }),
    optimizer: { kind: "sgd", learningRate: 0.1 },
  };
  const found = evaluationBatch({
    ...{ program, trained, examples: [examples] },
    ensemble: ensemble === 1 ? undefined : ensemble,
  });
  const needed = (batchSize: number): number => {
    const { inputs, output } = network.build({ mode: "inference", batchSize, inputShapes: [[1, extent, extent]] });
    return ensemble * peakBytes([output], inputs);
  };
  return { ...found, needed };
}

describe("the batch of an evaluation", () => {
  test("is the usual one for small networks, whatever they are trained with, and no larger than a split", () => {
    for (const trained of [1, 64, 1000]) {
      expect(batchFor(modelByName("lenet5") as KindSpec, 28, trained)).toMatchObject({ size: 250, isFixed: false });
      expect(batchFor(modelByName("mlp:784-100-4") as KindSpec, 28, trained, { ensemble: 100 }).size).toBe(64);
    }
    expect(batchFor(modelByName("lenet5") as KindSpec, 28, 64, { examples: 40 }).size).toBe(40);
  });

  test("of 64 filters on 256 x 256 trained one by one is one image, where 250 need gigabytes", () => {
    for (const ensemble of [1, 4]) {
      const { size, needed } = batchFor(conv(64), 256, 1, { ensemble });
      expect(needed(250)).toBeGreaterThan(4000 * mebibyte);
      expect(size).toBe(1);
    }
  });

  test.each([
    ["one image at a time", 16, 256, 1],
    ["images too large for what is free", 32, 256, 4],
    ["a few", 32, 128, 4],
    ["many", 64, 64, 64],
    ["more than the usual batch", 64, 64, 400],
  ])("never needs more than training with %s, nor than what is free", (_name, filters, extent, trained) => {
    const { size, needed } = batchFor(conv(filters), extent, trained);
    expect(needed(size)).toBeLessThanOrEqual(Math.max(64 * mebibyte, needed(trained) * 1.001));
    // As large as that lets it be, but for large images, of which few are free.
    if (size < 250) expect(needed(2 * size)).toBeGreaterThan(size < 16 ? needed(trained) : 64 * mebibyte);
  });

  test("changes no result beyond rounding", async () => {
    const data = patches(10, { extent: 224 });
    const spec = trialSpec({
      ...{ model: conv(64), data: dataUse(data, { scaling: "standardize" }), batchSize: 1, epochs: 1 },
      ...{ optimizer: { kind: "sgd", learningRate: 0 } },
    });
    const { trial } = await finish({ spec, data: { ...data, test: data.train }, runtime, threads: 1 });
    const [training, measured] = trial.history.evaluations;
    expect(batchFor(conv(64), 224, 1, { examples: 10 }).size).toBeLessThan(10);
    expect(measured.loss[0]).toBeCloseTo(training.loss[0], 6);
    expect(measured.accuracy).toEqual(training.accuracy);
  });
});

describe("a model whose file allows for batches of four only", () => {
  const offset = (row: number, unit: number): number => Math.cos(3 * row + unit);
  const weight = (i: number): number => Math.sin(i + 1);
  const fixed: ModelCase = {
    inputs: { x: [4, 3] },
    outputs: ["y"],
    stored: {
      w: numbers([3, 2], weight),
      offsets: numbers([4, 2], (i) => offset(Math.floor(i / 2), i % 2)),
    },
    nodes: [
      ["MatMul", ["x", "w"], ["h"]],
      ["Add", ["h", "offsets"], ["y"]],
    ],
  };
  const input = (i: number): number => Math.sin(i * 1.3);
  const split = (count: number) => ({
    inputs: tensorFrom(
      "float32",
      [count, 3],
      Array.from({ length: 3 * count }, (_, i) => input(i)),
    ),
    targets: tensorFrom(
      "int32",
      [count],
      Array.from({ length: count }, (_, i) => i % 2),
    ),
  });
  const data: Dataset = {
    ...localData("rows", "rows"),
    train: split(8),
    test: split(10),
    inputShape: [3],
    classes: ["a", "b"],
  };

  /** Mean loss of the first examples, whose offsets go by their place in batches of four. */
  function expectedLoss(count: number): number {
    let total = 0;
    for (let n = 0; n < count; n++) {
      const logits = [0, 1].map((unit) =>
        [0, 1, 2].reduce((sum, i) => sum + input(3 * n + i) * weight(2 * i + unit), offset(n % 4, unit)),
      );
      total += Math.log(Math.exp(logits[0]) + Math.exp(logits[1])) - logits[n % 2];
    }
    return total / count;
  }

  test.each([
    ["crossEntropy", {}],
    ["with weights of classes", { classWeights: [2, 2] }],
  ])("says so before the training, and is measured in such batches, the rest filled up (%s)", async (_name, loss) => {
    const network = onnxNetwork(modelBytes(fixed), "net.onnx", { freeze: ["offsets"] });
    const spec = trialSpec({
      ...{ model: network.spec, data: dataUse(data, { scaling: "raw" }), batchSize: 4, epochs: 1, freeze: ["offsets"] },
      ...{ optimizer: { kind: "sgd", learningRate: 0 }, loss: { kind: "crossEntropy", ...loss } },
    });
    const { trial } = await finish({ spec, network, data, runtime, threads: 1 });
    expect(trial.remarks).toContain(
      "the model takes batches of 4 only: splits are measured in such batches, the last one filled up with examples that do not count",
    );
    expect(trial.history.evaluations[1].loss[0]).toBeCloseTo(expectedLoss(10), 5);
  });
});
