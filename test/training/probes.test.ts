// Probes on ONNX Runtime: what they find is what a slow evaluation of the same step finds, and they change nothing.
import { afterAll, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/core/formats/safetensors.js";
import { input } from "../../src/graph/build.js";
import { gradients } from "../../src/graph/gradient.js";
import { graph } from "../../src/graph/graph.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { fromTensorData } from "../../src/graph/reference/nd-array.js";
import type { Tensor } from "../../src/graph/tensor.js";
import { relu, sigmoid, tanh } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { maxPool2d } from "../../src/nn/layers/pooling.js";
import { lossFunction } from "../../src/nn/losses.js";
import { buildNetwork } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { sitesOf } from "../../src/probes/sites.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { openSeal, seal, sealKey } from "../../src/train/trial/seal.js";
import { bitsOf, finish, patches, smallNet, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(64);
const run = (changes: Partial<TrialSpecInput>, request: object = {}) =>
  finish({ spec: trialSpec(data, changes), data, runtime, threads: 1, ...request });

test("training with probes gives the bits of training without, also with dropout and batch normalization", async () => {
  const model = smallNet as unknown as KindSpec;
  const plain = await run({ model, epochs: 3 });
  const probed = await run({ model, epochs: 3 }, { probes: { every: 3, noiseScale: true } });
  expect(bitsOf(probed)).toEqual(bitsOf(plain));
  const events = probed.events.flatMap((event) => (event.kind === "probes" ? [event] : []));
  expect(events.map(({ step }) => step)).toEqual([0, 3, 6, 9]);
  expect(events.map(({ readings }) => readings)).toEqual(probed.trial.probed);
  for (const {
    readings: [{ values }],
  } of events)
    for (const { value } of values) expect(value).not.toBeNaN();
});

describe("against a slow evaluation", () => {
  const layers = sequential([
    conv2d({ filters: 4, kernel: 3 }),
    relu(),
    maxPool2d({ kernel: 2 }),
    flatten(),
    dense({ units: 12 }),
    tanh(),
    dense({ units: 8 }),
    sigmoid(),
    dense({ units: 4 }),
  ]);
  const changes: Partial<TrialSpecInput> = {
    model: layers as unknown as KindSpec,
    order: "sequential",
    batchSize: 16,
    steps: 1,
    optimizer: { kind: "sgd", learningRate: 0.1 },
  };

  /** Every tensor of step 0, in float64. */
  async function slowly() {
    const before = await run({ ...changes, optimizer: { kind: "sgd", learningRate: 0 } });
    const after = await run(changes);
    const network = buildNetwork(layers, { mode: "training", batchSize: 16, inputShape: data.inputShape });
    const targets = input("targets", "int32", [16]);
    const loss = lossFunction({ kind: "crossEntropy" }).build(network.output, targets);
    const sites = sitesOf(network.output, network.inputs);
    const wanted = new Map<string, Tensor>();
    const slopes = gradients({
      of: loss,
      withRespectTo: [...sites.map(({ activation }) => activation), ...network.parameters.map(({ tensor }) => tensor)],
    });
    for (const [i, { path, activation, preActivation }] of sites.entries()) {
      wanted.set(`activations ${path}`, activation);
      if (preActivation !== undefined) wanted.set(`preActivations ${path}`, preActivation);
      wanted.set(`activationGradients ${path}`, slopes[i]);
    }
    for (const [i, { path }] of network.parameters.entries()) wanted.set(`gradients ${path}`, slopes[sites.length + i]);
    const pixels = fromTensorData(data.train.inputs).data.slice(0, 16 * 144);
    const results = evaluateGraph(
      graph(
        [...network.inputs, targets, ...network.parameters.map(({ tensor }) => tensor)],
        Object.fromEntries(wanted),
      ),
      [
        { dtype: "float32", shape: [16, 1, 12, 12], data: pixels.map((byte) => (byte / 255 - 0.1) / 0.3) },
        { dtype: "int32", shape: [16], data: fromTensorData(data.train.targets).data.slice(0, 16) },
        ...network.parameters.map(({ path }) => fromTensorData(before.tensors.get(path)!)),
      ],
    );
    const found = new Map([...wanted.keys()].map((key, i) => [key, [...results[i].data]]));
    for (const { path } of network.parameters) {
      const weight = [...fromTensorData(before.tensors.get(path)!).data];
      found.set(`weights ${path}`, weight);
      const moved = fromTensorData(after.tensors.get(path)!).data;
      found.set(
        `updates ${path}`,
        weight.map((value, i) => moved[i] - value),
      );
    }
    return found;
  }

  const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);
  const norm = (numbers: readonly number[]): number => Math.sqrt(sum(numbers.map((value) => value * value)));

  test("moments, ends and norms of everything that can be looked at agree", async () => {
    const slow = await slowly();
    const { trial } = await run(changes, { probes: {} });
    const [[{ values, histograms }]] = trial.probed;
    const keys = new Set(values.flatMap(({ of, path }) => (of === "loss" ? [] : [`${of} ${path}`])));
    expect([...keys].sort()).toEqual([...slow.keys()].sort());
    const twins: Record<string, (numbers: readonly number[]) => number> = {
      mean: (numbers) => sum(numbers) / numbers.length,
      norm,
      minimum: (numbers) => Math.min(...numbers),
      maximum: (numbers) => Math.max(...numbers),
    };
    let compared = 0;
    for (const { of, path, statistic, value } of values) {
      const numbers = slow.get(`${of} ${path}`);
      if (numbers === undefined || !(statistic in twins)) continue;
      const expected = twins[statistic](numbers);
      const scale = norm(numbers) / Math.sqrt(numbers.length);
      expect(Math.abs(value - expected), `${of} ${path} ${statistic}`).toBeLessThan(
        1e-4 * (Math.abs(expected) + scale) + 1e-8,
      );
      compared++;
    }
    expect(compared).toBe(4 * slow.size);
    for (const { of, path, counts } of histograms) expect(sum([...counts])).toBe(slow.get(`${of} ${path}`)!.length);
  });

  test("dead and saturated shares and effective rates agree", async () => {
    const slow = await slowly();
    const { trial } = await run(changes, { probes: {} });
    const found = (of: string, path: string, statistic: string) =>
      trial.probed[0][0].values.find((one) => one.of === of && one.path === path && one.statistic === statistic)?.value;
    const share = (numbers: readonly number[], holds: (value: number) => boolean): number =>
      numbers.filter(holds).length / numbers.length;
    const [reluPath, tanhPath, sigmoidPath] = ["[1] (relu)", "[5] (tanh)", "[7] (sigmoid)"].map(
      (end) => `model.layers${end}`,
    );
    expect(found("activations", reluPath, "zeroFraction")).toBeCloseTo(
      share(slow.get(`activations ${reluPath}`)!, (value) => value === 0),
      4,
    );
    expect(found("activations", tanhPath, "saturatedFraction")).toBeCloseTo(
      share(slow.get(`activations ${tanhPath}`)!, (value) => Math.abs(value) > 0.9),
      6,
    );
    expect(found("activations", sigmoidPath, "saturatedFraction")).toBeCloseTo(
      share(slow.get(`activations ${sigmoidPath}`)!, (value) => value < 0.1 || value > 0.9),
      6,
    );
    expect(found("activations", reluPath, "saturatedFraction")).toBeUndefined();
    // Plain gradient descent moves by the learning rate times the gradient.
    expect(found("updates", "0.weight", "effectiveLearningRate")).toBeCloseTo(0.1, 5);
    expect(found("updates", "0.weight", "relativeNorm")).toBeCloseTo(
      norm(slow.get("updates 0.weight")!) / norm(slow.get("weights 0.weight")!),
      5,
    );
  });

  test("a layer whose biases are far below zero is dead, and its weights get no gradient", async () => {
    const initial = new Map([["0.bias", new Float32Array(4).fill(-100)]]);
    const { trial } = await run(changes, { probes: {}, initial });
    const found = (of: string, path: string, statistic: string) =>
      trial.probed[0][0].values.find((one) => one.of === of && one.path === path && one.statistic === statistic)?.value;
    expect(found("activations", "model.layers[1] (relu)", "deadFraction")).toBe(1);
    expect(found("gradients", "0.weight", "zeroFraction")).toBe(1);
  });

  test("the halves of the noise scale are the gradients of batches of half the size", async () => {
    const still = { ...changes, optimizer: { kind: "sgd", learningRate: 0 } };
    const whole = (await run(still, { probes: { noiseScale: true } })).trial.probed[0][0];
    const halves = (await run({ ...still, batchSize: 8, steps: 2 }, { probes: { every: 1 } })).trial.probed.flat();
    const squared = ({ values }: { values: typeof whole.values }): number =>
      sum(
        values.flatMap(({ of, statistic, value }) => (of === "gradients" && statistic === "norm" ? [value ** 2] : [])),
      );
    const value = (name: string) => whole.values.find(({ statistic }) => statistic === name)!.value;
    expect(value("halfBatchSquaredNorm") / ((squared(halves[0]) + squared(halves[1])) / 2)).toBeCloseTo(1, 4);
    expect(value("batchSquaredNorm") / squared(whole)).toBeCloseTo(1, 4);
  });
});

test("a trial that was interrupted finds what an undisturbed one finds", async () => {
  const probes = { every: 2, of: ["weights" as const, "updates" as const], histogramBins: 4 };
  const spec = trialSpec(data, { epochs: 3 });
  const undisturbed = await run(spec, { probes });
  const stop = { aborted: false };
  const first = await finish({ spec, probes, data, runtime, threads: 1, signal: stop }, (event) => {
    if (event.kind === "steps" && event.first >= 3) stop.aborted = true;
  });
  expect(first.events.at(-1)?.kind).toBe("interrupted");
  const resumed = await run(spec, { probes, resumeFrom: { where: "state", bytes: first.checkpoint } });
  expect(resumed.trial.probed).toEqual(undisturbed.trial.probed);
  expect(resumed.trial.probed.map(([{ step }]) => step)).toEqual([0, 2, 4, 6, 8, 10]);
});

test("readings of a checkpoint that are not those of these probes are refused before anything runs", async () => {
  const probes = { every: 2, of: ["weights" as const], histogramBins: 4 };
  const spec = trialSpec(data, { epochs: 3 });
  const stop = { aborted: false };
  const first = await finish({ spec, probes, data, runtime, threads: 1, signal: stop }, (event) => {
    if (event.kind === "steps" && event.first >= 3) stop.aborted = true;
  });
  // As a version that measured one number less wrote it.
  const { tensors, metadata } = readSafetensors(first.checkpoint, "state");
  const values = tensors.get("probes/values")!;
  const [rows, width] = values.shape;
  const fewer = Float32Array.from({ length: rows * (width - 1) }, (_, i) => Number(values.data[i]));
  const bytes = writeSafetensors(
    new Map([...tensors, ["probes/values", { dtype: "float32" as const, shape: [rows, width - 1], data: fewer }]]),
    new Map([...metadata, [sealKey, openSeal]]),
  );
  seal(bytes);
  const events: string[] = [];
  const resumed = finish(
    { spec, probes, data, runtime, threads: 1, resumeFrom: { where: "state", bytes } },
    ({ kind }) => {
      events.push(kind);
    },
  );
  await expect(resumed).rejects.toThrow(
    new RegExp(`probes: .*expected ${width} numbers, received ${width - 1}.*version that wrote the checkpoint`),
  );
  expect(events).toEqual([]);
});

test("of a network that diverges they are found until the end, and are no numbers", async () => {
  const { trial, events } = await run({ optimizer: { kind: "sgd", learningRate: 1e30 } }, { probes: { every: 1 } });
  expect(events.slice(-2).map(({ kind }) => kind)).toEqual(["diverged", "done"]);
  expect(trial.probed.at(-1)?.[0].values.some(({ value }) => !Number.isFinite(value))).toBe(true);
});

test.each([
  [{ every: 0 }, /probes\.every: expected a number above 0/],
  [{ of: ["weight"] }, /probes\.of\[0\]/],
  [{ statistic: [] }, /unknown option "statistic".*Did you mean "statistics"/],
])("options that do not fit are refused: %j", async (probes, message) => {
  await expect(run({}, { probes })).rejects.toThrow(message);
});
