// Trainings that cannot learn are refused, or say so before they begin.
import { afterAll, describe, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { type KindSpec, type TrialSpecInput, trialSpec } from "../../src/train/spec/trial-spec.js";
import { openTrial } from "../../src/train/trial/trial.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

function rows(classes: readonly number[], names = ["a", "b", "c"]): Dataset {
  const count = classes.length;
  const inputs = tensorFrom(
    "float32",
    [count, 4],
    Array.from({ length: 4 * count }, (_, i) => Math.sin(i)),
  );
  const train = { inputs, targets: tensorFrom("int32", [count], [...classes]) };
  return { ...localData("rows", `rows ${classes.join(" ")}`), train, inputShape: [4], classes: names };
}

const data = rows([0, 1, 2, 0, 1, 2, 0, 1]);
const sequential = (...layers: KindSpec[]): KindSpec => ({ kind: "sequential", layers });

/** What a training says before it begins. */
async function remarks(changes: Partial<TrialSpecInput>, given = data): Promise<readonly string[]> {
  const spec = trialSpec({
    model: modelByName("mlp:4-8-3") as KindSpec,
    data: dataUse(given, { scaling: "raw" }),
    optimizer: { kind: "sgd", learningRate: 0.1 },
    batchSize: 4,
    ...(changes.steps === undefined ? { epochs: 2 } : {}),
    ...changes,
  });
  const trial = openTrial({ spec, data: given, runtime, threads: 1, now: () => 0 });
  await trial.dispose();
  return trial.remarks;
}

describe("is refused", () => {
  test.each<[string, Partial<TrialSpecInput>, Dataset?]>([
    ["a model of which everything is frozen", { freeze: ["*"] }],
    ["an ensemble of which everything is frozen", { freeze: ["*"], ensemble: 2 }],
    [
      "a model without parameters",
      { model: sequential({ kind: "flatten" }) },
      rows([0, 1, 2, 3], ["a", "b", "c", "d"]),
    ],
    ["a loss whose class weights are all 0", { loss: { kind: "crossEntropy", classWeights: [0, 0, 0] } }],
    [
      "one whose weights are 0 for all classes of the data",
      { loss: { kind: "crossEntropy", classWeights: [0, 0, 1] } },
      rows([0, 1, 1]),
    ],
    ["data of which every target is ignored", { loss: { kind: "crossEntropy", ignoreIndex: 1 } }, rows([1, 1, 1])],
  ])("%s", async (_name, changes, given) => {
    await expect(remarks(changes, given)).rejects.toThrowErrorMatchingSnapshot();
  });
});

describe("is remarked on", () => {
  test.each<[string, Partial<TrialSpecInput>, Dataset?]>([
    [
      "a model with one output under a loss that chooses",
      { model: modelByName("mlp:4-8-1") as KindSpec },
      rows([0, 0, 0], ["a"]),
    ],
    ["data of one class", {}, rows([1, 1, 1, 1])],
    ["a learning rate of 0", { optimizer: { kind: "sgd", learningRate: 0 } }],
    ["a warm-up as long as the training", { schedule: { kind: "warmUp", length: 2 } }],
    ["a warm-up of steps that is longer", { schedule: { kind: "warmUp", length: 10, unit: "step" }, steps: 4 }],
    ["a warm-up after a warm-up", { schedule: { kind: "warmUp", length: 1, next: { kind: "warmUp", length: 1 } } }],
    ["patience in a part of an epoch", { stop: { kind: "noImprovement" }, steps: 1 }],
    ["the best of no whole epoch", { stop: { kind: "noImprovement" }, keep: { best: "loss" }, steps: 1 }],
    ["smoothing that leaves nothing of the targets", { loss: { kind: "crossEntropy", labelSmoothing: 1 } }],
    [
      "a model of which only running statistics are left",
      { model: sequential({ kind: "batchNorm" }, { kind: "dense", units: 3 }), freeze: ["*.weight", "*.bias"] },
    ],
  ])("%s", async (_name, changes, given) => {
    expect(await remarks(changes, given)).toMatchSnapshot();
  });
});

test("nothing is said of a training that can learn, nor of one that only measures", async () => {
  expect(await remarks({})).toEqual([]);
  expect(await remarks({ schedule: { kind: "warmUp", length: 1.5 } })).toEqual([]);
  expect(await remarks({ stop: { kind: "noImprovement" }, keep: { best: "accuracy" }, steps: 2 })).toEqual([]);
  expect(await remarks({ loss: { kind: "crossEntropy", classWeights: [0, 1, 0], ignoreIndex: 0 } })).toEqual([]);
  expect(await remarks({ freeze: ["*"], steps: 0 })).toEqual([]);
});
