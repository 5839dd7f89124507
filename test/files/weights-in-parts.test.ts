// Large weights are stored and updated in parts, which affects only the time.
import { afterAll, describe, expect, test } from "vitest";
import { scalar } from "../../src/graph/build.js";
import { add, mul } from "../../src/graph/ops/elementwise/arithmetic.js";
import { reduceSum } from "../../src/graph/ops/reduction/reduction.js";
import { relu } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { layerNetwork, type NetworkSource } from "../../src/nn/network.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { readOptimizer } from "../../src/train/program/read-optimizer.js";
import { stateLayout } from "../../src/train/program/state-layout.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(48);
const net = sequential([flatten(), dense({ units: 6000 }), relu(), dense({ units: 140 }), relu(), dense({ units: 4 })]);
const optimizer = { kind: "adam", learningRate: 1e-4 };
const spec = trialSpec(data, { model: net as unknown as KindSpec, optimizer, epochs: 2 });
const plain = layerNetwork(net);
const trained = finish({ spec, data, runtime, threads: 1 });

/** The same network with another reader of the weights that needs them whole. */
const whole: NetworkSource = {
  build(form) {
    const network = plain.build(form);
    const nothing = network.parameters.map(({ tensor }) => mul(reduceSum(tensor), scalar(0))).reduce(add);
    return { ...network, output: add(network.output, nothing) };
  },
};

const partsIn = (source: NetworkSource): string[] => {
  const network = source.build({ mode: "training", batchSize: 16, inputShapes: [[1, 12, 12]] });
  return stateLayout(network, readOptimizer(optimizer))
    .parameters.map(({ name }) => name)
    .filter((name) => name.includes("#"));
};

test("the second weight is in parts unless a reader needs it whole", () => {
  expect(partsIn(plain)).toEqual(["parameters:3.weight#0", "parameters:3.weight#1"]);
  expect(partsIn(whole)).toEqual([]);
});

test("weights in parts train like whole weights", async () => {
  const twin = await finish({ spec, data, runtime, threads: 1, network: whole });
  const found = await trained;
  for (const [step, loss] of twin.losses.entries()) expect(Math.abs(found.losses[step] / loss - 1)).toBeLessThan(1e-5);
  expect(found.tensors.get("3.weight")?.shape).toEqual([140, 6000]);
  for (const [path, { data: values }] of twin.tensors) {
    let worst = 0;
    for (const [i, value] of (values as Float32Array).entries())
      worst = Math.max(worst, Math.abs((found.tensors.get(path)?.data[i] as number) - value));
    expect(worst, path).toBeLessThan(2e-5);
  }
  const [mine, other] = [found, twin].map(({ trial }) => trial.history.evaluations.at(-1));
  expect(mine?.phase).toBe("validation");
  expect(Math.abs((mine?.loss[0] as number) / (other?.loss[0] as number) - 1)).toBeLessThan(1e-5);
});

describe("gives the same bits", () => {
  test("with two threads", async () => {
    expect(bitsOf(await finish({ spec, data, runtime, threads: 2 }))).toEqual(bitsOf(await trained));
  });

  test("after it was interrupted and resumed", async () => {
    const signal = new AbortController();
    const first = await finish({ spec, data, runtime, threads: 1, signal: signal.signal }, (event) => {
      if (event.kind === "epoch") signal.abort();
    });
    expect(first.losses.length).toBe(3);
    const resumeFrom = { where: "state.safetensors", bytes: first.checkpoint };
    expect(bitsOf(await finish({ spec, data, runtime, threads: 1, resumeFrom }))).toEqual(bitsOf(await trained));
  });
});
