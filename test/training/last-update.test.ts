// The last update: no loss of a step comes after it, so its outcome is looked at before a training is called done.
import { afterAll, describe, expect, test } from "vitest";
import { tensorFrom } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { type KindSpec, type TrialSpecInput, trialSpec } from "../../src/train/spec/trial-spec.js";
import type { EventOf } from "../../src/train/trial/events.js";
import { bitsOf, type Finished, finish, type SmallRequest } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

/** Rows of four numbers of three classes; the largest is `scale`. */
function rows(count: number, scale = 1) {
  const values = Array.from({ length: 4 * count }, (_, i) => scale * Math.sin(i * 1.7));
  const classes = Array.from({ length: count }, (_, i) => (i * 7) % 3);
  return { inputs: tensorFrom("float32", [count, 4], values), targets: tensorFrom("int32", [count], classes) };
}

const data: Dataset = {
  ...localData("rows", "rows"),
  train: rows(32),
  test: rows(16),
  inputShape: [4],
  classes: ["a", "b", "c"],
};

function request(changes: Partial<TrialSpecInput> = {}, given: Dataset = data): SmallRequest {
  const spec = trialSpec({
    model: modelByName("mlp:4-8-3") as KindSpec,
    data: dataUse(given, { scaling: "raw" }),
    optimizer: { kind: "sgd", learningRate: 1e38 },
    batchSize: 32,
    ...(changes.steps === undefined ? { epochs: 1 } : {}),
    ...changes,
  });
  return { spec, data: given, runtime, threads: 1 };
}

const doneOf = ({ events }: Finished): EventOf<"done"> => events.at(-1) as EventOf<"done">;
const kinds = ({ events }: Finished): string[] => events.map(({ kind }) => kind);

describe("an update that leaves finite weights of which no loss can be computed is a divergence", () => {
  test("of one network: at the step after it, with the place where it went bad, and nothing to go on from", async () => {
    const found = await finish(request());
    expect(
      [...found.tensors.values()].every(({ data: values }) => [...values].every((x) => Number.isFinite(Number(x)))),
    ).toBe(true);
    expect(doneOf(found).diverged).toMatchObject([{ network: 0, step: 1, epoch: 1, loss: Number.NaN }]);
    expect(doneOf(found).diverged[0].tensor).toMatch(/^(model|loss)/);
    expect(kinds(found)).toEqual(["ready", "steps", "epoch", "diverged", "done"]);
    expect(found.trial.history.evaluations.at(-1)).toMatchObject({ loss: [Number.NaN], accuracy: [Number.NaN] });
  });

  test.each([
    ["a training counted in steps, that ends within an epoch", request({ steps: 1, batchSize: 8 })],
    ["one whose held-out split nobody measures", { ...request(), evaluate: false }],
    ["one without a held-out split", request({}, { ...data, test: undefined } as unknown as Dataset)],
    ["one with a smaller last batch", request({ batchSize: 32, steps: 1 })],
    ["one in parts of a batch", request({ microBatchSize: 8 })],
  ])("of %s", async (_name, given) => {
    const found = await finish(given);
    expect(doneOf(found).diverged).toMatchObject([{ network: 0, step: 1 }]);
    expect(kinds(found)).not.toContain("checkpoint");
    expect(kinds(found)).not.toContain("trained");
  });

  test("of a training that goes on from a checkpoint", async () => {
    // Rates fall far enough for the first update, and rise for the second.
    const calm = await finish(request({ optimizer: { kind: "sgd", learningRate: 1e-3 } }));
    const schedule = { kind: "multiStep", milestones: [1], factor: 1e38, unit: "step" };
    const rising = request({ optimizer: { kind: "sgd", learningRate: 1e-3 }, schedule });
    const first = await finish({ ...rising, spec: { ...rising.spec, epochs: 1 } });
    expect(first.losses).toEqual(calm.losses);
    const resumed = await finish({
      ...rising,
      spec: { ...rising.spec, epochs: 2 },
      resumeFrom: { where: "state", bytes: first.checkpoint },
    });
    expect(doneOf(resumed).diverged).toMatchObject([{ network: 0, step: 2 }]);
    expect(resumed.losses).toHaveLength(2);
  });

  test("of those networks of an ensemble for which that is so; the others are done", async () => {
    const learningRates = [0.01, 1e38, 0.02];
    const found = await finish(request({ learningRates }));
    expect(doneOf(found).diverged).toMatchObject([{ network: 1, step: 1, loss: Number.NaN }]);
    expect(found.trial.history.evaluations.at(-1)?.loss.map(Number.isFinite)).toEqual([true, false, true]);
    expect(kinds(found)).toEqual(["ready", "steps", "trained", "epoch", "diverged", "checkpoint", "done"]);
    const all = await finish(request({ learningRates: [1e38, 1e38] }));
    expect(doneOf(all).diverged).toHaveLength(2);
    expect(kinds(all)).not.toContain("checkpoint");
  });
});

test("a slot of the optimizer that is no number any more is a divergence, named by slot and parameter", async () => {
  const huge = { ...data, train: rows(32, 1e25) };
  const found = await finish(request({ optimizer: { kind: "adam", learningRate: 1e-38 } }, huge));
  expect(doneOf(found).diverged).toMatchObject([{ network: 0, step: 1, tensor: "nu 1.weight" }]);
});

describe("a split whose loss is not a number after the last update is a divergence", () => {
  const calm = { optimizer: { kind: "sgd", learningRate: 0.01 } };
  // What is finite for the training data is not for these.
  const far = rows(16, Number.POSITIVE_INFINITY);

  test("the validation split", async () => {
    const found = await finish(request(calm, { ...data, test: far }));
    expect(found.losses.every(Number.isFinite)).toBe(true);
    expect(doneOf(found).diverged).toMatchObject([{ network: 0, step: 1, tensor: "validation loss" }]);
    expect(kinds(found)).toEqual(["ready", "steps", "trained", "epoch", "diverged", "done"]);
  });

  test("the test split, where another one was there for choices", async () => {
    const found = await finish(request(calm, { ...data, validation: rows(16), test: far }));
    expect(doneOf(found).diverged).toMatchObject([{ network: 0, step: 1, tensor: "test loss" }]);
    expect(kinds(found).slice(-3)).toEqual(["test", "diverged", "done"]);
  });

  test("but not a split on the way: the training may come back", async () => {
    const found = await finish(request({ ...calm, epochs: 2 }, { ...data, test: far }));
    expect(doneOf(found).diverged).toMatchObject([{ step: 2 }]);
    expect(kinds(found).filter((kind) => kind === "epoch")).toHaveLength(2);
  });
});

test("a failure while the last epoch is measured leaves a checkpoint, from whose end the measuring goes on", async () => {
  const calm = request({ optimizer: { kind: "adam", learningRate: 0.01 } });
  const events: string[] = [];
  let checkpoint = new Uint8Array(0);
  const failing = {
    ...runtime,
    load: async (...args: Parameters<typeof runtime.load>) => {
      const session = await runtime.load(...args);
      const run: typeof session.run = (given) =>
        "hyper" in given.feeds ? session.run(given) : Promise.reject(new RangeError("out of memory"));
      return { run, dispose: () => session.dispose() };
    },
  };
  const failed = finish({ ...calm, runtime: failing }, (event) => {
    events.push(event.kind);
    if (event.kind === "checkpoint") checkpoint = event.bytes.slice();
  });
  await expect(failed).rejects.toThrow("out of memory");
  expect(events).toEqual(["ready", "steps", "trained", "checkpoint"]);
  const resumed = await finish({ ...calm, resumeFrom: { where: "state", bytes: checkpoint } });
  expect(bitsOf(resumed)).toEqual(bitsOf(await finish(calm)));
});
