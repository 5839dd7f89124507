// Trainings with every optimizer, clipped, with groups and scheduled momentum: interruptions and threads change nothing.
import { afterAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random/rng.js";
import { input } from "../../src/graph/build.js";
import { graph } from "../../src/graph/graph.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { batchNorm } from "../../src/nn/layers/normalization/batch-norm.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { oneCycle } from "../../src/optim/cyclic-schedules.js";
import { cosine } from "../../src/optim/decay-schedules.js";
import { optimizers } from "../../src/optim/optimizers/index.js";
import { clippedGradients } from "../../src/train/program/update.js";
import type { KindSpec, TrialSpec } from "../../src/train/spec/trial-spec.js";
import { openTrial } from "../../src/train/trial/trial.js";
import { bitsOf, finish, patches, type SmallRequest, trialSpec, watched } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(64);
// The first layer is large enough for a vector of its own.
const model = sequential([flatten(), dense({ units: 480 }), batchNorm(), dense({ units: 4 })]) as unknown as KindSpec;
const cycle = oneCycle({ cycleMomentum: true }) as unknown as KindSpec;

const request = (changes: Partial<TrialSpec>): SmallRequest => ({
  spec: trialSpec(data, { model, steps: 9, clip: { norm: 1, value: 0.05 }, ...changes }),
  data,
  runtime,
  threads: 1,
});

const kinds = Object.values(optimizers).map((definition) => {
  const hasMomentum = definition.momentumOption === "momentum";
  const options = { weightDecay: 0.1, decay: "weights", ...(hasMomentum ? { momentum: 0.9 } : {}) };
  return {
    optimizer: (definition as unknown as (options: object) => KindSpec)(options),
    schedule: definition.momentumOption === undefined ? ({ kind: "cosine" } as KindSpec) : cycle,
  };
});

test.each(kinds)("$optimizer.kind gives the same bits interrupted, and in two threads", async (changes) => {
  const undisturbed = await finish(request(changes));
  expect(undisturbed.losses.every(Number.isFinite)).toBe(true);
  expect(new Set(undisturbed.losses).size).toBe(9);
  expect(bitsOf(await finish({ ...request(changes), threads: 2 }))).toEqual(bitsOf(undisturbed));
  const signal = new AbortController();
  const slow = watched(runtime, 200).runtime;
  const first = await finish({ ...request(changes), runtime: slow, signal: signal.signal }, (event) => {
    if (event.kind === "steps" && event.first + event.losses.length >= 4) signal.abort();
  });
  expect(first.events.at(-1)).toMatchObject({ kind: "interrupted" });
  const resumeFrom = { where: "state.safetensors", bytes: first.checkpoint };
  expect(bitsOf(await finish({ ...request(changes), resumeFrom }))).toEqual(bitsOf(undisturbed));
});

describe("a schedule over the whole training", () => {
  const schedule = cosine() as unknown as KindSpec;

  test("cannot be made longer once it began", async () => {
    const short = await finish(request({ schedule, steps: 4 }));
    const resumeFrom = { where: "state.safetensors", bytes: short.checkpoint };
    await expect(finish({ ...request({ schedule, steps: 6 }), resumeFrom })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[InvalidInputError: state.safetensors: the schedule depends on how long the training is: expected {"steps":6}, received {"steps":4}. Resume with the same length, or start anew with a schedule whose own length is given]`,
    );
  });

  test("can if it has a length of its own", async () => {
    const own = cosine({ length: 6 }) as unknown as KindSpec;
    const short = await finish(request({ schedule: own, steps: 4 }));
    const resumeFrom = { where: "state.safetensors", bytes: short.checkpoint };
    const longer = await finish({ ...request({ schedule: own, steps: 6 }), resumeFrom });
    expect(bitsOf(longer)).toEqual(bitsOf(await finish(request({ schedule: own, steps: 6 }))));
  });
});

test("momentum that the optimizer lacks is refused before anything runs", () => {
  const make = (optimizer: KindSpec) => () => openTrial({ ...request({ optimizer, schedule: cycle }), now: () => 0 });
  expect(make({ kind: "sgd" })).toThrow("Set momentum to 0.95, with which the schedule starts");
  expect(make({ kind: "adagrad" })).toThrow("it has no momentum that the schedule could change");
});

test("gradients taken ahead are summed over micro-batches as over a batch", async () => {
  const plain = sequential([flatten(), dense({ units: 4 })]) as unknown as KindSpec;
  const changes = { model: plain, optimizer: { kind: "rmspropNesterov", learningRate: 0.01 }, steps: 6 } as const;
  const whole = await finish(request(changes));
  const parts = await finish(request({ ...changes, microBatchSize: 5 }));
  for (const [step, loss] of whole.losses.entries()) expect(Math.abs(parts.losses[step] / loss - 1)).toBeLessThan(1e-5);
});

test("the length of a gradient of three million elements is exact", async () => {
  const shape = [3_072_000];
  const gradient = input("gradient", "float32", shape);
  const clipped = graph([gradient], { clipped: clippedGradients([gradient], { norm: 1 })[0] });
  const session = await runtime.load(writeOnnx(clipped), { threads: 1 });
  const stream = randomStream(1, "gradient");
  const data = Float32Array.from({ length: shape[0] }, (_, i) => stream.word(i) / 2 ** 32 - 0.3);
  const length = Math.sqrt(data.reduce((total, x) => total + x * x, 0));
  const { outputs } = await session.run({ feeds: { gradient: { dtype: "float32", shape, data } }, fetch: ["clipped"] });
  await session.dispose();
  const found = (outputs.clipped.data as Float32Array)[5];
  expect(Math.abs((found * (length + 1e-6)) / data[5] - 1)).toBeLessThan(1e-6);
});
