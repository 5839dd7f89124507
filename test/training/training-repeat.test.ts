// One spec, one seed, one result: whatever the lengths of segments, the threads, the interruptions.
import { afterAll, describe, expect, test } from "vitest";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, TrialSpec } from "../../src/train/spec/trial-spec.js";
import { bitsOf, finish, patches, type SmallRequest, trialSpec, watched } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

// 100 examples in batches of 16: the last batch of an epoch has 4.
const data = patches(100);
const spec = trialSpec(data, { epochs: 3 });
const request: SmallRequest = { spec, data, runtime, threads: 1 };
const undisturbed = finish(request);

test("two runs give the same bits, and another seed others", async () => {
  expect(bitsOf(await finish(request))).toEqual(bitsOf(await undisturbed));
  const other = await finish({ ...request, spec: { ...spec, seed: 8 } });
  expect(other.losses[0]).not.toBe((await undisturbed).losses[0]);
  expect((await undisturbed).losses.length).toBe(21);
});

test.each([1000, 250, 100, 60, 1])("segments of %d ms a step give the same bits", async (stepMs) => {
  const cut = await finish({ ...request, runtime: watched(runtime, stepMs).runtime });
  const lengths = cut.events.flatMap((event) => (event.kind === "steps" ? [event.losses.length] : []));
  expect(Math.max(...lengths)).toBe(Math.min(6, Math.max(1, Math.round(500 / stepMs))));
  expect(bitsOf(cut)).toEqual(bitsOf(await undisturbed));
});

describe.each([1, 4, 7, 9, 20])("interrupted after %d steps", (stopAt) => {
  test("and resumed from the bytes, it gives the bits of an undisturbed run", async () => {
    const signal = new AbortController();
    // Segments of two steps: stops lie inside epochs and at their ends.
    const slow = watched(runtime, 250).runtime;
    const first = await finish({ ...request, runtime: slow, signal: signal.signal }, (event) => {
      if (event.kind === "steps" && event.first + event.losses.length >= stopAt) signal.abort();
    });
    expect(first.events.at(-1)).toMatchObject({ kind: "interrupted" });
    const step = first.losses.length;
    expect(step).toBeGreaterThanOrEqual(stopAt);
    expect(step).toBeLessThan(21);
    const second = await finish({ ...request, resumeFrom: { where: "state.safetensors", bytes: first.checkpoint } });
    expect(second.events[0]).toMatchObject({ kind: "ready", step });
    expect(bitsOf(second)).toEqual(bitsOf(await undisturbed));
    const early = first.events.flatMap((event) => (event.kind === "epoch" ? [event] : []));
    const late = second.events.flatMap((event) => (event.kind === "epoch" ? [event] : []));
    const whole = (await undisturbed).events.flatMap((event) => (event.kind === "epoch" ? [event] : []));
    expect([...early, ...late]).toEqual(whole);
  });
});

test("a finished trial goes on for more epochs as if it had been longer from the start", async () => {
  const short = await finish({ ...request, spec: { ...spec, epochs: 2 } });
  const longer = await finish({ ...request, resumeFrom: { where: "state", bytes: short.checkpoint } });
  expect(bitsOf(longer)).toEqual(bitsOf(await undisturbed));
  const again = await finish({ ...request, resumeFrom: { where: "state", bytes: longer.checkpoint } });
  expect(again.events.map(({ kind }) => kind)).toEqual(["ready", "trained", "checkpoint", "done"]);
  expect(bitsOf(again)).toEqual(bitsOf(await undisturbed));
});

test("the checkpoint of a resumed run is the checkpoint of an undisturbed one, byte for byte", async () => {
  const signal = AbortSignal.abort();
  const nothing = await finish({ ...request, signal });
  expect(nothing.losses).toEqual([]);
  const resumed = await finish({ ...request, resumeFrom: { where: "state", bytes: nothing.checkpoint } });
  expect(Buffer.from(resumed.checkpoint).equals(Buffer.from((await undisturbed).checkpoint))).toBe(true);
});

// Threads divide rows, never sums, in every kernel that our programs use.
test.each([
  ["the small net", request, 21],
  [
    "LeNet-5 with batch normalization and dropout, batch 64",
    lenetRequest({ batchNorm: "everywhere", dropout: true }),
    6,
  ],
  ["LeNet-5, batch 64", lenetRequest({}), 6],
  ["mlp:784-100-10, batch 64, SGD", mlpRequest("mlp:784-100-10"), 6],
  ["mlp:784-100-10, batch 1, SGD", mlpRequest("mlp:784-100-10", { batchSize: 1, epochs: 1 }), 192],
  ["LeNet-5, batch 1", lenetRequest({}, { batchSize: 1, epochs: 1 }), 192],
  ["LeNet-5, batch 7", lenetRequest({}, { batchSize: 7, epochs: 1 }), 28],
] as const)("%s: two threads give the bits of one", async (_name, given, steps) => {
  const one = await finish({ ...given, threads: 1 });
  const two = await finish({ ...given, threads: 2 });
  expect(one.losses.length).toBe(steps);
  expect(bitsOf(two)).toEqual(bitsOf(one));
});

function lenetRequest(options: Record<string, unknown>, changes: Partial<TrialSpec> = {}): SmallRequest {
  return wideRequest(modelByName("lenet5", options) as KindSpec, { kind: "adam", learningRate: 0.001 }, changes);
}

function mlpRequest(name: string, changes: Partial<TrialSpec> = {}): SmallRequest {
  return wideRequest(modelByName(name) as KindSpec, { kind: "sgd", learningRate: 0.01, momentum: 0.9 }, changes);
}

/** 192 examples of MNIST's shape: two epochs of three steps. */
function wideRequest(model: KindSpec, optimizer: KindSpec, changes: Partial<TrialSpec>): SmallRequest {
  const wide = patches(192, { extent: 28, classes: 10 });
  return { spec: trialSpec(wide, { model, optimizer, batchSize: 64, ...changes }), data: wide, runtime };
}
