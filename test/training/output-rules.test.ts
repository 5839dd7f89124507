// Losses that take probabilities refuse other outputs on the first batch, as PyTorch's BCELoss does.
import { afterAll, describe, expect, test } from "vitest";
import { type TensorData, tensorFrom } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { finish, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const rows = 12;
const inputs = tensorFrom(
  "float32",
  [rows, 3],
  Array.from({ length: 3 * rows }, (_, i) => Math.sin(7 * i) * 3),
);

function data(targets: TensorData): Dataset {
  return { ...localData("points", "points"), train: { inputs, targets }, inputShape: [3] };
}
const labels = data(
  tensorFrom(
    "int32",
    [rows, 1],
    Array.from({ length: rows }, (_, i) => i % 2),
  ),
);
const classes = data(
  tensorFrom(
    "int32",
    [rows],
    Array.from({ length: rows }, (_, i) => i % 4),
  ),
);

const model = (units: number, end?: string): KindSpec =>
  ({
    kind: "sequential",
    layers: [{ kind: "dense", units }, ...(end === undefined ? [] : [{ kind: end }])],
  }) as unknown as KindSpec;

const run = (set: Dataset, loss: string, spec: KindSpec, more: Partial<TrialSpecInput> = {}) =>
  finish({
    spec: trialSpec(set, {
      model: spec,
      data: dataUse(set, { scaling: "raw" }),
      loss: { kind: loss },
      batchSize: 5,
      steps: 4,
      ...more,
    }),
    data: set,
    runtime,
    threads: 1,
  });

describe("outputs that are no probabilities", () => {
  test.each([
    ["negativeLogLikelihood", classes, model(4), "End the model with a log-softmax"],
    ["negativeLogLikelihood", classes, model(4, "softmax"), "with sums of 5.284 to 5.35 of their exponentials"],
    ["categoricalCrossEntropy", classes, model(4), "a probability for every class, with a sum of 1"],
    ["categoricalCrossEntropy", classes, model(4, "sigmoid"), "use crossEntropy, which takes logits"],
  ] as [string, Dataset, KindSpec, string][])("%s: %#", async (loss, set, spec, message) => {
    await expect(run(set, loss, spec)).rejects.toThrow(message);
  });

  test("are refused with their range", async () => {
    await expect(run(labels, "binaryCrossEntropy", model(1))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: loss (binaryCrossEntropy): the outputs of the model are not what this loss takes: expected all elements between 0 and 1, as of a sigmoid, received outputs from -1.262 to 2.072, on the first batch. End the model with a sigmoid, or use binaryCrossEntropyWithLogits, which takes logits]`,
    );
  });

  test("are refused in an ensemble and in parts of a batch too", async () => {
    await expect(run(labels, "binaryCrossEntropy", model(1), { ensemble: 3 })).rejects.toThrow("between 0 and 1");
    await expect(run(labels, "binaryCrossEntropy", model(1), { microBatchSize: 2 })).rejects.toThrow("between 0 and 1");
  });
});

describe("outputs that are", () => {
  test.each([
    ["binaryCrossEntropy", labels, model(1, "sigmoid")],
    ["binaryCrossEntropy", labels, model(1, "hardSigmoid")],
    ["negativeLogLikelihood", classes, model(4, "logSoftmax")],
    ["categoricalCrossEntropy", classes, model(4, "softmax")],
  ] as [string, Dataset, KindSpec][])("train: %s, %#", async (loss, set, spec) => {
    const { losses } = await run(set, loss, spec);
    expect(losses).toHaveLength(4);
    for (const value of losses) expect(value).toBeGreaterThan(0);
  });

  test("a sigmoid trains as its logits do, and a softmax too", async () => {
    const pairs = [
      [
        await run(labels, "binaryCrossEntropy", model(1, "sigmoid")),
        await run(labels, "binaryCrossEntropyWithLogits", model(1)),
      ],
      [
        await run(classes, "categoricalCrossEntropy", model(4, "softmax")),
        await run(classes, "crossEntropy", model(4)),
      ],
    ];
    for (const [probabilities, logits] of pairs)
      for (const [i, value] of logits.losses.entries()) expect(probabilities.losses[i]).toBeCloseTo(value, 6);
  });
});

test("an output that leaves 0 and 1 later is a divergence that says so", async () => {
  const sum = {
    kind: "sequential",
    layers: [
      { kind: "dense", units: 1, weightInitializer: "zeros", biasInitializer: { kind: "constant", value: 0.5 } },
    ],
  } as unknown as KindSpec;
  const { events } = await run(labels, "binaryCrossEntropy", sum, { optimizer: { kind: "sgd", learningRate: 10 } });
  const [diverged] = events.flatMap((event) => (event.kind === "diverged" ? [event] : []));
  expect(diverged.tensor).toContain("an output is not between 0 and 1");
});
