// Blocked convolutions on ONNX Runtime: found by trying, the same training up to rounding, the same bits on two threads.
import { afterAll, describe, expect, test } from "vitest";
import { relu } from "../../src/nn/activations.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { conv2d } from "../../src/nn/layers/convolution.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { batchNorm } from "../../src/nn/layers/normalization/batch-norm.js";
import { maxPool2d } from "../../src/nn/layers/pooling.js";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { opsetVersion } from "../../src/onnx/write.js";
import { convolutionBlock } from "../../src/train/runtime/blocked-support.js";
import type { Runtime } from "../../src/train/runtime/runtime.js";
import type { KindSpec } from "../../src/train/spec/trial-spec.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const block = await convolutionBlock(runtime);

/** The same runtime as one that lacks the blocked operators, as on a processor without vector kernels for them. */
const plain: Runtime = {
  ...bound(runtime),
  load: async (model, options) => {
    if (new TextDecoder("latin1").decode(model).includes("com.microsoft.nchwc")) throw new Error("no such operator");
    return runtime.load(model, options);
  },
};

function bound(source: Runtime): Runtime {
  const { name, capabilities } = source;
  return {
    name,
    capabilities,
    load: (model, options) => source.load(model, options),
    put: (key, tensor) => source.put(key, tensor),
    get: (key) => source.get(key),
    remove: (key) => source.remove(key),
    dispose: () => source.dispose(),
  };
}

const net = sequential([
  conv2d({ filters: 16, kernel: 3, padding: 1 }),
  relu(),
  conv2d({ filters: 32, kernel: 3, padding: 1 }),
  batchNorm(),
  relu(),
  conv2d({ filters: 16, kernel: 3, stride: 2 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  dense({ units: 4 }),
]);
const data = patches(48);
const spec = trialSpec(data, {
  model: net as unknown as KindSpec,
  optimizer: { kind: "sgd", learningRate: 0.02, momentum: 0.9 },
  epochs: 3,
});

test("a runtime without them is found out, and asked once", async () => {
  let loads = 0;
  const counted: Runtime = {
    ...plain,
    load: (model, options) => {
      loads++;
      return plain.load(model, options);
    },
  };
  expect(await convolutionBlock(counted)).toBeUndefined();
  expect(await convolutionBlock(counted)).toBeUndefined();
  expect(loads).toBe(2);
});

test("a runtime that does not list their domain is not tried", async () => {
  const capabilities = { ...runtime.capabilities, domains: { "": opsetVersion } };
  const load = (): Promise<never> => Promise.reject(new Error("nothing is to be loaded"));
  const blockless: Runtime = { ...bound(runtime), capabilities, load };
  expect(await convolutionBlock(blockless)).toBeUndefined();
});

test("a block of the wrong size is not taken: the numbers would be wrong", async () => {
  expect([undefined, 8, 16]).toContain(block);
});

describe.skipIf(block === undefined)("a network with blocked convolutions", () => {
  test("trains as with plain ones, up to rounding", async () => {
    const blocked = await finish({ spec, data, runtime, threads: 1 });
    const unblocked = await finish({ spec, data, runtime: plain, threads: 1 });
    expect(blocked.losses).not.toEqual(unblocked.losses);
    for (const [step, loss] of unblocked.losses.entries()) expect(blocked.losses[step] / loss).toBeCloseTo(1, 3);
    expect(blocked.trial.history.evaluations.length).toBe(6);
  });

  test("gives the same bits on two threads and again", async () => {
    const one = bitsOf(await finish({ spec, data, runtime, threads: 1 }));
    expect(bitsOf(await finish({ spec, data, runtime, threads: 2 }))).toEqual(one);
    expect(bitsOf(await finish({ spec, data, runtime, threads: 1 }))).toEqual(one);
  });
});

describe.skipIf(block === undefined)("few channels, and filters that nearly fill a block (LeNet-5)", () => {
  const images = patches(48, { extent: 28, classes: 10 });
  const lenet = trialSpec(images, { model: modelByName("lenet5") as unknown as KindSpec, epochs: 2 });
  const one = finish({ spec: lenet, data: images, runtime, threads: 1 });

  test("trains as with plain ones, up to rounding", async () => {
    const unblocked = await finish({ spec: lenet, data: images, runtime: plain, threads: 1 });
    const { losses } = await one;
    expect(losses).not.toEqual(unblocked.losses);
    for (const [step, loss] of unblocked.losses.entries()) expect(losses[step] / loss).toBeCloseTo(1, 4);
  });

  test("gives the same bits on two threads", async () => {
    expect(bitsOf(await finish({ spec: lenet, data: images, runtime, threads: 2 }))).toEqual(bitsOf(await one));
  });
});
