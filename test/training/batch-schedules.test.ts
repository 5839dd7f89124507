// Batch sizes that change with the epoch: the right examples in the right batches, and the same bits after a resume.
import { afterAll, expect, test } from "vitest";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { rowOrder } from "../../src/train/data/row-order.js";
import { nextSegment, segmentFeeds } from "../../src/train/trial/segment.js";
import { bitsOf, finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(50);
const spec = trialSpec(data, {
  batchSize: 8,
  batchSchedule: { kind: "growing", every: 1, factor: 2 },
  epochs: 5,
  optimizer: { kind: "sgd", learningRate: 0.05 },
});
const order = () => rowOrder(spec, undefined, 50);

test("every epoch has its size, every example once, and the last batch what is left", () => {
  const rows = order();
  const sizes: number[][] = [];
  for (let epoch = 0; epoch < 5; epoch++) {
    const batches = [];
    for (let step = rows.firstStep(epoch); step < rows.firstStep(epoch + 1); step++) {
      expect(rows.epochAt(step)).toMatchObject({ number: epoch, first: rows.firstStep(epoch) });
      expect(rows.sizeAt(step)).toBe(rows.batch(step).length);
      batches.push(rows.batch(step));
    }
    sizes.push(batches.map(({ length }) => length));
    expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
  }
  expect(sizes).toEqual([[8, 8, 8, 8, 8, 8, 2], [16, 16, 16, 2], [32, 18], [50], [50]]);
});

test("steps may be asked for in any order", () => {
  const [one, other] = [order(), order()];
  const forward = Array.from({ length: 15 }, (_, step) => [...one.batch(step)]);
  for (const step of [14, 3, 9, 0, 12, 7]) expect([...other.batch(step)]).toEqual(forward[step]);
});

test("a segment holds batches of one size and ends with its epoch", () => {
  const rows = order();
  const segments: string[] = [];
  for (let step = 0; step < 15; ) {
    const { first, steps, batchSize } = nextSegment(rows, step, 15, 1);
    segments.push(`${first}: ${steps} x ${batchSize}`);
    step += steps;
  }
  expect(segments).toEqual([
    "0: 6 x 8",
    "6: 1 x 2",
    "7: 3 x 16",
    "10: 1 x 2",
    "11: 1 x 32",
    "12: 1 x 18",
    "13: 1 x 50",
    "14: 1 x 50",
  ]);
});

test("a learning-rate schedule counts the data that was seen, not the updates", () => {
  const rows = order();
  const seen: number[] = [];
  const program = { hyperNames: ["learningRate"], randomStreams: [] };
  for (const first of [0, 7, 9, 11, 13, 14]) {
    segmentFeeds({
      program: program as never,
      segment: { first, steps: 1, batchSize: rows.sizeAt(first) },
      order: rows,
      optimizer: { kind: "sgd", learningRate: 1 },
      schedule: ({ step, totalSteps }) => {
        seen.push(step);
        expect(totalSteps).toBe(35);
        return { learningRate: 1 };
      },
      totalSteps: 15,
      seed: 0,
    });
  }
  // Epochs begin after 7 steps of the first epoch's kind each; each call asks for the step before as well.
  expect(seen.filter((_, i) => i % 2 === 1)).toEqual([0, 7, 7 + (7 * 2) / 4, 14, 21, 28]);
});

test("a training goes through it, and resumed it gives the same bits", async () => {
  const undisturbed = await finish({ spec, data, runtime, threads: 1 });
  expect(undisturbed.losses.length).toBe(15);
  expect(undisturbed.trial.history.evaluations.map(({ phase, step }) => `${phase} ${step}`)).toEqual(
    [7, 11, 13, 14, 15].flatMap((step) => [`train ${step}`, `validation ${step}`]),
  );
  const stop = { aborted: false };
  const first = await finish({ spec, data, runtime, threads: 1, signal: stop }, (event) => {
    if (event.kind === "steps" && event.first >= 9) stop.aborted = true;
  });
  expect(first.events.at(-1)?.kind).toBe("interrupted");
  const resumed = await finish({
    spec,
    data,
    runtime,
    threads: 1,
    resumeFrom: { where: "state", bytes: first.checkpoint },
  });
  expect(bitsOf(resumed)).toEqual(bitsOf(undisturbed));
});

test.each([
  [{ order: "wrapping" as const }, /batchSchedule: needs epochs that are passes/],
  [{ batchSchedule: { kind: "growing", every: 0 } }, /every/],
  [{ batchSchedule: { kind: "doubling" } }, /unknown batch schedule "doubling"/],
])("what does not fit is refused: %j", async (changes, message) => {
  await expect(finish({ spec: { ...spec, ...changes }, data, runtime, threads: 1 })).rejects.toThrow(message);
});
