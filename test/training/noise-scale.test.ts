// The gradient noise scale is that of the examples looked at, whatever batch size was asked for.
import { afterAll, expect, test } from "vitest";
import { probeText } from "../../src/cli/train/probe-text.js";
import { modelByName } from "../../src/nn/models.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import { finish, patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 1 });
afterAll(() => runtime.dispose());

/** Numbers of examples of all looks, and the noise scale that a command ends with. */
async function looked(examples: number, changes: Partial<TrialSpecInput>, inputs?: object) {
  const data = patches(examples);
  const spec = trialSpec(data, {
    model: modelByName("mlp:144-8-4") as KindSpec,
    optimizer: { kind: "sgd", learningRate: 0.1 },
    ...changes,
  });
  const probes = { every: 1, of: ["gradients" as const], noiseScale: true, ...inputs };
  const { trial } = await finish({ spec, data, runtime, threads: 1, evaluate: false, probes });
  const looks = trial.probed.map(([look]) => look);
  return { sizes: looks.map((look) => look.examples), text: probeText(looks, 80).split("\n").at(-2) };
}

test("batch sizes beyond the data are the data: one training, one noise scale", async () => {
  const found = [30, 64, 1000].map((batchSize) => looked(30, { batchSize, epochs: 4 }));
  const [exact, ...larger] = await Promise.all(found);
  expect(exact.sizes).toEqual([30, 30, 30, 30]);
  expect(exact.text).toMatch(/gradient noise scale over 4 looks/);
  for (const one of larger) expect(one).toEqual(exact);
});

test("a smaller last batch, batches that grow, parts of batches and chosen inputs are counted as they are", async () => {
  const { sizes } = await looked(100, { batchSize: 64, epochs: 2 });
  expect(sizes).toEqual([64, 36, 64, 36]);
  const batchSchedule = { kind: "growing", every: 1, factor: 2 };
  const growing = await looked(64, { batchSize: 16, batchSchedule, epochs: 3 });
  expect(growing.sizes).toEqual([16, 16, 16, 16, 32, 32, 64]);
  expect((await looked(64, { batchSize: 32, microBatchSize: 8, epochs: 1 })).sizes).toEqual([32, 32]);
  const chosen = { inputs: { kind: "rows", split: "train", rows: [1, 2, 3, 4, 5, 6] } };
  expect((await looked(64, { batchSize: 32, epochs: 1 }, chosen)).sizes).toEqual([6, 6]);
});
