// Whole trainings against PyTorch in float64: losses of sixty steps, final weights, running statistics, evaluation.

import { afterAll, expect, test } from "vitest";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import { openTrial } from "../../src/train/trial/trial.js";
import { fixtureData, floats, ints, trainingFixtures, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());
const file = trainingFixtures();

/** Largest difference relative to the largest element. */
function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const wanted = Array.from(expected);
  expect(found.length).toBe(wanted.length);
  const size = Math.max(...wanted.map(Math.abs), 1e-3);
  return Math.max(...wanted.map((x, i) => Math.abs(found[i] - x) / size));
}

/**
 * Batch normalization subtracts such a bias again, so its exact gradient is zero. Adam divides the rounding error that is
 * left by its own size, and the last bits depend on the vector width of the machine: 1.3e-3 after 60 steps with AVX2,
 * below 1e-3 with AVX-512.
 */
function biasesBeforeBatchNorm(layers: readonly { readonly kind: string }[]): Set<string> {
  return new Set(layers.flatMap((_, i) => (layers[i + 1]?.kind === "batchNorm" ? [`${i}.bias`] : [])));
}

test.each(file.fixtures)("$name: the same training as PyTorch's", async (fixture) => {
  const data = fixtureData(file, fixture.data);
  const { model, optimizer, schedule, clip, loss, losses, final, evaluation } = fixture;
  const scaling = data.normalization === undefined ? "raw" : "standardize";
  const spec = trialSpec(data, {
    model,
    optimizer,
    ...(schedule === undefined ? {} : { schedule }),
    ...(clip === undefined ? {} : { clip }),
    loss: { kind: loss },
    data: dataUse(data, { scaling }),
    batchSize: file.batchSize,
    steps: losses.length,
  });
  const trial = openTrial({
    spec,
    data,
    runtime,
    threads: 1,
    evaluate: false,
    initial: new Map(Object.entries(fixture.initial).map(([path, text]) => [path, floats(text)])),
    rows: ints(fixture.rows),
    now: () => performance.now(),
  });
  for await (const event of trial.run())
    expect(["ready", "steps", "trained", "checkpoint", "done"]).toContain(event.kind);
  const own = trial.history.lossesOf();
  const worst = Math.max(...losses.map((value, step) => Math.abs(own[step] - value) / value));
  expect(worst, "losses").toBeLessThan(1e-4);

  const tensors = await trial.tensors();
  expect(new Set(tensors.keys())).toEqual(new Set(Object.keys(final)));
  const noisy = biasesBeforeBatchNorm((model.layers ?? []) as readonly { kind: string }[]);
  for (const [path, text] of Object.entries(final)) {
    const limit = path.includes("running_") ? 1e-5 : noisy.has(path) ? 5e-3 : 1e-3;
    expect(distance(tensors.get(path)!.data as Float32Array, floats(text)), path).toBeLessThan(limit);
  }
  const measured = await trial.evaluate("test");
  expect(Math.abs(measured.loss[0] / evaluation.loss - 1)).toBeLessThan(1e-4);
  if (evaluation.accuracy === undefined) expect(measured).not.toHaveProperty("accuracy");
  else expect(measured.accuracy?.[0]).toBeCloseTo(evaluation.accuracy, 7);
  await trial.dispose();
});
