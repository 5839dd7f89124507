// Three splits in a training: the validation split after every epoch, the test split once at the end.
import { afterAll, expect, test } from "vitest";
import { withValidation } from "../../src/data/splits.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { rowsOfEvent } from "../../src/train/metric-rows.js";
import type { Evaluation } from "../../src/train/trial/events.js";
import { openTrial } from "../../src/train/trial/trial.js";
import { finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime();
afterAll(() => runtime.dispose());

const data = patches(80);
const three = withValidation(data, { fraction: 0.25, seed: 1 });
const phases = (evaluations: readonly Evaluation[]): string[] =>
  evaluations.map(({ phase, epoch }) => `${phase} ${epoch}`);

test("with a validation split the test split is measured once, after the last step", async () => {
  const { events, trial, checkpoint } = await finish({ spec: trialSpec(three), data: three, runtime, threads: 1 });
  expect(phases(trial.history.evaluations)).toEqual(["train 1", "validation 1", "train 2", "validation 2", "test 2"]);
  expect(events.map(({ kind }) => kind).slice(-3)).toEqual(["checkpoint", "test", "done"]);
  const rows = events.flatMap((event) => (event.kind === "test" ? [...rowsOfEvent(trial.id, event)] : []));
  expect(rows.map(({ phase, metric, step, epoch }) => [phase, metric, step, epoch])).toEqual([
    ["test", "loss", trial.history.steps, 2],
    ["test", "accuracy", trial.history.steps, 2],
  ]);
  // Measured again from the final state.
  const resumed = openTrial({
    ...{ spec: trialSpec(three), data: three, runtime, threads: 1, now: () => 0 },
    resumeFrom: { where: "checkpoint", bytes: checkpoint },
  });
  try {
    for await (const _ of resumed.run());
    const [, , , validation, tested] = trial.history.evaluations;
    expect(await resumed.evaluate("validation")).toEqual({ loss: validation.loss, accuracy: validation.accuracy });
    expect(await resumed.evaluate("test")).toEqual({ loss: tested.loss, accuracy: tested.accuracy });
    expect(resumed.history.evaluations).toEqual(trial.history.evaluations);
    expect(resumed.everyEpoch).toBe("validation");
  } finally {
    await resumed.dispose();
  }
});

test("without one the test split is measured after every epoch and nothing at the end, and the training has the same bits", async () => {
  const { validation: _, ...two } = three;
  const [alone, held] = [
    await finish({ spec: trialSpec(two), data: two, runtime, threads: 1 }),
    await finish({ spec: trialSpec(three), data: three, runtime, threads: 1 }),
  ];
  expect(phases(alone.trial.history.evaluations)).toEqual(["train 1", "validation 1", "train 2", "validation 2"]);
  expect(alone.events.some(({ kind }) => kind === "test")).toBe(false);
  expect(alone.trial.everyEpoch).toBe("test");
  expect(alone.losses).toEqual(held.losses);
  // The last number of the one is the reported number of the other.
  const [last, tested] = [alone, held].map(({ trial }) => trial.history.evaluations.at(-1) as Evaluation);
  expect(last.loss).toEqual(tested.loss);
});
