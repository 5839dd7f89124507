// A public training of 2018, recorded by Keras, replayed: the same data, row order and initial weights give its numbers.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { legacyShuffle, mt19937 } from "../../src/core/random/mt19937.js";
import { syntheticDataset } from "../../src/data/synthetic.js";
import { sigmoid } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { dense } from "../../src/nn/layers/dense.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { openTrial } from "../../src/train/trial/trial.js";
import { trialSpec } from "../support/small-trials.js";

interface Recorded {
  readonly inputsSum: readonly number[];
  readonly firstInputs: readonly number[];
  readonly firstTargets: readonly number[];
  readonly learningRates: readonly number[];
  readonly loss: readonly number[];
  readonly accuracy: readonly number[];
  readonly epochs: readonly { readonly epoch: number; readonly weights: Readonly<Record<string, readonly number[]>> }[];
}

const recorded: Recorded = JSON.parse(
  readFileSync(new URL("../../tools/oracle/fixtures/recorded-run.json", import.meta.url), "utf8"),
);
const [initial, ...later] = recorded.epochs;
const batchSize = 16;
const data = syntheticDataset("parabola", "value");
const examples = data.train.inputs.shape[0];
const stepsPerEpoch = examples / batchSize;

/** Keras seeds NumPy just before training, and shuffles one array of row numbers again and again. */
function kerasOrder(epochs: number): Int32Array {
  const next = mt19937(13);
  const rows = Int32Array.from({ length: examples }, (_, i) => i);
  const order = new Int32Array(epochs * examples);
  for (let epoch = 0; epoch < epochs; epoch++) {
    legacyShuffle(rows, next);
    order.set(rows, epoch * examples);
  }
  return order;
}

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

/** Weights and losses of each step after so many epochs of one training. */
async function replay(epochs: number) {
  const trial = openTrial({
    spec: trialSpec(data, {
      model: sequential([dense({ units: 2 }), sigmoid(), dense({ units: 1 }), sigmoid()]) as KindSpec,
      data: dataUse(data, { scaling: "raw" }),
      loss: { kind: "binaryCrossEntropy" },
      optimizer: { kind: "sgd", learningRate: recorded.learningRates[0] },
      batchSize,
      steps: epochs * stepsPerEpoch,
    }),
    data,
    runtime,
    threads: 1,
    evaluate: false,
    initial: new Map(Object.entries(initial.weights).map(([path, values]) => [path, Float32Array.from(values)])),
    rows: kerasOrder(epochs),
    now: () => 0,
  });
  let correct: number[] = [];
  for await (const event of trial.run()) if (event.kind === "steps") correct = [...correct, ...event.correct];
  const result = { losses: trial.history.lossesOf(), correct, tensors: await trial.tensors() };
  await trial.dispose();
  return result;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const ofEpoch = (values: readonly number[], epoch: number) =>
  values.slice(epoch * stepsPerEpoch, (epoch + 1) * stepsPerEpoch);

test("the data are those of the recording, in its order", () => {
  const { inputs, targets } = data.train;
  const values = "data" in inputs ? Array.from(inputs.data as Float32Array) : [];
  for (const [i, value] of recorded.firstInputs.entries()) expect(values[i]).toBeCloseTo(value, 7);
  for (const [axis, total] of recorded.inputsSum.entries()) {
    expect(sum(values.filter((_, i) => i % 2 === axis))).toBeCloseTo(total, 4);
  }
  expect(Array.from(targets.data as Float32Array).slice(0, 4)).toEqual(recorded.firstTargets);
});

let whole: Awaited<ReturnType<typeof replay>>;
beforeAll(async () => {
  whole = await replay(recorded.loss.length);
});

test("the loss and accuracy of each of the 20 epochs are the recorded ones", () => {
  recorded.loss.forEach((loss, epoch) => {
    expect(
      Math.abs(sum(ofEpoch(whole.losses, epoch)) / stepsPerEpoch - loss),
      `loss of epoch ${epoch + 1}`,
    ).toBeLessThan(1e-6);
    const accuracy = sum(ofEpoch(whole.correct, epoch)) / examples;
    expect(accuracy, `accuracy of epoch ${epoch + 1}`).toBeCloseTo(recorded.accuracy[epoch], 6);
  });
});

test.each(later)("the weights after epoch $epoch are the recorded ones", async ({ epoch, weights }) => {
  const { tensors } = epoch === recorded.loss.length ? whole : await replay(epoch);
  expect([...tensors.keys()].sort()).toEqual(Object.keys(weights).sort());
  for (const [path, values] of Object.entries(weights)) {
    const found = tensors.get(path)?.data as Float32Array;
    // float32 of two programs, 2,500 updates apart from their common start.
    const worst = Math.max(...values.map((value, i) => Math.abs(value - found[i])));
    expect(worst, path).toBeLessThan(2e-6);
  }
});
