// Means over what counts: with ignored targets and class weights, sums over a whole split divided once.
import { afterAll, describe, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { randomStream } from "../../src/core/random/rng.js";
import type { Dataset } from "../../src/data/dataset.js";
import { takeRows } from "../../src/data/rows.js";
import { localData } from "../../src/data/source.js";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { type KindSpec, type TrialSpecInput, trialSpec } from "../../src/train/spec/trial-spec.js";
import { type Finished, finish, type SmallRequest } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const ignored = -100;
const classes = 3;
const examples = 500;
const word = (i: number): number => randomStream(5, "rows").word(i);
// The first batches of a measured split ignore nearly all, the last ones nearly nothing.
const isIgnored = (i: number): boolean => (word(i) % 1000) / 1000 > i / examples;
const split = {
  inputs: tensorFrom(
    "float32",
    [examples, 4],
    Array.from({ length: 4 * examples }, (_, i) => Math.sin(i * 1.7)),
  ),
  targets: tensorFrom(
    "int32",
    [examples],
    Array.from({ length: examples }, (_, i) => (isIgnored(i) ? ignored : word(1000 + i) % classes)),
  ),
};
const kept = Int32Array.from({ length: examples }, (_, i) => i).filter((i) => !isIgnored(i));
const others = { inputs: takeRows(split.inputs, kept), targets: takeRows(split.targets, kept) };
const dataset = (part: typeof split): Dataset => ({
  ...localData("rows", `${part.targets.shape[0]} rows`),
  train: part,
  test: part,
  inputShape: [4],
  classes: ["a", "b", "c"],
});
const rate0 = { optimizer: { kind: "sgd", learningRate: 0 } };

function request(given: Dataset, changes: Partial<TrialSpecInput> = {}): SmallRequest {
  const spec = trialSpec({
    model: modelByName("mlp:4-8-3") as KindSpec,
    data: dataUse(given, { scaling: "raw" }),
    ...rate0,
    batchSize: 48,
    epochs: 1,
    ...changes,
  });
  return { spec, data: given, runtime, threads: 1 };
}

const measuredBy = async (given: SmallRequest) => (await finish(given)).trial.history.evaluations;

/** In float64 from the logits, by PyTorch's formula: `sum w[y] nll / sum w[y]` over what is not ignored. */
function reference({ tensors }: Finished, { inputs, targets }: typeof split, weights: readonly number[]) {
  const value = (path: string): ArrayLike<number> => tensors.get(path)?.data as Float32Array;
  const layer = (x: readonly number[], path: string): number[] => {
    const [w, b] = [value(`${path}.weight`), value(`${path}.bias`)];
    return Array.from(b, (own, unit) => x.reduce((sum, xi, i) => sum + xi * w[unit * x.length + i], own));
  };
  let [loss, weight, right, counted] = [0, 0, 0, 0];
  for (const [i, target] of Array.from(targets.data, Number).entries()) {
    if (target === ignored) continue;
    const x = Array.from(inputs.data.subarray(4 * i, 4 * i + 4), Number);
    const logits = layer(
      layer(x, "1").map((v) => Math.max(0, v)),
      "3",
    );
    loss += weights[target] * (Math.log(logits.reduce((sum, v) => sum + Math.exp(v), 0)) - logits[target]);
    weight += weights[target];
    right += logits.indexOf(Math.max(...logits)) === target ? 1 : 0;
    counted++;
  }
  return { loss: loss / weight, accuracy: right / counted };
}

const crossEntropy = { kind: "crossEntropy", ignoreIndex: ignored };
const weighted = { kind: "crossEntropy", classWeights: [0.1, 1, 7] };
const both = { ...weighted, ignoreIndex: ignored };

test("half of the rows ignored give the numbers of the other half, of an epoch and of a split", async () => {
  const some = await measuredBy(request(dataset(split), { loss: crossEntropy }));
  const only = await measuredBy(request(dataset(others)));
  for (const [i, { loss, accuracy }] of some.entries()) {
    expect(loss[0]).toBeCloseTo(only[i].loss[0], 6);
    expect(accuracy).toEqual(only[i].accuracy);
  }
});

describe.each([
  ["ignored targets", crossEntropy, split, [1, 1, 1]],
  ["class weights", weighted, others, weighted.classWeights],
  ["both", both, split, weighted.classWeights],
  ["tiny class weights", { ...weighted, classWeights: [1e-34, 1e-33, 7e-33] }, others, [1e-34, 1e-33, 7e-33]],
  ["weights of 0", { ...both, classWeights: [0, 1, 0] }, split, [0, 1, 0]],
] as const)("%s", (_name, loss, part, weights) => {
  const data = dataset(part);

  test.each([
    ["batches", {}],
    ["parts of a batch", { microBatchSize: 20 }],
  ] as const)("in %s: the definition over the whole split", async (_form, changes) => {
    const found = await finish(request(data, { loss, ...changes }));
    const expected = reference(found, part, weights);
    for (const { loss: losses, accuracy } of found.trial.history.evaluations) {
      expect(losses[0]).toBeCloseTo(expected.loss, 5);
      expect(accuracy).toEqual([expected.accuracy]);
    }
  });

  test.each([
    ["shared", 2],
    ["shuffle", 2],
    // Enough for groups of lanes.
    ["shuffle", 40],
  ] as const)("in an ensemble (%s order, %d networks): each network by itself", async (order, ensemble) => {
    const many = await finish(request(data, { loss, ensemble, order }));
    const alone = [await finish(request(data, { loss })), await finish(request(data, { loss, seed: 1 }))];
    for (const [i, evaluation] of many.trial.history.evaluations.entries()) {
      const own = alone.map(({ trial }) => trial.history.evaluations[i]);
      for (const network of [0, 1]) expect(evaluation.loss[network]).toBeCloseTo(own[network].loss[0], 5);
      expect(evaluation.accuracy?.slice(0, 2)).toEqual(own.map(({ accuracy }) => accuracy?.[0]));
    }
  });

  test("after a resume within the epoch: as undisturbed", async () => {
    const whole = await finish(request(data, { loss, epochs: undefined, steps: 11 }));
    const first = await finish(request(data, { loss, epochs: undefined, steps: 3 }));
    const given = request(data, { loss, epochs: undefined, steps: 11 });
    const resumed = await finish({ ...given, resumeFrom: { where: "state", bytes: first.checkpoint } });
    expect(resumed.trial.history.evaluations).toEqual(whole.trial.history.evaluations);
    expect(resumed.trial.history.arrays()).toEqual(whole.trial.history.arrays());
  });
});

test("parts of a batch train as the whole batch does, whatever counts in them", async () => {
  const trained = { loss: both, optimizer: { kind: "sgd", learningRate: 0.3 }, epochs: 2 };
  const whole = await finish(request(dataset(split), trained));
  const parts = await finish(request(dataset(split), { ...trained, microBatchSize: 7 }));
  for (const [step, loss] of whole.losses.entries()) expect(parts.losses[step]).toBeCloseTo(loss, 5);
  expect(parts.correct).toHaveLength(whole.correct.length);
  for (const [step, correct] of whole.correct.entries()) expect(parts.correct[step]).toBeCloseTo(correct, 4);
  for (const [path, { data }] of whole.tensors)
    for (const [i, value] of (data as Float32Array).entries())
      expect(parts.tensors.get(path)?.data[i]).toBeCloseTo(value, 5);
});
