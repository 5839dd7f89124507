// Gradient accumulation: a batch in parts trains as the whole batch does; what is frozen stays as it was.
import { afterAll, describe, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import { relu } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { dropout } from "../../src/nn/layers/dropout.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { batchNorm } from "../../src/nn/layers/normalization/batch-norm.js";
import { maxPool2d } from "../../src/nn/layers/pooling.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

// 100 examples in batches of 16: the last batch of an epoch has 4, so that it has fewer parts than the others.
const data = patches(100);
const net = sequential([
  dropout({ rate: 0.1 }),
  conv2d({ filters: 4, kernel: 3, padding: 1 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  dense({ units: 16 }),
  relu(),
  dropout({ rate: 0.5 }),
  dense({ units: 4 }),
]) as unknown as KindSpec;
const spec = trialSpec(data, { model: net, optimizer: { kind: "sgd", learningRate: 0.05, momentum: 0.9 } });
const whole = finish({ spec, data, runtime, threads: 1 });

test.each([8, 5, 3, 1])("parts of %d examples give the losses, answers and weights of whole batches", async (size) => {
  const parts = await finish({ spec: { ...spec, microBatchSize: size }, data, runtime, threads: 1 });
  const { losses, correct, tensors } = await whole;
  expect(parts.correct).toEqual(correct);
  for (const [step, loss] of losses.entries()) expect(Math.abs(parts.losses[step] - loss)).toBeLessThan(2e-6);
  for (const [path, { data: values }] of tensors) {
    for (const [i, value] of (values as Float32Array).entries())
      expect(Math.abs((parts.tensors.get(path)!.data[i] as number) - value)).toBeLessThan(2e-6);
  }
});

test("parts as large as the batch are the batch, bit for bit", async () => {
  const parts = await finish({ spec: { ...spec, microBatchSize: 16 }, data, runtime, threads: 1 });
  expect(bitsOf(parts)).toEqual(bitsOf(await whole));
});

describe("batch normalization over parts", () => {
  const normalized = sequential([flatten(), batchNorm({ momentum: 0.5 }), dense({ units: 4 })]) as unknown as KindSpec;
  const trained = (changes: object) =>
    finish({
      spec: trialSpec(data, { model: normalized, steps: 1, order: "sequential", ...changes }),
      data,
      runtime,
      threads: 1,
    });

  test("moves the running statistics once a part, as the parts one after another would", async () => {
    const frozen = { optimizer: { kind: "sgd", learningRate: 0 } };
    const parts = await trained({ ...frozen, microBatchSize: 8 });
    const oneByOne = await trained({ ...frozen, batchSize: 8, steps: 2 });
    for (const path of ["1.running_mean", "1.running_var"])
      expect(parts.tensors.get(path)!.data).toEqual(oneByOne.tensors.get(path)!.data);
  });

  test("a part of one example is refused before anything runs", async () => {
    await expect(trained({ microBatchSize: 5 })).rejects.toThrow(/statistics of one value/);
  });
});

describe("what is frozen", () => {
  const model = sequential([flatten(), dense({ units: 8 }), batchNorm(), relu(), dense({ units: 4 })]);
  const initial = new Map([["2.running_var", new Float32Array(8).fill(2)]]);
  const trained = (freeze: readonly string[]) =>
    finish({
      spec: trialSpec(data, { model: model as unknown as KindSpec, freeze, epochs: 1 }),
      data,
      runtime,
      threads: 1,
      initial,
    });

  test("keeps its value while the rest learns, and is in the result", async () => {
    const free = await trained([]);
    const frozen = await trained(["1.*", "*.bias"]);
    const before = await finish({
      spec: trialSpec(data, {
        model: model as unknown as KindSpec,
        optimizer: { kind: "sgd", learningRate: 0 },
        steps: 1,
      }),
      data,
      runtime,
      threads: 1,
      initial,
    });
    for (const path of ["1.weight", "1.bias", "2.bias", "4.bias"])
      expect(frozen.tensors.get(path)).toEqual(before.tensors.get(path));
    for (const path of ["2.weight", "4.weight"])
      expect(frozen.tensors.get(path)!.data).not.toEqual(before.tensors.get(path)!.data);
    expect([...frozen.tensors.keys()].sort()).toEqual([...free.tensors.keys()].sort());
  });

  test("statistics that are frozen are used as they are and not moved", async () => {
    const frozen = await trained(["2.running_*"]);
    expect(frozen.tensors.get("2.running_var")).toEqual(tensorFrom("float32", [8], new Array(8).fill(2)));
    expect(frozen.tensors.get("2.running_mean")).toEqual(tensorFrom("float32", [8], new Array(8).fill(0)));
    expect(frozen.losses[0]).not.toBe((await trained([])).losses[0]);
  });

  test("a pattern that matches nothing is refused, with the paths that there are", async () => {
    await expect(trained(["3.weight"])).rejects.toThrow(
      'freeze pattern "3.weight": nothing in the model matches: expected a path, with * for any text: 1.weight',
    );
  });
});
