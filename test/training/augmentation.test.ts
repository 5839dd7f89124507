// Augmentations in a training: the same bits however it is cut, threaded, divided and resumed, and only while training.
import { afterAll, expect, test } from "vitest";
import { tensorData } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { randomHorizontalFlip } from "../../src/nn/augmentations/random-horizontal-flip.js";
import { randomShift } from "../../src/nn/augmentations/random-shift.js";
import { sequential } from "../../src/nn/layers/containers/sequential.js";
import { dense } from "../../src/nn/layers/dense.js";
import { flatten } from "../../src/nn/layers/flatten.js";
import { recomputedWords } from "../../src/nn/random/random-words.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { streamKey } from "../../src/train/trial/segment.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime();
afterAll(() => runtime.dispose());

const data = patches(72, { extent: 12 });
const augment = [randomShift({ pixels: 2 }), randomHorizontalFlip()] as unknown as readonly KindSpec[];
const specOf = (changes: Partial<TrialSpecInput> = {}) => {
  const plain = trialSpec(data, changes);
  return { ...plain, data: { ...plain.data, augment } };
};

test("a training has the same bits in segments of one step, on other threads and resumed", async () => {
  const spec = specOf();
  const whole = await finish({ spec, data, runtime, threads: 1 });
  const plain = await finish({ spec: trialSpec(data), data, runtime, threads: 1 });
  expect(whole.losses).not.toEqual(plain.losses);
  // Probes cut segments to one step.
  const stepwise = await finish({ spec, data, runtime, threads: 2, probes: { every: 1, of: ["weights"] } });
  expect(bitsOf(stepwise)).toEqual(bitsOf(whole));
  const signal = { aborted: false };
  const first = await finish({ spec, data, runtime, threads: 1, signal }, (event) => {
    if (event.kind === "steps" && event.first + event.steps >= 3) signal.aborted = true;
  });
  expect(first.events.at(-1)?.kind).toBe("interrupted");
  const resumeFrom = { where: "checkpoint", bytes: first.checkpoint };
  expect(bitsOf(await finish({ spec, data, runtime, threads: 1, resumeFrom }))).toEqual(bitsOf(whole));
});

// Without layers that look at the whole batch.
const linear = sequential([flatten(), dense({ units: 4 })]) as unknown as KindSpec;
const still = {
  model: linear,
  order: "sequential",
  steps: 1,
  optimizer: { kind: "sgd", learningRate: 1e-30 },
} as const;

/** The first batch, changed by loops over pixels. */
function changedByHand(batch: number): Dataset {
  const [extent, size] = [12, 144];
  const [moves, flips] = [
    recomputedWords(batch, 2, streamKey(7, "augment 0", 0)),
    recomputedWords(batch, 1, streamKey(7, "augment 1", 0)),
  ];
  const shift = (word: number): number => 2 - Math.floor(((word >>> 8) * 5) / 2 ** 24);
  const images = new Uint8Array(batch * size);
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < extent; i++)
      for (let j = 0; j < extent; j++) {
        const column = flips[n] < 2 ** 31 ? extent - 1 - j : j;
        const [from, to] = [i - shift(moves[2 * n]), column - shift(moves[2 * n + 1])];
        if (from >= 0 && from < extent && to >= 0 && to < extent)
          images[n * size + i * extent + j] = Number(data.train.inputs.data[n * size + from * extent + to]);
      }
  const targets = tensorData("int32", [batch], (data.train.targets.data as Int32Array).slice(0, batch));
  return { ...data, train: { inputs: tensorData("uint8", [batch, 1, extent, extent], images), targets } };
}

test("the first step trains on the images that loops over pixels make, and splits are measured as they are", async () => {
  const inside = await finish({ spec: specOf(still), data, runtime, threads: 1 });
  const byHand = changedByHand(16);
  const outside = await finish({ spec: trialSpec(byHand, still), data: byHand, runtime, threads: 1 });
  expect(inside.losses).toEqual(outside.losses);
  const plain = await finish({ spec: trialSpec(data, { ...still, steps: 5 }), data, runtime, threads: 1 });
  const augmented = await finish({ spec: specOf({ ...still, steps: 5 }), data, runtime, threads: 1 });
  expect(augmented.losses).not.toEqual(plain.losses);
  const validation = ({ trial }: typeof plain) =>
    trial.history.evaluations.filter(({ phase }) => phase === "validation");
  expect(validation(plain)).toHaveLength(1);
  expect(validation(augmented)).toEqual(validation(plain));
});

test("micro-batches see the images of the whole batch", async () => {
  const spec = specOf({ ...still, steps: 3, dropLast: true });
  const whole = await finish({ spec, data, runtime, threads: 1 });
  const parts = await finish({ spec: { ...spec, microBatchSize: 5 }, data, runtime, threads: 1 });
  for (const [step, loss] of parts.losses.entries()) expect(loss).toBeCloseTo(whole.losses[step], 5);
});

test("an ensemble refuses it, and a validation split of the spec is held out of it", async () => {
  const spec = specOf({ model: linear, ensemble: 3 });
  await expect(finish({ spec, data, runtime, threads: 1 })).rejects.toThrow(
    "data.augment: an ensemble trains on the images as they are. Leave it out, or train the networks one by one",
  );
  const plain = specOf({ model: linear });
  const held = {
    ...plain,
    data: { ...plain.data, validation: { fraction: 0.25, seed: 3 }, examples: { validation: 10 } },
  };
  const { trial } = await finish({ spec: held, data, runtime, threads: 1 });
  expect(trial.history.evaluations.map(({ phase }) => phase)).toEqual([
    "train",
    "validation",
    "train",
    "validation",
    "test",
  ]);
  expect(trial.history.steps).toBe(2 * Math.ceil(54 / 16));
});
