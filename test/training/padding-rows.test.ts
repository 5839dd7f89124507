// The padding row of an embedding, as PyTorch has it: zero at the start, no gradient, and what a file gives it otherwise.
import { afterAll, describe, expect, test } from "vitest";
import { type TensorData, tensorFrom } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { initialTensors } from "../../src/nn/initial-tensors.js";
import { layerNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { finish, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

const [rows, length, count, features, padding] = [24, 3, 5, 4, 2];
const data: Dataset = {
  ...localData("tokens", "tokens"),
  train: {
    inputs: tensorFrom(
      "int32",
      [rows, length],
      Array.from({ length: rows * length }, (_, i) => (i * 7 + (i >> 2)) % count),
    ),
    targets: tensorFrom(
      "int32",
      [rows],
      Array.from({ length: rows }, (_, i) => i % 3),
    ),
  },
  inputShape: [length],
};
const model = {
  kind: "sequential",
  layers: [{ kind: "embedding", count, features, padding }, { kind: "flatten" }, { kind: "dense", units: 3 }],
} as unknown as KindSpec;

const run = (more: Partial<TrialSpecInput> = {}, initial?: ReadonlyMap<string, Float32Array>) =>
  finish({
    spec: trialSpec(data, { model, data: dataUse(data, { scaling: "raw" }), steps: 9, ...more }),
    data,
    runtime,
    threads: 1,
    ...(initial === undefined ? {} : { initial }),
  });

const rowOf = (tensor: TensorData | undefined, row = padding): number[] =>
  [...(tensor!.data as Float32Array)].slice(row * features, (row + 1) * features);
const zeros = new Array<number>(features).fill(0);

const optimizers: KindSpec[] = [
  { kind: "adamW", learningRate: 0.1, weightDecay: 0.5 },
  { kind: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 },
  { kind: "rprop" },
  { kind: "lion", learningRate: 0.01, weightDecay: 0.1 },
];

describe("the padding row of an embedding", () => {
  test("begins as zeros, and the other rows as they would without it", () => {
    const built = (layers: object) =>
      layerNetwork(layers as never).build({ mode: "training", batchSize: 2, inputShapes: [[length]] });
    const table = (layers: object, seed: number) => {
      const network = built(layers);
      return initialTensors(network)(network.parameters[0].tensor, seed)!;
    };
    const plain = { kind: "embedding", count, features };
    for (const seed of [0, 5]) {
      const found = table({ ...plain, padding }, seed);
      expect(rowOf(found)).toEqual(zeros);
      for (const row of [0, 1, 3, 4]) expect(rowOf(found, row)).toEqual(rowOf(table(plain, seed), row));
    }
  });

  test.each(optimizers)("stays zero with $kind, weight decay and clipping", async (optimizer) => {
    const { tensors } = await run({ optimizer, clip: { norm: 0.5 } });
    expect(rowOf(tensors.get("0.weight"))).toEqual(zeros);
    expect(rowOf(tensors.get("0.weight"), 1)).not.toEqual(zeros);
  });

  test("is zero in every network of an ensemble", async () => {
    const { tensors, trial } = await run({ ensemble: 3 });
    expect(trial.networks).toBe(3);
    expect(rowOf(tensors.get("0.weight"))).toEqual(zeros);
    const all = (await run({ ensemble: 3, steps: 0 })).tensors;
    expect(rowOf(all.get("0.weight"))).toEqual(zeros);
  });

  test("keeps what a file of weights gives it, and the model computes with that", async () => {
    const network = layerNetwork(model as never).build({ mode: "training", batchSize: 2, inputShapes: [[length]] });
    const of = initialTensors(network);
    const initial = new Map(network.parameters.map(({ path, tensor }) => [path, of(tensor, 7)!.data as Float32Array]));
    const zero = await run({}, initial);
    const table = initial.get("0.weight")!.slice();
    table.set([1, -2, 3, -4], padding * features);
    const given = await run({}, new Map([...initial, ["0.weight", table]]));
    expect(rowOf(given.tensors.get("0.weight"))).toEqual([1, -2, 3, -4]);
    expect(given.losses[0]).not.toBeCloseTo(zero.losses[0], 3);
  });
});
